//! The canonical layout: what each rule makes of a text, and that nothing but the layout changes.
//!
//! The corpus lies beside the workspace, or where `UNDERCUT_SHARED` says. Without it there is
//! less to format, which is an error where `CI` is `true`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use undercut_sdl::{Sdl, TEXT_BYTES_MAX, check, check_bytes, format, text_of};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdl-examples");

/// A manifest in the canonical layout, in two parts; keys of the service may come between them.
/// Keys that are not known there are ignored.
const HEAD: &str = r#"version: "2.0"

services:
  web:
    image: nginx:1.27
    expose:
      - port: 80
        to:
          - global: true
"#;
const TAIL: &str = r#"
profiles:
  compute:
    web:
      resources:
        cpu: { units: 0.5 }
        memory: { size: 512Mi }
        storage: { size: 1Gi }
  placement:
    akash:
      pricing:
        web: { denom: uact, amount: 100 }

deployment:
  web:
    akash: { profile: web, count: 1 }
"#;

/// The manifest with `lines` among the keys of its service.
fn with(lines: &str) -> String {
    let indented = |line: &str| match line {
        "\n" => line.to_owned(),
        line => format!("    {line}"),
    };
    let lines: String = lines.split_inclusive('\n').map(indented).collect();
    format!("{HEAD}{lines}{TAIL}")
}

fn formatted(text: &str) -> String {
    format(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// Each `before` becomes its `after`, which then stays.
fn all_become(rows: &[(&str, &str)]) {
    for (before, after) in rows {
        let (before, after) = (with(before), with(after));
        assert_eq!(formatted(&before), after, "from\n{before}");
        assert_eq!(formatted(&after), after, "a second time");
    }
}

#[test]
fn the_manifest_of_the_tests_is_in_the_canonical_layout() {
    assert!(check(&with("")).1.is_empty());
    assert_eq!(formatted(&with("")), with(""));
}

#[test]
fn levels_are_indented_by_two_blanks_and_sequences_below_their_key() {
    all_become(&[
        ("x:\n    a: 1\n    b:\n           c: 2\n", "x:\n  a: 1\n  b:\n    c: 2\n"),
        ("x:\n- 1\n- 2\n", "x:\n  - 1\n  - 2\n"),
        ("x:\n-   a: 1\n    b: 2\n", "x:\n  - a: 1\n    b: 2\n"),
        ("x:\n  -\n    a: 1\n  -\n    - b\n    -   - c\n", "x:\n  - a: 1\n  - - b\n    - - c\n"),
        ("x:\n  y:\n  - a:\n    - b\n", "x:\n  y:\n    - a:\n        - b\n"),
        ("x:\n  nginx\ny:\n  - \n   a\n", "x: nginx\ny:\n  - a\n"),
    ]);
}

#[test]
fn marks_have_one_blank_behind_them_and_lines_none_at_their_end() {
    all_become(&[
        ("x:    1\ny   : 2\nz:\n  -    3   \n", "x: 1\ny: 2\nz:\n  - 3\n"),
        ("x:\t1\ny: \t 2\t\nz: [1,\t2]\t# c\n", "x: 1\ny: 2\nz: [1, 2] # c\n"),
        ("x:   \ny: ~\nz:\n  -   \n  - 1\n", "x:\ny: ~\nz:\n  -\n  - 1\n"),
    ]);
}

#[test]
fn blank_lines_stay_one_at_a_time() {
    all_become(&[
        ("x: 1\n\n\n   \ny: 2\n", "x: 1\n\ny: 2\n"),
        ("x:\n\n\n  a: 1\n\n  b: 2\n\n\n", "x:\n\n  a: 1\n\n  b: 2\n"),
        ("x:\n  - 1\n\n  - 2\n  -\n\n    a: 3\n", "x:\n  - 1\n\n  - 2\n  - a: 3\n"),
        ("x:\n\n  1\n", "x: 1\n"),
        ("# a\n\n\n# b\nx: 1\n", "# a\n\n# b\nx: 1\n"),
    ]);
}

#[test]
fn sections_have_a_blank_line_between_them_and_the_text_none_around_it() {
    let crowded = with("").replace("\n\n", "\n");
    assert_eq!(formatted(&crowded), with(""));
    assert_eq!(formatted(&format!("\n\n{crowded}\n\n  \n")), with(""));
    assert_eq!(formatted(with("").trim_end()), with(""));
    let commented =
        crowded.replace("\nprofiles", "\n  # of the services\n# of the profiles\nprofiles");
    let expected =
        with("").replace("\n\nprofiles", "\n  # of the services\n\n# of the profiles\nprofiles");
    assert_eq!(formatted(&commented), expected);
    // A blank line that separates the comment from what follows is enough.
    let apart = with("").replace("\n\nprofiles", "\n# done\n\nprofiles");
    assert_eq!(formatted(&apart), apart);
}

#[test]
fn lines_end_with_lf_and_the_byte_order_mark_goes() {
    let text = with("x: |\n  a\n\n  b\n# c\ny: \"a\n  b\"\n");
    for end in ["\r\n", "\r", "\u{85}"] {
        assert_eq!(formatted(&text.replace('\n', end)), formatted(&text), "{end:?}");
    }
    assert_eq!(formatted(&format!("\u{feff}{text}")), formatted(&text));
    let marked = format!("# first\n\u{feff}---\n{}", with(""));
    assert_eq!(formatted(&marked), format!("# first\n---\n{}", with("")));
}

#[test]
fn flow_collections_that_fit_stay_on_one_line() {
    all_become(&[
        ("x: {a: 1,b: [y,z]}\n", "x: { a: 1, b: [y, z] }\n"),
        ("x: { }\ny: [  ]\nz: [ 1, 2, ]\n", "x: {}\ny: []\nz: [1, 2]\n"),
        ("x: [\n  \"a\",\n\n  'b'\n ]\n", "x: [\"a\", 'b']\n"),
        ("x: {\"a\":1, b: , c}\n", "x: { \"a\": 1, b: , c }\n"),
        ("x: [a: 1, ? b : 2, [c]: 3, {d: 4}: 5]\n", "x: [a: 1, ? b: 2, [c]: 3, { d: 4 }: 5]\n"),
        ("x: [? a]\ny: {? b}\nz: {c: }\n", "x: [? a]\ny: { ? b }\nz: { c: }\n"),
        ("x: {? : b}\ny: {? }\n", "x: { ? : b }\ny: { ? }\n"),
        ("x:\n  [a]: 1\n  {b: 2}: 3\n", "x:\n  [a]: 1\n  { b: 2 }: 3\n"),
    ]);
}

#[test]
fn flow_collections_that_do_not_fit_go_to_block_style() {
    let long = "v".repeat(60);
    let rows = [
        (format!("x: [{long}, {long}]\n"), format!("x:\n  - {long}\n  - {long}\n")),
        (
            format!("x: {{a: {long}, b: {{c: {long}, d}}}}\n"),
            format!("x:\n  a: {long}\n  b: {{ c: {long}, d }}\n"),
        ),
        (
            format!("x: [a: {long}, [b, {long}{long}]]\n"),
            format!("x:\n  - a: {long}\n  - - b\n    - {long}{long}\n"),
        ),
        (
            format!("x: &a !!seq [{long}, {long}] # c\n"),
            format!("x: &a !!seq # c\n  - {long}\n  - {long}\n"),
        ),
        (
            format!("x:\n  - &a [{long}, {long}]\n  - [{long}, {long}] # c\n"),
            format!(
                "x:\n  - &a\n    - {long}\n    - {long}\n  - # c\n    - {long}\n    - {long}\n"
            ),
        ),
        (
            format!("x: &a y\nz: {{*a : {long}, b: {long}}}\n"),
            format!("x: &a y\nz:\n  *a : {long}\n  b: {long}\n"),
        ),
    ];
    for (before, after) in rows {
        all_become(&[(&before, &after)]);
    }
}

#[test]
fn the_last_column_of_a_flow_collection_is_100() {
    let row = |length: usize| format!("x: [{}]\n", "v".repeat(length));
    // Four blanks, the key, its colon, a blank, and the brackets.
    let fits = 100 - 4 - "x: []".len();
    all_become(&[(&row(fits), &row(fits))]);
    let below = format!("x:\n  - {}\n", "v".repeat(fits + 1));
    all_become(&[(&row(fits + 1), &below)]);
    let commented = row(fits).replace('\n', " # not counted\n");
    all_become(&[(&commented, &commented)]);
}

#[test]
fn comments_inside_brackets_send_a_collection_to_block_style() {
    all_become(&[
        ("x: [a, # of a\n  b]\n", "x:\n  - a # of a\n  - b\n"),
        (
            "x: [ # of x\n  # of a\n  a # still\n  , # more\n  b # of b\n  ]\n",
            "x: # of x\n  # of a\n  - a # still\n  # more\n  - b # of b\n",
        ),
        (
            "x: {a: # of a\n  1,\n\n  # of b\n  b: 2\n  # end\n  } # of x\n",
            "x:\n  a: # of a\n    1\n\n  # of b\n  b: 2\n  # end\n  # of x\n",
        ),
        (
            "x: {a # of a\n  : 1, b: [c, # of c\n  d]}\n",
            "x:\n  a: # of a\n    1\n  b:\n    - c # of c\n    - d\n",
        ),
        ("x: {a: , # of a\n  b}\n", "x:\n  a: # of a\n  b:\n"),
        ("x: [a: 1, # of a\n  b]\n", "x:\n  - a: 1 # of a\n  - b\n"),
        (
            "x:\n  - [[a, # of a\n    b], {c: 1}]\n",
            "x:\n  - - - a # of a\n      - b\n    - { c: 1 }\n",
        ),
    ]);
}

#[test]
fn what_means_another_thing_in_block_style_stays_between_its_brackets() {
    all_become(&[
        ("x: [ # none\n  ]\n", "x: # none\n  []\n"),
        ("x: [\n  # none\n  ]\n", "x: [\n    # none\n  ]\n"),
        ("x: [|a, # of a\n  >b]\n", "x: [\n    |a, # of a\n    >b\n  ]\n"),
        (
            "x: {? a # of a\n  : [b, c], ? d}\n",
            "x: {\n    ? a: # of a\n      [b, c],\n    ? d\n  }\n",
        ),
        ("x: {: 1, # of nothing\n  b: }\n", "x: {\n    : 1, # of nothing\n    b:\n  }\n"),
        ("x: {!!str : &a , # c\n  d: }\n", "x: {\n    !!str : &a , # c\n    d:\n  }\n"),
        ("x: [!!str , &a , b - , -c, d - ]\n", "x: [!!str , &a , b - , -c, d - ]\n"),
        ("x: [a - , # of a\n  |b -\n  ]\n", "x: [\n    a - , # of a\n    |b -\n  ]\n"),
        ("x: [? a, # of a\n  b]\n", "x: [\n    ? a, # of a\n    b\n  ]\n"),
    ]);
    let key = "k".repeat(1_001);
    let (before, after) = (format!("x: {{{key}: 1}}\n"), format!("x: {{\n    {key}: 1\n  }}\n"));
    all_become(&[(&before, &after)]);
}

#[test]
fn comments_stay_behind_what_they_stand_behind() {
    all_become(&[
        ("x: 1     # of x\n", "x: 1 # of x\n"),
        ("x: \"1\"\t# of x\n", "x: \"1\" # of x\n"),
        ("x:   # of x\n  a: 1\ny:   # of y\n  - b\n", "x: # of x\n  a: 1\ny: # of y\n  - b\n"),
        (
            "x:\n  -  # of a\n    a: 1\n  - b: # of b\n     c\n",
            "x:\n  - # of a\n    a: 1\n  - b: # of b\n      c\n",
        ),
        ("x: &a # of a\n  b: 1\n", "x: &a # of a\n  b: 1\n"),
        (
            "x: # one\n  &a # two\n  # three\n  !!str # four\n  b\n",
            "x: &a !!str # one\n  # two\n  # three\n  # four\n  b\n",
        ),
        (
            "x: # of nothing\ny:\n  - # nor here\n  - 1\n",
            "x: # of nothing\ny:\n  - # nor here\n  - 1\n",
        ),
        ("x: |  # of x\n   a\ny: >-   # of y\n b\n", "x: | # of x\n  a\ny: >- # of y\n  b\n"),
        ("x: [1, 2]   # of x\ny: {}  # of y\n", "x: [1, 2] # of x\ny: {} # of y\n"),
        ("x: [a,\n   b] # of x\n", "x: [a, b] # of x\n"),
        ("? a # of a\n: b # of b\n", "? a # of a\n: b # of b\n"),
    ]);
}

#[test]
fn comments_on_their_own_lines_stay_in_front_of_what_follows() {
    all_become(&[
        ("x: 1\n  # of y\ny: 2\n", "x: 1\n# of y\ny: 2\n"),
        ("x:\n# of a\n  a: 1\n     # of b\n  b: 2\n", "x:\n  # of a\n  a: 1\n  # of b\n  b: 2\n"),
        ("x:\n- 1\n# of 2\n- 2\n# of y\ny: 3\n", "x:\n  - 1\n  # of 2\n  - 2\n# of y\ny: 3\n"),
        ("x:\n  -\n    # of a\n    a: 1\n", "x:\n  -\n    # of a\n    a: 1\n"),
        ("x:\n  # of one\n\n  # of one too\n  1\n", "x:\n  # of one\n\n  # of one too\n  1\n"),
        ("? a\n# of b\n: b\n", "? a\n:\n  # of b\n  b\n"),
    ]);
}

#[test]
fn comments_at_the_end_of_a_block_stay_with_it_if_they_are_indented_like_it() {
    all_become(&[
        ("x:\n    a: 1\n    # in x\n# of y\ny: 2\n", "x:\n  a: 1\n  # in x\n# of y\ny: 2\n"),
        (
            "x:\n    a:\n        b: 1\n          # in a\n\n      # in x\n  # of y\ny: 2\n",
            "x:\n  a:\n    b: 1\n    # in a\n\n  # in x\n# of y\ny: 2\n",
        ),
        ("x:\n  - 1\n  # - 2\ny:\n", "x:\n  - 1\n  # - 2\ny:\n"),
        ("x:\n- 1\n# - 2\ny:\n", "x:\n  - 1\n# - 2\ny:\n"),
        ("x:\n    # - 1\n    # - 2\ny:\n", "x:\n  # - 1\n  # - 2\ny:\n"),
        ("x:\n  -\n      # a: 1\n  - 2\n", "x:\n  -\n    # a: 1\n  - 2\n"),
        (
            "x: |\n    a\n  # in the service\n# of the profiles\n",
            "x: |\n  a\n# in the service\n# of the profiles\n",
        ),
    ]);
    let end = "      count: 1\n  # in the deployment\n      # still\n# at the end\n";
    let text =
        with("").replace("{ profile: web, count: 1 }\n", &format!("\n      profile: web\n{end}"));
    let expected = text.replace("akash: \n", "akash:\n").replace("      # still", "  # still");
    assert_eq!(formatted(&text), expected);
}

#[test]
fn a_blank_goes_between_the_mark_of_a_comment_and_its_first_word() {
    all_become(&[
        ("#a\n#\n# b\n#   \nx: 1 #c\n", "# a\n#\n# b\n#\nx: 1 # c\n"),
        (
            "#!a\n##b\n## c\n#---\n#---- d\n#\te\nx: 1 #===\n",
            "#!a\n##b\n## c\n#---\n# ---- d\n#\te\nx: 1 #===\n",
        ),
        ("#a:\n#  b: 1\n#  # c\n\n#  d\n", "# a:\n#   b: 1\n#   # c\n\n#  d\n"),
        ("x: | #a\n  b\n", "x: | # a\n  b\n"),
    ]);
}

#[test]
fn the_text_of_scalars_stays_as_it_is_written() {
    let same = "a: 0x1F\nb: 010\nc: 'it''s'\n\
        d: \"\\u00e4\\\"\"\ne: yes\nf: 1.50\ng: ~\nh: 2024-01-02\n\
        i: a b  c\nj: http://x#y\nk: \"  padded  \"\nl: '#'\n\"quoted\": \u{e4}\n1: 2\n";
    all_become(&[(same, same)]);
}

#[test]
fn scalars_of_several_lines_are_indented_by_two() {
    all_become(&[
        ("x: a\n      b\n\n   c\n", "x: a\n  b\n\n  c\n"),
        ("x: \"a  \n      b\\\n    \\ c\\ \n\n   d \"\n", "x: \"a\n  b\\\n  \\ c\\ \n\n  d \"\n"),
        ("x: 'a\n\n\n      b''\n    '\n", "x: 'a\n\n\n  b''\n  '\n"),
        (
            "x:\n  - a\n      b\n  -\n     'c\n   d' # of d\n",
            "x:\n  - a\n    b\n  - 'c\n    d' # of d\n",
        ),
        ("x: [a\n    b, 'c\n  d']\n", "x:\n  - a\n    b\n  - 'c\n    d'\n"),
        ("x: \"a\\\\ \n  b\"\n", "x: \"a\\\\\n  b\"\n"),
    ]);
}

#[test]
fn block_scalars_are_indented_by_two_and_keep_their_value() {
    all_become(&[
        ("x: |\n      a\n       b\n\n      c  \ny: 1\n", "x: |\n  a\n   b\n\n  c  \ny: 1\n"),
        ("x: >-\n a\n\n b\n\n\n\ny: 1\n", "x: >-\n  a\n\n  b\n\ny: 1\n"),
        ("x: |4-\n      a\n     b\ny: |-1\n  c\n", "x: |2-\n    a\n   b\ny: |-2\n   c\n"),
        ("x: |+\n    a\n\n\n# c\n\ny: 1\n", "x: |+\n  a\n\n\n# c\n\ny: 1\n"),
        ("x:\n  - |\n   a\n  -   >\n      b\n", "x:\n  - |\n    a\n  - >\n    b\n"),
        ("x: # of x\n  |\n   a\n", "x: # of x\n  |\n  a\n"),
        ("x: |\n\n\n     a\n   \n     b\n", "x: |\n\n\n  a\n\n  b\n"),
        ("x: |\n  a\n      \n  b\n", "x: |\n  a\n      \n  b\n"),
        (
            "x: |\ny: |-\n\n\nz: |+\n\n\nw: |\n  # no comment\n",
            "x: |\ny: |-\n\nz: |+\n\n\nw: |\n  # no comment\n",
        ),
        ("x: |\n  \ta\n  b\t\n", "x: |\n  \ta\n  b\t\n"),
        ("x: !!str |2+\n    a\n\n", "x: !!str |2+\n    a\n\n"),
        ("x: |2\n     \n   a\n", "x: |2\n     \n   a\n"),
    ]);
}

#[test]
fn a_block_scalar_at_the_end_of_the_text_keeps_its_line_ends() {
    let end = "akash: { profile: web, count: 1 }\n";
    for (before, after) in [
        ("x: |\n      a", "x: |\n      a\n"),
        ("x: |\n      a\n\n\n", "x: |\n      a\n"),
        ("x: |-\n      a\n\n", "x: |-\n      a\n"),
        ("x: |+\n      a\n\n\n", "x: |+\n      a\n\n\n"),
        ("x: |+\n      a", "x: |+\n      a\n"),
    ] {
        let with_end = |lines: &str| {
            let below = format!("akash:\n      profile: web\n      count: 1\n    {lines}");
            with("")
                .replace(end, &below.replace("    x", "      x").replace("      a", "        a"))
        };
        assert_eq!(formatted(&with_end(before)), with_end(after));
    }
}

#[test]
fn anchors_aliases_tags_and_merge_keys_stay() {
    all_become(&[
        ("x:   &a\n  b: 1\ny: {<<: *a,c: !!str 2}\n", "x: &a\n  b: 1\ny: { <<: *a, c: !!str 2 }\n"),
        (
            "x: &a !!map\n  b: 1\ny:\n   <<: [*a,  *a]\n",
            "x: &a !!map\n  b: 1\ny:\n  <<: [*a, *a]\n",
        ),
        (
            "x:\n  - &a\n    b: 1\n  - *a\n  - &b c: 2\n",
            "x:\n  - &a\n    b: 1\n  - *a\n  - &b c: 2\n",
        ),
        (
            "x: !<tag:yaml.org,2002:str> 1\ny: !local [a]\nz: ! a\n",
            "x: !<tag:yaml.org,2002:str> 1\ny: !local [a]\nz: ! a\n",
        ),
        ("x: &a y\n*a : z\n", "x: &a y\n*a : z\n"),
        ("x: &a\ny: !!str\nz: 1\n", "x: &a\ny: !!str\nz: 1\n"),
        ("x:\n  ? - a\n    - b\n  : - c\n", "x:\n  ? - a\n    - b\n  : - c\n"),
        ("? a\n?   b\n:\n   c: d\n", "? a\n? b\n: c: d\n"),
        ("x:\n  ? ? a\n  : b\n", "x:\n  ? ? a\n  : b\n"),
    ]);
}

#[test]
fn directives_and_the_start_of_the_document_stay() {
    let body = with("");
    let rows = [
        (format!("---\n{body}"), format!("---\n{body}")),
        (format!("--- # c\n\n{body}"), format!("--- # c\n\n{body}")),
        (format!("\n# a\n\n\n---\n# b\n{body}"), format!("# a\n\n---\n# b\n{body}")),
        (
            format!("%YAML 1.1   # c\n%TAG !x! y\n---\n{body}"),
            format!("%YAML 1.1 # c\n%TAG !x! y\n---\n{body}"),
        ),
        (format!("--- &a !!map\n{body}"), format!("--- &a !!map\n{body}")),
        (format!("{body}...\n...\n"), body.clone()),
        (format!("{body}# a\n... # b\n#c\n"), format!("{body}# a\n# b\n# c\n")),
    ];
    for (before, after) in rows {
        assert_eq!(formatted(&before), after, "from\n{before}");
        assert_eq!(formatted(&after), after, "a second time");
    }
}

#[test]
fn a_document_in_brackets_goes_to_block_style() {
    let json = r#"{"version": "2.0", "services": {"web": {"image": "nginx", "expose": [{"port": 80,
        "to": [{"global": true}]}]}}, "profiles": {"compute": {"web": {"resources": {"cpu":
        {"units": 1}, "memory": {"size": "1Gi"}, "storage": {"size": "1Gi"}}}}, "placement": {"p":
        {"pricing": {"web": {"denom": "uact", "amount": 1}}}}}, "deployment": {"web": {"p":
        {"profile": "web", "count": 1}}}}"#;
    let expected = r#""version": "2.0"

"services": { "web": { "image": "nginx", "expose": [{ "port": 80, "to": [{ "global": true }] }] } }

"profiles":
  "compute":
    "web":
      "resources":
        "cpu": { "units": 1 }
        "memory": { "size": "1Gi" }
        "storage": { "size": "1Gi" }
  "placement": { "p": { "pricing": { "web": { "denom": "uact", "amount": 1 } } } }

"deployment": { "web": { "p": { "profile": "web", "count": 1 } } }
"#;
    assert_eq!(formatted(json), expected);
    assert_eq!(formatted(expected), expected);
}

#[test]
fn a_text_with_errors_is_refused_with_the_problems_that_it_has() {
    for text in ["version: \"1.0\"", "a: [", "", "\0", &with("image: twice\n")] {
        let problems = format(text).unwrap_err();
        assert!(problems.has_errors());
        assert_eq!(problems, check(text).1, "{text:?}");
    }
    let warned = with("unknown: 1\n");
    assert!(!check(&warned).1.is_empty());
    assert_eq!(formatted(&warned), warned);
}

#[test]
fn a_text_that_would_become_longer_than_the_limit_is_refused() {
    let text = with(&format!("args: [{}]\n", "aaaa,".repeat(90_000)));
    assert!(check(&text).0.is_some());
    let problems = format(&text).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems.as_slice()[0].code.as_str(), "SDL098");
    let sentence = "laid out anew, the text would be longer than the limit of 1048576 bytes";
    assert_eq!(problems.as_slice()[0].sentence, sentence);
}

#[test]
fn a_text_that_would_say_something_else_is_refused() {
    let text = with("x: {a: ?}\n");
    assert!(check(&text).0.is_some());
    let problems = format(&text).unwrap_err();
    let line = "1:1 SDL098 the text cannot be laid out anew without changing what it says";
    assert_eq!(problems.to_string(), line);
}

#[test]
fn long_texts_are_formatted_in_time_that_grows_with_their_length() {
    let lines = |line: &str| line.repeat((TEXT_BYTES_MAX - 2_000) / (line.len() + 4));
    let texts = [
        lines("# a comment on a line of its own\n"),
        format!("x: |\n{}", lines("  a line of a script\n\n")),
        format!("x: \"\n{}  \"\n", lines("  a line of a text\n")),
        format!("x:\n{}", lines("  # nothing but comments in this block\n")),
        format!("x:\n{}", "  - a # b\n".repeat(10_000)),
        format!("x: [{}]\n", "{a: b},".repeat(5_000)),
        format!("x: {{a: [\n{}  ]}}\n", "  b, # c\n".repeat(10_000)),
    ];
    for lines in texts {
        let (sender, result) = mpsc::channel();
        let text = with(&lines);
        std::thread::spawn(move || sender.send(format(&text).is_ok()));
        // Far above what it takes, far below what a quadratic pass would.
        let limit = Duration::from_secs(60);
        assert_eq!(result.recv_timeout(limit), Ok(true), "{:?}...", &lines[..20]);
    }
}

fn corpus() -> Option<PathBuf> {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let shared = std::env::var_os("UNDERCUT_SHARED").map_or("../shared".into(), PathBuf::from);
    let folder = workspace.join(shared).join("sdl-corpus");
    folder.join("index.jsonl").is_file().then_some(folder)
}

/// Set, name and text of every valid text of the corpus.
fn accepted(folder: &Path) -> Vec<(String, String, String)> {
    let index = fs::read_to_string(folder.join("index.jsonl")).unwrap();
    let read = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let part = |key: &str| row[key].as_str().unwrap().to_owned();
        let bytes = fs::read(folder.join(part("input"))).unwrap();
        check_bytes(&bytes).0?;
        Some((part("set"), part("id"), text_of(&bytes).unwrap().into_owned()))
    };
    index.lines().filter_map(read).collect()
}

/// What stands behind each `#` that starts a line or follows a blank, up to the end of the line:
/// all comments, and what looks like one inside a text.
fn comments(text: &str) -> Vec<String> {
    let comment = |line: &str| {
        let is_start = |at: usize| at == 0 || line[..at].ends_with([' ', '\t']);
        let (hash, _) = line.match_indices('#').find(|(at, _)| is_start(*at))?;
        Some(line[hash + 1..].trim().to_owned())
    };
    text.split(['\n', '\r', '\u{85}']).filter_map(comment).collect()
}

#[test]
fn the_whole_corpus_is_formatted_without_changing_what_it_says() {
    let Some(folder) = corpus() else {
        println!("skipped: no sdl-corpus beside the workspace or under UNDERCUT_SHARED");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the corpus is required here");
        return;
    };
    let mut counts: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    let mut refused = Vec::new();
    for (set, id, text) in accepted(&folder) {
        let count = counts.entry(set.clone()).or_default();
        count.0 += 1;
        let once = match format(&text) {
            Ok(once) => once,
            Err(problems) => {
                refused.push(format!("{set}/{id}: {problems}"));
                continue;
            }
        };
        count.1 += 1;
        count.2 += usize::from(once == text);
        assert_eq!(Sdl::parse(&once), Sdl::parse(&text), "{set}/{id}");
        assert_eq!(format(&once).as_deref(), Ok(once.as_str()), "{set}/{id} a second time");
        assert_eq!(comments(&once), comments(&text), "{set}/{id}");
    }
    println!("set             valid  formatted  unchanged");
    for (set, (valid, formatted, unchanged)) in &counts {
        println!("{set:<15} {valid:>5} {formatted:>10} {unchanged:>10}");
    }
    assert!(refused.is_empty(), "{} refused\n{}", refused.len(), refused.join("\n"));
}

/// Name and text of every example.
fn examples() -> Vec<(String, String)> {
    let names = fs::read_dir(EXAMPLES).unwrap().map(|entry| entry.unwrap().path());
    let is_example = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml");
    let mut paths: Vec<PathBuf> = names.filter(is_example).collect();
    paths.sort();
    let read = |path: PathBuf| (path.display().to_string(), fs::read_to_string(&path).unwrap());
    paths.into_iter().map(read).collect()
}

#[test]
fn the_examples_are_in_the_canonical_layout() {
    let examples = examples();
    assert!(examples.len() >= 12, "{} examples", examples.len());
    for (name, text) in examples {
        assert_eq!(formatted(&text), text, "{name}");
    }
}

/// What is put into a text: before or behind the end of a line, and with which number.
#[derive(Clone, Debug)]
enum Insertion {
    Trailing,
    Own { indent: usize },
    Blank,
}

fn insertion() -> impl Strategy<Value = (prop::sample::Index, Insertion)> {
    let kind = prop_oneof![
        Just(Insertion::Trailing),
        (0_usize..20).prop_map(|indent| Insertion::Own { indent }),
        Just(Insertion::Blank),
    ];
    (any::<prop::sample::Index>(), kind)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn comments_put_anywhere_survive_and_nothing_else_changes(
        example in any::<prop::sample::Index>(),
        insertions in prop::collection::vec(insertion(), 1..40),
        is_broken in any::<bool>(),
    ) {
        let (_, text) = example.get(&examples()).clone();
        // Lines that end inside brackets, too.
        let broken = |line: &str| match line.contains('#') {
            true => line.to_owned(),
            false => line.replace(", ", ",\n            "),
        };
        let text = if is_broken { text.split_inclusive('\n').map(broken).collect() } else { text };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (number, (place, kind)) in insertions.into_iter().enumerate() {
            let at = place.index(lines.len());
            match kind {
                Insertion::Trailing if lines[at].contains(" #") || lines[at].is_empty() => {}
                Insertion::Trailing => lines[at] += &format!("  #t{number}"),
                Insertion::Own { indent } => {
                    lines.insert(at, format!("{}# o{number}", " ".repeat(indent)));
                }
                Insertion::Blank => lines.insert(at, String::new()),
            }
        }
        let text = lines.join("\n");
        let (sdl, problems) = check(&text);
        prop_assume!(sdl.is_some());
        let once = format(&text);
        prop_assert!(once.is_ok(), "{}\n{}\n{}", problems, once.unwrap_err(), text);
        let once = once.unwrap();
        prop_assert_eq!(comments(&once), comments(&text), "{}", text);
        prop_assert_eq!(check(&once).0, sdl);
        prop_assert_eq!(format(&once), Ok(once.clone()), "{}", text);
    }
}

/// A service's keys with one of every way to write something, to change at random. All that is
/// below `x` is ignored, so that much of it may change and stay valid.
const WAYS: &str = r#"# first
x:
  a: 1 # of a
  b: &b [1, {c: d, 'e': "f"}, g: h,
    i]
  ? j
  : - k
  l: |2-
    m

  n: >+
    o
    p

  # of q
  q: "r
    s\
    t"
  u: 'v

    w'
  x: y
    z
  <<: {aa: *b, ? bb}
  cc:
  - - dd # of dd
    - !!str ee
  -
    # of ff
    ff: !x
    gg: ~
  # end
hh: { ii: [ jj, # of jj
  kk ], ll: , mm }
"#;

/// What the changes put in.
const PIECES: &[&str] = &[
    "\n", "\n", "\n  ", "\n    ", " ", "  ", "\t", "# c\n", " # c", " #c\n", "\n\n", ",", ", ",
    "[", "]", "{", "}", ": ", ":", "? ", "- ", "\n- ", "&z ", "*b", "*b ", "!!str ", "! ", "\"",
    "'", "|", ">", "|\n", ">-\n", "|+\n", "+", "2", "x", "~", "\\", "\r", "\r\n", "\u{85}",
    "\u{e4}", "\u{2028}", "\u{feff}", "%", "---", "...\n", "a: b", "[a, b]", "{a: b}", "'a'",
    "\"a\" ",
];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        max_global_rejects: 10_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_is_valid_is_formatted(
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0_usize..4, prop::sample::select(PIECES)),
            1..5,
        ),
    ) {
        let mut lines: Vec<char> = WAYS.chars().collect();
        for (place, removed, inserted) in changes {
            let start = place.index(lines.len() + 1);
            let end = (start + removed).min(lines.len());
            lines.splice(start..end, inserted.chars());
        }
        let text = with(&lines.into_iter().collect::<String>());
        let sdl = check(&text).0;
        // A `?` that is a text of its own is one only right in front of a bracket or comma.
        prop_assume!(sdl.is_some() && !["?,", "?]", "?}"].iter().any(|mark| text.contains(mark)));
        let once = format(&text);
        prop_assert!(once.is_ok(), "{}\n{}", once.unwrap_err(), text);
        let once = once.unwrap();
        prop_assert_eq!(check(&once).0, sdl);
        prop_assert_eq!(format(&once), Ok(once.clone()), "{}", text);
    }
}
