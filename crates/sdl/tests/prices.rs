//! Warnings that need known prices: GPU models, ceilings, sizes; and what the published prices are.

use std::fs;
use std::path::{Path, PathBuf};

use undercut_primitives::Decimal;
use undercut_primitives::usd::{self, Usd};
use undercut_sdl::{
    Diagnostic, KnownPrices, PriceRange, Sdl, Severity, check, check_with, render, text_of,
};

/// The codes that only [`check_with`] tells.
const CODES: [&str; 4] = ["SDL062", "SDL101", "SDL102", "SDL103"];

/// One service with an H100 and one without, priced apart in one placement.
const BASE: &str = r#"version: "2.0"
services:
  llm:
    image: vllm
    expose: [ { port: 80, to: [ { global: true } ] } ]
  log: { image: fluent }
profiles:
  compute:
    big:
      resources:
        cpu: { units: 16 }
        memory: { size: 128Gi }
        storage: { size: 40Gi }
        gpu:
          units: 1
          attributes: { vendor: { nvidia: [ { model: h100, ram: 80Gi } ] } }
    tiny:
      resources:
        cpu: { units: 0.1 }
        memory: { size: 128Mi }
        storage: { size: 512Mi }
  placement:
    akash:
      pricing:
        big: { denom: uact, amount: 3000 }
        tiny: { denom: uact, amount: 5 }
deployment:
  llm: { akash: { profile: big, count: 1 } }
  log: { akash: { profile: tiny, count: 1 } }
"#;

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

fn with(changes: &[(&str, &str)]) -> String {
    let mut text = BASE.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from:?} stands in the base");
        text = text.replace(from, to);
    }
    text
}

fn warnings(text: &str, prices: &KnownPrices) -> Vec<Diagnostic> {
    let (sdl, problems) = check_with(text, prices);
    assert!(sdl.is_some(), "a warning refuses nothing: {problems}");
    problems.iter().cloned().collect()
}

fn codes(text: &str, prices: &KnownPrices) -> Vec<&'static str> {
    warnings(text, prices).iter().map(|problem| problem.code.as_str()).collect()
}

/// The one warning of a changed base, with the marked text.
fn one(changes: &[(&str, &str)], prices: &KnownPrices) -> (Diagnostic, String) {
    let text = with(changes);
    let found = warnings(&text, prices);
    assert_eq!(found.len(), 1, "{changes:?}: {found:#?}");
    let problem = found.into_iter().next().unwrap();
    assert_eq!(problem.severity, Severity::Warning);
    let marked = text[problem.span.start..problem.span.end].to_owned();
    (problem, marked)
}

fn folder(path: &str) -> Vec<(String, String)> {
    let folder = Path::new(path);
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|extension| extension == "yaml") {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            // Some hostile files are no text at all.
            let bytes = fs::read(&entry).unwrap();
            texts.extend(text_of(&bytes).ok().map(|text| (name, text.into_owned())));
        }
    }
    texts.sort();
    texts
}

fn corpus() -> Option<PathBuf> {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let shared = std::env::var_os("UNDERCUT_SHARED").map_or("../shared".into(), PathBuf::from);
    let folder = workspace.join(shared).join("sdl-corpus");
    folder.join("index.jsonl").is_file().then_some(folder)
}

#[test]
fn the_examples_are_clean_at_published_prices() {
    let prices = KnownPrices::published();
    for (name, text) in folder(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdl-examples")) {
        let (sdl, problems) = check_with(&text, &prices);
        assert!(problems.is_empty(), "{name}:{problems}");
        for group in sdl.unwrap().groups() {
            assert!(prices.of_group(group).is_some(), "{name}");
        }
    }
}

#[test]
fn published_prices_rarely_doubt_a_public_manifest() {
    let Some(corpus) = corpus() else {
        println!("skipped: no sdl-corpus beside the workspace or under UNDERCUT_SHARED");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the corpus is required here");
        return;
    };
    let texts = folder(corpus.join("awesome").to_str().unwrap());
    assert!(texts.len() > 150);
    let prices = KnownPrices::published();
    let mut files = [0; CODES.len()];
    for (name, text) in &texts {
        let (sdl, problems) = check_with(text, &prices);
        let (plain, fewer) = check(text);
        assert_eq!(sdl, plain, "{name}: prices change no result");
        let rest = problems.iter().filter(|problem| !CODES.contains(&problem.code.as_str()));
        assert!(rest.eq(fewer.iter()), "{name}: everything else is told as without prices");
        for (code, count) in CODES.iter().zip(&mut files) {
            *count += usize::from(problems.iter().any(|problem| problem.code.as_str() == *code));
        }
    }
    for set in ["official", "official-extra", "probes", "hostile"] {
        for (name, text) in folder(corpus.join(set).to_str().unwrap()) {
            assert_eq!(check_with(&text, &prices).0, check(&text).0, "{name}");
        }
    }
    println!("files of {} with {:?}: {files:?}", texts.len(), CODES);
    assert!(files.iter().all(|count| count * 20 < texts.len()), "each in under 5 %: {files:?}");
}

#[test]
fn documented_prices_lie_between_the_published_figures() {
    let small = "{ cpu: { units: 500m }, memory: { size: 512Mi }, storage: { size: 512Mi } }";
    let pair = "{ cpu: { units: 2 }, memory: { size: 4Gi }, storage: { size: 10Gi } }";
    let h100 = "{ cpu: { units: 16 }, memory: { size: 128Gi }, storage: { size: 500Gi }, gpu: { \
                units: 1, attributes: { vendor: { nvidia: [ { model: h100, ram: 80Gi } ] } } } }";
    // provider.md 5.3 and 6.2: resources, count, uact per block
    let rows: [(&str, u32, &[&str]); 3] = [
        (small, 1, &["3.90112", "2.90112", "2.930853"]),
        (pair, 2, &["30.820476", "23.377040", "32.384"]),
        (h100, 1, &["2581.011330", "2530.884443"]),
    ];
    let prices = KnownPrices::published();
    for (resources, count, documented) in rows {
        let text = format!(
            r#"version: "2.0"
services: {{ web: {{ image: a, expose: [ {{ port: 80, to: [ {{ global: true }} ] }} ] }} }}
profiles:
  compute: {{ web: {{ resources: {resources} }} }}
  placement: {{ akash: {{ pricing: {{ web: {{ denom: uact, amount: 10000 }} }} }} }}
deployment: {{ web: {{ akash: {{ profile: web, count: {count} }} }} }}
"#
        );
        let sdl = Sdl::parse(&text).unwrap();
        let range = prices.of_group(&sdl.groups()[0]).unwrap();
        let [low, high] =
            [range.low(), range.high()].map(|month| usd::per_block_ceil(month, Usd::ONE).unwrap());
        for price in documented {
            let price: Decimal = price.parse().unwrap();
            assert!(low < price && price < high, "{low} {price} {high}");
        }
    }
}

#[test]
fn a_gpu_that_nobody_has_is_named_with_what_may_be_meant() {
    let prices = KnownPrices::published();
    let counted =
        prices.clone().with_gpu("rtx4090", PriceRange::new(usd("200"), usd("400")), Some(12));
    let rows = [
        (&prices, "\"4090\"", "did you mean `rtx4090`?"),
        (&counted, "\"4090\"", "did you mean `rtx4090`? 12 providers have it"),
        (&prices, "H100", "did you mean `h100`?"),
        (&prices, "a100-80gb", "did you mean `a100`?"),
        (
            &prices,
            "voodoo2",
            "known models are `a10`, `a100`, `a16`, `a2`, `a30`, `a40`, `a4000`, \
             `a5000`, and more; `\"*\"` stands for any",
        ),
    ];
    for (prices, model, help) in rows {
        let changes = [("model: h100", format!("model: {model}"))];
        let changes = changes.each_ref().map(|(from, to)| (*from, to.as_str()));
        let (problem, marked) = one(&changes, prices);
        assert_eq!(problem.code.as_str(), "SDL062");
        assert_eq!(marked, model);
        let name = model.trim_matches('"');
        assert_eq!(problem.sentence, format!("no known GPU model is called `{name}`"));
        assert_eq!(problem.help.as_deref(), Some(help));
    }
    assert_eq!(codes(&with(&[("h100", "\"*\""), (", ram: 80Gi", "")]), &prices), [""; 0]);
    let blank = KnownPrices { gpus: [].into(), ..prices };
    assert_eq!(codes(&with(&[("h100", "x9")]), &blank), [""; 0], "no model is known at all");
}

#[test]
fn a_ceiling_below_every_known_price_is_shown_in_dollars() {
    let text = with(&[("amount: 3000", "amount: 1200")]);
    let (_, problems) = check_with(&text, &KnownPrices::published());
    let shown = render(&problems, "deploy.yaml", &text, undercut_sdl::Colour::Plain);
    // 900 + 16 × 0.80 + 128 × 0.704362 + 40 × 0.02 = 1003.758336 USD a month, and an 8th of a GiB,
    // a 10th of a CPU and half a GiB of disk more for the other service
    let expected = "\
warning[SDL101]: nobody is likely to bid: the ceiling is below every known price
  --> deploy.yaml:25:37
   |
25 |         big: { denom: uact, amount: 1200 }
   |                                     ^^^^ 1200.000000 uact/block = 0.71 USD/h
   |
   = help: known prices for one replica of this start at 2334.815824 uact/block (1.37 USD/h); all \
           of placement `akash` may cost 1205.000000 uact/block, known prices start at 2335.229970 \
           uact/block (1.37 USD/h)

0 errors, 1 warning
";
    assert_eq!(shown, expected);
}

#[test]
fn ceilings_are_judged_for_the_whole_group() {
    let prices = KnownPrices::published();
    let low = |changes: &[(&str, &str)]| codes(&with(changes), &prices);
    assert_eq!(low(&[("amount: 5 ", "amount: 0.01 ")]), [""; 0], "the other amount makes up");
    assert_eq!(low(&[("amount: 3000", "amount: 2331"), ("amount: 5 ", "amount: 4 ")]), ["SDL101"]);
    assert_eq!(low(&[("amount: 3000", "amount: 2332"), ("amount: 5 ", "amount: 4 ")]), [""; 0]);
    // Both lack something: the mark is on the one that lacks more, the other is shown beside it.
    let changes = [
        ("amount: 3000", "amount: 1200"),
        ("amount: 5 ", "amount: 0.1 "),
        ("tiny, count: 1", "tiny, count: 9"),
    ];
    let (problem, marked) = one(&changes, &prices);
    assert_eq!(marked, "1200");
    assert_eq!(problem.labels[0].text, "0.100000 uact/block = under 0.01 USD/h");
    // Services that are not to run at all need no money.
    assert_eq!(
        low(&[("amount: 5 ", "amount: 0.1 "), ("tiny, count: 1", "tiny, count: 0")]),
        ["SDL035"]
    );
}

#[test]
fn one_amount_for_one_replica_is_told_in_short() {
    let text = include_str!("../../../sdl-examples/web.yaml").replace("amount: 100 ", "amount: 3 ");
    let found = warnings(&text, &KnownPrices::published());
    assert_eq!(found.len(), 1);
    let help = "known prices start at 3.545779 uact/block (under 0.01 USD/h)";
    assert_eq!(found[0].help.as_deref(), Some(help));
    let enough = text.replace("amount: 3 ", "amount: 3.545779 ");
    assert_eq!(codes(&enough, &KnownPrices::published()), [""; 0], "the figure named is enough");
}

#[test]
fn only_tokens_of_known_worth_are_judged() {
    let in_uakt = with(&[("uact, amount: 3000", "uakt, amount: 1200"), ("uact", "uakt")]);
    let prices = KnownPrices::published();
    assert_eq!(codes(&in_uakt, &prices), [""; 0]);
    assert_eq!(codes(&in_uakt, &prices.clone().with_usd_per_akt(usd("0.75"))), ["SDL101"]);
    assert_eq!(codes(&in_uakt, &prices.clone().with_usd_per_akt(usd("2"))), [""; 0]);
    assert_eq!(codes(&in_uakt, &prices.clone().with_usd_per_akt(Usd::ZERO)), [""; 0]);
    assert_eq!(codes(&in_uakt.replace("uakt", "uusdc"), &prices), [""; 0]);
}

#[test]
fn a_ceiling_far_above_every_known_price_is_probably_mistyped() {
    let prices = KnownPrices::published();
    let (problem, marked) = one(&[("amount: 5 ", "amount: 5000000 ")], &prices);
    assert_eq!((problem.code.as_str(), marked.as_str()), ("SDL103", "5000000"));
    assert_eq!(problem.sentence, "the ceiling is 1,399,524 times the dearest known price");
    assert_eq!(problem.label.as_deref(), Some("5000000.000000 uact/block = 2942.62 USD/h"));
    let help = "known prices for one replica go up to 3.572643 uact/block (under 0.01 USD/h); \
                amounts are per block, in millionths of an ACT";
    assert_eq!(problem.help.as_deref(), Some(help));
    // A hundred times the dearest, and above 100 dollars an hour: 169916.889308 uact.
    let rows = [
        ("amount: 5 ", "amount: 169916 ", false),
        ("amount: 5 ", "amount: 169917 ", true),
        ("amount: 3000", "amount: 1000000", false),
        ("amount: 3000", "amount: 2000000", true),
    ];
    for (from, to, warned) in rows {
        let expected: &[&str] = if warned { &["SDL103"] } else { &[] };
        assert_eq!(codes(&with(&[(from, to)]), &prices), expected, "{to}");
    }
    let blank = KnownPrices { gpus: [].into(), ..prices };
    let text = with(&[("amount: 3000", "amount: 9000000")]);
    assert_eq!(codes(&text, &blank), [""; 0], "what a GPU costs is not known");
}

#[test]
fn sizes_between_two_mebibytes_are_warned_of() {
    let prices = KnownPrices::published();
    let rows = [
        ("size: 128Gi", "size: 100.7Gi", "100.7Gi", "108,125,801,676 bytes", "write `103117Mi`"),
        ("size: 40Gi", "size: 40G", "40G", "40,000,000,000 bytes", "write `38147Mi`"),
        ("size: 512Mi", "size: 512.5Mi", "512.5Mi", "537,395,200 bytes", "write `513Mi`"),
    ];
    for (from, to, marked, bytes, help) in rows {
        let (problem, found) = one(&[(from, to)], &prices);
        assert_eq!((problem.code.as_str(), found.as_str()), ("SDL102", marked));
        assert_eq!(problem.sentence, format!("some providers cannot price this size: {bytes}"));
        assert_eq!(problem.help.as_deref(), Some(help));
    }
    assert_eq!(codes(&with(&[("size: 40Gi", "size: 1.5Gi")]), &prices), [""; 0]);
}

#[test]
fn without_prices_nothing_of_this_is_told() {
    let text = with(&[("h100", "x9"), ("amount: 3000", "amount: 1"), ("40Gi", "40G")]);
    assert!(check(&text).1.is_empty());
    assert_eq!(codes(&text, &KnownPrices::published()), ["SDL102", "SDL062", "SDL101"]);
}

#[test]
fn errors_elsewhere_do_not_hide_what_can_be_judged() {
    let text = with(&[("h100", "x9"), ("128Mi", "128MB"), ("amount: 3000", "amount: 1")]);
    let (sdl, problems) = check_with(&text, &KnownPrices::published());
    assert!(sdl.is_none());
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["SDL062", "SDL014"], "a sum with a gap is not judged");
}

#[test]
fn many_unknown_models_are_answered_without_help_for_each() {
    let model = |number: u32| format!("{{ model: x{number}y }}");
    let models: Vec<String> = (0..64).map(model).collect();
    let models = models.join(", ");
    let mut profiles = String::new();
    let (mut prices, mut services, mut deployment) = (String::new(), String::new(), String::new());
    for number in 0..200 {
        profiles.push_str(&format!(
            "    p{number}: {{ resources: {{ cpu: {{ units: 1 }}, memory: {{ size: 1Gi }}, storage: {{ size: \
             1Gi }}, gpu: {{ units: 1, attributes: {{ vendor: {{ nvidia: [ {models} ] }} }} }} }} }}\n"
        ));
        prices.push_str(&format!("        p{number}: {{ denom: uact, amount: 9000 }}\n"));
        services.push_str(&format!(
            "  s{number}: {{ image: a, expose: [ {{ port: 80, to: [ {{ global: true }} ] }} ] }}\n"
        ));
        deployment
            .push_str(&format!("  s{number}: {{ akash: {{ profile: p{number}, count: 1 }} }}\n"));
    }
    let text = format!(
        "version: \"2.0\"\nservices:\n{services}profiles:\n  compute:\n{profiles}  placement:\n    \
         akash:\n      pricing:\n{prices}deployment:\n{deployment}"
    );
    let found = warnings(&text, &KnownPrices::published());
    assert_eq!(found.len(), undercut_sdl::PROBLEMS_MAX);
    assert!(found.iter().filter(|problem| problem.help.is_some()).count() <= 100);
}
