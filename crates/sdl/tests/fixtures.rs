//! What the author of a manifest reads: each `fixtures/NAME.yaml` gives the text in `NAME.txt`.
//!
//! The texts are complete: every problem as it is printed, and behind `--- fixed` the lines that
//! the fixes change. Read a text as the one who made the mistake would: what to type should be
//! clear at once. `UNDERCUT_BLESS=1 cargo test -p undercut-sdl --test fixtures` writes the texts
//! anew; look at every line that changes.
//!
//! A fixture is checked by itself, without a market. What only a market knows (that no provider
//! has a GPU model of a name, say) belongs to the tests of the functions that are given one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use undercut_sdl::{CATALOGUE, Colour, Diagnostics, SHOWN_MAX, check, fix, render};

/// The fewest fixtures there may be.
const FIXTURES_MIN: usize = 40;

/// Codes that no fixture shows, and why not.
const NOT_SHOWN: [(&str, &str); 4] = [
    ("SDL005", "needs a text of more than 1 MiB"),
    ("SDL007", "needs a text with more than 100,000 values"),
    ("SDL067", "nothing can report it: a key of CPU attributes that is known has no rule"),
    ("SDL079", "needs hundreds of placements"),
];

/// Whether a code belongs to functions other than `check`: those that know a market or an order,
/// and the formatter.
fn is_of_others(code: &str) -> bool {
    let number: u32 = code.trim_start_matches("SDL").parse().unwrap();
    matches!(number, 62 | 81..=89 | 98 | 100..)
}

struct Fixture {
    name: String,
    text: String,
    expected: PathBuf,
}

fn fixtures() -> Vec<Fixture> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"));
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_input = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yaml");
    let mut paths: Vec<PathBuf> = paths.filter(is_input).collect();
    paths.sort();
    let fixture = |path: &PathBuf| Fixture {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(path).unwrap(),
        expected: path.with_extension("txt"),
    };
    paths.iter().map(fixture).collect()
}

/// The lines that differ: `-` in front of those that go, `+` in front of those that come.
fn changed_lines(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    // The longest common rest of every two rests, shortest first.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, left) in old.iter().enumerate().rev() {
        for (j, right) in new.iter().enumerate().rev() {
            common[i][j] = match left == right {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let mut out = String::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            out.push_str(&format!("- {}\n", old[i]));
            i += 1;
        } else {
            out.push_str(&format!("+ {}\n", new[j]));
            j += 1;
        }
    }
    out
}

fn has_fix(problems: &Diagnostics) -> bool {
    problems.iter().any(|problem| problem.fix.is_some())
}

/// What the text file of a fixture should hold.
fn shown(fixture: &Fixture) -> String {
    let (_, problems) = check(&fixture.text);
    let path = format!("{}.yaml", fixture.name);
    let mut out = render(&problems, &path, &fixture.text, Colour::Plain);
    if has_fix(&problems) {
        out.push_str("--- fixed\n");
        out.push_str(&changed_lines(&fixture.text, &fix(&fixture.text).text));
    }
    out
}

fn is_blessing() -> bool {
    std::env::var_os("UNDERCUT_BLESS").is_some_and(|value| value == "1")
}

#[test]
fn every_fixture_reads_as_expected() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= FIXTURES_MIN, "{} fixtures", fixtures.len());
    let mut stale = Vec::new();
    for fixture in &fixtures {
        let shown = shown(fixture);
        if is_blessing() {
            fs::write(&fixture.expected, &shown).unwrap();
        }
        let expected = fs::read_to_string(&fixture.expected).unwrap_or_default();
        if expected != shown {
            stale.push(format!("{}:\n{}", fixture.name, changed_lines(&expected, &shown)));
        }
    }
    let advice = "set UNDERCUT_BLESS=1 to write them anew";
    assert!(stale.is_empty(), "{} differ; {advice}\n{}", stale.len(), stale.join("\n"));
}

#[test]
fn every_text_has_its_manifest() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"));
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_text = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "txt");
    for path in paths.filter(is_text) {
        assert!(path.with_extension("yaml").is_file(), "{} has no manifest", path.display());
    }
}

#[test]
fn every_code_that_check_tells_is_shown() {
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for fixture in fixtures() {
        let (_, problems) = check(&fixture.text);
        told.extend(problems.iter().take(SHOWN_MAX).map(|problem| problem.code.as_str()));
    }
    for entry in CATALOGUE.iter().filter(|entry| !is_of_others(entry.code.as_str())) {
        let code = entry.code.as_str();
        let excused = NOT_SHOWN.iter().any(|(known, _)| *known == code);
        assert!(told.contains(code) != excused, "{code}: excused {excused}");
    }
}

#[test]
fn a_file_whose_problems_can_all_be_mended_has_none_left() {
    let mut mended = 0;
    for Fixture { name, text, .. } in fixtures() {
        let (_, problems) = check(&text);
        let fixed = fix(&text);
        assert_eq!(check(&fixed.text).1, fixed.left, "{name}");
        if has_fix(&problems) && problems.iter().all(|problem| problem.fix.is_some()) {
            assert!(fixed.left.is_empty(), "{name}: {}", fixed.left);
            mended += 1;
        }
    }
    assert!(mended > 0, "no fixture can be mended");
}

#[test]
fn problems_are_told_in_one_line_and_help_names_what_to_type() {
    for Fixture { name, text, .. } in fixtures() {
        for problem in &check(&text).1 {
            let sentence = &problem.sentence;
            let is_one_line = !sentence.contains('\n') && !sentence.ends_with('.');
            assert!(is_one_line, "{name}: {sentence}");
            let says_more = problem.help.is_some() || problem.label.is_some();
            assert!(says_more, "{name}: {problem} has neither help nor label");
            let questions = problem.help.as_deref().unwrap_or_default().matches("did you mean");
            assert!(questions.count() <= 1, "{name}: {problem} suggests more than one thing");
        }
    }
}
