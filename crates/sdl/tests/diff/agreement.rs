//! What the diff says and what the check of an update says agree, over mutated and random manifests.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use undercut_sdl::{Effect, Sdl, check_update, diff};

use Effect::NeedsNewOrder;

/// Whether the two ask for the same but for what the manifest says: prices, requirements, volumes
/// and the reclamation window. The manifest of `new` is one for the groups of `old`.
fn same_terms(old: &Sdl, new: &Sdl) -> bool {
    let groups = old.groups().iter().zip(new.groups());
    let mut groups = groups.zip(&new.manifest().groups);
    old.reclamation_min_window_ns() == new.reclamation_min_window_ns()
        && groups.all(|((old, new), manifest)| {
            let old_units: BTreeMap<u32, _> =
                old.units.iter().map(|unit| (unit.id, unit)).collect();
            let same_prices = new.units.iter().all(|unit| old_units[&unit.id].price == unit.price);
            let same_volumes = manifest.services.iter().all(|service| {
                old_units[&service.unit].resources.volumes == service.resources.volumes
            });
            old.requirements == new.requirements && same_prices && same_volumes
        })
}

/// How many pairs had which outcome.
#[derive(Debug, Default)]
struct Tally {
    equal: Cell<usize>,
    allowed: Cell<usize>,
    no_effect: Cell<usize>,
    refused: Cell<usize>,
    invalid: Cell<usize>,
}

fn count(cell: &Cell<usize>) {
    cell.set(cell.get() + 1);
}

/// Compares what the diff says with what the check says.
fn agree(old_text: &str, new_text: &str, tally: &Tally) -> Result<(), TestCaseError> {
    let (Ok(old), Ok(new)) = (Sdl::parse(old_text), Sdl::parse(new_text)) else {
        count(&tally.invalid);
        return Ok(());
    };
    let found = diff(&old, &new);
    let passes = new.manifest().check_against(old.groups()).is_ok();
    let allowed = passes && same_terms(&old, &new);
    prop_assert_eq!(found.is_allowed(), allowed, "{:#?}", found);
    let needs_new_order = found.changes.iter().any(|change| change.effect == NeedsNewOrder);
    prop_assert!(passes || needs_new_order, "{:#?}", found);
    let equal = old.manifest() == new.manifest()
        && old.groups() == new.groups()
        && old.reclamation_min_window_ns() == new.reclamation_min_window_ns();
    prop_assert_eq!(found.is_empty(), equal, "{:#?}", found);
    prop_assert!(diff(&old, &old).is_empty());

    let (updated, problems) = check_update(&old, new_text);
    let problem = problems.iter().find(|problem| problem.code.as_str() == "SDL081");
    prop_assert_eq!(updated.is_some(), allowed);
    prop_assert_eq!(problem.is_none(), allowed);
    if let Some(problem) = problem {
        let spans = problem.labels.iter().map(|label| label.span).chain([problem.span]);
        for span in spans {
            prop_assert!(new_text.get(span.start..span.end).is_some_and(|text| !text.is_empty()));
            prop_assert!(span >= problem.span);
        }
    }
    count(match (equal, allowed, needs_new_order) {
        (true, ..) => &tally.equal,
        (_, true, _) => &tally.allowed,
        (_, _, false) => &tally.no_effect,
        _ => &tally.refused,
    });
    Ok(())
}

/// Small changes of a line: what is replaced by what.
const EDITS: [(&str, &str); 14] = [
    ("count: 1", "count: 2"),
    ("count: 2", "count: 1"),
    ("units: ", "units: 1"),
    ("size: ", "size: 1"),
    ("amount: ", "amount: 1"),
    ("port: 80", "port: 90"),
    ("as: 80", "as: 81"),
    ("true", "false"),
    ("tcp", "udp"),
    ("2.0", "2.1"),
    ("2.1", "2.0"),
    ("example", "other"),
    ("region: ", "region: x"),
    ("4", "5"),
];

/// An example with small changes: an edit of a line that it fits, a line less, or a line twice.
fn mutated(text: &str, changes: &[(usize, usize)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (pick, kind) in changes {
        let any = pick % lines.len();
        let Some((from, to)) = EDITS.get(*kind) else {
            let line = lines.remove(any);
            if kind % 2 == 0 {
                lines.splice(any..any, [line.clone(), line]);
            }
            continue;
        };
        let fitting = lines.iter_mut().filter(|line| line.contains(from));
        let mut fitting: Vec<&mut String> = fitting.collect();
        let count = fitting.len();
        if count > 0 {
            let line = &mut fitting[pick % count];
            **line = line.replacen(from, to, 1);
        }
    }
    lines.join("\n")
}

#[test]
fn the_diff_agrees_with_the_check_over_mutated_examples() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdl-examples"));
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    let texts: Vec<String> = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let changes = prop::collection::vec((0_usize..1_000, 0_usize..16), 1..4);
    let tally = Tally::default();
    let config = Config { cases: 1_000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&(0..texts.len(), changes), |(text, changes)| {
        agree(&texts[text], &mutated(&texts[text], &changes), &tally)
    });
    outcome.unwrap();
    println!("{tally:?}");
    for cell in [&tally.equal, &tally.allowed, &tally.no_effect, &tally.refused] {
        assert!(cell.get() > 10, "{tally:?}");
    }
}

/// A manifest in numbers, of which each picks one of a few texts.
#[derive(Clone, Debug)]
struct Plan {
    merged: bool,
    window: u8,
    services: Vec<ServicePlan>,
    /// CPU, memory, GPU, volumes.
    profiles: [[u8; 4]; 2],
    /// Two prices, an attribute.
    placements: [[u8; 3]; 2],
}

#[derive(Clone, Debug)]
struct ServicePlan {
    image: u8,
    ports: Vec<u8>,
    /// For each placement: whether it is used, profile, count.
    places: [(bool, u8, u8); 2],
}

const PORTS: [&str; 7] = [
    "{ port: 80, to: [ { global: true } ] }",
    "{ port: 8080, as: 80, to: [ { global: true } ] }",
    "{ port: 8080, to: [ { global: true } ] }",
    "{ port: 53, proto: udp, to: [ { global: true } ] }",
    "{ port: 53, proto: tcp, to: [ { global: true, ip: pub } ] }",
    "{ port: 90, to: [ { service: s1 } ] }",
    "{ port: 91 }",
];
const VOLUMES: [&str; 4] = [
    "{ size: 1Gi }",
    "[ { size: 1Gi }, { name: x, size: 2Gi } ]",
    "[ { size: 1Gi }, { name: x, size: 1Gi } ]",
    "[ { name: x, size: 1Gi }, { size: 1Gi } ]",
];

impl Plan {
    fn text(&self) -> String {
        let mut text = format!("version: \"2.{}\"\n", u8::from(self.merged));
        let uses_ip = self.services.iter().any(|service| {
            service.ports.contains(&4) && service.places.iter().any(|place| place.0)
        });
        if uses_ip {
            text.push_str("endpoints: { pub: { kind: ip } }\n");
        }
        if self.window > 0 {
            text.push_str("reclamation: { min_window: 1h }\n");
        }
        text.push_str("services:\n");
        for (n, service) in self.services.iter().enumerate() {
            let ports: Vec<&str> = service.ports.iter().map(|n| PORTS[usize::from(*n)]).collect();
            let (image, ports) = (service.image, ports.join(", "));
            writeln!(text, "  s{n}: {{ image: i{image}, expose: [ {ports} ] }}").unwrap();
        }
        text.push_str("profiles:\n  compute:\n");
        for (n, [cpu, memory, gpu, volumes]) in self.profiles.iter().enumerate() {
            let gpu = match gpu {
                0 => "",
                1 => ", gpu: { units: 1, attributes: { vendor: { nvidia: [ { model: t4 } ] } } }",
                _ => ", gpu: { units: 1, attributes: { vendor: { nvidia: [ { model: a100 } ] } } }",
            };
            let volumes = VOLUMES[usize::from(*volumes)];
            let (cpu, memory) = (cpu + 1, memory + 1);
            writeln!(text, "    p{n}: {{ resources: {{ cpu: {{ units: {cpu} }}, memory: {{ size: {memory}Gi }}, storage: {volumes}{gpu} }} }}").unwrap();
        }
        text.push_str("  placement:\n");
        for (n, [first, second, region]) in self.placements.iter().enumerate() {
            let (first, second) = (first + 1, second + 1);
            writeln!(text, "    g{n}: {{ attributes: {{ region: r{region} }}, pricing: {{ p0: {{ denom: uact, amount: {first} }}, p1: {{ denom: uact, amount: {second} }} }} }}").unwrap();
        }
        text.push_str("deployment:\n");
        for (n, service) in self.services.iter().enumerate() {
            let places = service.places.iter().enumerate().filter(|(_, place)| place.0);
            let place = |(group, (_, profile, count)): (usize, &(bool, u8, u8))| {
                format!("g{group}: {{ profile: p{profile}, count: {} }}", count + 1)
            };
            let places: Vec<String> = places.map(place).collect();
            writeln!(text, "  s{n}: {{ {} }}", places.join(", ")).unwrap();
        }
        text
    }

    /// Changes one number.
    fn change(&mut self, what: u8, pick: usize, to: u8) {
        let services = self.services.len();
        let service = &mut self.services[pick % services];
        let place = &mut service.places[pick / 4 % 2];
        match what {
            0 => self.merged = to % 2 == 1,
            1 => self.window = to % 2,
            2 => service.image = to,
            3 => service.ports.push(to % 7),
            4 => drop(service.ports.pop()),
            5 => service.ports.iter_mut().take(1).for_each(|port| *port = to % 7),
            6 => place.0 = !place.0,
            7 => place.1 = to % 2,
            8 => place.2 = to % 3,
            9 => self.placements[pick % 2][pick / 2 % 3] = to % 2,
            10 => self.services.swap(0, pick % services),
            // Replicas move from one service to another.
            11 => {
                let from = self.services[0].places[0].2;
                self.services[0].places[0].2 = self.services[services - 1].places[0].2;
                self.services[services - 1].places[0].2 = from;
            }
            _ => {
                let part = pick / 2 % 4;
                self.profiles[pick % 2][part] = to % if part == 3 { 4 } else { 2 };
            }
        }
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let place = (prop::bool::weighted(0.7), 0_u8..2, 0_u8..3);
    let places = (place.clone(), place).prop_map(|(a, b)| [a, b]);
    let service = (0_u8..2, prop::collection::vec(0_u8..7, 0..3), places)
        .prop_map(|(image, ports, places)| ServicePlan { image, ports, places });
    let profile = [0_u8..2, 0_u8..2, 0_u8..3, 0_u8..4];
    let placement = [0_u8..2, 0_u8..2, 0_u8..2];
    (
        any::<bool>(),
        0_u8..2,
        prop::collection::vec(service, 1..5),
        [profile.clone(), profile],
        [placement.clone(), placement],
    )
        .prop_map(|(merged, window, services, profiles, placements)| Plan {
            merged,
            window,
            services,
            profiles,
            placements,
        })
}

#[test]
fn the_diff_agrees_with_the_check_over_random_manifests() {
    let changes = prop::collection::vec((0_u8..14, 0_usize..64, 0_u8..12), 0..5);
    let tally = Tally::default();
    let config = Config { cases: 2_500, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&(plan(), changes), |(old, changes)| {
        let mut new = old.clone();
        changes.iter().for_each(|(what, pick, to)| new.change(*what, *pick, *to));
        agree(&old.text(), &new.text(), &tally)
    });
    outcome.unwrap();
    println!("{tally:?}");
    for cell in [&tally.equal, &tally.allowed, &tally.no_effect, &tally.refused] {
        assert!(cell.get() > 20, "{tally:?}");
    }
}
