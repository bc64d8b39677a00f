//! [`Engine`]: blocks of commands in, records out.

mod money;
mod resume;

use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use undercut_ledger::log::{self, BODY_BYTES_MAX, Chain, Head, LastSeal, Record};
use undercut_ledger::{Bank, Posting};
use undercut_primitives::{Digest, Misfit};

use self::money::affordable;
use crate::decide::{self, Signer};
use crate::end_of_block;
use crate::{
    BlockContext, BlockError, CommandRejection, Event, Genesis, GenesisError, Rejection,
    SignedCommand, State, VerifiedCommand,
};

/// Which records a command became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Their sequences.
    pub records: core::ops::Range<u64>,
}

/// A sealed block.
#[derive(Clone, Debug)]
pub struct BlockOutcome {
    /// Everything that happened, the seal last.
    pub records: Vec<Record<Event>>,
    /// The frames of the records, ready to be appended to a log.
    pub frames: Vec<u8>,
    /// The end of the log after the seal.
    pub head: Head,
    /// Root of the state that the block left.
    pub state_root: Digest,
}

/// The deterministic state machine. Same genesis and same blocks give the same records and the
/// same head, on every platform; it reads no clock, file, socket or key.
///
/// `begin_block`, then any number of `execute`, then `end_block`. A command that is refused leaves
/// no trace. The bank is the host's and is passed to each call.
#[derive(Clone, Debug)]
pub struct Engine {
    state: State,
    chain: Chain,
    last: Option<LastSeal>,
    block: Option<OpenBlock>,
    has_stopped: bool,
    /// The movements of money of the events at hand; kept for its memory.
    postings: Vec<Posting>,
    /// How many records and bytes of frames the last block had.
    last_sizes: (usize, usize),
    /// What the host gave back for the next block, empty.
    room: OpenBlock,
}

/// For how many records there is room ahead, at most.
const RECORDS_AHEAD_MAX: usize = 1 << 20;

/// For how many bytes of frames there is room ahead, at most: 256 MiB.
const FRAMES_AHEAD_MAX: usize = 1 << 28;

#[derive(Clone, Debug, Default)]
struct OpenBlock {
    records: Vec<Record<Event>>,
    frames: Vec<u8>,
}

impl OpenBlock {
    /// Makes room for a block like the last one: blocks resemble each other, and lists that grow are
    /// copied.
    fn make_room(&mut self, (records, bytes): (usize, usize)) {
        self.records.reserve(records.min(RECORDS_AHEAD_MAX));
        self.frames.reserve(bytes.min(FRAMES_AHEAD_MAX));
    }
}

impl Engine {
    /// Starts a market: records the genesis, mints its balances, and seals block 0.
    ///
    /// # Errors
    ///
    /// [`GenesisError`] for a genesis that no market can start with.
    pub fn new(
        genesis: &Genesis,
        bank: &mut impl Bank,
    ) -> Result<(Self, BlockOutcome), GenesisError> {
        genesis.check()?;
        let state = State::new(genesis);
        let (chain, block) = (Chain::EMPTY, Some(OpenBlock::default()));
        let (last, has_stopped, postings) = (None, false, Vec::new());
        let (last_sizes, room) = Default::default();
        let mut engine =
            Self { state, chain, last, block, has_stopped, postings, last_sizes, room };
        let event = Event::Genesis(genesis.clone().into());
        let postings = event.postings();
        engine.record(event).map_err(|_| GenesisError::Unrecordable)?;
        for posting in &postings {
            bank.post(posting).map_err(|_| GenesisError::Unrecordable)?;
        }
        let outcome = engine.seal().map_err(|_| GenesisError::Unrecordable)?;
        Ok((engine, outcome))
    }

    /// Everything that the engine knows.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The end of the log so far: all records, those of an open block included, and the hash of the
    /// last seal.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.chain.head()
    }

    /// Where the log stands; what a verifier of the records to come starts from.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The chain that commands must be signed for.
    #[must_use]
    pub fn chain_id(&self) -> &str {
        &self.state.genesis().chain_id
    }

    /// The records of the open block so far.
    pub(crate) fn open_records(&self) -> &[Record<Event>] {
        self.block.as_ref().map_or(&[], |block| &block.records)
    }

    /// Opens the next block.
    ///
    /// # Errors
    ///
    /// [`BlockError`] when a block is open, the height is not the next one, or time runs backwards.
    pub fn begin_block(&mut self, context: BlockContext) -> Result<(), BlockError> {
        if self.has_stopped {
            return Err(BlockError::Stopped);
        }
        if self.block.is_some() {
            return Err(BlockError::AlreadyOpen);
        }
        context.check_after(self.state.context())?;
        let mut block = core::mem::take(&mut self.room);
        block.make_room(self.last_sizes);
        self.block = Some(block);
        let opened = Event::BlockOpened(context);
        // Records carry the height of the block they belong to, so the state moves first.
        self.apply(&opened)?;
        self.record(opened)?;
        let pending = self.state.pending_params();
        if pending.is_some_and(|pending| pending.effective_at <= context.height) {
            self.apply(&Event::ParamsChanged)?;
            self.record(Event::ParamsChanged)?;
        }
        Ok(())
    }

    /// The answer that [`Engine::execute`] would give, without changing anything. Between blocks it
    /// is the answer as of the last block, for hosts that check commands before a block begins.
    ///
    /// # Errors
    ///
    /// The [`Rejection`] that `execute` would give.
    pub fn check(&self, bank: &impl Bank, command: &SignedCommand) -> Result<(), Rejection> {
        if self.has_stopped {
            return Err(BlockError::Stopped.into());
        }
        let verified = command.clone().verify(self.chain_id())?;
        let events = self.decide(&verified)?;
        let mut postings = Vec::new();
        events.iter().for_each(|event| event.post_into(&mut postings));
        let asked = Some(&command.command);
        affordable(bank, &postings).map_err(|refused| refused.to_rejection(asked, &events))
    }

    /// Executes a command in the open block.
    ///
    /// # Errors
    ///
    /// The first [`Rejection`]: signature, then whether a block is open, then chain, last block, key
    /// and nonce, then the command's own rules, then the money. Nothing has changed then.
    pub fn execute(
        &mut self,
        bank: &mut impl Bank,
        command: &SignedCommand,
    ) -> Result<Receipt, Rejection> {
        let verified = command.clone().verify(self.chain_id())?;
        self.execute_verified(bank, &verified)
    }

    /// Executes a command whose signature was checked before, perhaps on another core.
    ///
    /// # Errors
    ///
    /// As [`Engine::execute`].
    #[tracing::instrument(name = "market.execute", level = "debug", skip_all, fields(height = self.state.height().to_u64()))]
    pub fn execute_verified(
        &mut self,
        bank: &mut impl Bank,
        command: &VerifiedCommand,
    ) -> Result<Receipt, Rejection> {
        if self.has_stopped {
            return Err(BlockError::Stopped.into());
        }
        if self.block.is_none() {
            return Err(BlockError::NotOpen.into());
        }
        let start = self.head().records;
        let events = self.decide(command).inspect_err(
            |rejection| tracing::debug!(code = %rejection.code(), %rejection, "command refused"),
        )?;
        self.commit_after(bank, Some(command.signed()), events)?;
        Ok(Receipt { records: start..self.head().records })
    }

    /// Ends the open block: awards, ends of money, burns, seal. See [`crate::end_of_block`].
    ///
    /// # Errors
    ///
    /// [`BlockError`] when no block is open, or when the engine or the bank contradicts itself;
    /// the engine has then stopped for good.
    #[tracing::instrument(name = "market.end_block", level = "debug", skip_all, fields(height = self.state.height().to_u64()))]
    pub fn end_block(&mut self, bank: &mut impl Bank) -> Result<BlockOutcome, BlockError> {
        if self.has_stopped {
            return Err(BlockError::Stopped);
        }
        if self.block.is_none() {
            return Err(BlockError::NotOpen);
        }
        let outcome = end_of_block::run(self, bank).and_then(|()| self.seal());
        self.has_stopped = outcome.is_err();
        outcome
    }

    /// Takes a block back that the host is done with, so that the next one is written into memory that
    /// is at hand: up to a million records and 256 MiB. Changes nothing else; who keeps its blocks has
    /// no need of it.
    pub fn reuse(&mut self, outcome: BlockOutcome) {
        let BlockOutcome { mut records, mut frames, .. } = outcome;
        records.clear();
        frames.clear();
        records.shrink_to(RECORDS_AHEAD_MAX);
        frames.shrink_to(FRAMES_AHEAD_MAX);
        self.room = OpenBlock { records, frames };
    }

    /// What follows the acceptance of a command, which itself moves no money.
    fn decide(&self, command: &VerifiedCommand) -> Result<Vec<Event>, Rejection> {
        self.check_envelope(command)?;
        let signer = Signer { address: command.signer(), consent: command.consent() };
        decide::decide(&self.state, signer, &command.signed().command)
    }

    fn check_envelope(&self, command: &VerifiedCommand) -> Result<(), CommandRejection> {
        let (signed, signer) = (command.signed(), command.signer());
        if command.chain_id() != self.chain_id() {
            let (expected, found) = (self.chain_id().into(), command.chain_id().into());
            return Err(CommandRejection::WrongChain { expected, found });
        }
        // Between blocks the earliest that a command can be accepted in is the next one.
        let last = self.state.height();
        let height = if self.block.is_some() { last } else { last.next().unwrap_or(last) };
        let expires_at = signed.expires_at;
        if expires_at < height {
            return Err(CommandRejection::Expired { expires_at, height });
        }
        if !self.state.is_key_of(&signer, &signed.signer) {
            let (account, found) = (signer, signed.signer);
            let changed = self.state.changed_key(&account).map(ToString::to_string);
            let expected = changed.unwrap_or_else(|| format!("the one of address {account}"));
            return Err(CommandRejection::WrongKey { account, expected, found });
        }
        let expected = self.state.nonce(&signer).saturating_add(1);
        if signed.nonce != expected {
            let found = signed.nonce;
            return Err(CommandRejection::WrongNonce { signer, expected, found });
        }
        Ok(())
    }

    /// Makes decided events true: money first, then records and state.
    pub(crate) fn commit(
        &mut self,
        bank: &mut impl Bank,
        events: Vec<Event>,
    ) -> Result<(), Rejection> {
        self.commit_after(bank, None, events)
    }

    /// [`Engine::commit`] after the acceptance of the command that the events follow.
    fn commit_after(
        &mut self,
        bank: &mut impl Bank,
        asked: Option<&Arc<SignedCommand>>,
        events: Vec<Event>,
    ) -> Result<(), Rejection> {
        let mut postings = core::mem::take(&mut self.postings);
        postings.clear();
        events.iter().for_each(|event| event.post_into(&mut postings));
        let accepted = asked.map(|signed| Event::CommandAccepted(Arc::clone(signed)));
        let outcome = match affordable(bank, &postings) {
            Ok(()) => self.commit_with(bank, accepted.into_iter().chain(events), &postings),
            Err(refused) => Err(refused.to_rejection(asked.map(|signed| &signed.command), &events)),
        };
        self.postings = postings;
        outcome
    }

    /// Commits events whose movements of money the bank can make.
    fn commit_with(
        &mut self,
        bank: &mut impl Bank,
        events: impl Iterator<Item = Event>,
        postings: &[Posting],
    ) -> Result<(), Rejection> {
        // What cannot be recorded must not have happened, so the records are made before money moves.
        let first = self.frame(events)?;
        let too_large = CommandRejection::RecordTooLarge { bytes_max: BODY_BYTES_MAX };
        let first = first.ok_or(too_large)?;
        for posting in postings {
            bank.post(posting).map_err(|refused| self.stop(BlockError::Bank(refused)))?;
        }
        Ok(self.chain_from(first, true)?)
    }

    fn apply(&mut self, event: &Event) -> Result<(), BlockError> {
        self.state.apply(event).map_err(|misfit| self.stop(BlockError::Misfit(misfit)))
    }

    /// Records an event that the state knows already.
    fn record(&mut self, event: Event) -> Result<(), BlockError> {
        let too_large = Misfit::new("the event is too large for a record");
        match self.frame([event].into_iter())? {
            Some(first) => self.chain_from(first, false),
            None => Err(self.stop(BlockError::Misfit(too_large))),
        }
    }

    /// Adds records and frames to the block that are not chained yet, and returns the place of the
    /// first; `None`, and nothing added, when an event is too large for a record.
    fn frame(&mut self, events: impl Iterator<Item = Event>) -> Result<Option<usize>, BlockError> {
        let (height, head) = (self.state.height(), self.head().records);
        let OpenBlock { records, frames } = self.block.as_mut().ok_or(BlockError::NotOpen)?;
        let (first, bytes) = (records.len(), frames.len());
        for (sequence, event) in (head..).zip(events) {
            let Ok(hash) = log::write_frame_into(frames, sequence, height, &event) else {
                records.truncate(first);
                frames.truncate(bytes);
                return Ok(None);
            };
            records.push(Record { sequence, height, event, hash });
        }
        Ok(Some(first))
    }

    /// Chains the records of the block from place `first` on, and applies them where they are new to
    /// the state.
    fn chain_from(&mut self, first: usize, is_new: bool) -> Result<(), BlockError> {
        let block = self.block.as_ref().ok_or(BlockError::NotOpen)?;
        for record in block.records.iter().skip(first) {
            let applied = if is_new { self.state.apply(&record.event) } else { Ok(()) };
            let unfit = Misfit::new("the record does not follow the one before");
            let chained = applied.and_then(|()| self.chain.push(record).map_err(|_| unfit));
            if let Err(misfit) = chained {
                return Err(self.stop(BlockError::Misfit(misfit)));
            }
        }
        Ok(())
    }

    fn stop(&mut self, error: BlockError) -> BlockError {
        self.has_stopped = true;
        tracing::error!(code = %error.code(), %error, "the engine stops");
        error
    }

    fn seal(&mut self) -> Result<BlockOutcome, BlockError> {
        let OpenBlock { mut records, mut frames } = self.block.take().ok_or(BlockError::NotOpen)?;
        let state_root = self.state.root();
        let before = self.chain.peaks().clone();
        let sealed = self.chain.seal(self.state.height(), state_root);
        let unsealable = Misfit::new("the seal cannot follow the records");
        let (seal, frame) = sealed.map_err(|_| self.stop(BlockError::Misfit(unsealable)))?;
        self.last = LastSeal::of(&seal, before);
        records.push(seal);
        frames.extend(frame);
        self.last_sizes = (records.len(), frames.len());
        let head = self.head();
        tracing::debug!(records = records.len(), head = %head.hash, "block sealed");
        Ok(BlockOutcome { records, frames, head, state_root })
    }
}

impl From<Rejection> for BlockError {
    /// A rule that failed where none can: at the end of a block.
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Block(error) => error,
            other => Self::EndOfBlock { code: other.code(), sentence: other.to_string() },
        }
    }
}
