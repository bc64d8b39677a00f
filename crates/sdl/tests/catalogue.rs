//! Every code is explained, every example does what it says, and the page is up to date.

use std::fs;
use std::path::{Path, PathBuf};

use undercut_primitives::resources::limits;
use undercut_sdl::{
    ALIASED_BYTES_MAX, ALIASED_NODES_MAX, CATALOGUE, DEPTH_MAX, Diagnostics, Entry, Example, Level,
    MANIFEST_BYTES_MAX, NODES_MAX, Severity, TEXT_BYTES_MAX, check, check_bytes, entry, page,
};

/// Codes with lines as their example that `check` does not tell: a caller does. When `check` comes
/// A valid manifest without a warning, of which tests replace a part.
const BASE: &str = r#"version: "2.0"
services:
  web:
    image: nginx:1.27
    expose:
      - port: 80
        to: [ { global: true } ]
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

fn codes(problems: &Diagnostics) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.code.as_str()).collect()
}

fn severities(problems: &Diagnostics, code: &str) -> Vec<Severity> {
    let told = problems.iter().filter(|problem| problem.code.as_str() == code);
    told.map(|problem| problem.severity).collect()
}

fn explanation(code: &str) -> &'static str {
    entry(code).unwrap_or_else(|| panic!("{code} is in the catalogue")).explanation
}

fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<&str> = groups.map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

#[test]
fn explanations_are_a_few_short_sentences() {
    for Entry { code, explanation, .. } in CATALOGUE {
        let length = explanation.chars().count();
        assert!((80..=700).contains(&length), "{code}: {length} characters");
        assert!(explanation.ends_with('.'), "{code}");
        assert!(explanation.is_ascii() && !explanation.contains("  "), "{code}");
        assert_eq!(explanation.matches('`').count() % 2, 0, "{code}: backticks come in pairs");
        // A point within backticks ends no sentence.
        let prose: String = explanation.split('`').step_by(2).collect();
        let sentences = prose.matches(". ").count() + 1;
        assert!((2..=6).contains(&sentences), "{code}: {sentences} sentences");
    }
}

#[test]
fn codes_named_in_an_explanation_exist() {
    for Entry { code, explanation, .. } in CATALOGUE {
        let words = explanation.split(|c: char| !c.is_ascii_alphanumeric());
        for named in words.filter(|word| word.starts_with("SDL")) {
            assert!(entry(named).is_some() && named != code.as_str(), "{code}: {named}");
        }
    }
}

#[test]
fn wrong_and_right_differ() {
    for Entry { code, example, .. } in CATALOGUE {
        let (Example::Lines { wrong, right, .. }
        | Example::Market { wrong, right, .. }
        | Example::Words { wrong, right }) = example;
        assert_ne!(wrong, right, "{code}");
    }
}

#[test]
fn right_lines_give_no_problem() {
    let texts = CATALOGUE.iter().filter_map(|entry| Some((entry.code, entry.right_manifest()?)));
    for (code, text) in texts {
        let (sdl, problems) = check(&text);
        assert!(sdl.is_some() && problems.is_empty(), "{code}: {problems}");
    }
}

#[test]
fn wrong_lines_give_their_code_and_no_other() {
    for entry in CATALOGUE {
        let Entry { code, level, example: Example::Lines { .. }, .. } = entry else { continue };
        let (sdl, problems) = check(&entry.wrong_manifest().unwrap());
        let told = severities(&problems, code.as_str());
        assert!(!told.is_empty(), "{code} is not told: {problems}");
        assert!(told.iter().all(|severity| level.allows(*severity)), "{code}: {told:?}");
        assert_eq!(sdl.is_none(), problems.has_errors(), "{code}");
        assert!(codes(&problems).iter().all(|found| *found == code.as_str()), "{code}: {problems}");
    }
}

#[test]
fn lines_that_only_a_market_refuses_are_valid_by_themselves() {
    for entry in CATALOGUE {
        if matches!(entry.example, Example::Market { .. }) {
            let (sdl, problems) = check(&entry.wrong_manifest().unwrap());
            assert!(sdl.is_some() && problems.is_empty(), "{}: {problems}", entry.code);
        }
    }
}

/// For each code whose example is in words, a text that has it and one that does not; but for the
/// one that `format` tells.
fn texts_in_words() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let service = |lines: &str| with("nginx:1.27\n", &format!("nginx:1.27\n{lines}\n"));
    let long = |length: usize| format!("{BASE}#{}", "x".repeat(length - BASE.len() - 1));
    // The document, `services` and the service are three levels already.
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 3), "]".repeat(levels - 3));
        service(&format!("    env: {open}A=1{close}"))
    };
    let values = |count: usize| service(&format!("    env: [{}A=1]", "A=1,".repeat(count - 1)));
    let aliases = |count: usize| {
        let many = format!("[{}A=1]", "A=1,".repeat(99));
        let all = format!("    x:\n      - &many {many}{}", "\n      - *many".repeat(count));
        service(&all)
    };
    let placed = |placements: usize| {
        let repeated = |rest: &str| {
            let lines = (0..placements).map(|number| format!("    p{number}: {rest}\n"));
            lines.collect::<String>()
        };
        let declared = repeated("{ pricing: { web: { denom: uact, amount: 1 } } }");
        let deployed = repeated("{ profile: web, count: 1 }");
        let text = service(&format!("    env: [\"A={}\"]", "x".repeat(40_000)));
        let (head, _) = text.split_once("    akash:\n").unwrap();
        format!("{head}{declared}deployment:\n  web:\n{deployed}")
    };
    let rows: [(&str, String, String); 6] = [
        ("SDL004", with("1.27", "1.27\0"), with("nginx:1.27", "\"nginx:1.27\\u0007\"")),
        ("SDL005", long(TEXT_BYTES_MAX + 1), long(TEXT_BYTES_MAX)),
        ("SDL006", nested(DEPTH_MAX + 1), nested(DEPTH_MAX)),
        ("SDL007", values(NODES_MAX), values(NODES_MAX - 100)),
        ("SDL008", aliases(50), aliases(39)),
        ("SDL079", placed(500), placed(300)),
    ];
    let rows = rows.map(|(code, wrong, right)| (code, wrong.into_bytes(), right.into_bytes()));
    let bytes: [(&str, &[u8], &[u8]); 2] =
        [("SDL004", b"version: \xe4", BASE.as_bytes()), ("SDL019", b"# a\n---\n", BASE.as_bytes())];
    let bytes = bytes.map(|(code, wrong, right)| (code, wrong.to_vec(), right.to_vec()));
    rows.into_iter().chain(bytes).collect()
}

#[test]
fn examples_in_words_are_true() {
    let mut shown = vec!["SDL098"];
    for (code, wrong, right) in texts_in_words() {
        let told = codes(&check_bytes(&wrong).1);
        assert_eq!(told, [code], "{code}");
        let told = codes(&check_bytes(&right).1);
        assert!(!told.contains(&code), "{code}: {told:?}");
        shown.push(code);
    }
    let in_words = CATALOGUE.iter().filter(|one| matches!(one.example, Example::Words { .. }));
    let mut in_words: Vec<&str> = in_words.map(|one| one.code.as_str()).collect();
    shown.sort_unstable();
    shown.dedup();
    in_words.sort_unstable();
    assert_eq!(shown, in_words);
}

/// Documents in which a code that may be either is an error, and a warning.
fn either() -> Vec<(&'static str, String, String)> {
    let gpu = |attributes: &str| {
        let gpu = format!("gpu: {{ units: 1, attributes: {{ {attributes} }} }}");
        with("        storage:", &format!("        {gpu}\n        storage:"))
    };
    let persistent = with("size: 1Gi", "size: 1Gi, attributes: { persistent: true }");
    let rest = "  two:\n    image: nginx:1.27\nprofiles:";
    let idle = "  two:\n    akash: { profile: web, count: 0 }\n";
    let version = |text: &str| with("\"2.0\"", text);
    let denom = |text: &str| with("denom: uact", &format!("denom: {text}"));
    let leased = |second: &str| {
        let to = "to: [ { global: true, ip: pub } ]";
        let ports =
            format!("- port: 80\n        as: 80\n        {to}\n      - {second}\n        {to}");
        let text = with("- port: 80\n        to: [ { global: true } ]", &ports);
        text.replace("services:", "endpoints: { pub: { kind: ip } }\nservices:")
    };
    vec![
        ("SDL002", version("1.0"), version("2.0")),
        ("SDL021", denom("ua"), denom("akt")),
        (
            "SDL035",
            with("count: 1", "count: 0"),
            with("profiles:", rest).replace("deployment:\n", &format!("deployment:\n{idle}")),
        ),
        ("SDL041", persistent.clone(), persistent.replace("2.0", "2.1")),
        ("SDL052", leased("port: 81\n        as: 80"), leased("port: 80")),
        ("SDL064", gpu("vendor: "), gpu("vendor: { amd: [ { model: mi300x } ] }")),
        (
            "SDL065",
            gpu("vendor: { nvidia: [ { model: a 100 } ] }"),
            gpu("vendor: { nvidia: [ { ram: 80Gi } ] }"),
        ),
    ]
}

#[test]
fn a_code_that_may_be_either_is_told_as_both() {
    for (code, as_error, as_warning) in either() {
        assert_eq!(severities(&check(&as_error).1, code), [Severity::Error], "{code}");
        let warnings = severities(&check(&as_warning).1, code);
        assert_eq!(warnings, [Severity::Warning], "{code}");
    }
    let rows: Vec<&str> = either().iter().map(|(code, ..)| *code).collect();
    let both = CATALOGUE.iter().filter(|one| one.level == Level::Either);
    let both: Vec<&str> = both.map(|one| one.code.as_str()).collect();
    assert_eq!(rows, both);
}

#[test]
fn explanations_name_the_limits_of_the_crate() {
    let (start, end) = (
        |range: &std::ops::RangeInclusive<u64>, unit: u32| range.start() >> unit,
        |range: &std::ops::RangeInclusive<u64>, unit: u32| range.end() >> unit,
    );
    let cpu = limits::UNIT_CPU_MILLI;
    let cpu = format!("0.{:02} to {} CPUs", cpu.start() / 10, cpu.end() / 1_000);
    let memory = limits::UNIT_MEMORY_BYTES;
    let memory = format!("{} MiB to {} TiB of memory", start(&memory, 20), end(&memory, 40));
    let volume = limits::VOLUME_BYTES;
    let volume = format!("{} MiB to {} TiB", start(&volume, 20), end(&volume, 40));
    let mebi = |bytes: usize| format!("{} MiB", bytes >> 20);
    let many = |count: usize, what: &str| format!("{} {what}", grouped(count.try_into().unwrap()));
    let group_cpu = grouped(u128::from(limits::GROUP_CPU_MILLI.end() / 1_000));
    let rows = [
        ("SDL005", many(TEXT_BYTES_MAX, "bytes (1 MiB)")),
        ("SDL006", many(DEPTH_MAX, "levels deep")),
        ("SDL007", many(NODES_MAX, "values")),
        ("SDL008", many(ALIASED_NODES_MAX, "values")),
        ("SDL008", mebi(ALIASED_BYTES_MAX)),
        ("SDL015", cpu.clone()),
        ("SDL024", many(limits::UNIT_PRICE_MAX.try_into().unwrap(), "per block")),
        ("SDL049", volume.clone()),
        ("SDL060", cpu),
        ("SDL060", memory),
        ("SDL060", format!("{} GPUs", limits::UNIT_GPUS.end())),
        ("SDL060", volume),
        ("SDL061", format!("{group_cpu} CPUs")),
        ("SDL061", format!("{} TiB of memory", end(&limits::GROUP_MEMORY_BYTES, 40))),
        ("SDL061", format!("{} GPUs", grouped(u128::from(*limits::GROUP_GPUS.end())))),
        ("SDL079", mebi(MANIFEST_BYTES_MAX)),
        ("SDL098", mebi(TEXT_BYTES_MAX)),
    ];
    for (code, limit) in rows {
        assert!(explanation(code).contains(&limit), "{code} does not name {limit:?}");
    }
}

/// Limits that no constant names: what the explanation says, a part of the base, and what to put
/// there within the limit and beyond it.
fn limits_in_words() -> Vec<(&'static str, &'static str, &'static str, String, String)> {
    let http = |option: &str| format!("port: 80\n        http_options: {{ {option} }}");
    let cases = |count: usize| http(&format!("next_cases: [{}error]", "error,".repeat(count - 1)));
    let host = |length: usize| format!("port: 80\n        accept: [{}]", "a".repeat(length));
    let gpu = |length: usize| {
        let model = "x".repeat(length - "vendor/nvidia/model/".len());
        let vendor = format!("vendor: {{ nvidia: [ {{ model: {model} }} ] }}");
        format!("        gpu: {{ units: 1, attributes: {{ {vendor} }} }}\n        storage:")
    };
    let denom = |length: usize| format!("denom: {}", "a".repeat(length));
    let amount = |digits: usize| format!("amount: 1.{}", "1".repeat(digits));
    let endpoint = |name: &str| format!("endpoints: {{ {name}: {{ kind: ip }} }}\nservices:");
    let text = str::to_owned;
    vec![
        ("SDL016", "4,294,967,295", "port: 80", "as: 4294967295".into(), "as: 4294967296".into()),
        ("SDL021", "3 to", "denom: uact", denom(3), denom(2)),
        ("SDL021", "to 128 characters", "denom: uact", denom(128), denom(129)),
        ("SDL022", "at most 18 digits", "amount: 100", amount(18), amount(19)),
        ("SDL050", "from 1", "port: 80", text("port: 1"), text("port: 0")),
        ("SDL050", "to 65535", "port: 80", text("port: 65535"), text("port: 65536")),
        ("SDL056", "two or more characters", "services:", endpoint("ip"), endpoint("i")),
        ("SDL057", "at most 253", "port: 80", host(253), host(254)),
        (
            "SDL059",
            "104,857,600 bytes",
            "port: 80",
            http("max_body_size: 104857600"),
            http("max_body_size: 104857601"),
        ),
        (
            "SDL059",
            "1,048,576 bytes",
            "port: 80",
            http("proxy_buffer_size: 1048576"),
            http("proxy_buffer_size: 1048577"),
        ),
        (
            "SDL059",
            "`read_timeout` and",
            "port: 80",
            http("read_timeout: 60000"),
            http("read_timeout: 60001"),
        ),
        (
            "SDL059",
            "`send_timeout` 60,000 ms",
            "port: 80",
            http("send_timeout: 60000"),
            http("send_timeout: 60001"),
        ),
        ("SDL059", "up to 64 of", "port: 80", cases(64), cases(65)),
        ("SDL065", "128 characters", "        storage:", gpu(128), gpu(129)),
    ]
}

#[test]
fn limits_in_words_are_those_of_the_checker() {
    for (code, words, part, within, beyond) in limits_in_words() {
        assert!(explanation(code).contains(words), "{code} does not say {words:?}");
        let told = |text: &str| codes(&check(&with(part, text)).1).contains(&code);
        assert!(!told(&within), "{code}: {within:?} is within {words:?}");
        assert!(told(&beyond), "{code}: {beyond:?} is beyond {words:?}");
    }
}

#[test]
fn entries_are_found_by_their_code_in_any_case() {
    let found = |code: &str| entry(code).map(|entry| entry.code.as_str());
    for text in ["SDL014", "sdl014", "Sdl14", "sdl14", "014", "14", " SDL014\n"] {
        assert_eq!(found(text), Some("SDL014"), "{text:?}");
    }
    assert_eq!(found("1"), Some("SDL001"));
    let none = ["", "SDL", "sdl-14", "SDL0014", "SDL067", "BID014", "1 4", "SD\u{e4}14", "+14"];
    for text in none {
        assert_eq!(found(text), None, "{text:?}");
    }
}

#[test]
fn terminal_text_has_everything_in_its_order() {
    let shown = entry("SDL014").unwrap().to_text();
    let expected = "\
wrong:

        memory:
          size: 512MB

error[SDL014]: `512MB` is not a size
  --> deploy.yaml:";
    let (head, rest) = shown.split_once(expected).expect("wrong lines and their diagnostic");
    assert!(head.starts_with("SDL014: a size cannot be read (error)\n\n"), "{head}");
    assert!(rest.ends_with("\nright:\n\n        memory:\n          size: 512Mi\n"), "{rest}");
    let in_words = entry("SDL019").unwrap().to_text();
    assert!(in_words.contains("\n\nwrong: a file of comments alone\nright: a file"), "{in_words}");
    for entry in CATALOGUE {
        let shown = entry.to_text();
        let head = shown.split("\nwrong:").next().unwrap();
        assert!(head.lines().skip(1).all(|line| line.chars().count() <= 80), "{shown}");
        let says_no_more = entry.explanation.split_whitespace().eq(head
            .split_once("\n\n")
            .map_or("", |(_, explanation)| explanation)
            .split_whitespace());
        assert!(says_no_more, "{shown}");
    }
}

fn docs(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs")).join(name)
}

/// Rewrites the page when `UNDERCUT_BLESS` is `1`, as its second paragraph says.
#[test]
fn the_page_is_up_to_date() {
    let path = docs("sdl-codes.md");
    if std::env::var_os("UNDERCUT_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, page()).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap();
    let lines = written.lines().zip(1..);
    let stale = page().lines().zip(lines).find(|(new, (old, _))| new != old).map(|(_, (_, at))| at);
    let advice = "set UNDERCUT_BLESS=1 to write it anew";
    assert!(written == page(), "docs/sdl-codes.md is stale, line {stale:?} first: {advice}");
}

#[test]
fn the_list_of_all_codes_has_these_headlines() {
    let list = fs::read_to_string(docs("codes.md")).unwrap();
    for Entry { code, headline, .. } in CATALOGUE {
        let row = format!("| `{code}` | {headline} |");
        assert_eq!(list.lines().filter(|line| *line == row).count(), 1, "docs/codes.md: {row}");
    }
}
