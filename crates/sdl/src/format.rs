//! [`format()`]: the canonical layout of an SDL.
//!
//! What a text says stays the same, and so do the text of every scalar, the order of the keys,
//! anchors, aliases, tags, directives and comments. The layout is:
//!
//! 1. Lines end with LF, the text with one of them, no line with a blank. A byte order mark goes.
//! 2. A level is indented by two blanks, a sequence below its key too. An item starts on the line
//!    of its `-`. One blank stands behind `:` and `-`, none in front.
//! 3. Blank lines stay, one at a time, but not in front of the first line or behind the last.
//!    Sections of the document have at least one between them.
//! 4. A flow collection that ends in column 100 at most stands on one line, as
//!    `{ a: 1, b: [x, y] }`. One that does not fit, or holds a comment, goes to block style; where
//!    that would change its meaning, each entry gets a line between the brackets.
//! 5. A scalar of several lines keeps its lines. Those after the first are indented by two blanks
//!    more than its entry, whether quoted, plain or block; blanks that mean nothing go. The
//!    indentation indicator of a block scalar, if it has one, becomes `2`. Blank lines that belong
//!    to a scalar (`|+`) stay.
//! 6. A comment behind something stays there, after one blank. The one behind the bracket of a
//!    collection that goes to block style moves to the line of its key, or below its entries if
//!    there are comments among them.
//! 7. A comment on a line of its own stays in front of what follows it and is indented alike. At
//!    the end of a block it stays with the block if it is indented like its entries, or more.
//! 8. A blank goes behind the `#` of a comment that starts with its first word. In a run of
//!    comments in which one gets a blank, those that are indented behind their `#` get one too,
//!    so that what is commented out keeps its shape.
//! 9. `---` stays if it is there; a `...` at the end goes.
//!
//! The result is read again. Unless it has the same values in the same style, the same comments
//! in the same order, and gives an equal [`Sdl`], it is refused (`SDL098`). Time and memory grow
//! with the length of the text.

mod flow;
mod read;
mod scan;
mod tree;
mod write;

use saphyr_parser::{Event, Parser};

use crate::code;
use crate::diagnostic::{Diagnostics, Problem, Problems, Span};
use crate::gate::{BYTE_ORDER_MARK, TEXT_BYTES_MAX};
use crate::repair::Source;
use crate::sdl::{Sdl, check};

/// `text` in the canonical layout. It means the same: [`Sdl::parse`] gives an equal value.
///
/// Formatting what is formatted changes nothing.
///
/// # Errors
///
/// All problems of the text, warnings included, when at least one is an error; or one problem,
/// `SDL098`, when the new layout would change the meaning or would be longer than
/// [`TEXT_BYTES_MAX`].
///
/// ```
/// let text = r#"version: "2.0"   #the rules
/// services: {web: {image: nginx, expose: [{port: 80,to: [{global: true}]}]}}
/// profiles:
///     compute: {web: {resources: {cpu: {units: 1}, memory: {size: 1Gi}, storage: {size: 1Gi}}}}
///     placement: {p: {pricing: {web: {denom: uact, amount: 100}}}}
/// deployment:
///     web:
///         p: {profile: web,count: 1}
/// "#;
/// let text = undercut_sdl::format(text).unwrap();
/// assert!(text.starts_with("version: \"2.0\" # the rules\n\nservices: { web: {"));
/// assert!(text.ends_with("\n\ndeployment:\n  web:\n    p: { profile: web, count: 1 }\n"));
/// ```
pub fn format(text: &str) -> Result<String, Diagnostics> {
    let sdl = Sdl::parse(text)?;
    lay_out(text, &sdl).map_err(|sentence| {
        let mut problems = Problems::default();
        problems.push(Problem::error(code::LAYOUT, Span::default(), sentence));
        problems.finish(text)
    })
}

/// The new text, or why there is none.
fn lay_out(text: &str, sdl: &Sdl) -> Result<String, String> {
    let changed = || "the text cannot be laid out anew without changing what it says".to_owned();
    let old = readable(text).ok_or_else(changed)?;
    let (document, comments) = read::read(&old).ok_or_else(changed)?;
    let new = write::write(&document).ok_or_else(|| {
        format!("laid out anew, the text would be longer than the limit of {TEXT_BYTES_MAX} bytes")
    })?;
    let is_equal = says_the_same(&old, &new)
        && read::read(&new).is_some_and(|(_, others)| others == comments)
        && check(&new).0.as_ref() == Some(sdl);
    if is_equal { Ok(new) } else { Err(changed()) }
}

/// The text as the parser is given it: without byte order mark, and with what only our parser
/// does not read written in another way.
fn readable(text: &str) -> Option<String> {
    let mut source = Source::new(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text));
    loop {
        let error = Parser::new_from_str(source.text()).find_map(Result::err);
        let Some(error) = error else { return Some(source.text().to_owned()) };
        source.repair(error.info(), error.marker().index())?;
    }
}

/// Whether two texts have the same values, in the same order and style.
fn says_the_same(old: &str, new: &str) -> bool {
    let events = |text| {
        let events = Parser::new_from_str(text).map(|event| event.map(|(event, _)| event));
        events.filter(|event| !matches!(event, Ok(Event::DocumentStart(_))))
    };
    let mut others = events(new);
    let mut all = events(old).chain(std::iter::once(Ok(Event::Nothing)));
    all.all(|event| match (event, others.next()) {
        (Ok(Event::Nothing), None) => true,
        (Ok(event), Some(Ok(other))) => event == other,
        _ => false,
    })
}
