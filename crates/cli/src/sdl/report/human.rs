//! Problems for people: lines of the file with marks under them, and one line that sums up.

use undercut_sdl::{Colour, Diagnostics, render};

use super::Checked;
use crate::style::{Style, visible};

/// The problems with their lines, without the last line, which counts them; and that line.
fn problems(found: &Diagnostics, path: &str, text: &str, colour: Colour) -> (String, String) {
    let shown = render(found, path, text, colour);
    let (problems, count) = shown.trim_end().rsplit_once('\n').unwrap_or_default();
    (problems.trim_end().to_owned(), count.to_owned())
}

/// Everything about a file: at most twenty problems, then one line.
pub(super) fn file(checked: &Checked<'_>, style: Style) -> String {
    let path = visible(&checked.file.display().to_string());
    let colour = style.colour(&std::io::stdout());
    let (problems, count) = problems(checked.found, &path, checked.text, colour);
    let mut out = problems;
    if !out.is_empty() {
        out.push_str("\n\n");
    }
    let (errors, warnings) = checked.counts();
    let sum = match checked.sdl {
        Some(sdl) => {
            let groups = counted(sdl.groups().len(), "group");
            let warned = match warnings {
                0 => String::new(),
                warnings if checked.is_ok => format!(", {}", counted(warnings, "warning")),
                warnings => format!("; refused for {}", counted(warnings, "warning")),
            };
            let verdict = if checked.is_ok { "ok" } else { "valid" };
            format!("{verdict}, {groups}, version {}{warned}", sdl.hash())
        }
        None if errors == 0 => "no manifest".to_owned(),
        None => count,
    };
    out.push_str(&format!("{path}: {sum}\n"));
    style.paint(&out)
}

/// The problems and their number, as they stand beside another answer.
pub(crate) fn aside(
    found: &Diagnostics,
    path: &str,
    text: &str,
    style: Style,
    colour: Colour,
) -> String {
    let (problems, count) = problems(found, path, text, colour);
    style.paint(&format!("{problems}\n\n{path}: {count}\n"))
}

/// `1 group`, `2 groups`.
fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}
