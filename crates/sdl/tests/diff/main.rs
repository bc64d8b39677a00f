//! What changed between two manifests, what of it a lease allows, and where it is shown.

mod agreement;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use undercut_sdl::{Diff, Effect, Sdl, Severity, check_update, diff};

use Effect::{Allowed, NeedsNewOrder, NoEffect};

fn example(name: &str) -> String {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdl-examples"));
    fs::read_to_string(folder.join(name)).unwrap()
}

fn parse(text: &str) -> Sdl {
    Sdl::parse(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// A text with `from` replaced by `to`, wherever it stands.
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is in the text");
    text.replace(from, to)
}

/// The changes as lines: `path: old -> new (effect)`.
fn lines(diff: &Diff) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let line = |change: &undercut_sdl::Change| {
        let (old, new) = (text(&change.old), text(&change.new));
        format!("{}: {old} -> {new} ({})", change.path, change.effect)
    };
    diff.changes.iter().map(line).collect()
}

/// The changes that replacing `from` by `to` in an example makes, below `prefix`.
fn changes(name: &str, prefix: &str, from: &str, to: &str) -> Vec<String> {
    let text = example(name);
    let found = lines(&diff(&parse(&text), &parse(&with(&text, from, to))));
    let cut = |line: String| line.strip_prefix(prefix).map(str::to_owned).unwrap_or(line);
    found.into_iter().map(cut).collect()
}

#[test]
fn what_runs_in_a_service_may_change() {
    let web = "placement anywhere / service web / ";
    let port = "to:\n          - global: true # reachable from outside; TCP 80 goes through the \
                shared HTTP ingress";
    let rows: [(&str, String, &[&str]); 7] = [
        (
            "image: nginx:1.27",
            "image: nginx:1.28".into(),
            &["image: nginx:1.27 -> nginx:1.28 (allowed)"],
        ),
        (
            "image: nginx:1.27",
            "image: nginx:1.27\n    command: []\n    args: [a, b]".into(),
            &["command: - -> [] (allowed)", "args: - -> [a, b] (allowed)"],
        ),
        (
            "image: nginx:1.27",
            "image: nginx:1.27\n    env: [A=1, B, API_KEY=abc]".into(),
            &[
                "env A: - -> 1 (allowed)",
                "env API_KEY: - -> (hidden) (allowed)",
                "env B: - -> no value (allowed)",
            ],
        ),
        (
            "image: nginx:1.27",
            "image: nginx:1.27\n    params: { permissions: { read: [logs] } }".into(),
            &["permissions: - -> [logs] (allowed)"],
        ),
        (
            "image: nginx:1.27",
            "image: nginx:1.27\n    params: {}".into(),
            &["params: - -> empty (allowed)"],
        ),
        (
            port,
            format!(
                "accept: [a.com]\n        http_options: {{ next_tries: 2, next_cases: [off] }}\n        {port}"
            ),
            &[
                "port 80/tcp / hosts: - -> [a.com] (allowed)",
                "port 80/tcp / next_tries: 3 -> 2 (allowed)",
                "port 80/tcp / next_cases: [error, timeout] -> [off] (allowed)",
            ],
        ),
        (
            port,
            format!("{port}\n          - service: web"),
            &["port 80/tcp to web: - -> internal port (allowed)"],
        ),
    ];
    for (from, to, expected) in rows {
        assert_eq!(changes("web.yaml", web, from, &to), expected, "{to}");
    }
}

#[test]
fn what_the_order_was_for_may_not_change() {
    let web = "placement anywhere / service web / ";
    let rows: [(&str, &str, &[&str]); 9] = [
        ("units: 1", "units: 500m", &["cpu: 1 CPU -> 0.5 CPU (needs a new order)"]),
        (
            "units: 1",
            "units: 1\n          attributes: { arch: arm64 }",
            &["cpu attributes: - -> arch=arm64 (needs a new order)"],
        ),
        (
            "memory:\n          size: 1Gi",
            "memory:\n          size: 512Mi",
            &["memory: 1Gi -> 512Mi (needs a new order)"],
        ),
        (
            "storage:\n          size: 1Gi",
            "storage:\n          size: 2Gi",
            &["volume default / size: 1Gi -> 2Gi (needs a new order)"],
        ),
        (
            "storage:\n          size: 1Gi",
            "storage:\n          - size: 1Gi\n          - { name: a, size: 2Gi }",
            &["volume a: - -> `a` of 2Gi (needs a new order)"],
        ),
        (
            "memory:\n",
            "gpu: { units: 1, attributes: { vendor: { nvidia: [ { model: t4 } ] } } }\n        memory:\n",
            &["gpu: - -> 1 GPU (needs a new order)", "gpu models: - -> t4 (needs a new order)"],
        ),
        ("count: 1", "count: 2", &["count: 1 replica -> 2 replicas (needs a new order)"]),
        ("port: 80", "port: 8080", &["port 8080/tcp: 80/tcp -> 8080/tcp (needs a new order)"]),
        (
            "port: 80\n",
            "port: 80\n        as: 81\n",
            &["port 80/tcp / as: - -> 81 (needs a new order)"],
        ),
    ];
    for (from, to, expected) in rows {
        assert_eq!(changes("web.yaml", web, from, to), expected, "{to}");
    }
    let (text, old) =
        (example("web.yaml"), "placement anywhere: 1 service -> - (needs a new order)");
    let moved = with(&text, "anywhere:", "here:");
    let new = "placement here: - -> 1 service (needs a new order)";
    assert_eq!(lines(&diff(&parse(&text), &parse(&moved))), [old, new]);
}

#[test]
fn a_port_that_stays_of_its_kind_may_move() {
    let web = "placement anywhere / service web / ";
    let rows: [(&str, &[&str]); 2] = [
        (
            "port: 8080\n        as: 80\n",
            &[
                "port 8080/tcp: 80/tcp -> 8080/tcp (allowed)",
                "port 8080/tcp / as: - -> 80 (allowed)",
            ],
        ),
        ("port: 80\n        as: 80\n", &["port 80/tcp / as: - -> 80 (allowed)"]),
    ];
    for (to, expected) in rows {
        assert_eq!(changes("web.yaml", web, "port: 80\n", to), expected, "{to}");
    }
    let dns = "placement anywhere / service dns / ";
    let found = changes(
        "dns-leased-ip.yaml",
        dns,
        "as: 53\n        proto: tcp",
        "as: 54\n        proto: tcp",
    );
    assert_eq!(found, ["port 53/tcp / as: 53 -> 54 (allowed)"]);
}

#[test]
fn what_stands_in_the_order_alone_has_no_effect() {
    let price =
        "placement anywhere / service web / price: 100 uact/block -> 99.5 uact/block (no effect)";
    assert_eq!(changes("web.yaml", "", "amount: 100", "amount: 99.5"), [price]);
    let window = ["reclamation window: - -> 1h30m (no effect)"];
    let to = "version: \"2.0\"\nreclamation: { min_window: 90m }\n";
    assert_eq!(changes("web.yaml", "", "version: \"2.0\"\n", to), window);
    let placement = "anywhere:\n      attributes: { region: eu }\n      signedBy: { allOf: [a], anyOf: [b, c] }\n      pricing";
    let found = changes("web.yaml", "placement anywhere / ", "anywhere:\n      pricing", placement);
    assert_eq!(
        found,
        [
            "attribute region: - -> eu (no effect)",
            "signedBy allOf: - -> a (no effect)",
            "signedBy anyOf: - -> b, c (no effect)",
        ]
    );
}

#[test]
fn replicas_may_move_between_services_of_one_unit() {
    let text = example("workers-shared-profile.yaml");
    let moved = with(
        &with(&text, "count: 4", "count: 3"),
        "queue:\n    anywhere:\n      profile: small\n      count: 1",
        "queue:\n    anywhere:\n      profile: small\n      count: 2",
    );
    let found = diff(&parse(&text), &parse(&moved));
    assert_eq!(
        lines(&found),
        [
            "placement anywhere / service queue / count: 1 replica -> 2 replicas (allowed)",
            "placement anywhere / service worker / count: 4 replicas -> 3 replicas (allowed)",
        ]
    );
    assert!(found.is_allowed());
    let more = with(&text, "count: 4", "count: 5");
    assert!(!diff(&parse(&text), &parse(&more)).is_allowed());
}

#[test]
fn a_service_may_take_the_place_of_another_with_the_same_resources() {
    let text = example("web.yaml");
    let renamed = text.replace("\n  web:\n", "\n  site:\n");
    let found = diff(&parse(&text), &parse(&renamed));
    assert_eq!(
        lines(&found),
        [
            "placement anywhere / service site: - -> 1 replica of nginx:1.27 (allowed)",
            "placement anywhere / service web: 1 replica of nginx:1.27 -> - (allowed)",
        ]
    );
    let dearer = with(&renamed, "amount: 100", "amount: 101");
    let effects =
        |diff: Diff| -> Vec<Effect> { diff.changes.iter().map(|one| one.effect).collect() };
    assert_eq!(effects(diff(&parse(&text), &parse(&dearer))), [NoEffect, Allowed]);
    let larger = with(&renamed, "units: 1", "units: 2");
    assert_eq!(effects(diff(&parse(&text), &parse(&larger))), [NeedsNewOrder, Allowed]);
}

#[test]
fn a_service_less_leaves_a_unit_over_and_changes_the_numbers_of_others() {
    let text = example("blog-with-database.yaml");
    let start = text.find("  blog:\n    anywhere:").unwrap();
    let end = text.find("  database:\n    anywhere:").unwrap();
    let without = format!("{}{}", &text[..start], &text[end..]);
    let global = with(&without, "- service: blog # nobody else", "- global: true");
    let found = lines(&diff(&parse(&text), &parse(&global)));
    let place = "placement anywhere / service ";
    assert_eq!(
        found,
        [
            format!("{place}blog: 1 replica of wordpress:6.7 -> - (needs a new order)"),
            format!("{place}database / port 3306/tcp to blog: internal port -> - (allowed)"),
            format!("{place}database / port 3306/tcp: - -> random port (needs a new order)"),
            format!("{place}database / cpu: 1 CPU -> 1.5 CPU (needs a new order)"),
            format!("{place}database / memory: 1Gi -> 2Gi (needs a new order)"),
            format!(
                "{place}database / volume data: - -> `data` of 10Gi class=beta3 persistent=true (needs a new order)"
            ),
            format!(
                "{place}database / volume uploads: `uploads` of 20Gi class=beta2 persistent=true -> - (needs a new order)"
            ),
            format!("{place}database / price: 120 uact/block -> 150 uact/block (no effect)"),
            format!("{place}database / resource unit: 2 -> 1 (needs a new order)"),
        ]
    );
}

#[test]
fn fewer_volumes_need_a_new_order_although_a_provider_would_not_notice() {
    let text = example("web.yaml");
    let two = with(
        &text,
        "storage:\n          size: 1Gi",
        "storage:\n          - size: 1Gi\n          - { name: a, size: 2Gi }",
    );
    let (old, new) = (parse(&two), parse(&text));
    assert_eq!(new.manifest().check_against(old.groups()), Ok(()));
    let line = "placement anywhere / service web / volume a: `a` of 2Gi -> - (needs a new order)";
    assert_eq!(lines(&diff(&old, &new)), [line]);
}

#[test]
fn passwords_are_never_shown() {
    let text = example("private-image.yaml");
    let old = parse(&text);
    let login = "placement anywhere / service api / credentials";
    let changed = with(&text, "replace-with-a-pull-token", "hunter2hunter2");
    let found = diff(&old, &parse(&changed));
    assert_eq!(lines(&found), [format!("{login} / password: (hidden) -> (hidden) (allowed)")]);
    let start = text.find("    credentials:").unwrap();
    let without = format!("{}{}", &text[..start], &text[text.find("    params:").unwrap()..]);
    let found = diff(&old, &parse(&without));
    let who = "deploy at https://registry.example.com";
    assert_eq!(lines(&found), [format!("{login}: {who} -> - (allowed)")]);
    let variables = "    env: [\"DB_PASSWORD=hunter2\", \"URL=pg://me:hunter2@db\"]\n    args: [--token, hunter2]\n";
    let secrets = text.replace("    params:", &format!("{variables}    params:"));
    for (old, new) in [(&text, &secrets), (&secrets, &text), (&secrets, &without)] {
        let shown = format!("{:?}", diff(&parse(old), &parse(new)));
        assert!(!shown.contains("hunter2") && !shown.contains("pull-token"), "{shown}");
    }
}

/// The one error of an update, as it is shown.
fn shown(old: &str, new: &str) -> String {
    let (sdl, problems) = check_update(&parse(old), new);
    assert!(sdl.is_none());
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let errors: Vec<_> = errors.collect();
    assert_eq!(errors.len(), 1, "{problems}");
    assert_eq!(errors[0].code.as_str(), "SDL081");
    errors[0].render("deploy.yaml", new)
}

const HELP: &str = "   = help: close the lease and post a new order, or restore these lines; image, \
    command, args, env and hosts may change under a running lease; resources, counts, placement, \
    price, and number and kind of public endpoints may not\n";

#[test]
fn an_update_is_refused_at_each_place_that_the_order_was_for() {
    let old = example("web.yaml");
    let new =
        with(&with(&old, "units: 1", "units: 4"), "port: 80\n", "port: 80\n        as: 8080\n");
    let expected = "\
error[SDL081]: this update changes what the order auctioned
  --> deploy.yaml:9:13
   |
 9 |         as: 8080
   |             ^^^^ off port 80 the HTTP endpoint becomes a random port
...
18 |           units: 4
   |                  - order was for 1 CPU
   |
"
    .to_owned()
        + HELP;
    assert_eq!(shown(&old, &new), expected);
}

#[test]
fn what_is_gone_is_shown_at_the_nearest_parent() {
    let old = example("workers-shared-profile.yaml");
    let mut new = with(
        &old,
        "      - port: 8080\n        as: 80\n        to:\n          - global: true\n",
        "      - port: 9000\n        to:\n          - global: true\n",
    );
    new.truncate(new.rfind("  worker:").unwrap());
    let expected = "\
error[SDL081]: this update changes what the order auctioned
  --> deploy.yaml:9:15
   |
 9 |       - port: 9000
   |               ^^^^ off port 80 the HTTP endpoint becomes a random port
...
42 | deployment:
   | ---------- service `worker` is gone, order was for 4 replicas of it
   |
"
    .to_owned()
        + HELP;
    assert_eq!(shown(&old, &new), expected);
}

/// A manifest with a part of each kind.
const FULL: &str = "version: \"2.0\"
reclamation: { min_window: 1h }
endpoints: { pub: { kind: ip } }
services:
  web:
    image: a
    expose:
      - { port: 80, to: [ { global: true } ] }
      - { port: 53, proto: udp, to: [ { global: true, ip: pub } ] }
  api:
    image: b
    expose: [ { port: 53, to: [ { global: true, ip: pub } ] } ]
profiles:
  compute:
    web:
      resources:
        cpu: { units: 1, attributes: { arch: amd64 } }
        memory: { size: 1Gi }
        gpu: { units: 1, attributes: { vendor: { nvidia: [ { model: t4 } ] } } }
        storage: [ { name: a, size: 1Gi }, { name: b, size: 2Gi } ]
  placement:
    east:
      attributes: { region: us, tier: x }
      signedBy: { allOf: [ aud1 ], anyOf: [ aud2 ] }
      pricing: { web: { denom: uact, amount: 100 } }
    west:
      pricing: { web: { denom: uact, amount: 100 } }
deployment:
  web:
    east: { profile: web, count: 2 }
";

/// What is replaced by what in it, then the marked text and what is said there.
const PLACES: &[[&str; 4]] = &[
    ["min_window: 1h", "min_window: 2h", "2h", "order was for 1h"],
    ["reclamation: { min_window: 1h }\n", "", "deployment", "order was for 1h"],
    ["region: us", "region: eu", "eu", "order was for us"],
    ["region: us, ", "", "east", "order was for us"],
    ["aud1", "aud3", "aud3", "order was for aud1"],
    ["aud2", "aud3", "aud3", "order was for aud2"],
    ["units: 1, attributes: { arch", "units: 3, attributes: { arch", "3", "order was for 1 CPU"],
    ["amd64", "arm64", "arm64", "order was for arch=amd64"],
    [", attributes: { arch: amd64 }", "", "web", "order was for arch=amd64"],
    ["size: 1Gi }\n", "size: 3Gi }\n", "3Gi", "order was for 1Gi"],
    ["gpu: { units: 1", "gpu: { units: 2", "2", "order was for 1 GPU"],
    ["{ model: t4 }", "{ model: a100 }", "{ model: a100 }", "order was for t4"],
    ["size: 2Gi", "size: 5Gi", "5Gi", "order was for 2Gi"],
    [", { name: b, size: 2Gi }", "", "web", "order was for volume `b` of 2Gi"],
    [
        "size: 2Gi }",
        "size: 2Gi, attributes: { persistent: false } }",
        "b",
        "order has no attributes of volume `b`",
    ],
    ["b, size: 2Gi }", "b, size: 2Gi }, { name: c, size: 3Gi }", "c", "order has no volume `c`"],
    ["count: 2", "count: 3", "3", "order was for 2 replicas"],
    [
        "amount: 100 } }\n    west",
        "amount: 120 } }\n    west",
        "120",
        "order was for 100 uact/block",
    ],
    ["region: us,", "region: us, kind: y,", "y", "order has no attribute `kind`"],
    [
        "count: 2 }",
        "count: 2 }\n  api: { east: { profile: web, count: 1 } }",
        "east",
        "order was not for service `api`",
    ],
    [
        "deployment:\n  web:",
        "deployment:\n  api:",
        "deployment",
        "service `web` is gone, order was for 2 replicas of it",
    ],
    ["east: { profile", "west: { profile", "west", "order has no placement `west`"],
    [
        "proto: udp, to: [ { global: true, ip: pub }",
        "proto: udp, to: [ { global: true }, { global: true, ip: pub }",
        "53",
        "order was not for this random port",
    ],
    [
        "      - { port: 80, to: [ { global: true } ] }\n",
        "",
        "web",
        "port 80 is gone, order was for its HTTP endpoint",
    ],
    [
        "- { port: 80, to: [ { global: true } ] }",
        "- { port: 80, proto: udp, to: [ { global: true } ] }",
        "80",
        "over UDP the HTTP endpoint becomes a random port",
    ],
    [
        "- { port: 80, to: [ { global: true } ] }",
        "- { port: 80, to: [ { global: true, ip: pub } ] }",
        "pub",
        "order was for no leased IP here",
    ],
];

#[test]
fn every_kind_of_refused_change_has_its_place() {
    let sdl = parse(FULL);
    for [from, to, marked, label] in PLACES {
        let new = with(FULL, from, to);
        let (_, problems) = check_update(&sdl, &new);
        let problem = problems.iter().find(|one| one.code.as_str() == "SDL081");
        let problem = problem.unwrap_or_else(|| panic!("{to}: {problems}"));
        let mut marks = vec![(problem.span, problem.label.clone().unwrap())];
        marks.extend(problem.labels.iter().map(|label| (label.span, label.text.clone())));
        let marks: Vec<(&str, String)> = marks
            .into_iter()
            .map(|(span, text)| (new[span.start..span.end].trim(), text))
            .collect();
        assert!(marks.contains(&(*marked, (*label).to_owned())), "{to}: {marks:?}");
    }
}

#[test]
fn an_update_that_changes_nothing_auctioned_is_a_text_like_any_other() {
    let old = example("web.yaml");
    let (sdl, problems) = check_update(&parse(&old), &with(&old, "nginx:1.27", "nginx:1.28"));
    assert!(problems.is_empty());
    assert_eq!(sdl.unwrap().manifest().groups[0].services[0].image, "nginx:1.28");
    // A text with errors of its own is not compared.
    let (sdl, problems) = check_update(&parse(&old), &with(&old, "units: 1", "units: one"));
    assert!(sdl.is_none());
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["SDL015"]);
    // A warning stays beside the error.
    let new = with(&with(&old, "units: 1", "units: 2"), "image:", "restart: always\n    image:");
    let (_, problems) = check_update(&parse(&old), &new);
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["SDL090", "SDL081"]);
}

#[test]
fn many_changes_are_shown_at_16_more_places_and_the_rest_is_counted() {
    let text = |count: u32| {
        let mut text = "version: \"2.0\"\nservices:\n".to_owned();
        let part = |number: u32| match number {
            0 => "expose: [ { port: 80, to: [ { global: true } ] } ]",
            _ => "expose: []",
        };
        let add = |text: &mut String, line: String| writeln!(text, "{line}").unwrap();
        for n in 0..30 {
            add(&mut text, format!("  s{n}: {{ image: a, {} }}", part(n)));
        }
        text.push_str("profiles:\n  compute:\n    p: { resources: { cpu: { units: 1 }, memory: { size: 1Gi }, storage: { size: 1Gi } } }\n");
        text.push_str(
            "  placement:\n    here: { pricing: { p: { denom: uact, amount: 1 } } }\ndeployment:\n",
        );
        for n in 0..30 {
            add(&mut text, format!("  s{n}: {{ here: {{ profile: p, count: {count} }} }}"));
        }
        text
    };
    let (_, problems) = check_update(&parse(&text(1)), &text(2));
    let problem = &problems.as_slice()[0];
    assert_eq!((problem.line, problem.labels.len()), (39, 16));
    assert!(problem.help.as_ref().unwrap().contains("these lines and 13 more; "));
}

#[test]
fn a_text_full_of_changes_is_compared_and_shown_in_short() {
    let text = |from: u32| {
        let ports = (0..9_000)
            .map(|n| format!("      - {{ port: {}, to: [ {{ global: true }} ] }}", n + from));
        let ports: Vec<String> = ports.collect();
        let head = "version: \"2.0\"\nservices:\n  web:\n    image: a\n    expose:\n";
        let web = example("web.yaml");
        format!("{head}{}\n{}", ports.join("\n"), &web[web.find("profiles:").unwrap()..])
    };
    let (old, new) = (text(1), with(&text(20_001), "      - {", "      - { proto: udp,"));
    let fewer = new.lines().enumerate().filter(|(n, _)| *n < 5 || n % 2 == 0 || *n > 9_000);
    let fewer: Vec<&str> = fewer.map(|(_, line)| line).collect();
    let (_, problems) = check_update(&parse(&old), &fewer.join("\n"));
    let problem = problems.as_slice().last().unwrap();
    assert_eq!((problem.code.as_str(), problem.labels.len()), ("SDL081", 16));
    assert!(problem.help.as_ref().unwrap().len() < 400);
}
