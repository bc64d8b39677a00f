//! Decisions step by step, and changes that bring a bid: rows, then random small worlds.

use proptest::prelude::*;
use undercut_bidding::ProviderProfile;
use undercut_primitives::resources::limits;
use undercut_primitives::{Address, Attribute, Decimal, Requirements, ResourceUnit, SignedBy};

use super::*;
use crate::fixture::{GIB, MIB, gpu, group, row_6, unit, volume};
use crate::inventory::{Inventory, Overcommit};
use crate::node::Node;
use crate::pricing::{NoPrice, PriceRequest, Scale, UsdTargets};
use crate::profile::{RamVolumes, profile_of};
use crate::{BidSettings, NoFit};

fn provider(number: u8) -> Provider {
    Provider(Address::of_module(&format!("p{number}")))
}

fn price(text: &str) -> PricePerBlock {
    text.parse().unwrap()
}

/// A provider with nodes as users write them, 10 GiB of class beta2, and the chart's prices.
fn bidder(nodes: &[&str], attributes: &[(&str, &str)]) -> Bidder<UsdTargets> {
    let named =
        (1..).zip(nodes).map(|(number, text)| Node::parse(format!("n{number}"), text).unwrap());
    let inventory = Inventory::new(named.collect()).unwrap().with_pool("beta2", 10 * GIB);
    let mut profile = profile_of(&inventory, RamVolumes::Advertised);
    let own = attributes.iter().map(|(key, value)| Attribute::new(*key, *value));
    profile.attributes.extend(own);
    let targets = UsdTargets::chart_defaults().with_gpu("h100", "900".parse().unwrap());
    Bidder::new(
        profile,
        inventory,
        targets.with_gpu("a100", "500".parse().unwrap()),
        BidSettings::default(),
    )
}

#[track_caller]
fn check(spec: &GroupSpec, bidders: &[Bidder<UsdTargets>], expected: &[&str]) -> SmallestChange {
    let found = smallest_change(spec, (1..).map(provider).zip(bidders)).unwrap();
    let texts: Vec<String> = found.changes.iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected);
    found
}

#[test]
fn a_price_that_is_too_high_needs_a_raise_to_exactly_that_price() {
    let mut spec = row_6();
    spec.units[0].price = price("100uact");
    let bidders = [bidder(&["32 cpu, 256Gi, 2x nvidia/h100/80Gi/sxm"], &[])];
    let found = check(&spec, &bidders, &["raise the price of unit 1 to 2414.58076uact per block"]);
    assert_eq!(found.quote.price, price("2414.58076uact"));
    assert_eq!(found.spec.ceiling().unwrap(), found.quote.price);

    // Three replicas: the least that works is rounded up at the last digit.
    let mut spec = group(vec![unit(1, 3, 1_000, GIB)]);
    spec.units[0].price = price("0.1uact");
    let found = smallest_change(&spec, [(provider(1), &bidders[0])]).unwrap();
    let ceiling = found.spec.ceiling().unwrap().value.to_atoms();
    let above = ceiling - found.quote.price.value.to_atoms();
    assert!(above < 3, "{above} atoms above the price of three");
}

#[test]
fn what_does_not_fit_is_lowered_to_what_does() {
    let node = ["16 cpu, 64Gi"];
    let rows = [
        (group(vec![unit(1, 1, 24_000, GIB)]), "lower unit 1 from 24000 to 16000 milli-CPU"),
        (group(vec![unit(1, 5, 4_000, GIB)]), "run 4 instead of 5 replicas of unit 1"),
        (group(vec![unit(1, 9, 10, 8 * GIB)]), "run 8 instead of 9 replicas of unit 1"),
    ];
    for (spec, expected) in rows {
        let found = smallest_change(&spec, [(provider(1), &bidder(&node, &[]))]).unwrap();
        assert_eq!(found.changes.len(), 1, "{:?}", found.changes);
        let texts: Vec<String> = found.changes.iter().map(ToString::to_string).collect();
        assert!(texts[0].starts_with("lower unit 1") || texts[0].starts_with("run "), "{texts:?}");
        assert_eq!(texts, [expected]);
    }
    let mut spec = row_6();
    spec.units[0].resources.gpus = 8;
    check(
        &spec,
        &[bidder(&["64 cpu, 512Gi, 2x nvidia/h100/80Gi/sxm"], &[])],
        &["lower unit 1 from 8 to 2 GPUs"],
    );
    let mut spec = group(vec![unit(1, 1, 10, MIB)]);
    spec.units[0].resources.volumes = vec![volume("data", 11 * GIB, "beta2")];
    let expected = ["lower unit 1 from 11811160064 to 10737418240 bytes of volume `data`"];
    check(&spec, &[bidder(&["16 cpu, 64Gi, class beta2"], &[])], &expected);
    // The size of no single quantity is enough.
    let spec = group(vec![unit(1, 1, 24_000, 128 * GIB)]);
    let expected = [
        "lower unit 1 from 137438953472 to 68719476736 bytes of memory",
        "lower unit 1 from 24000 to 16000 milli-CPU",
    ];
    check(&spec, &[bidder(&node, &[])], &expected);
}

#[test]
fn a_search_that_is_cut_short_still_brings_a_bid() {
    let spec = group((1..=20).map(|id| unit(id, 1, 24_000, 128 * GIB)).collect());
    let bidder = bidder(&["16 cpu, 64Gi"], &[]);
    let denom = spec.ceiling().unwrap().denom;
    for screens in [0, 1, 50, 20_000] {
        let found = Search::new(&bidder, &spec, &denom, screens).best().unwrap();
        let answer = bidder.screen(&found.spec, &found.spec.ceiling().unwrap());
        assert_eq!(answer, Ok(found.quote), "{screens} screens");
    }
    assert_eq!(search::screens(1, 5), 20_000);
    assert_eq!(search::screens(60, 5), 3_333);
    assert_eq!(search::screens(60, 1_000), 100);
    assert_eq!(search::screens(0, 0), 100);
}

#[test]
fn overcommit_counts_when_a_quantity_is_lowered() {
    let twice = Overcommit { cpu_percent: 100, ..Overcommit::default() };
    let inventory = Inventory::new(vec![Node::parse("a", "16 cpu, 64Gi").unwrap()]).unwrap();
    let inventory = inventory.with_overcommit(twice);
    let profile = profile_of(&inventory, RamVolumes::Hidden);
    let bidder =
        Bidder::new(profile, inventory, UsdTargets::chart_defaults(), BidSettings::default());
    let spec = group(vec![unit(1, 1, 40_000, GIB)]);
    check(&spec, &[bidder], &["lower unit 1 from 40000 to 32000 milli-CPU"]);
}

#[test]
fn the_fewest_changes_win_then_the_least_raise_then_the_lowest_id() {
    let mut spec = row_6();
    spec.requirements.attributes = vec![Attribute::new("region", "eu")];
    let node = "32 cpu, 256Gi, 1x nvidia/h100/80Gi/sxm";
    let near = bidder(&[node], &[("region", "us")]);
    let other_gpu = bidder(&["32 cpu, 256Gi, 1x nvidia/a100/80Gi/pcie"], &[("region", "us")]);
    let expected = ["require region=us instead of region=eu"];
    let found = check(&spec, &[other_gpu.clone(), near.clone()], &expected);
    assert_eq!(found.provider, provider(2), "one change, not two");

    spec.units[0].resources.gpu_attributes = vec![gpu("t4")];
    spec.units[0].price = price("1uact");
    let both = [near, other_gpu.clone(), other_gpu];
    let found = check(
        &spec,
        &both,
        &[
            "require region=us instead of region=eu",
            "accept the GPU nvidia/a100 for unit 1 too",
            "raise the price of unit 1 to 1484.151297uact per block",
        ],
    );
    assert_eq!(found.provider, provider(2).min(provider(3)), "the cheaper model, the lower id");
}

#[test]
fn a_filter_is_met_and_a_class_is_taken_that_is_there() {
    let mut spec = group(vec![unit(1, 1, 10, MIB)]);
    spec.units[0].resources.volumes = vec![volume("data", GIB, "beta3")];
    let one = bidder(&["16 cpu, 64Gi, class beta2"], &[("tier", "1")]);
    let filter = vec![Attribute::new("tier", "1")];
    let settings = BidSettings { filter, ..BidSettings::default() };
    let one = Bidder::new(
        one.profile().clone(),
        one.inventory().clone(),
        one.pricing().clone(),
        settings,
    );
    check(
        &spec,
        &[one],
        &[
            "require tier=1",
            "take class=beta2 and persistent=true instead of class=beta3 and persistent=true for volume `data` of unit 1",
        ],
    );
}

#[test]
fn what_no_change_helps_gets_none() {
    let poor = bidder(&["16 cpu, 64Gi"], &[]);
    let ask = |spec: &GroupSpec| smallest_change(spec, [(provider(1), &poor)]);
    assert_eq!(ask(&group(vec![unit(1, 1, 10, MIB)])), None, "it bids as it is");
    assert_eq!(ask(&row_6()), None, "it has no GPU");
    let mut stored = group(vec![unit(1, 1, 10, MIB)]);
    stored.units[0].resources.volumes = vec![volume("data", GIB, "beta2")];
    assert_eq!(ask(&stored), None, "it has nowhere to keep a volume");
    assert_eq!(ask(&group(vec![])), None, "there is no ceiling");
    assert_eq!(smallest_change::<UsdTargets>(&row_6(), []), None);
    let mut free = group(vec![unit(1, 1, 10, MIB)]);
    free.units[0].price = price("1uusd");
    assert_eq!(ask(&free), None, "it has no price in that denom");
}

#[test]
fn a_price_that_no_unit_may_cost_is_spread_or_gets_no_change() {
    let most = limits::UNIT_PRICE_MAX;
    let spec = || {
        let mut spec = group(vec![unit(1, 1, 10, MIB), unit(2, 1, 10, MIB)]);
        spec.units[0].price = price("5uact");
        spec.units[1].price = price("7uact");
        spec
    };
    let asks = |value: u64| {
        let asked = move |request: &PriceRequest<'_>| {
            Ok::<_, NoPrice>(PricePerBlock::new(request.denom.clone(), Decimal::from_whole(value)))
        };
        let inventory = Inventory::new(vec![Node::parse("a", "16 cpu, 64Gi").unwrap()]).unwrap();
        Bidder::new(
            profile_of(&inventory, RamVolumes::Hidden),
            inventory,
            asked,
            BidSettings::default(),
        )
    };
    let texts = |value: u64| {
        let found = smallest_change(&spec(), [(provider(1), &asks(value))])?;
        Some(found.changes.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(texts(20).unwrap(), ["raise the price of unit 2 to 15uact per block"]);
    assert_eq!(
        texts(most + 8).unwrap(),
        [
            "raise the price of unit 2 to 10000000uact per block",
            "raise the price of unit 1 to 8uact per block",
        ]
    );
    assert_eq!(texts(2 * most + 1), None);
}

#[test]
fn an_explanation_goes_on_where_a_decision_stops() {
    let mut spec = row_6();
    spec.requirements.attributes = vec![Attribute::new("region", "eu")];
    spec.units[0].resources.cpu_milli = 64_000;
    let one = bidder(&["32 cpu, 256Gi, 2x nvidia/a100/80Gi/sxm"], &[("region", "us")]);
    let told = one.explain(&spec, &price("1uact"));
    let failed: Vec<String> = told
        .steps
        .iter()
        .filter_map(|(step, outcome)| match outcome {
            Outcome::Failed(reason) => Some(format!("{step}: {}", reason.code())),
            Outcome::Passed | Outcome::NotReached => None,
        })
        .collect();
    assert_eq!(failed, ["requirements: PRV001", "capabilities: PRV003", "room: PRV005"]);
    assert_eq!(told.steps[5], (Step::Price, Outcome::NotReached));
    let sentence = told.sentence().unwrap();
    assert_eq!(sentence, "no attribute matches region=eu (has region=us)");
    assert!(matches!(told.steps[4].1, Outcome::Failed(NoBid::NoFit(NoFit::Nodes { .. }))));
}

/// Prices of the chart, and of every GPU that there is.
fn scale() -> Scale {
    let gpus = [("h100", "2260"), ("a100", "1400"), ("t4", "250")].into_iter();
    let chart = Scale::chart_defaults();
    gpus.fold(chart, |scale, (model, rate)| scale.with_gpu(model, rate.parse().unwrap()))
}

fn some_attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let (regions, tiers) =
        (prop::sample::select(vec!["", "a", "b"]), prop::sample::select(vec!["", "a", "b"]));
    (regions, tiers).prop_map(|(region, tier)| {
        let set = [("region", region), ("tier", tier)].into_iter();
        set.filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| Attribute::new(key, value))
            .collect()
    })
}

fn some_unit(id: u32) -> impl Strategy<Value = ResourceUnit> {
    let models = prop::sample::subsequence(vec!["h100", "a100", "h100/ram/80Gi", "*"], 0..3);
    let class = prop::sample::select(vec!["", "beta2", "beta3"]);
    let prices = prop::sample::select(vec!["0.5uact", "20uact", "5000uact"]);
    (1_u32..4, 1_u64..20, 1_u64..40, 0_u64..3, models, (class, 1_u64..20), prices).prop_map(
        move |(count, cpus, gibs, gpus, models, (class, size), price)| {
            let mut unit = unit(id, count, cpus * 1_000, gibs * GIB);
            unit.resources.volumes = vec![volume("data", size * GIB, class)];
            unit.resources.gpus = gpus;
            if gpus > 0 {
                unit.resources.gpu_attributes = models.into_iter().map(gpu).collect();
            }
            unit.price = price.parse().unwrap();
            unit
        },
    )
}

prop_compose! {
    fn some_spec()(
        attributes in some_attributes(),
        all_of in prop::sample::subsequence(vec!["X".to_owned(), "Y".to_owned()], 0..=2),
        any_of in prop::sample::subsequence(vec!["Y".to_owned(), "Z".to_owned()], 0..=2),
        first in some_unit(1),
        second in prop::option::of(some_unit(2)),
    ) -> GroupSpec {
        let mut spec = group([Some(first), second].into_iter().flatten().collect());
        spec.requirements.attributes = attributes;
        spec.requirements.signed_by = SignedBy { all_of, any_of };
        spec
    }
}

fn some_node() -> impl Strategy<Value = String> {
    let gpus = prop::sample::select(vec![
        "",
        ", 2x nvidia/h100/80Gi/sxm",
        ", 1x nvidia/a100",
        ", 4x nvidia/t4",
    ]);
    let classes = prop::sample::select(vec!["", ", class beta2", ", class beta2, class beta3"]);
    (1_u64..24, 1_u64..64, gpus, classes).prop_map(|(cpus, gibs, gpus, classes)| {
        format!("{cpus} cpu, {gibs}Gi, 64Gi disk{gpus}{classes}")
    })
}

prop_compose! {
    fn some_bidder()(
        nodes in prop::collection::vec(some_node(), 1..3),
        pools in prop::sample::subsequence(vec!["beta2", "beta3"], 0..=2),
        pool_gibs in 1_u64..30,
        own in some_attributes(),
        audits in prop::collection::btree_map(
            prop::sample::select(vec!["X".to_owned(), "Y".to_owned(), "Z".to_owned()]), some_attributes(), 0..3,
        ),
        filter in some_attributes(),
        is_picky in prop::bool::weighted(0.2),
    ) -> Bidder<Scale> {
        let named = (1..).zip(&nodes).map(|(number, text)| Node::parse(format!("n{number}"), text).unwrap());
        let empty = Inventory::new(named.collect()).unwrap();
        let inventory = pools.iter().fold(empty, |inventory, class| inventory.with_pool(*class, pool_gibs * GIB));
        let capabilities = profile_of(&inventory, RamVolumes::Advertised).attributes;
        let profile = ProviderProfile { attributes: [own, capabilities].concat(), audits };
        let filter = if is_picky { filter } else { vec![] };
        let mut scale = scale();
        scale.storage.insert("beta3".into(), "0.0002".parse().unwrap());
        Bidder::new(profile, inventory, scale, BidSettings { filter, ..BidSettings::default() })
    }
}

/// Whether the provider bids on the least that the order can become: nothing required but what its
/// filter wants, on nobody's word or that of one auditor or of the list that the order names, one
/// replica of the least of everything, one GPU model, one class, the highest price.
fn can_bid_at_all(spec: &GroupSpec, bidder: &Bidder<Scale>) -> bool {
    let SignedBy { all_of, any_of } = spec.requirements.signed_by.clone();
    let one_of_all = all_of.into_iter().map(|one| SignedBy { all_of: vec![one], any_of: vec![] });
    let of_any = SignedBy { all_of: vec![], any_of };
    one_of_all.chain([of_any, SignedBy::default()]).any(|word| can_bid_on_word(spec, bidder, word))
}

fn can_bid_on_word(spec: &GroupSpec, bidder: &Bidder<Scale>, signed_by: SignedBy) -> bool {
    let mut least = spec.clone();
    let filter = bidder.settings().filter.clone();
    least.requirements = Requirements { attributes: filter, signed_by };
    for unit in &mut least.units {
        let asked = &mut unit.resources;
        (unit.count, asked.cpu_milli, asked.memory_bytes) = (1, 10, MIB);
        asked.gpus = asked.gpus.min(1);
        asked.volumes[0].size_bytes = 5 * MIB;
        unit.price = price("10000000uact");
    }
    let classes = ["", "beta2", "beta3"].map(|class| volume("data", 5 * MIB, class));
    let models = [gpu("h100"), gpu("a100"), gpu("t4")];
    classes.iter().any(|class| {
        models.iter().any(|model| {
            let mut spec = least.clone();
            for unit in &mut spec.units {
                let asked = &mut unit.resources;
                if asked.volumes[0].is_persistent() {
                    asked.volumes = vec![class.clone()];
                }
                if asked.gpus > 0 && !asked.gpu_attributes.is_empty() {
                    asked.gpu_attributes.push(model.clone());
                }
            }
            let stays = |(a, b): (&ResourceUnit, &ResourceUnit)| {
                a.resources.volumes[0].is_persistent() == b.resources.volumes[0].is_persistent()
            };
            let ceiling = spec.ceiling().unwrap();
            spec.units.iter().zip(&least.units).all(stays) && bidder.screen(&spec, &ceiling).is_ok()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn an_explanation_answers_what_screening_answers(spec in some_spec(), bidder in some_bidder()) {
        let ceiling = spec.ceiling().unwrap();
        let told = bidder.explain(&spec, &ceiling);
        prop_assert_eq!(&told.answer, &bidder.screen(&spec, &ceiling));
        prop_assert_eq!(told.sentence().is_some(), told.answer.is_err());
        prop_assert_eq!(why::first_failure(&told.checks).is_none(), undercut_bidding::eligibility(&spec, bidder.profile()).is_ok());
        for (at, outcome) in &told.steps {
            if let Outcome::Failed(reason) = outcome {
                prop_assert_eq!(*at, Step::of(reason));
            }
        }
    }

    #[test]
    fn a_change_brings_a_bid_and_there_is_one_whenever_there_can_be(
        spec in some_spec(),
        bidders in prop::collection::vec(some_bidder(), 1..4),
    ) {
        let named: Vec<_> = (1..).map(provider).zip(&bidders).collect();
        let ceiling = spec.ceiling().unwrap();
        let found = smallest_change(&spec, named.iter().copied());
        if bidders.iter().any(|bidder| bidder.screen(&spec, &ceiling).is_ok()) {
            prop_assert_eq!(found, None);
            return Ok(());
        }
        let possible = bidders.iter().any(|bidder| can_bid_at_all(&spec, bidder));
        prop_assert_eq!(found.is_some(), possible);
        let Some(found) = found else { return Ok(()) };
        let (_, bidder) = named.iter().find(|(id, _)| *id == found.provider).unwrap();
        let answer = bidder.screen(&found.spec, &found.spec.ceiling().unwrap());
        prop_assert_eq!(answer, Ok(found.quote));
        prop_assert_eq!(&found.spec, &why::changed(&spec, &found.changes));
        for left_out in 0..found.changes.len() {
            let mut fewer = found.changes.clone();
            fewer.remove(left_out);
            let fewer = why::changed(&spec, &fewer);
            let answer = bidder.screen(&fewer, &fewer.ceiling().unwrap());
            prop_assert!(answer.is_err(), "{:?} is not needed", found.changes[left_out]);
        }
    }
}
