//! Whose bid an order takes: offers, GPUs, storage, auditors.

use undercut::{Command, Params, Rejection};
use undercut_bidding::{BidRejection, NewBid, Registration};
use undercut_primitives::{Attribute, GroupSpec, ResourceUnit, SignedBy};
use undercut_tests::chain::{Chain, address, bid, deployment, genesis, group, order_id, provider};

use super::{market, order};

/// The code of what is wrong with the bid itself: of the offer or of the provider.
fn inner_code(answer: Result<(), Rejection>) -> &'static str {
    match answer {
        Ok(()) => "ok",
        Err(Rejection::Bid(BidRejection::Offer(mismatch))) => mismatch.code().as_str(),
        Err(Rejection::Bid(BidRejection::Ineligible(ineligible))) => ineligible.code().as_str(),
        Err(other) => other.code().as_str(),
    }
}

fn answer(chain: &mut Chain, name: &str, new: NewBid) -> &'static str {
    inner_code(chain.send(name, Command::CreateBid(new)).map(|_| ()))
}

fn attributes(texts: &[&str]) -> Vec<Attribute> {
    let pair = |text: &&str| {
        let (key, value) = text.split_once('=').expect("the test writes key=value");
        Attribute::new(key, value)
    };
    texts.iter().map(pair).collect()
}

/// What a case does to a bid before it is placed.
type Change = fn(&mut NewBid);

pub(super) fn m16() {
    let mut chain = market(Params::default());
    let mut spec = group("two", "10uact");
    let second = ResourceUnit { id: 2, ..spec.units[0].clone() };
    spec.units.push(second);
    let mut new = deployment(2, &[("any", "10uact")], "1ACT");
    new.groups = vec![spec.clone()];
    chain.must("alice", Command::CreateDeployment(new));
    let offered = |change: Change| {
        let mut new = bid(order_id("alice", 2, 1, 1), "20uact");
        new.offer = spec.exact_offer();
        change(&mut new);
        new
    };
    let rows: [(&str, Change, &str); 6] = [
        ("empty", |new| new.offer.clear(), "OFR011"),
        ("one of two units", |new| new.offer.truncate(1), "OFR011"),
        ("count 2 for a unit of 1", |new| new.offer[0].count = 2, "OFR003"),
        ("unknown id", |new| new.offer[1].unit = 3, "OFR001"),
        ("the same id twice", |new| new.offer[1].unit = 1, "OFR002"),
        ("exact", |_| (), "ok"),
    ];
    for (name, change, expected) in rows {
        assert_eq!(answer(&mut chain, "p1", offered(change)), expected, "{name}");
    }
    chain.end();
}

/// What comes of a bid for `spec` by a provider with these attributes.
fn bid_by(advertised: &[&str], spec: &GroupSpec) -> &'static str {
    let mut chain = Chain::new();
    let registration = Registration::new("https://provider.example", attributes(advertised));
    chain.must("p1", Command::RegisterProvider(registration));
    let mut new = deployment(1, &[("any", "10uact")], "1ACT");
    new.groups = vec![spec.clone()];
    chain.must("alice", Command::CreateDeployment(new));
    let mut new = bid(order(), "10uact");
    new.offer = spec.exact_offer();
    let found = answer(&mut chain, "p1", new);
    chain.end();
    found
}

pub(super) fn m17() {
    let mut spec = group("gpu", "10uact");
    spec.units[0].resources.gpus = 1;
    spec.units[0].resources.gpu_attributes = attributes(&["vendor/nvidia/model/*=true"]);
    let model = "capabilities/gpu/vendor/nvidia/model/a100=true";
    assert_eq!(bid_by(&[model], &spec), "ok");
    let memory = "capabilities/gpu/vendor/nvidia/model/a100/ram/80Gi=true";
    assert_eq!(bid_by(&[memory], &spec), "ELG007");
}

pub(super) fn m18() {
    let mut spec = group("disk", "10uact");
    spec.units[0].resources.volumes[0].attributes = attributes(&["class=beta2", "persistent=true"]);
    let [class, persistent] =
        ["capabilities/storage/1/class=beta2", "capabilities/storage/1/persistent=true"];
    let apart = "capabilities/storage/2/persistent=true";
    assert_eq!(bid_by(&[class, apart], &spec), "ELG006");
    assert_eq!(bid_by(&[class, persistent], &spec), "ok");
}

pub(super) fn m19() {
    let mut genesis = genesis(Params::default());
    genesis.auditors = vec![("X".into(), address("auditor")), ("Y".into(), address("carol"))];
    let mut chain = Chain::of(&genesis);
    for name in ["p1", "p2"] {
        let own = attributes(&["region=us"]);
        let registration = Registration::new("https://provider.example", own);
        chain.must(name, Command::RegisterProvider(registration));
    }
    for (name, signed) in [("auditor", "region=us"), ("carol", "tier=1")] {
        let (provider, attributes) = (provider("p1"), attributes(&[signed]));
        chain.must(name, Command::AttestProvider { provider, attributes, expires_at: None });
    }
    // All of these, any of these; the audited provider, the other one.
    let rows: [(&[&str], &[&str], &str, &str); 5] = [
        (&["X"], &[], "ok", "ELG002"),
        (&["X", "Y"], &[], "ELG004", "ELG002"),
        (&[], &["X", "Y"], "ok", "ELG002"),
        (&[], &["Z"], "ELG005", "ELG002"),
        (&[], &[], "ok", "ok"),
    ];
    for (dseq, (all_of, any_of, audited, unaudited)) in (1..).zip(rows) {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
        let mut new = deployment(dseq, &[("any", "10uact")], "1ACT");
        new.groups[0].requirements.attributes = attributes(&["region=us"]);
        new.groups[0].requirements.signed_by =
            SignedBy { all_of: texts(all_of), any_of: texts(any_of) };
        chain.must("alice", Command::CreateDeployment(new));
        let order = order_id("alice", dseq, 1, 1);
        for (name, expected) in [("p1", audited), ("p2", unaudited)] {
            let found = answer(&mut chain, name, bid(order, "10uact"));
            assert_eq!(found, expected, "{name}: all of {all_of:?}, any of {any_of:?}");
        }
    }
    chain.end();
}
