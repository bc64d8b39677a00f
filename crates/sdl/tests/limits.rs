//! Every limit: at it nothing is said of it, one beyond it is refused with its code, in its place.
//!
//! Everything here runs on a stack of 512 KiB.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};
use undercut_sdl::{
    ALIASED_BYTES_MAX, ALIASED_NODES_MAX, Colour, DEPTH_MAX, MANIFEST_BYTES_MAX, NODES_MAX,
    PROBLEMS_MAX, SHOWN_MAX, Sdl, Severity, Span, TEXT_BYTES_MAX, check, check_bytes, render,
};

/// A valid manifest. A word after `$` is a slot, filled from [`SLOTS`] or by a row.
const TEMPLATE: &str = r#"version: "2.0"
endpoints: { $address: { kind: ip } }
reclamation: { min_window: $window }
profiles:
  compute:
    a:
      resources:
        cpu: { units: $cpu }
        memory: { size: $memory }
        storage: { size: $volume }
        gpu: $gpu
    b:
      resources:
        cpu: { units: $cpu_b }
        memory: { size: $memory_b }
        storage: { size: 1Gi }
        gpu: $gpu_b
    c:
      resources:
        cpu: { units: $cpu_c }
        memory: { size: $memory_c }
        storage: { size: 1Gi }
        gpu: $gpu_c
  placement:
    here:
      pricing:
        a: { denom: $denom, amount: $amount }
        b: { denom: $denom, amount: 1 }
        c: { denom: $denom, amount: 1 }
deployment:
  a: { $here: { profile: a, count: $count } }
  b: { here: { profile: b, count: $count_b } }
  c: { here: { profile: c, count: $count_b } }
services:
  b: { image: b }
  c: { image: c }
  a:
    image: a
    expose:
      - port: $port
        as: $outside
        accept: [ $host ]
        http_options:
          max_body_size: $body
          proxy_buffer_size: $buffer
          read_timeout: $read
          send_timeout: $send
          next_tries: $tries
          next_timeout: $wait
          next_cases: [ $cases $case ]
        to: [ { global: true, ip: $address } ]
    ignored: $ignored
"#;

/// What slots hold where a row does not say otherwise.
const SLOTS: &[(&str, &str)] = &[
    ("address", "ip1"),
    ("window", "1h"),
    ("cpu", "1"),
    ("cpu_b", "1"),
    ("cpu_c", "1"),
    ("memory", "1Gi"),
    ("memory_b", "1Gi"),
    ("memory_c", "1Gi"),
    ("volume", "1Gi"),
    ("gpu", "{ units: $gpus, attributes: { vendor: { nvidia: [ $model] } } }"),
    ("gpus", "1"),
    ("model", "{ model: h100 }"),
    ("gpu_b", "~"),
    ("gpu_c", "~"),
    ("denom", "uact"),
    ("amount", "1"),
    ("here", "here"),
    ("count", "1"),
    ("count_b", "1"),
    ("port", "80"),
    ("outside", "80"),
    ("host", "a.example"),
    ("body", "1"),
    ("buffer", "1"),
    ("read", "1"),
    ("send", "1"),
    ("tries", "1"),
    ("wait", "1"),
    ("cases", ""),
    ("case", "error"),
    ("ignored", "~"),
];

/// A filled template, and where each slot stands first.
#[derive(Default)]
struct Filled {
    text: String,
    places: BTreeMap<String, Span>,
}

impl Filled {
    fn new(settings: &[(&str, &str)]) -> Self {
        for (slot, _) in settings {
            assert!(SLOTS.iter().any(|(known, _)| known == slot), "there is no slot {slot}");
        }
        let mut filled = Self::default();
        filled.fill(TEMPLATE, settings);
        filled
    }

    fn fill(&mut self, template: &str, settings: &[(&str, &str)]) {
        let mut parts = template.split('$');
        self.text += parts.next().unwrap();
        for part in parts {
            let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
            let (name, rest) = part.split_at(part.find(|c| !is_name(c)).unwrap());
            let value = settings.iter().chain(SLOTS).find(|(slot, _)| *slot == name).unwrap().1;
            let start = self.text.len();
            self.fill(value, settings);
            self.places.entry(name.to_owned()).or_insert(Span::new(start, self.text.len()));
            self.text += rest;
        }
    }
}

/// A limit with a text at it and one beyond it.
struct Row {
    limit: String,
    at: String,
    /// The code of the limit that `at` breaks instead, where no valid text is at the limit.
    breaks: Option<&'static str>,
    beyond: String,
    code: &'static str,
    /// What the refusal is about.
    place: Place,
}

/// A place in a text that is refused.
enum Place {
    Span(Span),
    /// The first byte alone: what follows depends on the kind of value.
    Start(usize),
}

impl Row {
    fn new(limit: &str, code: &'static str, at: String, beyond: String, place: Place) -> Self {
        Self { limit: limit.to_owned(), at, breaks: None, beyond, code, place }
    }
}

type Settings<'a> = &'a [(&'a str, &'a str)];

/// A row for a limit of some values: settings at it and beyond it, and the slot that is to blame.
fn values(code: &'static str, slot: &str, at: Settings<'_>, beyond: Settings<'_>) -> Row {
    let (at, limit) = (Filled::new(at), format!("{slot} {beyond:?}"));
    let beyond = Filled::new(beyond);
    Row::new(&limit, code, at.text, beyond.text, Place::Span(beyond.places[slot]))
}

/// A row for a limit of one value.
fn value(code: &'static str, slot: &'static str, at: &str, beyond: &str) -> Row {
    values(code, slot, &[(slot, at)], &[(slot, beyond)])
}

/// Limits of what one slot may hold: slot, code, last good value, first bad one.
const SLOT_LIMITS: &[(&str, &str, &str, &str)] = &[
    ("cpu", "SDL060", "10m", "9m"),
    ("cpu", "SDL060", "0.01", "0.0099"),
    ("cpu", "SDL060", "384", "384.001"),
    ("cpu", "SDL060", "384000m", "384001m"),
    // 2^32 thousandths and 704 more do not come out as 704.
    ("cpu", "SDL060", "384000m", "4294968"),
    ("memory", "SDL060", "1Mi", "1048575"),
    ("memory", "SDL060", "2Ti", "2199023255553"),
    ("volume", "SDL060", "5Mi", "5242879"),
    ("volume", "SDL060", "32Ti", "35184372088833"),
    ("gpus", "SDL060", "24", "25"),
    ("port", "SDL050", "1", "0"),
    ("port", "SDL050", "65535", "65536"),
    ("outside", "SDL016", "4294967295", "4294967296"),
    ("outside", "SDL016", "0", "-1"),
    ("amount", "SDL022", "0.000000000000000001", "0"),
    ("amount", "SDL022", "0.000000000000000001", "0.0000000000000000001"),
    ("amount", "SDL024", "10000000", "10000000.000000000000000001"),
    ("body", "SDL059", "104857600", "104857601"),
    ("buffer", "SDL059", "1048576", "1048577"),
    ("read", "SDL059", "60000", "60001"),
    ("send", "SDL059", "60000", "60001"),
    ("tries", "SDL016", "4294967295", "4294967296"),
    ("wait", "SDL016", "4294967295", "4294967296"),
    ("window", "SDL077", "1ns", "0ns"),
    ("window", "SDL077", "9223372036854775807ns", "9223372036854775808ns"),
    ("address", "SDL056", "ip", "i"),
    ("denom", "SDL021", "abc", "ab"),
];

/// Limits of `sdl.md`.
fn rows_of_values() -> Vec<Row> {
    let mut rows: Vec<Row> =
        SLOT_LIMITS.iter().map(|(slot, code, at, beyond)| value(code, slot, at, beyond)).collect();
    let a = |count: usize| "a".repeat(count);
    let model = |name: String| format!("{{ model: {name} }}");
    // 20 characters of the key stand in front of the model.
    let longest = [model(a(108)), model(a(107) + "*")];
    // The name alone is marked, and not what stands around it.
    let name = |row: Row| match row.place {
        Place::Span(Span { start, end }) => {
            let (before, behind) = ("{ model: ".len(), " }".len());
            Row { place: Place::Span(Span::new(start + before, end - behind)), ..row }
        }
        Place::Start(_) => row,
    };
    rows.push(name(value("SDL065", "model", &longest[0], &model(a(109)))));
    rows.push(name(value("SDL065", "model", &longest[1], &model(a(108) + "*"))));
    rows.push(name(value("SDL065", "model", &model(a(106) + "."), &model(a(107) + "."))));
    rows.push(value("SDL057", "host", &a(253), &a(254)));
    rows.push(value("SDL021", "denom", &a(128), &a(129)));
    let (cases, more) = ("error, ".repeat(63), "error, ".repeat(64));
    rows.push(values("SDL059", "case", &[("cases", &cases)], &[("cases", &more)]));
    let none = [("gpu", "{ units: 0 }")];
    rows.push(values("SDL016", "gpus", &none, &[("gpus", "-1")]));
    let zeros = [("count", "0"), ("count_b", "0")];
    rows.push(values("SDL035", "count", &[("count", "1"), ("count_b", "0")], &zeros));
    let count = value("SDL016", "count", "4294967295", "4294967296");
    rows.push(Row { breaks: Some("SDL061"), ..count });
    rows
}

/// Limits of a group: 49 times as much as one replica may have, and two replicas more.
fn rows_of_groups() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut group = |slots: [&str; 3], most: &str, one: &str, rest: &str, beyond: &str| {
        let shared = [("count", "49"), (slots[0], most), (slots[1], one)];
        let at = [&shared[..], &[(slots[2], rest)]].concat();
        let beyond = [&shared[..], &[(slots[2], beyond)]].concat();
        rows.push(values("SDL061", "here", &at, &beyond));
    };
    group(["cpu", "cpu_b", "cpu_c"], "384", "10m", "383990m", "383991m");
    let slots = ["memory", "memory_b", "memory_c"];
    group(slots, "2Ti", "1Mi", "2199022206976", "2199022206977");
    let [most, one, rest, beyond] = [24, 1, 23, 24].map(|units| {
        format!("{{ units: {units}, attributes: {{ vendor: {{ nvidia: [ {{ model: a }} ] }} }} }}")
    });
    group(["gpu", "gpu_b", "gpu_c"], &most, &one, &rest, &beyond);
    rows
}

/// How many values a text has, and how many bytes: 32 for each value, and those of the scalars.
fn nodes_and_bytes(text: &str) -> (usize, usize) {
    let (mut nodes, mut bytes) = (0, 0);
    for event in Parser::new_from_str(text) {
        let length = match event.unwrap().0 {
            Event::Scalar(text, ..) => text.len(),
            Event::SequenceStart(..) | Event::MappingStart(..) => 0,
            _ => continue,
        };
        (nodes, bytes) = (nodes + 1, bytes + 32 + length);
    }
    (nodes, bytes)
}

/// A row for what stands under an ignored key; the refusal is about what stands at `offset` of it.
fn ignored(limit: &str, code: &'static str, at: &str, beyond: &str, offset: usize) -> Row {
    let (at, beyond) = (Filled::new(&[("ignored", at)]), Filled::new(&[("ignored", beyond)]));
    let start = beyond.places["ignored"].start + offset;
    Row::new(limit, code, at.text, beyond.text, Place::Start(start))
}

/// Budgets of the reader, and what YAML may have that manifests may not.
fn rows_of_reading() -> Vec<Row> {
    let mut rows = Vec::new();
    // The document, `services` and `a` are three levels.
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let most = DEPTH_MAX - 3;
    rows.push(ignored("DEPTH_MAX", "SDL006", &nested(most), &nested(most + 1), most));
    // The list, its first item and the list that the alias stands in, then what it repeats.
    let repeated = |levels| format!("[ &a {}, [ *a ] ]", nested(levels));
    let (at, beyond) = (repeated(most - 2), repeated(most - 1));
    rows.push(ignored("DEPTH_MAX by alias", "SDL006", &at, &beyond, beyond.find('*').unwrap()));

    let (nodes, _) = nodes_and_bytes(&Filled::new(&[("ignored", "[]")]).text);
    let list = |items: usize| format!("[{}]", "n,".repeat(items));
    let most = NODES_MAX - nodes;
    rows.push(ignored("NODES_MAX", "SDL007", &list(most), &list(most + 1), 1 + 2 * most));

    let aliases = |count: usize| format!("[ &a n, {} ]", "*a,".repeat(count));
    let (at, beyond) = (aliases(ALIASED_NODES_MAX), aliases(ALIASED_NODES_MAX + 1));
    let last = beyond.rfind('*').unwrap();
    rows.push(ignored("ALIASED_NODES_MAX", "SDL008", &at, &beyond, last));
    let alias = |items: usize| format!("[ &a {}, *a ]", list(items));
    let (at, beyond) = (alias(ALIASED_NODES_MAX - 1), alias(ALIASED_NODES_MAX));
    let last = beyond.rfind('*').unwrap();
    rows.push(ignored("ALIASED_NODES_MAX in a list", "SDL008", &at, &beyond, last));

    // 32 texts of 32 bytes less than a 32nd of the limit, the last of them perhaps a byte longer.
    let length = ALIASED_BYTES_MAX / 32 - 32;
    let texts = |last: usize| {
        let (a, b) = ("a".repeat(length), "b".repeat(last));
        format!("[ &a {a}, &b {b}, {}*b ]", "*a,".repeat(31))
    };
    let (at, beyond) = (texts(length), texts(length + 1));
    let last = beyond.rfind('*').unwrap();
    rows.push(ignored("ALIASED_BYTES_MAX", "SDL008", &at, &beyond, last));

    rows.push(ignored("an anchor in itself", "SDL009", "[ &a [ n ], *a ]", "&a [ *a ]", 5));
    rows.push(ignored("an anchor in itself", "SDL009", "[ &a { b: n }, *a ]", "&a { b: *a }", 8));
    rows.push(ignored("a key twice", "SDL011", "{ a: n, A: n }", "{ a: n, b: n, a: n }", 14));
    rows.push(ignored("a key twice", "SDL011", "{ 1: n, 0x1: n }", "{ 1: n, \"1\": n }", 8));
    rows
}

/// Limits of the text as a whole.
fn rows_of_texts() -> Vec<Row> {
    let text = Filled::new(&[]).text;
    let padded = |length: usize| format!("{text}#{}", " ".repeat(length - text.len() - 1));
    let (at, beyond) = (padded(TEXT_BYTES_MAX), padded(TEXT_BYTES_MAX + 1));
    let mut rows = vec![Row::new("TEXT_BYTES_MAX", "SDL005", at, beyond, Place::Start(0))];
    for (end, second) in [("...\n# end\n", "---\n"), ("...\n", "---\na: b\n")] {
        let (at, beyond) = (format!("---\n{text}{end}"), format!("{text}{second}"));
        rows.push(Row::new("one document", "SDL010", at, beyond, Place::Start(text.len())));
    }
    rows.push(row_of_manifest());
    rows
}

/// One service in 32 placements, and a small one in one of them, with which to hit the limit.
fn row_of_manifest() -> Row {
    const PLACEMENTS: usize = 32;
    /// What a port counts for beside its text, with no cases and at most one `to`.
    const PORT_BYTES: usize = 320;
    let profile =
        "{ resources: { cpu: { units: 1 }, memory: { size: 1Gi }, storage: { size: 1Gi } } }";
    let small = |length: usize| {
        format!(
            "{{ image: {}, expose: [ {{ port: 1, to: [ {{ global: true }} ] }} ] }}",
            "s".repeat(length)
        )
    };
    let large = |length: usize| format!("{{ image: {} }}", "l".repeat(length));
    let bytes = |text: &str| nodes_and_bytes(text).1;
    let fixed = bytes(&small(1))
        + PORT_BYTES
        + bytes(profile)
        + PLACEMENTS * (bytes(&large(1)) + bytes(profile));
    let left = MANIFEST_BYTES_MAX - fixed;
    let (large, rest) = (large(1 + left / PLACEMENTS), left % PLACEMENTS);
    let text = |length: usize| {
        let names = || (0..PLACEMENTS).map(|number| format!("p{number}"));
        let priced = "{ pricing: { p: { denom: uact, amount: 1 } } }";
        let priced: String = names().map(|name| format!("    {name}: {priced}\n")).collect();
        let placed: String =
            names().map(|name| format!("{name}: {{ profile: p, count: 1 }},")).collect();
        format!(
            "version: \"2.0\"\nservices:\n  large: {large}\n  small: {}\nprofiles:\n  compute:\n    \
             p: {profile}\n  placement:\n{priced}deployment:\n  large: {{ {placed} }}\n  \
             small: {{ p0: {{ profile: p, count: 1 }} }}\n",
            small(length)
        )
    };
    let (at, beyond) = (text(1 + rest), text(2 + rest));
    let start = beyond.find("deployment").unwrap();
    let place = Place::Span(Span::new(start, start + "deployment".len()));
    Row::new("MANIFEST_BYTES_MAX", "SDL079", at, beyond, place)
}

fn rows() -> Vec<Row> {
    let tables = [rows_of_values(), rows_of_groups(), rows_of_reading(), rows_of_texts()];
    tables.into_iter().flatten().collect()
}

/// Codes of the errors of a text, with their places; reads and shows it in every way there is.
fn errors(text: &str) -> Vec<(String, Span)> {
    let (sdl, problems) = check(text);
    assert_eq!(sdl.is_some(), Sdl::parse(text).is_ok());
    assert_eq!(sdl.is_some(), !problems.has_errors());
    let shown = render(&problems, "x", text, Colour::Plain);
    assert_eq!(shown.is_empty(), problems.is_empty());
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    errors.map(|problem| (problem.code.to_string(), problem.span)).collect()
}

/// Runs `test` with a stack of 512 KiB.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(test).unwrap();
    thread.join().expect("nothing overflowed or panicked");
}

#[test]
fn each_limit_is_kept_and_one_beyond_is_refused() {
    on_a_small_stack(|| {
        for Row { limit, at, breaks, beyond, code, place } in rows() {
            let mut found: Vec<String> = errors(&at).into_iter().map(|(code, _)| code).collect();
            found.dedup();
            assert_eq!(found, breaks.into_iter().collect::<Vec<_>>(), "at the limit: {limit}");
            let found = errors(&beyond);
            let others = found.iter().filter(|(other, _)| other != code).count();
            assert_eq!(others, 0, "refused for something else as well: {limit}: {found:?}");
            let (_, span) = found.first().unwrap_or_else(|| panic!("accepted: {limit}"));
            match place {
                Place::Span(wanted) => assert_eq!(*span, wanted, "{limit}"),
                Place::Start(wanted) => assert_eq!(span.start, wanted, "{limit}"),
            }
        }
    });
}

#[test]
fn utf16_is_measured_as_the_text_that_it_is() {
    let text = Filled::new(&[]).text;
    let verdict = |length: usize| {
        let text = format!("{text}#{}", " ".repeat(length - text.len() - 1));
        let units = [0xfeff].into_iter().chain(text.encode_utf16());
        let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        check_bytes(&bytes).1.as_slice()[0].code.to_string()
    };
    // The mark counts as a character here.
    assert_eq!(verdict(TEXT_BYTES_MAX - 1), "SDL090", "the ignored key");
    assert_eq!(verdict(TEXT_BYTES_MAX + 1), "SDL005");
}

#[test]
fn problems_are_listed_up_to_the_limit_of_each_severity() {
    let text = |errors: usize, warnings: usize| {
        let keys = |count: usize, indent: &str| -> String {
            (0..count).map(|number| format!("{indent}k{number}: n\n")).collect()
        };
        let (errors, warnings) = (keys(errors, ""), keys(warnings, "    "));
        format!("version: \"2.0\"\nservices:\n  a:\n    image: a\n{warnings}{errors}")
    };
    let count = |text: &str| {
        let problems = check(text).1;
        let of = |severity| problems.iter().filter(|one| one.severity == severity).count();
        (of(Severity::Error), of(Severity::Warning))
    };
    // Nothing is deployed, which is one more error.
    for (errors, warnings) in [(PROBLEMS_MAX, 1), (PROBLEMS_MAX + 1, PROBLEMS_MAX + 1), (1, 1_500)]
    {
        let expected = ((errors + 1).min(PROBLEMS_MAX), warnings.min(PROBLEMS_MAX));
        assert_eq!(count(&text(errors, warnings)), expected, "{errors}, {warnings}");
    }
}

#[test]
fn problems_are_shown_up_to_the_limit() {
    let shown = |count: usize| {
        let text: String = (0..count).map(|number| format!("k{number}: n\n")).collect();
        let text = format!("version: \"2.0\"\n{text}");
        let problems = check(&text).1;
        let shown = render(&problems, "x", &text, Colour::Plain);
        let more = shown.lines().find(|line| line.starts_with("and ")).map(str::to_owned);
        (problems.len(), shown.matches("error[").count(), more)
    };
    // That nothing is deployed is only said when nothing else is wrong.
    assert_eq!(shown(SHOWN_MAX), (SHOWN_MAX, SHOWN_MAX, None));
    let more = Some("and 1 more".to_owned());
    assert_eq!(shown(SHOWN_MAX + 1), (SHOWN_MAX + 1, SHOWN_MAX, more));
}
