//! Burn and mint: B1 to B16.

mod arithmetic;
mod breaker;
mod queue;

use undercut::{Command, Event, Params};
use undercut_ledger::LedgerEvent;
use undercut_ledger::bme::{CancelReason, MintStatus, VaultBooks, VaultEvent};
use undercut_primitives::{Amount, Coin};
use undercut_tests::cases::Case;
use undercut_tests::chain::{Chain, START, address, genesis};

pub(crate) const CASES: &[Case] = &[
    Case::on_purpose("B1", arithmetic::b1),
    Case::same("B2", arithmetic::b2),
    Case::on_purpose("B3", arithmetic::b3),
    Case::on_purpose("B4", queue::b4),
    Case::same("B5", arithmetic::b5),
    Case::on_purpose("B6", arithmetic::b6),
    Case::on_purpose("B7", arithmetic::b7),
    Case::same("B8", breaker::b8),
    Case::on_purpose("B9", breaker::b9),
    Case::on_purpose("B10", breaker::b10),
    Case::on_purpose("B11", breaker::b11),
    Case::on_purpose("B12", queue::b12),
    Case::on_purpose("B13", queue::b13),
    Case::on_purpose("B14", breaker::b14),
    Case::on_purpose("B15", arithmetic::b15),
    Case::on_purpose("B16", queue::b16),
];

/// A market at this price of AKT; everyone has 1000 ACT and 1000 AKT, and all ACT is covered.
fn market(price: &str) -> Chain {
    let mut chain = Chain::new();
    set_price(&mut chain, price);
    chain
}

/// The vault of the reference's example 6: 600,000 AKT against 1,800,000 ACT, which are alice's.
fn thin(price: &str) -> Chain {
    let mut chain = small(600_000_000_000, &[("alice", Coin::uact(1_800_000_000_000))], price);
    chain.end();
    chain
}

/// A market with this much AKT in the vault and these balances; alice has 1000 AKT besides.
fn small(vault_uakt: u128, balances: &[(&str, Coin)], price: &str) -> Chain {
    let mut genesis = genesis(Params::default());
    genesis.vault_uakt = Amount::from_micro(vault_uakt);
    let all = balances.iter().cloned().chain([("alice", Coin::uakt(START))]);
    genesis.balances = all.map(|(name, coin)| (address(name), coin)).collect();
    let mut chain = Chain::of(&genesis);
    set_price(&mut chain, price);
    chain
}

/// From the next block on.
fn set_price(chain: &mut Chain, price: &str) {
    chain.price = Some(price.parse().expect("the test writes a number"));
}

fn books(chain: &Chain) -> &VaultBooks {
    chain.state().vault().books()
}

fn status(chain: &Chain) -> MintStatus {
    books(chain).status
}

/// Asks for a burn: its number, or the code of the refusal.
fn burn(chain: &mut Chain, name: &str, coin: Coin) -> Result<u64, &'static str> {
    let answer = chain.send(name, Command::Burn(coin));
    answer.map_err(|rejection| rejection.code().as_str())?;
    Ok(books(chain).requests_made)
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Done { paid: u128, minted: u128 },
    Cancelled(CancelReason),
}

/// The requests that ended, in order, and how.
fn fates(events: &[Event]) -> Vec<(u64, Fate)> {
    let fate = |event: &Event| match event {
        Event::Ledger(LedgerEvent::Vault(VaultEvent::BurnMinted(done))) => {
            let [paid, minted] = [&done.paid, &done.minted].map(|coin| coin.amount.to_micro());
            Some((done.id, Fate::Done { paid, minted }))
        }
        Event::Ledger(LedgerEvent::Vault(VaultEvent::BurnCancelled { request, reason })) => {
            Some((request.id, Fate::Cancelled(*reason)))
        }
        _ => None,
    };
    events.iter().filter_map(fate).collect()
}

/// Ends blocks until a request has ended: at which height, and how.
fn fate_of(chain: &mut Chain, id: u64) -> (u64, Fate) {
    for _ in 0..100 {
        let events = chain.end();
        if let Some((_, fate)) = fates(&events).into_iter().find(|(found, _)| *found == id) {
            return (chain.height(), fate);
        }
    }
    panic!("request {id} waits and waits")
}

/// What alice gets for a coin, or the code of the refusal.
fn paid(chain: &mut Chain, coin: Coin) -> Result<u128, &'static str> {
    let id = burn(chain, "alice", coin)?;
    match fate_of(chain, id).1 {
        Fate::Done { paid, .. } => Ok(paid),
        Fate::Cancelled(reason) => panic!("{reason}"),
    }
}
