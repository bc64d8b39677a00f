//! The log of a market has to explain it: read again, folded again, decided again.

use undercut::replay::{Replay, replay_commands};
use undercut::{Engine, Event};
use undercut_ledger::MemoryBank;
use undercut_ledger::log::{Reader, Record};

use super::cast::CHAIN_ID;
use super::market::Market;
use super::rules::Failure;

#[allow(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn failed(text: impl ToString) -> Failure {
    let text = text.to_string();
    Failure::new("replay", text)
}

/// Folds the records so far; both roots of every seal are compared on the way.
pub(crate) fn fold(market: &Market) -> Result<(), Failure> {
    let mut fold = Replay::default();
    for record in &market.records {
        fold.apply(record).map_err(failed)?;
    }
    let live = market.engine.state();
    let folded = fold.state().ok_or_else(|| failed("nothing was folded"))?;
    let same_index = folded.escrow() == live.escrow() && folded.book() == live.book();
    if !same_index || folded.vault() != live.vault() {
        return Err(failed("the folded state is not the live one"));
    }
    if fold.state_root() != live.rebuilt_root() {
        return Err(failed("the folded root is not the live one"));
    }
    Ok(())
}

/// Reads the log's bytes, folds its records, and decides its commands again.
pub(crate) fn in_full(market: &Market) -> Result<(), Failure> {
    let read: Result<Vec<Record<Event>>, _> = Reader::new(&market.log).collect();
    if read.map_err(failed)? != market.records {
        return Err(failed("the log's bytes are not its records"));
    }
    fold(market)?;
    let mut bank = MemoryBank::default();
    let engine = if market.draw.is_signed {
        replay_commands(&mut bank, &market.records).map_err(failed)?
    } else {
        decide_again(market, &mut bank)?
    };
    let same_root = engine.state().rebuilt_root() == market.engine.state().rebuilt_root();
    if engine.head() == market.engine.head() && same_root && bank == market.bank {
        return Ok(());
    }
    Err(failed("deciding again leads elsewhere"))
}

/// What [`replay_commands`] does, for a log whose signatures were never made.
fn decide_again(market: &Market, bank: &mut MemoryBank) -> Result<Engine, Failure> {
    let (mut engine, outcome) = Engine::new(&market.draw.genesis, bank).map_err(failed)?;
    let mut decided = outcome.records;
    for record in &market.records {
        match &record.event {
            Event::BlockOpened(context) => engine.begin_block(*context).map_err(failed)?,
            Event::CommandAccepted(signed) => {
                let verified = (**signed).clone().assume_verified(CHAIN_ID).map_err(failed)?;
                engine.execute_verified(bank, &verified).map_err(failed)?;
            }
            Event::BlockSealed(_) if record.height.to_u64() > 0 => {
                decided.extend(engine.end_block(bank).map_err(failed)?.records);
            }
            _ => {}
        }
    }
    if decided == market.records { Ok(engine) } else { Err(failed("other records are decided")) }
}
