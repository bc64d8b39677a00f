//! `docs/cli.md` tells the truth: its examples are run, and it names every verb and flag.

use crate::{Folder, VERBS, root, run_in, undercut};

fn page() -> String {
    std::fs::read_to_string(root().join("docs/cli.md")).unwrap()
}

/// The blocks of the page in one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    page.split(start.as_str()).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// Whether lines are as expected, where `…` stands for the rest of a line or, alone, for any lines.
fn fit(expected: &[&str], found: &[&str]) -> bool {
    match (expected.split_first(), found.split_first()) {
        (None, None) => true,
        (Some((&"…", rest)), _) => (0..=found.len()).any(|skipped| fit(rest, &found[skipped..])),
        (Some((line, rest)), Some((other, others))) => {
            let is_equal = match line.strip_suffix('…') {
                Some(start) => other.starts_with(start),
                None => line == other,
            };
            is_equal && fit(rest, others)
        }
        _ => false,
    }
}

#[test]
fn examples_print_what_the_page_shows() {
    let page = page();
    let folder = Folder::new();
    folder.write("deploy.yaml", (blocks(&page, "yaml")[0].to_owned() + "\n").as_bytes());
    let mut ran = 0;
    for block in blocks(&page, "console") {
        for example in format!("\n{block}").split("\n$ undercut ").skip(1) {
            let (arguments, expected) = example.split_once('\n').unwrap_or((example, ""));
            let arguments: Vec<&str> = arguments.split_whitespace().collect();
            let found = run_in(&folder.0, &arguments, b"");
            let text = found.err + &found.out;
            let (expected, found): (Vec<_>, Vec<_>) =
                (expected.lines().collect(), text.lines().collect());
            assert!(fit(&expected, &found), "{arguments:?} prints\n{text}");
            ran += 1;
        }
    }
    assert!(ran >= 14, "{ran}");
}

#[test]
fn every_verb_and_flag_stands_on_the_page() {
    let page = page();
    for verb in VERBS {
        let (name, above) = verb.rsplit_once(' ').map_or((verb, ""), |(above, name)| (name, above));
        assert!(page.contains(&format!("{above} {name}").trim().to_owned()), "{verb}");
        if verb == "sdl new" {
            continue; // its answers are told by --help
        }
        let help = undercut(&format!("{verb} -h")).out;
        let flags = help.lines().filter_map(|line| line.trim_start().strip_prefix('-'));
        for flag in flags.filter_map(|line| line.split("--").nth(1).or(line.strip_prefix('-'))) {
            let flag = flag.split([' ', '.', ',']).next().unwrap();
            let is_known = ["help", "version", "verbose"].contains(&flag);
            assert!(is_known || page.contains(&format!("--{flag}")), "{verb}: --{flag}");
        }
    }
}

#[test]
fn an_example_that_prints_something_else_is_caught() {
    assert!(fit(&["a", "…", "b…"], &["a", "x", "y", "bc"]));
    assert!(fit(&["…"], &[]));
    for (expected, found) in
        [(&["a"][..], &["b"][..]), (&["a"], &[]), (&["a", "…", "b"], &["a", "c"])]
    {
        assert!(!fit(expected, found));
    }
}
