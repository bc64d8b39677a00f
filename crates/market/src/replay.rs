//! Checking a log: fold its records again, or decide its commands again.
//!
//! Two depths beyond the hashes, which [`undercut_ledger::log`] checks. [`Replay`] applies the
//! events and compares the state root at every seal: it proves that the log explains the state.
//! [`replay_commands`] runs an engine on the recorded blocks and compares every record: it proves
//! that the rules were followed. Both take a log from elsewhere as input and never panic on it.
//! [`replay`](fn@replay) is for hosts that keep blocks of their own.

use alloc::vec;
use alloc::vec::Vec;
use core::borrow::Borrow;

use undercut_ledger::Bank;
use undercut_ledger::log::{Head, LastSeal, Record};
use undercut_ledger::merkle::Peaks;
use undercut_primitives::crypto::Verifier;
use undercut_primitives::{BlockHeight, Code, Digest, Misfit};

use crate::{
    BlockContext, BlockError, CommandRejection, Engine, Event, Genesis, GenesisError, Rejection,
    SignedCommand, Snapshot, SnapshotError, State, VerifiedCommand, verify_commands,
};

/// A log that does not lead where it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Diverged {
    /// The log does not start with a genesis.
    #[error("record 0 is no genesis")]
    NoGenesis,
    /// The genesis is none that a market can start with.
    #[error("record 0: {0}")]
    Genesis(#[from] GenesisError),
    /// An event does not fit the state before it.
    #[error("record {sequence} at block {height}: {misfit}")]
    Event {
        /// Which record.
        sequence: u64,
        /// Its block.
        height: BlockHeight,
        /// What does not fit.
        misfit: Misfit,
    },
    /// The root of the state at a seal is not what the records lead to.
    #[error(
        "record {sequence}, the seal of block {height}: the state root is {found}, the records lead to {computed}"
    )]
    Root {
        /// Which record.
        sequence: u64,
        /// Its block.
        height: BlockHeight,
        /// The root in the log.
        found: Digest,
        /// The root computed.
        computed: Digest,
    },
    /// A block cannot be opened or ended as recorded.
    #[error("record {sequence}: {error}")]
    Block {
        /// Which record.
        sequence: u64,
        /// Why not.
        error: BlockError,
    },
    /// A recorded command is refused.
    #[error("record {sequence}: the engine refuses the command: {rejection}")]
    Command {
        /// Which record.
        sequence: u64,
        /// Why.
        rejection: Rejection,
    },
    /// The engine decides otherwise.
    #[error("record {sequence} is not what the engine records there")]
    Record {
        /// The first record that differs.
        sequence: u64,
    },
}

impl Diverged {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::NoGenesis => "RPL001",
            Self::Genesis(_) => "RPL002",
            Self::Event { .. } => "RPL003",
            Self::Root { .. } => "RPL004",
            Self::Block { .. } => "RPL005",
            Self::Command { .. } => "RPL006",
            Self::Record { .. } => "RPL007",
        })
    }
}

/// Folds the records of a log into a state, and compares its root at every seal.
///
/// The chain of hashes is the reader's business; feed it verified records, in order.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    state: Option<State>,
    is_block_open: bool,
    seals: u64,
    sealed: Head,
    /// Over the hashes of all seals.
    history: Peaks,
    last: Option<LastSeal>,
}

impl Replay {
    /// A replay of what comes after a snapshot.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] as [`Engine::restore`].
    pub fn from_snapshot(snapshot: Snapshot) -> Result<Self, SnapshotError> {
        let (last, state) = snapshot.into_state()?;
        let chain = last.chain()?;
        let (history, sealed) = (chain.peaks().clone(), chain.head());
        let (state, last) = (Some(state), Some(last));
        Ok(Self { state, is_block_open: false, seals: 0, sealed, history, last })
    }

    /// The engine that goes on after the last record, which has to be a seal. This is how a host
    /// starts: from its last snapshot and the records after it, or from all records.
    ///
    /// The engine has the state that the records lead to. That the rules led there is for
    /// [`replay_commands`] to say.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::WithinBlock`] when the last record is none, or no seal;
    /// [`SnapshotError::Seal`] when the records were not those of one log.
    pub fn into_engine(self) -> Result<Engine, SnapshotError> {
        match (self.state, self.last) {
            (Some(state), Some(last)) if !self.is_block_open => Engine::resumed(state, last),
            _ => Err(SnapshotError::WithinBlock),
        }
    }

    /// Applies the next record.
    ///
    /// # Errors
    ///
    /// [`Diverged`] when the record does not fit; the replay is over then.
    pub fn apply(&mut self, record: &Record<Event>) -> Result<(), Diverged> {
        let Some(state) = &mut self.state else {
            let Event::Genesis(genesis) = &record.event else { return Err(Diverged::NoGenesis) };
            genesis.check()?;
            self.state = Some(State::new(genesis));
            self.is_block_open = true;
            return Ok(());
        };
        let (sequence, height) = (record.sequence, record.height);
        let misfit = |misfit| Diverged::Event { sequence, height, misfit };
        if let Event::BlockOpened(context) = &record.event {
            let opened = if self.is_block_open {
                Err(BlockError::AlreadyOpen)
            } else {
                context.check_after(state.context())
            };
            opened.map_err(|error| Diverged::Block { sequence, error })?;
            self.is_block_open = true;
        }
        if !self.is_block_open {
            return Err(Diverged::Block { sequence, error: BlockError::NotOpen });
        }
        if let Event::BlockSealed(seal) = &record.event {
            if height != state.height() {
                return Err(misfit(Misfit::new("the seal is of another block")));
            }
            let (found, computed) = (seal.state_root, state.root());
            if found != computed {
                return Err(Diverged::Root { sequence, height, found, computed });
            }
            self.is_block_open = false;
            self.seals = self.seals.saturating_add(1);
            self.sealed = Head { records: sequence.saturating_add(1), hash: record.hash };
            self.last = LastSeal::of(record, self.history.clone());
            self.history.push(record.hash);
            return Ok(());
        }
        state.apply(&record.event).map_err(misfit)?;
        if state.height() != height {
            return Err(misfit(Misfit::new("the record is of another block")));
        }
        Ok(())
    }

    /// The state so far, or `None` before the genesis.
    #[must_use]
    pub const fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// The root of the state so far.
    pub fn state_root(&mut self) -> Digest {
        self.state.as_mut().map_or(Digest::ZERO, State::root)
    }

    /// How many seals were compared.
    #[must_use]
    pub const fn seals(&self) -> u64 {
        self.seals
    }

    /// The head at the last seal. Records after it belong to a block that was never sealed.
    #[must_use]
    pub const fn sealed(&self) -> Head {
        self.sealed
    }
}

/// One block as a host saw it: its context and the commands that were accepted, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What the host said about the block.
    pub context: BlockContext,
    /// Its commands.
    pub commands: Vec<SignedCommand>,
}

/// Runs an engine on blocks from a genesis.
///
/// # Errors
///
/// [`Diverged`] at the first block or command that the engine does not take.
pub fn replay(
    genesis: &Genesis,
    bank: &mut impl Bank,
    blocks: impl IntoIterator<Item = Block>,
) -> Result<Engine, Diverged> {
    let (mut engine, _) = Engine::new(genesis, bank)?;
    for block in blocks {
        let at = engine.head().records;
        let failed = |error| Diverged::Block { sequence: at, error };
        engine.begin_block(block.context).map_err(failed)?;
        for command in &block.commands {
            let sequence = engine.head().records;
            let refused = |rejection| Diverged::Command { sequence, rejection };
            engine.execute(bank, command).map_err(refused)?;
        }
        engine.end_block(bank).map_err(failed)?;
    }
    Ok(engine)
}

/// Decides every command of a log again and compares every record, those of a block that was never
/// sealed included. Holds no more records than those of one block.
///
/// `bank` holds what came from outside the records: nothing, where the genesis has all balances;
/// the host's money at genesis, where it has not. A bank with less than the host's refuses commands
/// that the host could take.
///
/// # Errors
///
/// [`Diverged`] with the first record that the engine would not have written.
pub fn replay_commands<R: Borrow<Record<Event>>>(
    bank: &mut impl Bank,
    records: impl IntoIterator<Item = R>,
) -> Result<Engine, Diverged> {
    let mut records = records.into_iter();
    let mut verifier = Verifier::new();
    let first = records.next().ok_or(Diverged::NoGenesis)?;
    let Event::Genesis(genesis) = &first.borrow().event else { return Err(Diverged::NoGenesis) };
    let (mut engine, outcome) = Engine::new(genesis, bank)?;
    // Records of the log, and of the engine, that are not compared yet.
    let (mut recorded, mut decided) = (vec![first], outcome.records);
    loop {
        let block = next_block(&mut records);
        if block.is_empty() {
            return compare_start(engine, bank, &recorded, decided);
        }
        let mut commands = verified_again(&block, engine.chain_id(), &mut verifier).into_iter();
        for record in block {
            let is_seal = matches!(record.borrow().event, Event::BlockSealed(_));
            match decide_again(&mut engine, bank, record.borrow(), &mut commands) {
                Ok(sealed) => decided.extend(sealed),
                // What was refused may follow from an earlier record that is forged.
                Err(diverged) => {
                    return compare_start(engine, bank, &recorded, decided).and(Err(diverged));
                }
            }
            recorded.push(record);
            if is_seal {
                compare(&recorded, &decided)?;
                recorded.clear();
                decided.clear();
            }
        }
    }
}

/// The records up to the next seal, or up to the end.
fn next_block<R: Borrow<Record<Event>>>(records: &mut impl Iterator<Item = R>) -> Vec<R> {
    let mut block = Vec::new();
    for record in records {
        let is_seal = matches!(record.borrow().event, Event::BlockSealed(_));
        block.push(record);
        if is_seal {
            break;
        }
    }
    block
}

/// The commands of a block with their signatures checked together, in their order.
fn verified_again(
    block: &[impl Borrow<Record<Event>>],
    chain_id: &str,
    verifier: &mut Verifier,
) -> Vec<Result<VerifiedCommand, CommandRejection>> {
    let commands = block.iter().filter_map(|record| match &record.borrow().event {
        Event::CommandAccepted(command) => Some(command.clone()),
        _ => None,
    });
    verify_commands(commands, chain_id, verifier)
}

/// Compares the records of a block that was never sealed. A log may be cut anywhere, also between
/// the records of an end of block; the engine then ends that block, and it is returned so.
fn compare_start(
    mut engine: Engine,
    bank: &mut impl Bank,
    recorded: &[impl Borrow<Record<Event>>],
    mut decided: Vec<Record<Event>>,
) -> Result<Engine, Diverged> {
    decided.extend_from_slice(engine.open_records());
    if decided.len() < recorded.len()
        && let Ok(outcome) = engine.end_block(bank)
    {
        decided = outcome.records;
    }
    let decided = decided.get(..recorded.len()).unwrap_or(&decided);
    compare(recorded, decided)?;
    Ok(engine)
}

/// Does what a record of the log asks the engine for, with the next of the verified commands where
/// it is one; returns the records of a sealed block.
fn decide_again(
    engine: &mut Engine,
    bank: &mut impl Bank,
    record: &Record<Event>,
    commands: &mut impl Iterator<Item = Result<VerifiedCommand, CommandRejection>>,
) -> Result<Vec<Record<Event>>, Diverged> {
    let sequence = record.sequence;
    let failed = |error| Diverged::Block { sequence, error };
    match &record.event {
        Event::BlockOpened(context) => engine.begin_block(*context).map_err(failed)?,
        Event::CommandAccepted(_) => {
            let refused = |rejection| Diverged::Command { sequence, rejection };
            // There is one for every such record; where there is not, the log is not confirmed.
            let command = commands.next().ok_or(Diverged::Record { sequence })?;
            let command = command.map_err(|rejection| refused(rejection.into()))?;
            engine.execute_verified(bank, &command).map_err(refused)?;
        }
        Event::BlockSealed(_) if sequence > 1 => {
            return Ok(engine.end_block(bank).map_err(failed)?.records);
        }
        _ => {}
    }
    Ok(Vec::new())
}

/// Names the first of `recorded` that is not in its place in `decided`, or that is missing.
fn compare(
    recorded: &[impl Borrow<Record<Event>>],
    decided: &[Record<Event>],
) -> Result<(), Diverged> {
    let mut decided = decided.iter();
    for record in recorded.iter().map(Borrow::borrow) {
        if decided.next() != Some(record) {
            return Err(Diverged::Record { sequence: record.sequence });
        }
    }
    match decided.next() {
        None => Ok(()),
        Some(missing) => Err(Diverged::Record { sequence: missing.sequence }),
    }
}
