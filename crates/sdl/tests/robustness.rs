//! No text panics, overflows a small stack, or escapes the budgets.

use proptest::prelude::*;
use undercut_sdl::{ALIASED_NODES_MAX, DEPTH_MAX, NODES_MAX, TEXT_BYTES_MAX, check, check_bytes};

/// A small manifest with one of everything, to mutate.
const BASE: &str = r#"version: "2.1"
endpoints: { ip1: { kind: ip } }
services:
  web: &web
    image: nginx:1.27
    args: [a, ~, 010, "b\n"]
    params: { storage: { data: { mount: /data, readOnly: false } }, tee: cpu }
    credentials: { host: h, username: u, password: p }
    expose:
      - port: 0x50
        as: 80
        accept: [a.example]
        http_options: { next_cases: [off], read_timeout: 1e3 }
        to: [ { global: true, ip: ip1 } ]
  api:
    <<: *web
    expose: [ { port: 1, to: [ { service: web } ] } ]
profiles:
  compute:
    web:
      resources:
        cpu: { units: 100m, attributes: { arch: arm64 } }
        memory: { size: 0.5Gi }
        gpu: { units: 1, attributes: { vendor: { nvidia: [ { model: h100, ram: 80Gi } ] } } }
        storage: [ { name: data, size: 1Gi, attributes: { persistent: true, class: beta3 } } ]
  placement:
    akash:
      attributes: { region: eu }
      signedBy: { anyOf: [a], allOf: [] }
      pricing: { web: { denom: uact, amount: 100.5 } }
deployment:
  web: { akash: { profile: web, count: 2 } }
  api: { akash: { profile: web, count: 1 } }
reclamation: { min_window: 1.5h }
"#;

/// Pieces of YAML and of quantities that are likely to confuse.
const TOKENS: &[&str] = &[
    "&a ",
    "*a",
    "*web",
    "<<: ",
    "<<: *web",
    "!!int ",
    "!!binary ",
    "!x ",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "- ",
    "? ",
    ": ",
    ":\t",
    "\t",
    "[",
    "]",
    "{",
    "}",
    ",",
    "#",
    "%YAML 1.2\n",
    "---\n",
    "...\n",
    "~",
    "null",
    "1e9999",
    "0x",
    "-0",
    "99999999999999999999",
    "inf",
    "nan",
    ".5",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\0",
    "\u{1f600}",
    "\r",
    "\n",
    " ",
    "m",
    "Gi",
    "--5",
    "true",
    "\\",
    "\\u0000",
];

fn code_of(text: &str) -> String {
    let (sdl, problems) = check(text);
    assert!(sdl.is_none());
    problems.as_slice()[0].code.to_string()
}

/// Runs `test` with a stack of 512 KiB.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(test).unwrap();
    thread.join().expect("nothing overflowed or panicked");
}

#[test]
fn deep_nesting_is_refused_on_a_small_stack() {
    on_a_small_stack(|| {
        const LEVELS: usize = 100_000;
        for open in
            ["- ", "[", "{", "? ", "{a: ", "[a, ", "- - ", "a: [", "!!x [", "&a [", "\"a\": {"]
        {
            assert_eq!(code_of(&open.repeat(LEVELS)), "SDL006", "{open:?}");
        }
        let blocks: String = (0..1400).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
        assert_eq!(code_of(&blocks), "SDL006");
        let closed = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(code_of(&closed), "SDL006");
    });
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    let nested = |levels: usize| format!("{BASE}\nx: {}{}", "[".repeat(levels), "]".repeat(levels));
    // The document itself is one level.
    let problems = check(&nested(DEPTH_MAX - 1)).1;
    assert!(problems.iter().all(|problem| problem.code.as_str() == "SDL013"));
    assert!(check(&nested(DEPTH_MAX)).1.iter().any(|problem| problem.code.as_str() == "SDL006"));
}

#[test]
fn each_budget_has_its_own_code() {
    let long = " ".repeat(TEXT_BYTES_MAX + 1);
    let many = format!("a: [{}]", "x,".repeat(NODES_MAX));
    let aliases = format!("a: &a x\nb: [{}]", "*a,".repeat(ALIASED_NODES_MAX + 1));
    let rows = [
        (long, "SDL005"),
        (many, "SDL007"),
        (aliases, "SDL008"),
        ("a: &a [*a]".to_owned(), "SDL009"),
        ("a: &a {b: *a}".to_owned(), "SDL009"),
    ];
    for (text, code) in rows {
        assert_eq!(code_of(&text), code);
    }
}

#[test]
fn aliases_that_unfold_to_billions_are_refused_at_once() {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..10 {
        let before = level - 1;
        text += &format!("a{level}: &a{level} [{}]\n", format!("*a{before},").repeat(9));
    }
    assert_eq!(code_of(&text), "SDL008");
}

/// The base with a service and a profile that many placements repeat.
fn repeated(service: &str, volumes: &str, placements: usize) -> String {
    let names = || (0..placements).map(|number| format!("p{number}"));
    let priced: String = names()
        .map(|name| format!("    {name}: {{ pricing: {{ a: {{ denom: uact, amount: 1 }} }} }}\n"))
        .collect();
    let placed: String =
        names().map(|name| format!("    {name}: {{ profile: a, count: 1 }}\n")).collect();
    format!(
        "version: \"2.0\"\nservices:\n  a:\n    image: a\n{service}profiles:\n  compute:\n    a:\n\
         \x20     resources: {{ cpu: {{ units: 1 }}, memory: {{ size: 1Gi }}, storage: [{volumes}] }}\n  \
         placement:\n{priced}deployment:\n  a:\n{placed}"
    )
}

#[test]
fn manifests_that_repeat_too_much_are_refused_before_they_are_built() {
    let global = "    expose: [ { port: 80, to: [ { global: true } ] } ]\n";
    let volume = "{ size: 1Gi }";
    let problems = check(&repeated(global, volume, 2)).1;
    assert!(problems.is_empty(), "{problems}");
    let args = format!("{global}    args: [{}]\n", "x,".repeat(20_000));
    let many_targets = format!("    expose: [ {{ port: 80, to: [{}] }} ]\n", "{},".repeat(40_000));
    let volumes: String =
        (0..5_000).map(|number| format!("{{ name: v{number}, size: 1Gi }},")).collect();
    let long = format!("{global}    args: [ \"{}\" ]\n", "x".repeat(500_000));
    let rows = [
        repeated(&args, volume, 1_000),
        repeated(&many_targets, volume, 1_000),
        repeated(global, &volumes, 1_000),
        repeated(&long, volume, 1_000),
    ];
    for text in rows {
        assert_eq!(code_of(&text), "SDL079");
    }
}

#[test]
fn texts_that_aliases_repeat_are_bounded() {
    let text = format!("a: &a {}\nb: [{}]", "x".repeat(100_000), "*a,".repeat(100));
    assert_eq!(code_of(&text), "SDL008");
}

#[test]
fn thousands_of_wrong_names_are_told_without_comparing_all() {
    let names = |prefix: &str| -> String {
        (0..8_000)
            .map(|number| format!("  {prefix}{number}: {{ p: {{ profile: x }} }}\n"))
            .collect()
    };
    let text = format!("version: \"2.0\"\nservices:\n{}deployment:\n{}", names("a"), names("b"));
    let problems = check(&text).1;
    assert!(problems.has_errors());
    assert!(!undercut_sdl::render(&problems, "x", &text, undercut_sdl::Colour::Plain).is_empty());
}

#[test]
fn one_long_line_is_shown_in_part() {
    let text = format!(
        "{{version: \"2.0\", services: {{a: {{args: [{}], image: []}}}}}}",
        "x,".repeat(90_000)
    );
    let problems = check(&text).1;
    let shown = undercut_sdl::render(&problems, "x", &text, undercut_sdl::Colour::Plain);
    assert!(shown.contains("SDL012"));
}

#[test]
fn wide_and_long_quoted_text_is_not_repaired_beyond_the_budget() {
    let text = format!("a: {}\"{}\"", " ".repeat(100_000), "x\n".repeat(100_000));
    let (sdl, problems) = check(&text);
    assert!(sdl.is_none() && problems.has_errors());
}

#[test]
fn thousands_of_problems_stay_bounded() {
    let text = format!(
        "version: \"2.0\"\n{}",
        (0..20_000).map(|n| format!("k{n}: 1\n")).collect::<String>()
    );
    let problems = check(&text).1;
    assert!(problems.has_errors());
    assert!(problems.len() <= 2 * undercut_sdl::PROBLEMS_MAX);
}

#[test]
fn the_base_of_the_mutations_is_valid() {
    let (sdl, problems) = check(BASE);
    assert!(sdl.is_some(), "{problems}");
}

/// One change of a text: where, how many characters go, and what comes instead.
fn mutation() -> impl Strategy<Value = (prop::sample::Index, usize, String)> {
    let token = prop::sample::select(TOKENS).prop_map(str::to_owned);
    let inserted = prop_oneof![4 => token, 1 => ".{0,4}", 1 => Just(String::new())];
    (any::<prop::sample::Index>(), 0_usize..8, inserted)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn no_mutated_text_panics(changes in prop::collection::vec(mutation(), 1..6)) {
        let mut text: Vec<char> = BASE.chars().collect();
        for (place, removed, inserted) in changes {
            let start = place.index(text.len() + 1);
            let end = (start + removed).min(text.len());
            text.splice(start..end, inserted.chars());
        }
        let text: String = text.into_iter().collect();
        let (sdl, problems) = check(&text);
        prop_assert_eq!(sdl.is_none(), problems.has_errors());
        for problem in &problems {
            prop_assert!(problem.span.start <= problem.span.end);
            prop_assert!(problem.span.end <= text.len(), "{}", problem);
            prop_assert!(text.is_char_boundary(problem.span.start));
            prop_assert!(!problem.render("x.yaml", &text).is_empty());
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (sdl, problems) = check_bytes(&bytes);
        prop_assert_eq!(sdl.is_none(), problems.has_errors());
    }
}
