//! The reference's 94 edge cases, one by one: what the engine does, and whether that is the same.

mod bme;
mod deployments;
mod escrow;
mod market;
mod oracle;
mod play;
mod providers;

use std::collections::BTreeSet;

use undercut_tests::cases::{Case, Verdict};
use undercut_tests::tree;

/// All cases, in the order of the reference's table.
fn cases() -> Vec<Case> {
    let parts = [
        escrow::CASES,
        market::CASES,
        deployments::CASES,
        bme::CASES,
        oracle::CASES,
        providers::CASES,
    ];
    parts.concat()
}

#[test]
fn every_edge_case_of_the_reference_stands_in_the_table_once() {
    let parts = [("E", 29), ("M", 21), ("D", 11), ("B", 16), ("O", 12), ("P", 5)];
    let numbered = |(part, count)| (1..=count).map(move |number| format!("{part}{number}"));
    let expected: Vec<String> = parts.into_iter().flat_map(numbered).collect();
    let found: Vec<&str> = cases().iter().map(|case| case.id).collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 94);
}

#[test]
fn every_edge_case_comes_out_as_the_table_says() {
    let failed = |case: &Case| std::panic::catch_unwind(case.check).is_err();
    let failed: Vec<&str> =
        cases().iter().filter(|case| failed(case)).map(|case| case.id).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn every_difference_on_purpose_is_documented_and_no_other() {
    let page = tree::read("docs/differences.md").expect("the page is there");
    let section = page.split("## Edge cases").nth(1).expect("the page has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: BTreeSet<&str> = rows.collect();
    let cases = cases();
    let differ = cases.iter().filter(|case| case.verdict == Verdict::OnPurpose);
    let differ: BTreeSet<&str> = differ.map(|case| case.id).collect();
    assert_eq!(documented, differ);
    let same = cases.len() - differ.len();
    println!("{} edge cases: {same} the same, {} different on purpose", cases.len(), differ.len());
}
