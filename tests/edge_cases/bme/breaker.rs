//! What the collateral ratio and the price allow.

use undercut::{Command, Event};
use undercut_ledger::LedgerEvent;
use undercut_ledger::bme::{MintStatus, VaultEvent};
use undercut_primitives::{BlockHeight, Coin};
use undercut_tests::chain::Chain;

use super::{Fate, books, burn, fate_of, fates, set_price, small, status, thin};

const REDEMPTION: u128 = 1_000_000;
const MINT: u128 = 100_000_000;

pub(super) fn b8() {
    let mut chain = thin("2.85");
    chain.end_at(10);
    assert_eq!(status(&chain), MintStatus::Warning);
    assert_eq!(books(&chain).next_mint, BlockHeight::new(20), "10 blocks after the epoch");
    let mut chain = thin("2.70");
    chain.end_at(10);
    assert_eq!(status(&chain), MintStatus::HaltCollateral);
    assert_eq!(books(&chain).next_mint, BlockHeight::new(10), "no epoch opened");
}

pub(super) fn b9() {
    let mut chain = thin("2.70");
    assert_eq!(status(&chain), MintStatus::HaltCollateral);
    assert_eq!(burn(&mut chain, "alice", Coin::uakt(MINT)), Err("BME004"));
    let id = burn(&mut chain, "alice", Coin::uact(REDEMPTION)).unwrap();
    // floor(1,000,000 / 2.70)
    let done = Fate::Done { paid: 370_370, minted: 370_370 };
    assert_eq!(fate_of(&mut chain, id), (10, done));

    // No price: neither. A price again: both, in the block that brings it.
    let mut chain = thin("3.00");
    chain.price = None;
    chain.end();
    assert_eq!(status(&chain), MintStatus::HaltOracle);
    set_price(&mut chain, "3.00");
    assert_eq!(burn(&mut chain, "alice", Coin::uact(REDEMPTION)), Ok(1));
    assert_eq!(burn(&mut chain, "alice", Coin::uakt(MINT)), Ok(2));
    assert_eq!(books(&chain).status, MintStatus::HaltOracle, "as of the last block");
    chain.end();
    assert_eq!(status(&chain), MintStatus::Healthy);
}

/// What happened in the vault.
fn vault_events(events: Vec<Event>) -> Vec<VaultEvent> {
    let of_vault = |event| match event {
        Event::Ledger(LedgerEvent::Vault(event)) => Some(event),
        _ => None,
    };
    events.into_iter().filter_map(of_vault).collect()
}

pub(super) fn b10() {
    let mut chain = thin("3.00");
    let redemption = burn(&mut chain, "alice", Coin::uact(REDEMPTION)).unwrap();
    let mint = burn(&mut chain, "alice", Coin::uakt(MINT)).unwrap();
    chain.end();
    chain.price = None;
    chain.end();
    for coin in [Coin::uact(REDEMPTION), Coin::uakt(MINT)] {
        assert_eq!(burn(&mut chain, "alice", coin), Err("BME004"));
    }
    while chain.height() < 60 {
        assert_eq!(vault_events(chain.end()), [], "five epochs pass and nothing is tried");
    }
    assert!(chain.state().vault().requests().all(|request| request.attempts == 0));
    set_price(&mut chain, "3.00");
    let ended: Vec<u64> = fates(&chain.end()).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ended, [redemption, mint]);
}

/// Ends blocks up to the one at `height`, all at this price.
fn run(chain: &mut Chain, price: &str, height: u64) -> Vec<Event> {
    set_price(chain, price);
    chain.end_at(height)
}

pub(super) fn b11() {
    let mut chain = thin("3.00");
    run(&mut chain, "3.00", 89);
    // A first halt, so that the next mint epoch is due at 105.
    run(&mut chain, "2.70", 94);
    run(&mut chain, "3.00", 95);
    assert_eq!(books(&chain).next_mint, BlockHeight::new(105));
    let id = burn(&mut chain, "alice", Coin::uakt(MINT)).unwrap();
    chain.end();
    run(&mut chain, "2.70", 104);
    assert_eq!(status(&chain), MintStatus::HaltCollateral);
    let events = run(&mut chain, "3.00", 105);
    // 300 ACT, less 25 basis points.
    let done = Fate::Done { paid: 299_250_000, minted: 300_000_000 };
    assert_eq!(fates(&events), [(id, done)]);
    assert_eq!(books(&chain).next_mint, BlockHeight::new(115));
}

/// The status, and the ratio in basis points, in the last block.
fn report(chain: &Chain) -> (MintStatus, Option<u32>) {
    let state = chain.state();
    let report = state.vault().report(state.usable_price().as_ref(), &state.params().bme);
    assert_eq!(report.status, books(chain).status);
    (report.status, report.ratio_bps)
}

/// Without ACT nothing is at risk.
pub(super) fn b14() {
    let mut chain = small(0, &[], "1.00");
    chain.end();
    assert_eq!(report(&chain), (MintStatus::Healthy, None));
    chain.must("alice", Command::FundVault(Coin::uakt(1_000_000)));
    chain.end_at(10);
    assert_eq!(report(&chain), (MintStatus::Healthy, None));
    assert_eq!(books(&chain).next_mint, BlockHeight::new(20));
    // 10^10 basis points are told as 2^32 - 1.
    let mut chain = small(1_000_000, &[("bob", Coin::uact(1))], "1.00");
    chain.end();
    assert_eq!(report(&chain), (MintStatus::Healthy, Some(4_294_967_295)));
}
