//! [`Actor`]: who takes part. Sees the state and what just happened, and asks for things.

use undercut::{Command, Event, Rejection, State};
use undercut_ledger::MemoryBank;
use undercut_ledger::log::Record;
use undercut_primitives::{Address, BlockHeight, OrderId, Provider};
use undercut_provider::NoBid;

/// What an actor sees at the start of a block.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Everything that the engine knows.
    pub state: &'a State,
    /// What everyone has outside escrow.
    pub bank: &'a MemoryBank,
    /// The records of the last block.
    pub records: &'a [Record<Event>],
    /// The height of the block that begins.
    pub height: BlockHeight,
}

/// Why a provider did not bid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined {
    /// For which order.
    pub order: OrderId,
    /// Who.
    pub provider: Provider,
    /// Why.
    pub reason: NoBid,
}

/// Who takes part.
pub trait Actor {
    /// The account that signs.
    fn account(&self) -> Address;

    /// What the actor asks for in this block, in order.
    fn act(&mut self, view: &View<'_>) -> Vec<Command>;

    /// Told when the engine refused what the actor asked for.
    fn refused(&mut self, command: &Command, rejection: &Rejection) {
        let _ = (command, rejection);
    }

    /// Orders that the actor declined since it was last asked.
    fn declined(&mut self) -> Vec<Declined> {
        Vec::new()
    }
}
