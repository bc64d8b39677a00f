//! Who burns, whose turn it is, and what fails.

use undercut::{Command, Event, Params, SignedCommand};
use undercut_ledger::bank::vault_address;
use undercut_ledger::bme::{CancelReason, RetryReason};
use undercut_ledger::{Bank, Posting};
use undercut_primitives::{Amount, Coin};
use undercut_tests::chain::{CHAIN_ID, Chain, START, address, key};

use super::{Fate, books, burn, fate_of, fates, set_price, small};
use crate::play::{code, outcome};

/// ACT from elsewhere: each request fits the books, both together do not. Nothing else can fail.
pub(super) fn b4() {
    let mut chain = small(1_000, &[("alice", Coin::uact(100))], "1");
    let foreign = Posting::Mint { to: address("bob"), coin: Coin::uact(60) };
    chain.bank.post(&foreign).unwrap();
    let first = burn(&mut chain, "alice", Coin::uact(100)).unwrap();
    let second = burn(&mut chain, "bob", Coin::uact(60)).unwrap();
    assert_eq!(fate_of(&mut chain, first), (10, Fate::Done { paid: 100, minted: 100 }));
    let waiting = chain.state().vault().request_by_id(second).unwrap();
    assert_eq!(waiting.attempts, 1);
    assert_eq!(books(&chain).burned_uact.to_micro(), 100, "the second burned nothing");
    let (burned, outstanding) = (Amount::from_micro(60), Amount::ZERO);
    let reason = RetryReason::MoreThanOutstanding { burned, outstanding };
    let given_up = CancelReason::AttemptsExhausted { attempts: 3, reason };
    assert_eq!(fate_of(&mut chain, second), (30, Fate::Cancelled(given_up)));
    assert_eq!(chain.uact("bob"), 60, "full refund");
}

pub(super) fn b12() {
    let mut params = Params::default();
    params.bme.requests_per_owner_max = 100;
    let mut chain = Chain::with(params);
    set_price(&mut chain, "3");
    let mut asked = |count, coin: Coin| -> Vec<u64> {
        (0..count).map(|_| burn(&mut chain, "alice", coin.clone()).unwrap()).collect()
    };
    let redemptions = asked(60, Coin::uact(1_000_000));
    let mints = asked(5, Coin::uakt(10_000_000));
    let ended =
        |events: Vec<Event>| fates(&events).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    let first = ended(chain.end_at(10));
    assert_eq!(first, [&redemptions[..50], &mints].concat(), "50 redemptions and all mints");
    assert_eq!(ended(chain.end_at(20)), redemptions[50..]);
}

pub(super) fn b13() {
    let mut params = Params::default();
    params.bme.requests_per_epoch_max = 1;
    let mut chain = Chain::with(params);
    let mut names = ["alice", "bob", "carol"];
    names.sort_by_key(|name| address(name));
    let [lowest, .., highest] = names;
    chain.end_at(4);
    let early = burn(&mut chain, highest, Coin::uact(50)).unwrap();
    chain.end_at(8);
    let late = burn(&mut chain, lowest, Coin::uact(50)).unwrap();
    assert_eq!(fate_of(&mut chain, early).0, 10);
    assert_eq!(fate_of(&mut chain, late).0, 20, "one request for each epoch");
}

pub(super) fn b16() {
    let mut chain = Chain::new();
    // A burn pays its signer: there is nobody else to name.
    let id = burn(&mut chain, "alice", Coin::uact(1_000)).unwrap();
    let owner = chain.state().vault().request_by_id(id).unwrap().owner;
    assert_eq!(owner, address("alice"));
    let gift = |coin| Command::FundVault(coin);
    assert_eq!(outcome(&mut chain, "bob", gift(Coin::uact(1_000))), "BME012");
    // The engine's own accounts have no key, and nobody else's stands for them.
    let at = chain.state().height();
    let command = gift(Coin::uakt(1_000));
    let signed = SignedCommand::sign_for(vault_address(), &key("bob"), CHAIN_ID, 1, at, command);
    assert_eq!(code(chain.engine.execute(&mut chain.bank, &signed.unwrap())), "CMD007");
    let before = books(&chain).collateral_uakt.to_micro();
    assert_eq!(outcome(&mut chain, "bob", gift(Coin::uakt(1_000))), "ok");
    assert_eq!(chain.uakt("bob"), START - 1_000, "of the signer's own");
    assert_eq!(books(&chain).collateral_uakt.to_micro(), before + 1_000);
    assert_eq!(books(&chain).remint_credit_uakt.to_micro(), 0, "and without credit");
    chain.end();
}
