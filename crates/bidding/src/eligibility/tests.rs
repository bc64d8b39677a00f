//! What makes a provider eligible, row by row.

use super::*;
use undercut_primitives::{Requirements, Resources};

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
    let price = "1uact".parse().unwrap();
    let unit = ResourceUnit { id: 1, resources, count: 1, price };
    GroupSpec { name: "g".into(), requirements, units: vec![unit] }
}

fn placed(required: &[&str], all_of: &[&str], any_of: &[&str]) -> GroupSpec {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let signed_by = SignedBy { all_of: texts(all_of), any_of: texts(any_of) };
    let attributes = attributes(required);
    group(Requirements { attributes, signed_by }, Resources::default())
}

fn with_gpus(gpus: u64, wanted: &[&str]) -> GroupSpec {
    let gpu_attributes = wanted.iter().map(|key| Attribute::new(*key, "true")).collect();
    let resources = Resources { gpus, gpu_attributes, ..Resources::default() };
    group(Requirements::default(), resources)
}

fn with_volume(wanted: &[&str]) -> GroupSpec {
    let volume = Volume { name: "data".into(), size_bytes: 1, attributes: attributes(wanted) };
    let resources = Resources { volumes: vec![volume], ..Resources::default() };
    group(Requirements::default(), resources)
}

#[track_caller]
fn check(spec: &GroupSpec, profile: &ProviderProfile, expected: &str) {
    let found = eligibility(spec, profile).map_err(|reason| reason.code());
    let found = found.err().map_or("ok", |code| code.as_str());
    assert_eq!(found, expected, "{spec:?} against {profile:?}");
}

#[test]
fn auditors_vouch_one_by_one() {
    // chain.md M19
    let mut own = profile(&["region=us"]);
    check(&placed(&["region=us"], &["X"], &[]), &own, "ELG002");
    check(&placed(&["region=us"], &[], &["X"]), &own, "ELG002");
    check(&placed(&[], &[], &["X"]), &own, "ELG002");
    own.audits.insert("X".into(), attributes(&["region=us"]));
    own.audits.insert("Y".into(), attributes(&["tier=1"]));
    let rows: [(&[&str], &[&str], &str); 9] = [
        (&["X"], &[], "ok"),
        (&["X", "Y"], &[], "ELG004"),
        (&["X", "Z"], &[], "ELG003"),
        (&[], &["X", "Y"], "ok"),
        (&[], &["Z"], "ELG005"),
        (&[], &["Y"], "ELG005"),
        (&["X"], &["Y"], "ELG005"),
        (&["Y"], &["X"], "ELG004"),
        (&[], &[], "ok"),
    ];
    for (all_of, any_of, expected) in rows {
        check(&placed(&["region=us"], all_of, any_of), &own, expected);
    }
    // Sets are not merged, and nothing required needs no more than a record.
    check(&placed(&["region=us", "tier=1"], &[], &["X", "Y"]), &own, "ELG005");
    check(&placed(&[], &["Y"], &["X"]), &own, "ok");
}

#[test]
fn own_attributes_match_by_glob_and_equal_value() {
    let own = profile(&["region=us-west", "host/kind=bare", "tier=1"]);
    let rows: [(&[&str], &str); 8] = [
        (&[], "ok"),
        (&["region=us-west", "tier=1"], "ok"),
        (&["reg*=us-west"], "ok"),
        (&["region=us-*"], "ELG001"),
        (&["host/*=bare"], "ok"),
        (&["*=bare"], "ELG001"),
        (&["reg[=us-west"], "ELG001"),
        (&["tier=1", "region=eu"], "ELG001"),
    ];
    for (required, expected) in rows {
        check(&placed(required, &[], &[]), &own, expected);
    }
}

#[test]
fn a_wildcard_model_wants_the_bare_model_advertised() {
    // chain.md M17
    let wanted = with_gpus(1, &["vendor/nvidia/model/*"]);
    check(&wanted, &profile(&["capabilities/gpu/vendor/nvidia/model/a100=true"]), "ok");
    let only_long = profile(&["capabilities/gpu/vendor/nvidia/model/a100/ram/80Gi=true"]);
    check(&wanted, &only_long, "ELG007");
}

#[test]
fn one_of_several_models_is_enough() {
    let own = profile(&["capabilities/gpu/vendor/nvidia/model/a100=true"]);
    let (a100, h100) = ("vendor/nvidia/model/a100", "vendor/nvidia/model/h100");
    check(&with_gpus(1, &[h100, a100]), &own, "ok");
    check(&with_gpus(1, &[h100]), &own, "ELG007");
    check(&with_gpus(0, &[h100]), &own, "ok");
    check(&with_gpus(1, &[]), &own, "ok");
}

#[test]
fn a_volume_fits_one_single_storage_group() {
    // chain.md M18
    let wanted = with_volume(&["class=beta2", "persistent=true"]);
    let (class, persistent) =
        ("capabilities/storage/1/class=beta2", "capabilities/storage/1/persistent=true");
    let apart = profile(&[class, "capabilities/storage/2/persistent=true"]);
    check(&wanted, &apart, "ELG006");
    check(&wanted, &profile(&[class, persistent]), "ok");
    check(&with_volume(&[]), &profile(&[]), "ok");
    check(&wanted, &profile(&["capabilities/storage/1/x/class=beta2", persistent]), "ELG006");
    // A deeper key is no storage attribute, even for an order that asks for it by name.
    let deep = with_volume(&["x/class=beta2"]);
    check(&deep, &profile(&["capabilities/storage/1/x/class=beta2"]), "ELG006");
}

#[test]
fn only_the_providers_own_word_counts_for_capabilities() {
    let gpu = "capabilities/gpu/vendor/nvidia/model/h100=true";
    let mut audited = profile(&[]);
    audited.audits.insert("X".into(), attributes(&[gpu]));
    check(&with_gpus(1, &["vendor/nvidia/model/h100"]), &audited, "ELG007");
}

#[test]
fn the_first_broken_rule_answers_with_what_is_missing() {
    let mut spec = with_gpus(1, &["vendor/nvidia/model/h100"]);
    spec.requirements.attributes = attributes(&["region=us-west"]);
    spec.units[0].resources.volumes =
        with_volume(&["class=beta3"]).units[0].resources.volumes.clone();
    let mut own = profile(&[]);
    let sentence = |own: &ProviderProfile| eligibility(&spec, own).unwrap_err().to_string();
    assert_eq!(sentence(&own), "no attribute matches region=us-west");
    own.attributes.extend(attributes(&["region=us-west"]));
    assert_eq!(sentence(&own), "unit 1: no storage class offers class=beta3 for volume `data`");
    own.attributes.extend(attributes(&["capabilities/storage/1/class=beta3"]));
    assert_eq!(sentence(&own), "unit 1: no GPU of vendor/nvidia/model/h100");
}
