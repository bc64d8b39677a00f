//! Every failing check with its distance, and changes that help: rows, then random small worlds.

use alloc::collections::BTreeMap;

use proptest::prelude::*;
use undercut_orderbook::{AwardMode, GroupState, OrderState};
use undercut_primitives::{
    Address, Attribute, BlockHeight, Coin, Consent, DeploymentId, Digest, GroupId, Provider,
    PublicKey, Requirements, ResourceUnit, Resources, Signature, SignedBy, Tenant, TimeSpan,
    Volume,
};

use super::*;
use crate::{BidBook, BidEvent, Ineligible, eligibility};

fn attributes(texts: &[&str]) -> Vec<Attribute> {
    let pair = |text: &&str| {
        let (key, value) = text.split_once('=').unwrap();
        Attribute::new(key, value)
    };
    texts.iter().map(pair).collect()
}

fn profile(texts: &[&str]) -> ProviderProfile {
    ProviderProfile::new(attributes(texts))
}

fn group(requirements: Requirements, resources: Resources) -> GroupSpec {
    let unit = ResourceUnit { id: 1, resources, count: 1, price: "100uact".parse().unwrap() };
    GroupSpec { name: "g".into(), requirements, units: vec![unit] }
}

fn placed(required: &[&str], all_of: &[&str], any_of: &[&str]) -> GroupSpec {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let signed_by = SignedBy { all_of: texts(all_of), any_of: texts(any_of) };
    let requirements = Requirements { attributes: attributes(required), signed_by };
    group(requirements, Resources::default())
}

fn volume(name: &str, wanted: &[&str]) -> Volume {
    Volume { name: name.into(), size_bytes: 1, attributes: attributes(wanted) }
}

fn wanting(models: &[&str], volumes: Vec<Volume>) -> GroupSpec {
    let model = |model: &&str| Attribute::new(format!("vendor/nvidia/model/{model}"), "true");
    let gpu_attributes = models.iter().map(model).collect();
    let resources = Resources { gpus: 1, gpu_attributes, volumes, ..Resources::default() };
    group(Requirements::default(), resources)
}

fn gpu(model: &str) -> String {
    format!("capabilities/gpu/vendor/nvidia/model/{model}=true")
}

fn provider(number: u8) -> Provider {
    Provider(Address::of_module(&format!("p{number}")))
}

#[track_caller]
fn check(spec: &GroupSpec, profile: &ProviderProfile, expected: &[&str]) {
    let found = checks(spec, profile);
    let found: Vec<String> = failures(&found).map(Failure::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_failing_check_is_told_with_its_distance() {
    let spec = placed(&["region=eu-west", "tier=1", "host=akash"], &[], &[]);
    let near = profile(&["region=us-west", "teir=1"]);
    let expected = [
        "no attribute matches region=eu-west (has region=us-west)",
        "no attribute matches tier=1 (has teir=1)",
        "no attribute matches host=akash (has nothing like it)",
    ];
    check(&spec, &near, &expected);
    assert_eq!(checks(&spec, &near).len(), 3);

    let volumes = vec![volume("data", &["class=beta3", "persistent=true"])];
    let spec = wanting(&["h100/ram/80Gi"], volumes);
    let [storage, gpu_40, gpu_a100] =
        ["capabilities/storage/1/class=beta2", &gpu("h100/ram/40Gi"), &gpu("a100")];
    let own = profile(&[storage, "capabilities/storage/1/persistent=true", gpu_a100, gpu_40]);
    let expected = [
        "unit 1: no storage class offers class=beta3 and persistent=true for volume `data` (has class beta2)",
        "unit 1: no GPU of vendor/nvidia/model/h100/ram/80Gi (has nvidia/h100/40Gi, nvidia/a100)",
    ];
    check(&spec, &own, &expected);
}

#[test]
fn auditors_are_told_with_what_they_and_others_signed() {
    let spec = placed(&["region=us"], &["X", "Y", "Z"], &["Z"]);
    let mut own = profile(&["region=us"]);
    check(&spec, &own, &["the order wants an audited provider; no auditor signed anything"]);
    own.audits.insert("X".into(), attributes(&["region=eu"]));
    own.audits.insert("Y".into(), attributes(&["region=us"]));
    let expected = [
        "auditor X has signed no attribute that matches region=us (has region=eu)",
        "auditor Z has signed nothing (signed by Y)",
        "region=us is not signed by any of Z (signed by Y)",
    ];
    check(&spec, &own, &expected);
}

#[test]
fn the_smallest_change_is_the_one_with_the_fewest_changes() {
    let mut audited = profile(&["region=us", "tier=1"]);
    audited.audits.insert("Y".into(), attributes(&["region=us"]));
    let rows: [(GroupSpec, &ProviderProfile, &[&str]); 8] = [
        (placed(&["region=eu"], &[], &[]), &audited, &["require region=us instead of region=eu"]),
        (placed(&["host=akash"], &[], &[]), &audited, &["do not require host=akash"]),
        (placed(&["region=us"], &["X", "Y"], &[]), &audited, &["do not ask for auditor X"]),
        (placed(&["tier=1"], &["Y"], &[]), &audited, &["do not require tier=1"]),
        (
            placed(&["tier=1", "region=eu"], &["Y"], &[]),
            &audited,
            &["do not require tier=1", "require region=us instead of region=eu"],
        ),
        (
            placed(&["tier=1"], &[], &["X", "Z"]),
            &audited,
            &["do not ask for one of the auditors X, Z"],
        ),
        (
            wanting(&["h100"], vec![]),
            &profile(&[&gpu("a100"), &gpu("a100/ram/80Gi")]),
            &["accept the GPU nvidia/a100 for unit 1 too"],
        ),
        (
            wanting(&[], vec![volume("d", &["class=beta3", "persistent=true"])]),
            &profile(&[
                "capabilities/storage/1/class=beta2",
                "capabilities/storage/1/persistent=true",
            ]),
            &[
                "take class=beta2 and persistent=true instead of class=beta3 and persistent=true for volume `d` of unit 1",
            ],
        ),
    ];
    for (spec, own, expected) in rows {
        let found = smallest_change(&spec, [(provider(1), own)]).unwrap();
        let texts: Vec<String> = found.changes.iter().map(Change::to_string).collect();
        assert_eq!(texts, expected, "{spec:?}");
    }
}

#[test]
fn what_is_persistent_stays_so_and_what_cannot_be_mended_is_not() {
    let spec = wanting(&[], vec![volume("d", &["class=beta3", "persistent=true"])]);
    let ram =
        profile(&["capabilities/storage/1/class=ram", "capabilities/storage/1/persistent=false"]);
    assert_eq!(smallest_change(&spec, [(provider(1), &ram)]), None);
    assert_eq!(smallest_change(&wanting(&["h100"], vec![]), [(provider(1), &ram)]), None);
    assert_eq!(smallest_change(&spec, []), None);
}

#[test]
fn percent_is_rounded_up_and_has_no_value_above_zero() {
    let decimal = |text: &str| text.parse().unwrap();
    let percent = |price, ceiling| percent_above_ceil(decimal(price), decimal(ceiling));
    assert_eq!(percent("118.4001", "100"), Some(185));
    assert_eq!(percent("100", "100"), Some(0));
    assert_eq!(percent("99", "100"), Some(0));
    assert_eq!(percent("1", "0"), None);
    assert_eq!(percent("340282366920938463463", "1"), None);
}

/// Eligibility once more, as plainly as it can be written.
fn plain_eligibility(spec: &GroupSpec, own: &ProviderProfile) -> Result<(), &'static str> {
    let has = |wanted: &Attribute, set: &[Attribute]| {
        set.iter().any(|one| ProviderProfile::covers(wanted, &one.key, &one.value))
    };
    let required = &spec.requirements.attributes;
    let vouches = |auditor: &String| {
        own.audits.get(auditor).map(|set| required.iter().all(|wanted| has(wanted, set)))
    };
    let SignedBy { all_of, any_of } = &spec.requirements.signed_by;
    if all_of.is_empty() && any_of.is_empty() {
        if !required.iter().all(|wanted| has(wanted, &own.attributes)) {
            return Err("ELG001");
        }
    } else if own.audits.is_empty() {
        return Err("ELG002");
    }
    for auditor in all_of {
        match vouches(auditor) {
            None => return Err("ELG003"),
            Some(false) => return Err("ELG004"),
            Some(true) => {}
        }
    }
    if !any_of.is_empty() && !any_of.iter().any(|auditor| vouches(auditor) == Some(true)) {
        return Err("ELG005");
    }
    for unit in &spec.units {
        for volume in unit.resources.volumes.iter().filter(|volume| !volume.attributes.is_empty()) {
            let is_there = (1..=3).any(|number| {
                let path = |name: &str| format!("capabilities/storage/{number}/{name}");
                let there = |one: &Attribute| Attribute::new(path(&one.key), &one.value);
                volume.attributes.iter().all(|one| own.attributes.contains(&there(one)))
            });
            if !is_there {
                return Err("ELG006");
            }
        }
        let wanted = unit.resources.gpu_attributes.iter();
        let there =
            |one: &Attribute| Attribute::new(format!("capabilities/gpu/{}", one.key), "true");
        let wildcard = |one: &Attribute| {
            let start = format!("capabilities/gpu/{}", one.key.trim_end_matches('*'));
            let rest = |own: &Attribute| own.key.strip_prefix(&start).map(str::to_owned);
            let mut rests = own.attributes.iter().filter_map(rest);
            one.key.ends_with('*') && rests.any(|rest| !rest.contains('/'))
        };
        let mut found =
            wanted.clone().map(|one| own.attributes.contains(&there(one)) || wildcard(one));
        if unit.resources.gpus > 0 && wanted.len() > 0 && !found.any(|found| found) {
            return Err("ELG007");
        }
    }
    Ok(())
}

fn some_attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let one = (
        prop::sample::select(vec!["region", "tier", "host"]),
        prop::sample::select(vec!["a", "b"]),
    );
    let one = one.prop_map(|(key, value)| Attribute::new(key, value));
    prop::collection::vec(one, 0..3).prop_map(|mut list| {
        list.sort();
        list.dedup_by(|a, b| a.key == b.key);
        list
    })
}

fn some_auditors() -> impl Strategy<Value = Vec<String>> {
    prop::sample::subsequence(vec!["X".to_owned(), "Y".to_owned(), "Z".to_owned()], 0..3)
}

fn some_volume() -> impl Strategy<Value = Volume> {
    let class = prop::sample::select(vec!["", "beta1", "beta2", "ram"]);
    class.prop_map(|class| match class {
        "" => volume("d", &[]),
        "ram" => volume("d", &["class=ram", "persistent=false"]),
        class => volume("d", &[&format!("class={class}"), "persistent=true"]),
    })
}

fn some_unit(id: u32) -> impl Strategy<Value = ResourceUnit> {
    let models = vec!["h100", "h100/ram/80Gi", "a100", "*"];
    let models = prop::sample::subsequence(models, 0..3);
    (0_u64..2, models, prop::collection::vec(some_volume(), 0..3)).prop_map(
        move |(gpus, models, mut volumes)| {
            for (number, volume) in volumes.iter_mut().enumerate() {
                volume.name = format!("d{number}");
            }
            let mut spec = wanting(&models, volumes);
            spec.units[0].resources.gpus = gpus;
            ResourceUnit { id, ..spec.units.remove(0) }
        },
    )
}

prop_compose! {
    fn some_spec()(
        attributes in some_attributes(),
        all_of in some_auditors(),
        any_of in some_auditors(),
        (first, second) in (some_unit(1), some_unit(2)),
    ) -> GroupSpec {
        let requirements = Requirements { attributes, signed_by: SignedBy { all_of, any_of } };
        GroupSpec { name: "g".into(), requirements, units: vec![first, second] }
    }
}

prop_compose! {
    fn some_profile()(
        own in some_attributes(),
        audits in prop::collection::vec((some_auditors(), some_attributes()), 0..3),
        classes in prop::sample::subsequence(vec!["beta1", "beta2", "ram"], 0..=3),
        models in prop::sample::subsequence(vec!["h100", "h100/ram/80Gi", "a100", "t4"], 0..=4),
    ) -> ProviderProfile {
        let mut attributes = own;
        for (number, class) in (1..).zip(classes) {
            let key = |name| format!("capabilities/storage/{number}/{name}");
            attributes.push(Attribute::new(key("class"), class));
            let persistent = if class == "ram" { "false" } else { "true" };
            attributes.push(Attribute::new(key("persistent"), persistent));
        }
        for model in models {
            let (key, value) = gpu(model).split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())).unwrap();
            attributes.push(Attribute::new(key, value));
        }
        let mut signed = BTreeMap::new();
        for (auditors, set) in audits {
            signed.extend(auditors.into_iter().map(|auditor| (auditor, set.clone())));
        }
        ProviderProfile { attributes, audits: signed }
    }
}

/// Whether the wanted storage and GPUs have anything that could take their place.
fn can_be_mended(spec: &GroupSpec, own: &ProviderProfile) -> bool {
    let has = |key: &str, value: &str| {
        own.attributes.iter().any(|one| one.key.contains(key) && one.value == value)
    };
    spec.units.iter().all(|unit| {
        let mut volumes = unit.resources.volumes.iter().filter(|one| !one.attributes.is_empty());
        let stored = volumes.all(|one| has("persistent", one.attribute("persistent").unwrap()));
        let is_open = unit.resources.gpus == 0 || unit.resources.gpu_attributes.is_empty();
        stored && (is_open || has("capabilities/gpu/", "true"))
    })
}

/// No check of a bid looks at the signature.
fn unsigned() -> Consent {
    let (key, signature) = (PublicKey::from_bytes([0; 32]), Signature::from_bytes(&[0; 64]));
    Consent { account: Address::of_module("anyone"), command: Digest::ZERO, key, signature }
}

fn auction(spec: GroupSpec, ceiling: &str) -> (Order, Group) {
    let tenant = Tenant(Address::of_module("tenant"));
    let id = GroupId { deployment: DeploymentId { tenant, dseq: 1 }, gseq: 1 };
    let order = Order {
        id: id.order(1),
        ceiling: ceiling.parse().unwrap(),
        award: AwardMode::LowestPrice,
        reclamation: None,
        entropy: Digest::ZERO,
        state: OrderState::Open,
        opened_at: BlockHeight::new(1),
        due_at: BlockHeight::new(6),
    };
    (order, Group { id, spec: spec.into(), state: GroupState::Open, orders: 1 })
}

#[test]
fn a_refused_bid_is_told_in_full() {
    let (order, group) = auction(wanting(&["h100"], vec![]), "100uact");
    let order = Order { reclamation: Some(TimeSpan::from_seconds(7_200)), ..order };
    let short = Some(TimeSpan::from_seconds(3_600));
    let bid = NewBid::new(order.id, "118.5uact".parse().unwrap(), vec![], Coin::uakt(499_999));
    let bid = NewBid { reclamation: short, ..bid };
    let own = profile(&[&gpu("t4")]);
    let consent = unsigned();
    let bidder =
        BidOrigin { provider: provider(1), profile: Some(&own), consent, at: order.opened_at };
    let (params, windows) = (BidParams::default(), ReclamationParams::default());
    let terms = Terms { bid: &params, reclamation: &windows };
    let made = checks_of_bid(&order, &group, &bid, bidder, terms);
    let told: Vec<String> = failures(&made).map(|one| format!("{}: {one}", one.code())).collect();
    let expected = [
        "BID006: the price of 118.5 uact a block is above the ceiling of 100 (18.5 uact a block too much, 18.5 %)",
        "OFR011: the offer lacks unit 1",
        "ELG007: unit 1: no GPU of vendor/nvidia/model/h100 (has nvidia/t4)",
        "BID016: a reclamation window of 3600 s, the order asks for at least 7200 s (3600 s missing)",
        "BID010: the deposit of 499999 uakt is below the least of 500000 (1 uakt missing)",
    ];
    assert_eq!(told, expected);
    let nobody = BidOrigin { profile: None, ..bidder };
    let unknown = checks_of_bid(&order, &group, &bid, nobody, terms);
    assert_eq!(first_failure(&unknown).unwrap().code().as_str(), "BID002");
}

proptest! {
    #[test]
    fn the_first_failing_check_is_the_rejection(spec in some_spec(), own in some_profile()) {
        let made = checks(&spec, &own);
        let first = first_failure(&made).map(|failure| failure.reason.clone());
        let rejection = eligibility(&spec, &own).err();
        prop_assert_eq!(rejection.clone().map(BidRejection::Ineligible), first);
        let code = rejection.as_ref().map(Ineligible::code).map(|code| code.as_str());
        prop_assert_eq!(code, plain_eligibility(&spec, &own).err());
    }

    #[test]
    fn the_first_failing_check_of_a_bid_is_what_admit_says(
        spec in some_spec(),
        own in some_profile(),
        price in prop::sample::select(vec!["0uact", "100uact", "100.1uact", "7uakt"]),
        deposit in prop::sample::select(vec!["500000uakt", "499999uakt", "9uusd"]),
        units in 1_usize..3,
        ceiling in prop::sample::select(vec!["100uact", "0uact"]),
        is_registered: bool,
        is_own: bool,
        asked in prop::option::of(0_u64..5),
        offered in prop::option::of(0_u64..5),
    ) {
        let (order, group) = auction(spec, ceiling);
        let hours = |hours: u64| TimeSpan::from_seconds(hours.saturating_mul(3_600));
        let order = Order { reclamation: asked.map(hours), ..order };
        let mut offer = group.spec.exact_offer();
        offer.truncate(units);
        for offered in &mut offer {
            offered.resources.gpu_attributes.truncate(1);
        }
        let (price, deposit) = (price.parse().unwrap(), deposit.parse().unwrap());
        let bid = NewBid::new(order.id, price, offer, deposit);
        let bid = NewBid { reclamation: offered.map(hours), ..bid };
        let account = if is_own { Provider(order.id.tenant().0) } else { provider(1) };
        let bidder = BidOrigin {
            provider: account,
            profile: is_registered.then_some(&own),
            consent: unsigned(),
            at: order.opened_at,
        };
        let (params, windows) = (BidParams::default(), ReclamationParams::default());
        let terms = Terms { bid: &params, reclamation: &windows };
        let made = checks_of_bid(&order, &group, &bid, bidder, terms);
        let admitted = BidBook::default().admit(&order, &group, &bid, bidder, &params, &windows);
        prop_assert_eq!(admitted.as_ref().err(), first_failure(&made).map(|one| &one.reason));
        prop_assert_eq!(admitted.is_ok(), matches!(admitted, Ok(BidEvent::BidPlaced(_))));
    }

    #[test]
    fn a_change_makes_its_provider_eligible_and_none_of_it_can_be_left_out(
        spec in some_spec(),
        profiles in prop::collection::vec(some_profile(), 0..4),
    ) {
        let providers: Vec<_> = (1..).map(provider).zip(&profiles).collect();
        let eligible = profiles.iter().any(|own| eligibility(&spec, own).is_ok());
        let found = smallest_change(&spec, providers.iter().copied());
        if eligible {
            prop_assert_eq!(found, None);
            return Ok(());
        }
        let mendable = profiles.iter().any(|own| can_be_mended(&spec, own));
        prop_assert_eq!(found.is_some(), mendable);
        let Some(found) = found else { return Ok(()) };
        let (_, own) = providers.iter().find(|(id, _)| *id == found.provider).unwrap();
        prop_assert_eq!(eligibility(&found.spec, own), Ok(()));
        prop_assert_eq!(&found.spec, &changed(&spec, &found.changes));
        for left_out in 0..found.changes.len() {
            let mut fewer = found.changes.clone();
            fewer.remove(left_out);
            prop_assert!(eligibility(&changed(&spec, &fewer), own).is_err());
        }
    }
}
