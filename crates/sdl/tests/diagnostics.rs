//! What a user is told: code, place, sentence and help, for one mistake at a time.

use undercut_sdl::{Colour, Diagnostic, Sdl, Severity, check, check_bytes, render};

/// A valid manifest. Tests replace one part of it.
const BASE: &str = r#"version: "2.0"
services:
  web:
    image: nginx:1.27
    expose:
      - port: 80
        as: 80
        to:
          - global: true
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

/// The base with `from` replaced by `to`.
fn with(from: &str, to: &str) -> String {
    assert_eq!(BASE.matches(from).count(), 1, "{from:?} stands once in the base");
    BASE.replace(from, to)
}

fn problems(text: &str) -> Vec<Diagnostic> {
    check(text).1.iter().cloned().collect()
}

/// The replacement gives exactly one problem, at the place of `marked` in the new text.
fn one(from: &str, to: &str, marked: &str, code: &str, sentence: &str) -> Diagnostic {
    let text = with(from, to);
    let found = problems(&text);
    assert_eq!(found.len(), 1, "{to:?}: {found:#?}");
    let problem = found.into_iter().next().unwrap();
    assert_eq!(problem.code.as_str(), code, "{to:?}: {problem}");
    assert_eq!(problem.sentence, sentence, "{to:?}");
    assert_eq!(&text[problem.span.start..problem.span.end], marked, "{to:?}");
    let before = &text[..problem.span.start];
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    assert_eq!((problem.line, problem.column), (before.matches('\n').count() + 1, column));
    problem
}

fn error(from: &str, to: &str, marked: &str, code: &str, sentence: &str) {
    assert_eq!(one(from, to, marked, code, sentence).severity, Severity::Error);
}

fn warning(from: &str, to: &str, marked: &str, code: &str, sentence: &str) {
    assert_eq!(one(from, to, marked, code, sentence).severity, Severity::Warning);
    assert!(Sdl::parse(&with(from, to)).is_ok(), "a warning refuses nothing");
}

#[test]
fn the_base_is_valid_and_has_no_problem() {
    assert_eq!(problems(BASE), []);
    let hash = Sdl::parse(BASE).unwrap().hash().to_string();
    assert_eq!(hash, "0eb410ba4d3853dd1ed020ad1983de88052876414b7d133ea0d46a23ecb328e9");
}

#[test]
fn quantities_are_explained() {
    let rows = [
        ("512Mi", "16GB", "16GB", "SDL014", "`16GB` is not a size"),
        ("512Mi", "-1Gi", "-1Gi", "SDL014", "`-1Gi` is below zero"),
        ("units: 0.5", "units: 100M", "100M", "SDL015", "`100M` is not a number of CPUs"),
        ("units: 0.5", "units: 9m", "9m", "SDL060", "profile `web` asks for 0.009 CPU"),
        (
            "count: 1",
            "count: \"1\"",
            "\"1\"",
            "SDL016",
            "`count` of the deployment of `web` in `akash` must be a number, not text",
        ),
        (
            "amount: 100",
            "amount: 1e3",
            "1e3",
            "SDL022",
            "the price of `web` is `1e3`, which is not a decimal number",
        ),
        (
            "amount: 100",
            "amount: 10000001",
            "10000001",
            "SDL024",
            "the price of `web` is above 10,000,000 per block",
        ),
        ("denom: uact", "denom: ua", "ua", "SDL021", "`ua` is not a denom"),
    ];
    for (from, to, marked, code, sentence) in rows {
        error(from, to, marked, code, sentence);
    }
}

#[test]
fn names_that_lead_nowhere_are_explained() {
    let rows = [
        (
            "profile: web",
            "profile: wob",
            "wob",
            "SDL031",
            "service `web` uses compute profile `wob`, which does not exist",
        ),
        (
            "    akash: { profile",
            "    akahs: { profile",
            "akahs",
            "SDL032",
            "service `web` goes to placement `akahs`, which does not exist",
        ),
        (
            "        web: { denom",
            "        api: { denom",
            "web",
            "SDL033",
            "no price for profile `web` in placement `akash`",
        ),
    ];
    for (from, to, marked, code, sentence) in rows {
        error(from, to, marked, code, sentence);
    }
    let text = with("profile: web", "profile: wob");
    assert_eq!(problems(&text)[0].help.as_deref(), Some("did you mean `web`?"));
    assert_eq!(problems(&text)[0].labels.len(), 1, "the declaration is shown too");
}

#[test]
fn structure_is_explained() {
    let rows = [
        (
            "    image: nginx:1.27",
            "    image: a\n    image: b",
            "image",
            "SDL011",
            "the key `image` stands twice in one mapping",
        ),
        (
            "    image: nginx:1.27",
            "    image: [a]",
            "[a]",
            "SDL012",
            "`image` of service `web` must be text, not a list",
        ),
        ("\"2.0\"", "\"1.0\"", "\"1.0\"", "SDL002", "`version` is `1.0`, not \"2.0\" or \"2.1\""),
        (
            "        to:\n",
            "       to:\n",
            "to:",
            "SDL001",
            "this line starts in column 8, its neighbours start in column 9",
        ),
        ("nginx:1.27", "\"nginx", "\"", "SDL003", "the quoted text that starts here does not end"),
        (
            "nginx:1.27",
            "*image",
            "*image",
            "SDL009",
            "alias `*image` names no anchor that stands before it",
        ),
        (
            "deployment:",
            "deploiment: {}\ndeployment:",
            "deploiment",
            "SDL013",
            "the document has no key `deploiment`",
        ),
        (
            "global: true",
            "global: 1",
            "1",
            "SDL017",
            "`expose.to.global` of service `web` is `1`, not true or false",
        ),
    ];
    for (from, to, marked, code, sentence) in rows {
        error(from, to, marked, code, sentence);
    }
}

#[test]
fn services_and_ports_are_explained() {
    let rows = [
        (
            "port: 80",
            "port: 65536",
            "65536",
            "SDL050",
            "port 65536 of service `web` is not between 1 and 65535",
        ),
        (
            "port: 80",
            "port: 80\n        proto: http",
            "http",
            "SDL051",
            "`http` is not a protocol for a port",
        ),
        (
            "port: 80",
            "port: 80\n        accept: [A.com]",
            "A.com",
            "SDL057",
            "`A.com` is not a host name",
        ),
        (
            "port: 80",
            "port: 80\n        accept: [a.com, a.com]",
            "a.com",
            "SDL058",
            "host `a.com` stands twice in this deployment",
        ),
        (
            "nginx:1.27",
            "nginx\n    env: [1A=x]",
            "1A=x",
            "SDL074",
            "`1A` is not the name of an environment variable",
        ),
        ("nginx:1.27", "\"\"", "\"\"", "SDL071", "service `web` has no image"),
        (
            "nginx:1.27",
            "nginx\n    params: { tee: sev }",
            "sev",
            "SDL076",
            "`tee` of service `web` is `sev`, not `cpu` or `cpu-gpu`",
        ),
        (
            "global: true",
            "service: web",
            "80",
            "SDL073",
            "no deployed service can be reached from outside",
        ),
    ];
    for (from, to, marked, code, sentence) in rows {
        error(from, to, marked, code, sentence);
    }
}

#[test]
fn storage_is_explained() {
    let storage = "{ size: 1Gi }";
    let attributes = |text: &str| format!("{{ size: 1Gi, attributes: {{ {text} }} }}");
    let rows = [
        ("class: beta3", "beta3", "SDL044", "storage class `beta3` needs `persistent: true`"),
        ("persistent: true, class: x", "x", "SDL045", "`x` is not a storage class"),
        ("persistent: True", "True", "SDL046", "`persistent` is `True`, not true or false"),
        (
            "persistent: true, class: ram",
            "ram",
            "SDL047",
            "storage class `ram` needs `persistent: false`",
        ),
        (
            "persistent: true",
            "storage",
            "SDL041",
            "persistent volume `default` is not mounted by service `web`",
        ),
    ];
    for (text, marked, code, sentence) in rows {
        error(storage, &attributes(text), marked, code, sentence);
    }
}

#[test]
fn probable_mistakes_are_warnings() {
    let rows = [
        (
            "    image:",
            "    depends_on: []\n    image:",
            "depends_on",
            "SDL090",
            "service `web` has no key `depends_on`; it is ignored",
        ),
        (
            "port: 80",
            "port: 0120",
            "0120",
            "SDL091",
            "`expose.port` of service `web` is 80: `0120` is octal",
        ),
        (
            "services:\n",
            "services:\n  old: { image: a }\n",
            "old",
            "SDL092",
            "service `old` is not deployed",
        ),
        ("\"2.0\"", "2.0", "2.0", "SDL002", "`version` is a number, not text"),
        (
            "storage: { size: 1Gi }",
            "storage: [{ size: 1Gi }, { name: b, size: 1Gi }]",
            "b",
            "SDL093",
            "volumes `default` and `b` of profile `web` are both of 1Gi",
        ),
        (
            "  placement:\n",
            "    old: {}\n  placement:\n",
            "old",
            "SDL095",
            "compute profile `old` is not used",
        ),
        ("\"2.0\"", "2", "2", "SDL094", "version `2` follows the rules of 2.0"),
        (
            "- global: true",
            "- global: true\n          - service: api",
            "api",
            "SDL072",
            "`to.service: api` does not name a service",
        ),
    ];
    for (from, to, marked, code, sentence) in rows {
        warning(from, to, marked, code, sentence);
    }
}

#[test]
fn all_problems_come_in_one_pass_in_order_of_position() {
    let text = BASE
        .replace("512Mi", "16GB")
        .replace("port: 80", "port: 0")
        .replace("profile: web", "profile: wob");
    let found = problems(&text);
    let codes: Vec<&str> = found.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["SDL050", "SDL014", "SDL031"]);
    assert!(found.windows(2).all(|pair| pair[0].span <= pair[1].span));
}

#[test]
fn one_broken_part_gives_one_problem() {
    // A profile that cannot be read is not also a profile that does not exist, or is too small.
    let text = with("      resources:", "      resources: 7\n      ignored:");
    let errors = check(&text).1;
    let errors = errors.iter().filter(|problem| problem.severity == Severity::Error);
    assert_eq!(errors.count(), 1);
}

#[test]
fn columns_count_characters_and_spans_count_bytes() {
    let text = with("image: nginx:1.27", "image: \"\u{e4}\u{e4}\"\n    env: [\"\u{e4}=1\"]");
    let problem = &problems(&text)[0];
    assert_eq!((problem.line, problem.column, problem.end_column), (5, 11, 16));
    assert_eq!(&text[problem.span.start..problem.span.end], "\"\u{e4}=1\"");
}

#[test]
fn files_that_are_no_text_are_refused() {
    let rows: [(&[u8], &str); 6] = [
        (b"", "SDL019"),
        (b"# nothing\n", "SDL019"),
        (b"a: \xff", "SDL004"),
        (b"a: \x00", "SDL004"),
        (b"a: 1\n---\nb: 2\n", "SDL010"),
        (b"- a\n", "SDL012"),
    ];
    for (bytes, code) in rows {
        let (sdl, problems) = check_bytes(bytes);
        assert!(sdl.is_none());
        assert_eq!(problems.as_slice()[0].code.as_str(), code, "{bytes:?}");
    }
}

#[test]
fn text_in_utf16_reads_like_text_in_utf8() {
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(BASE.encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(check_bytes(&bytes), check(BASE));
    let marked = format!("\u{feff}{}", with("512Mi", "16GB"));
    let problem = &problems(&marked)[0];
    assert_eq!(&marked[problem.span.start..problem.span.end], "16GB");
}

#[test]
fn the_list_prints_one_line_for_each_problem() {
    let text = with("512Mi", "16GB").replace("port: 80", "port: 0");
    let shown = Sdl::parse(&text).unwrap_err().to_string();
    let expected = "6:15 SDL050 port 0 of service `web` is not between 1 and 65535\n\
                    15:25 SDL014 `16GB` is not a size";
    assert_eq!(shown, expected);
}

#[test]
fn every_kind_of_line_end_is_rendered_alike() {
    let text = with("512Mi", "16GB");
    let shown = |text: &str| render(&check(text).1, "x.yaml", text, Colour::Plain);
    let without_final_blanks = |shown: String| -> Vec<String> {
        shown.lines().map(|line| line.trim_end().to_owned()).collect()
    };
    let expected = without_final_blanks(shown(&text));
    for line_end in ["\r\n", "\r"] {
        let found = without_final_blanks(shown(&text.replace('\n', line_end)));
        assert_eq!(found, expected, "{line_end:?}");
    }
}

#[test]
fn an_ignored_key_and_the_error_it_causes_are_one_problem() {
    let rows = [
        ("count: 1", "cuont: 1", "cuont", "SDL035"),
        ("image: nginx", "img: nginx", "img", "SDL071"),
        ("      pricing:", "      prices:", "prices", "SDL033"),
        ("  placement:\n", "  placements:\n", "placements", "SDL018"),
        ("    expose:", "    ports:", "ports", "SDL073"),
        ("amount: 100", "ammount: 100", "ammount", "SDL022"),
    ];
    for (from, to, marked, code) in rows {
        let text = with(from, to);
        let found = problems(&text);
        let told: Vec<(&str, &str)> = found
            .iter()
            .map(|problem| (problem.code.as_str(), &text[problem.span.start..problem.span.end]))
            .collect();
        assert_eq!(told, [(code, marked)], "{to:?}");
        assert_eq!(found[0].severity, Severity::Error);
    }
}

#[test]
fn the_later_of_two_places_is_the_one_that_is_marked() {
    let text = with("      - port: 80\n", "      - port: 80\n        accept: [b.com, b.com]\n");
    let found = &problems(&text)[0];
    assert_eq!(found.code.as_str(), "SDL058");
    assert!(found.labels[0].span < found.span);
}

#[test]
fn rendered_problems_show_their_lines() {
    let text = with("512Mi", "16GB");
    let shown = render(&check(&text).1, "deploy.yaml", &text, Colour::Plain);
    let expected = "\
error[SDL014]: `16GB` is not a size
  --> deploy.yaml:15:25
   |
15 |         memory: { size: 16GB }
   |                         ^^^^ unknown unit `GB`
   |
   = help: did you mean `16Gi` (17,179,869,184 bytes)? units are k M G T P E and Ki Mi Gi Ti Pi \
                    Ei; case matters

1 error, 0 warnings
";
    assert_eq!(shown, expected);
    assert!(render(&check(&text).1, "x", &text, Colour::Terminal).contains("\u{1b}["));
}

#[test]
fn what_is_shown_steers_no_terminal() {
    for character in ['\u{7f}', '\u{9b}', '\u{ad}', '\u{202e}', '\u{e0041}'] {
        let text = with("profile: web", &format!("profile: \"w{character}b\""));
        let shown = render(&check(&text).1, "x", &text, Colour::Plain);
        assert!(!shown.is_empty() && !shown.contains(character), "{character:?}: {shown}");
    }
}
