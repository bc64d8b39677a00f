//! Bundles: several bids with one signature are the same bids as by commands of their own, or none.

use std::collections::BTreeMap;

use proptest::prelude::*;
use undercut::replay::{Replay, replay_commands};
use undercut::{BUNDLE_BIDS_MAX, Command, Event, Receipt, Rejection, State, StateKey};
use undercut_bidding::{Bid, BidEvent, BidRejection, NewBid, OPEN_BIDS_MAX};
use undercut_ledger::log::Reader;
use undercut_ledger::{Bank, Lease, MemoryBank, NewAllowance, Posting};
use undercut_primitives::codec::{Canonical, ENCODED_BYTES_MAX};
use undercut_primitives::{Amount, Coin, Contribution, OrderId};
use undercut_tests::chain::{
    BID_DEPOSIT, Chain, START, address, bid, bid_id, deployment, order_id,
};

/// Groups of one deployment; the default parameters allow no more.
const GROUPS: u32 = 20;

/// Order `number` of alice's, from 0 on.
fn order(number: usize) -> OrderId {
    let (number, groups) = (u64::try_from(number).unwrap(), u64::from(GROUPS));
    let gseq = u32::try_from(number % groups).unwrap() + 1;
    order_id("alice", number / groups + 1, gseq, 1)
}

/// An open block: providers p1, p2 and p3, and at least so many orders of alice's at 1000 uact.
fn market(orders: usize) -> Chain {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2", "p3"]);
    let names: Vec<String> = (0..GROUPS).map(|number| format!("g{number}")).collect();
    let groups: Vec<(&str, &str)> = names.iter().map(|name| (&name[..], "1000uact")).collect();
    for dseq in 1..=order(orders.saturating_sub(1)).group.deployment.dseq {
        chain.must("alice", Command::CreateDeployment(deployment(dseq, &groups, "1ACT")));
    }
    chain
}

/// Bids for these orders, each at a price of its own.
fn bids(orders: std::ops::Range<usize>) -> Vec<NewBid> {
    orders.map(|number| bid(order(number), &format!("{}uact", 100 + number % 900))).collect()
}

fn share(name: &str, micro: u128) -> Contribution {
    Contribution { payer: address(name), amount: Amount::from_micro(micro) }
}

/// Lets p1 spend money of whoever is called `granter` on bids.
fn allow(chain: &mut Chain, granter: &str, limits: Vec<Coin>) {
    let grantee = address("p1");
    let (for_deployments, for_bids, expires_at) = (false, true, None);
    let new = NewAllowance { grantee, for_deployments, for_bids, limits, expires_at };
    chain.must(granter, Command::GrantAllowance(new));
}

/// The answer to a bundle of p1's. A refusal leaves no trace, and `check` gives the same.
fn answer(chain: &mut Chain, bids: Vec<NewBid>) -> Result<Receipt, Rejection> {
    let signed = chain.sign("p1", Command::CreateBids(bids));
    let before = (chain.engine.head(), chain.state().rebuilt_root(), chain.bank.clone());
    let checked = chain.engine.check(&chain.bank, &signed);
    let executed = chain.engine.execute(&mut chain.bank, &signed);
    assert_eq!(checked.as_ref().err(), executed.as_ref().err());
    if executed.is_err() {
        let after = (chain.engine.head(), chain.state().rebuilt_root(), chain.bank.clone());
        assert_eq!(before, after, "nothing has changed");
    }
    executed
}

/// A refusal by its code, after which its sentence names the order.
fn refused(chain: &mut Chain, bids: Vec<NewBid>, at: OrderId) -> &'static str {
    let rejection = answer(chain, bids).unwrap_err();
    assert!(rejection.to_string().starts_with(&format!("the bid for order {at}: ")), "{rejection}");
    rejection.code().as_str()
}

#[test]
fn a_bundle_is_one_command_and_a_record_of_each_bid_in_its_order() {
    let mut chain = market(16);
    let (mut list, nonce) = (bids(0..16), chain.state().nonce(&address("p1")));
    list.reverse();
    let receipt = answer(&mut chain, list.clone()).unwrap();
    assert_eq!(receipt.records.end - receipt.records.start, 17);
    assert_eq!(chain.state().nonce(&address("p1")), nonce + 1);
    let events = chain.end();
    let is_it = |event: &Event| matches!(event, Event::CommandAccepted(signed) if signed.command.kind() == "CreateBids");
    let at = events.iter().position(is_it).unwrap();
    let Event::CommandAccepted(signed) = &events[at] else { panic!("no command") };
    let signed = (**signed).clone().verify(undercut_tests::chain::CHAIN_ID).unwrap();
    for (new, event) in list.iter().zip(&events[at + 1..]) {
        let Event::Bid(BidEvent::BidPlaced(bid)) = event else { panic!("{event:?}") };
        assert_eq!((bid.id, &bid.price), (bid_id(new.order, "p1"), &new.price));
        assert_eq!(bid.consent, signed.consent(), "the signature on the whole bundle");
    }
    assert_eq!(chain.uakt("p1"), START - 16 * BID_DEPOSIT);
}

#[test]
fn a_bundle_has_1_to_64_bids() {
    assert_eq!(BUNDLE_BIDS_MAX, 64);
    let mut chain = market(80);
    for count in [0, 65] {
        let rejection = answer(&mut chain, bids(0..count)).unwrap_err();
        assert_eq!(rejection.code().as_str(), "CMD009");
        let sentence = format!("{count} bids where 1 to 64 are allowed");
        assert_eq!((rejection.to_string(), rejection.is_transient()), (sentence, false));
    }
    answer(&mut chain, bids(0..64)).unwrap();
    answer(&mut chain, bids(64..65)).unwrap();
    assert_eq!(chain.uakt("p1"), START - 65 * BID_DEPOSIT);
    chain.end();
}

#[test]
fn one_bad_bid_refuses_its_bundle_with_its_own_code() {
    let mut chain = market(20);
    chain.must("p2", Command::CreateBid(bid(order(19), "5uact")));
    let bad = |change: fn(&mut NewBid)| {
        let mut list = bids(0..4);
        change(&mut list[2]);
        list
    };
    let rows: [(&str, Vec<NewBid>); 6] = [
        ("BID003", bad(|new| new.order = order(0))),
        ("BID004", bad(|new| new.price = "0uact".parse().unwrap())),
        ("BID006", bad(|new| new.price = "1000.1uact".parse().unwrap())),
        ("BID007", bad(|new| new.offer.clear())),
        ("BID010", bad(|new| new.deposit = Coin::uakt(BID_DEPOSIT - 1))),
        ("ORD011", bad(|new| new.order.oseq = 2)),
    ];
    for (code, list) in rows {
        let at = list[2].order;
        assert_eq!(refused(&mut chain, list, at), code);
    }
    // Several are bad: the first says why.
    let mut list = bad(|new| new.offer.clear());
    list[1].price = "1uakt".parse().unwrap();
    assert_eq!(refused(&mut chain, list, order(1)), "BID005");
    answer(&mut chain, bids(0..4)).unwrap();
    assert_eq!(refused(&mut chain, bids(3..5), order(3)), "BID003");
    let nobody = chain.send("p4", Command::CreateBids(bids(5..7))).unwrap_err();
    let unknown = BidRejection::UnknownProvider { provider: undercut_tests::chain::provider("p4") };
    let expected = Rejection::Bundled { order: order(5), source: Box::new(unknown.into()) };
    assert_eq!((&nobody, nobody.is_transient()), (&expected, true), "p4 may register");
    let own = chain.send("alice", Command::CreateBids(bids(5..7))).unwrap_err();
    assert_eq!(own.code().as_str(), "BID001");
    chain.end();
}

#[test]
fn the_deposits_of_a_bundle_come_out_of_one_purse() {
    let mut chain = market(20);
    let spare = START - 3 * BID_DEPOSIT;
    chain.must("p1", Command::FundVault(Coin::uakt(spare + 1)));
    assert_eq!(refused(&mut chain, bids(0..3), order(2)), "BNK001", "one micro-unit short");
    let mut list = bids(0..3);
    list[1].deposit = Coin::uact(BID_DEPOSIT);
    answer(&mut chain, list).unwrap();
    assert_eq!((chain.uakt("p1"), chain.uact("p1")), (BID_DEPOSIT - 1, START - BID_DEPOSIT));
    chain.end();

    let mut chain = market(20);
    chain.must("p1", Command::FundVault(Coin::uakt(spare)));
    answer(&mut chain, bids(0..3)).unwrap();
    assert_eq!(chain.uakt("p1"), 0, "exactly enough");
    chain.end();
}

#[test]
fn what_others_allow_is_drawn_on_by_all_bids_together() {
    let mut chain = market(20);
    allow(&mut chain, "p2", vec![Coin::uakt(2 * BID_DEPOSIT - 1)]);
    allow(&mut chain, "p3", vec![Coin::uakt(BID_DEPOSIT)]);
    let drawn = |parts: [Vec<Contribution>; 3]| {
        let list = bids(0..3).into_iter().zip(parts);
        list.map(|(new, payers)| NewBid { payers, ..new }).collect::<Vec<_>>()
    };
    let (whole, half) = (BID_DEPOSIT, BID_DEPOSIT / 2);
    let two = drawn([vec![share("p2", whole)], vec![share("p3", whole)], vec![share("p2", whole)]]);
    assert_eq!(refused(&mut chain, two, order(2)), "ALW012", "each by itself would be allowed");
    assert_eq!(chain.uakt("p2"), START);
    let halves = vec![share("p2", half), share("p1", half)];
    answer(&mut chain, drawn([vec![share("p2", whole)], vec![share("p3", whole)], halves]))
        .unwrap();
    let left = chain.state().allowances().iter().map(|(_, allowed)| {
        allowed.limits.values().map(|limit| limit.left.to_micro()).sum::<u128>()
    });
    assert_eq!(left.sum::<u128>(), half - 1);
    assert_eq!([chain.uakt("p1"), chain.uakt("p2")], [START - half, START - whole - half]);
    chain.end();
}

#[test]
fn a_bundle_counts_against_the_open_bids_of_its_provider() {
    let mut chain = market(OPEN_BIDS_MAX + 2);
    for first in (0..OPEN_BIDS_MAX - 64).step_by(64) {
        answer(&mut chain, bids(first..first + 64)).unwrap();
    }
    answer(&mut chain, bids(OPEN_BIDS_MAX - 64..OPEN_BIDS_MAX - 1)).unwrap();
    let last = OPEN_BIDS_MAX - 1;
    assert_eq!(refused(&mut chain, bids(last..last + 2), order(last + 1)), "BID019");
    answer(&mut chain, bids(last..last + 1)).unwrap();
    assert_eq!(refused(&mut chain, bids(last + 1..last + 2), order(last + 1)), "BID019");
    chain.end();
}

#[test]
fn a_log_with_bundles_is_folded_and_decided_again_to_the_same_end() {
    let mut chain = market(20);
    answer(&mut chain, bids(0..9)).unwrap();
    chain.must("p2", Command::CreateBids(bids(3..12)));
    chain.end_at(8);
    let records: Vec<_> = Reader::<Event>::new(&chain.log).map(|record| record.unwrap()).collect();
    let mut fold = Replay::default();
    records.iter().for_each(|record| fold.apply(record).unwrap());
    assert_eq!(fold.state_root(), chain.state_root());
    let again = replay_commands(&mut MemoryBank::default(), &records).unwrap();
    assert_eq!(again.head(), chain.engine.head());
    let restored = State::from_entries(chain.state().entries().unwrap()).unwrap();
    assert_eq!(restored.rebuilt_root(), chain.state_root());
}

/// A bid of a random bundle: for which order, at how much, who pays, in which denom.
type Wish = (usize, u32, u8, bool);

fn wished((number, price, payer, is_akt): Wish) -> NewBid {
    let deposit = if is_akt { Coin::uakt(BID_DEPOSIT) } else { Coin::uact(BID_DEPOSIT) };
    let payers = match payer {
        0..=5 => vec![],
        6 => vec![share("p2", BID_DEPOSIT)],
        7 => vec![share("p2", BID_DEPOSIT / 2), share("p1", BID_DEPOSIT / 2)],
        8 => vec![share("p3", BID_DEPOSIT)],
        _ => vec![share("p1", BID_DEPOSIT)],
    };
    NewBid { deposit, payers, ..bid(order(number), &format!("{price}uact")) }
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    // Some orders twice, some prices above the ceiling of 1000.
    prop::collection::vec((0..60_usize, 1..1_020_u32, 0..10_u8, any::<bool>()), 1..12)
}

/// A market in which p1 has `micro` uakt left, and some money of others. p2 has bid as well.
fn stage(micro: u128) -> Chain {
    let mut chain = market(60);
    let both = |micro| vec![Coin::uakt(micro), Coin::uact(micro)];
    allow(&mut chain, "p2", both(BID_DEPOSIT));
    allow(&mut chain, "p3", both(100 * BID_DEPOSIT));
    chain.must("p1", Command::FundVault(Coin::uakt(START - micro)));
    chain.must("p2", Command::CreateBids(bids(0..30)));
    chain
}

/// The first bid that is refused when p1 places each by a command of its own.
fn one_by_one(chain: &mut Chain, list: &[NewBid]) -> Result<(), Rejection> {
    for new in list {
        let refused = chain.send("p1", Command::CreateBid(new.clone())).err();
        if let Some(why) = refused {
            return Err(Rejection::Bundled { order: new.order, source: Box::new(why) });
        }
    }
    Ok(())
}

/// Every entry of the state but the nonce of p1. Bids and leases have no consent of p1's: it signed
/// other commands.
fn entries(chain: &Chain) -> BTreeMap<StateKey, Vec<u8>> {
    let bare = |key: StateKey, bytes: Vec<u8>| match key {
        StateKey::Bid(id) if id.provider.0 == address("p1") => {
            let mut bid = Bid::decode(&bytes, ENCODED_BYTES_MAX).unwrap();
            bid.consent.command = undercut_primitives::Digest::ZERO;
            bid.consent.signature = undercut_primitives::Signature::from_bytes(&[0; 64]);
            (key, bid.encode().unwrap())
        }
        StateKey::Lease(id) if id.provider().0 == address("p1") => {
            let mut lease = Lease::decode(&bytes, ENCODED_BYTES_MAX).unwrap();
            lease.signed.provider = lease.signed.tenant;
            (key, lease.encode().unwrap())
        }
        _ => (key, bytes),
    };
    let entries = chain.state().entries().unwrap().into_iter();
    let but_nonce = entries.filter(|(key, _)| *key != StateKey::Nonce(address("p1")));
    but_nonce.map(|(key, bytes)| bare(key, bytes)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// The law of bundles: as single commands one after the other in the same block, or not at all.
    /// Where a rule and the money refuse different bids, the rule speaks.
    #[test]
    fn a_bundle_is_its_bids_one_by_one_or_nothing(wishes in wishes(), purse in 0..6_u128) {
        let list: Vec<NewBid> = wishes.into_iter().map(wished).collect();
        let mut together = stage(purse * BID_DEPOSIT);
        let (mut single, mut rich) = (together.clone(), together.clone());
        for name in ["p1", "p2", "p3"] {
            let (to, coin) = (address(name), Coin::uakt(START));
            rich.bank.post(&Posting::Mint { to, coin }).unwrap();
        }
        let by_rule = one_by_one(&mut rich, &list);
        let expected = by_rule.and_then(|()| one_by_one(&mut single, &list));
        let found = answer(&mut together, list).map(|_| ());
        prop_assert_eq!(&found, &expected);
        if found.is_ok() {
            prop_assert_eq!(&together.bank, &single.bank);
            // Up to the awards and a little further.
            for _ in 0..8 {
                together.end();
                single.end();
                prop_assert_eq!(entries(&together), entries(&single));
            }
            prop_assert_eq!(&together.bank, &single.bank);
        }
    }
}
