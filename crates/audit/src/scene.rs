//! [`Scene`]: what every part of the audit looks at: the block, the parameters, the last command.

use std::cell::Cell;

use undercut::{BlockContext, Command, Genesis, Params, SignedCommand};
use undercut_bidding::NewBid;
use undercut_primitives::{Address, BlockHeight, Consent, Digest};

use crate::{Check, Flaw, Report};

/// The answer of one step.
pub(crate) type Checked = Result<(), Box<Flaw>>;

/// A command that was accepted in this block; what it did follows.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) signed: SignedCommand,
    pub(crate) consent: Consent,
    /// Whether anything happened that it asks for.
    pub(crate) is_done: Cell<bool>,
    /// How many bids of a bundle were placed.
    pub(crate) placed: Cell<usize>,
}

/// Where the log stands.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) chain_id: String,
    pub(crate) auditors: Vec<(String, Address)>,
    pub(crate) params: Params,
    pub(crate) context: BlockContext,
    pub(crate) asked: Option<Asked>,
    pub(crate) report: Report,
}

impl Scene {
    pub(crate) fn new(genesis: &Genesis) -> Self {
        let (height, time) = (BlockHeight::GENESIS, genesis.time);
        Self {
            chain_id: genesis.chain_id.clone(),
            auditors: genesis.auditors.clone(),
            params: genesis.params.clone(),
            context: BlockContext { height, time, price: None, entropy: Digest::ZERO },
            asked: None,
            report: Report::default(),
        }
    }

    pub(crate) const fn height(&self) -> BlockHeight {
        self.context.height
    }

    pub(crate) fn note(&mut self, check: Check) {
        self.report.note(check);
    }

    /// Whether the last command is `account`'s and like this; then it has done something.
    pub(crate) fn asks(&self, account: Address, is_it: impl FnOnce(&Command) -> bool) -> bool {
        let asked = self.asked.as_ref().filter(|asked| asked.signed.account == account);
        asked.is_some_and(|asked| {
            let is_it = is_it(&asked.signed.command);
            asked.is_done.set(asked.is_done.get() || is_it);
            is_it
        })
    }

    /// The flaw that nobody asked for `what`, unless the last command is `account`'s and like this.
    pub(crate) fn must_ask(
        &self,
        account: Address,
        what: impl FnOnce() -> String,
        is_it: impl FnOnce(&Command) -> bool,
    ) -> Checked {
        ensure(self.asks(account, is_it), || Flaw::NotAsked { what: what() })
    }

    /// Whether the last command did something. What pays in or out is for the payments to say.
    pub(crate) fn command_done(&self) -> Checked {
        let Some(Asked { signed, is_done, placed, .. }) = &self.asked else { return Ok(()) };
        let is_payment = matches!(
            signed.command,
            Command::Deposit { .. } | Command::Withdraw(_) | Command::WithdrawAll { .. }
        );
        let (account, what) = (signed.account, || signed.command.kind().to_owned());
        ensure(is_payment || is_done.get(), || Flaw::NotDone { account, what: what() })?;
        let Command::CreateBids(bids) = &signed.command else { return Ok(()) };
        let (count, done) = (bids.len(), placed.get());
        let what = || format!("{done} of {count} bids were placed");
        ensure(done == count, || Flaw::NotDone { account, what: what() })
    }

    /// The bid of a bundle that comes next. It is taken for placed.
    pub(crate) fn next_of<'a>(&self, bids: &'a [NewBid]) -> Option<&'a NewBid> {
        let placed = &self.asked.as_ref()?.placed;
        bids.get(placed.replace(placed.get().saturating_add(1)))
    }

    /// The consent in the last command.
    pub(crate) fn consent(&self) -> Option<Consent> {
        self.asked.as_ref().map(|asked| asked.consent)
    }
}

/// The flaw, unless `holds`.
pub(crate) fn ensure(holds: bool, flaw: impl FnOnce() -> Flaw) -> Checked {
    if holds { Ok(()) } else { Err(Box::new(flaw())) }
}

/// What an option holds, or the flaw that `what` is not there.
pub(crate) fn there<T>(found: Option<T>, what: impl FnOnce() -> String) -> Result<T, Box<Flaw>> {
    found.ok_or_else(|| Flaw::NotThere { what: what() }.into())
}
