//! Texts that YAML 1.1 reads and YAML 1.2 does not, or reads otherwise: what the reference makes of
//! them (go-yaml 3.0.1) holds.

use undercut_sdl::{Sdl, check};

/// A manifest up to the service's own keys, so that a test may end the file in them.
const HEAD: &str = "\
version: \"2.0\"
profiles:
  compute:
    web: { resources: { cpu: { units: 1 }, memory: { size: 1Gi }, storage: { size: 1Gi } } }
  placement:
    akash: { pricing: { web: { denom: uact, amount: 100 } } }
deployment:
  web: { akash: { profile: web, count: 1 } }
services:
  web:
    image: nginx:1.27
    expose: [ { port: 80, to: [ { global: true } ] } ]
";

fn args(lines: &str) -> Vec<String> {
    let text = format!("{HEAD}{lines}");
    let (sdl, problems) = check(&text);
    let sdl: Sdl = sdl.unwrap_or_else(|| panic!("{lines:?}: {problems}"));
    sdl.manifest().groups[0].services[0].args.clone().unwrap_or_default()
}

#[test]
fn a_block_of_text_ends_where_the_file_ends() {
    // `@` stands for the block's own indentation.
    let rows = [
        ("|", "@x", "x"),
        ("|", "@x\n", "x\n"),
        ("|", "@x\n@", "x\n"),
        ("|", "@x\n\n@", "x\n"),
        ("|", "@x\n ", "x\n"),
        ("|", "@x\n@  ", "x\n  "),
        ("|", "@x\n@y", "x\ny"),
        ("|-", "@x", "x"),
        ("|-", "@x\n@", "x"),
        ("|+", "@x", "x"),
        ("|+", "@x\n@", "x\n"),
        ("|+", "@x\n\n@", "x\n\n"),
        ("|+", "@x\n\n", "x\n\n"),
        (">", "@x\n@y", "x y"),
        (">", "@x\n\n@", "x\n"),
        (">-", "@x\n ", "x"),
        ("|2", "@x", "x"),
    ];
    for (head, body, expected) in rows {
        let body = body.replace('@', "        ");
        assert_eq!(
            args(&format!("    args:\n      - {head}\n{body}")),
            [expected],
            "{head} {body:?}"
        );
    }
}

#[test]
fn a_block_of_text_before_other_lines_is_not_cut_off() {
    let lines = "    args:\n      - |\n        x\n    env: [A=b]";
    assert_eq!(args(lines), ["x\n"]);
}

#[test]
fn lines_between_brackets_may_start_in_any_column() {
    let rows = [
        "    args: [\n      a,\n      b\n  ]",
        "    args: [\n    a,\n    b\n    ]",
        "    args: [\na,\n b\n]",
        "    args: [ a,\n  \"b\" ]",
    ];
    for lines in rows {
        assert_eq!(args(lines), ["a", "b"], "{lines:?}");
    }
    assert!(Sdl::parse(&format!("{HEAD}    params: {{\n  storage: {{\n}} }}\n")).is_ok());
}

#[test]
fn a_bracket_that_is_not_closed_is_told_where_it_stands_and_not_where_the_file_ends() {
    let text = HEAD.replace("  web:\n    image", "  web:\n    args: [ a\n    image");
    let (sdl, problems) = check(&text);
    assert!(sdl.is_none());
    let first = problems.iter().next().unwrap();
    assert_eq!((first.code.as_str(), first.line), ("SDL003", 11), "{first}");
}
