//! [`Audit`]: takes a log's records one by one.

use undercut::{BlockError, Event, Genesis, Params};
use undercut_bidding::BidEvent;
use undercut_ledger::LedgerEvent;
use undercut_ledger::log::Record;
use undercut_primitives::{BlockHeight, Denom};

use crate::auctions::Auctions;
use crate::conversions::{Conversions, Late};
use crate::money::Money;
use crate::payments::Payments;
use crate::profiles::Profiles;
use crate::scene::{Checked, Scene, ensure};
use crate::signers::Signers;
use crate::{Finding, Flaw, Report};

/// Re-derives what a log says from its records.
///
/// Feed it the records of a log from the first on, in order; that hashes and seals fit is for the
/// reader to say. The first finding ends the audit: what comes after a forged record means nothing.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    market: Option<Box<Watched>>,
}

/// The market as the records tell it.
#[derive(Clone, Debug)]
struct Watched {
    scene: Scene,
    pending: Option<(Box<Params>, BlockHeight)>,
    is_block_open: bool,
    signers: Signers,
    profiles: Profiles,
    auctions: Auctions,
    payments: Payments,
    conversions: Conversions,
    money: Money,
}

impl Audit {
    /// An audit that saw nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the next record.
    ///
    /// # Errors
    ///
    /// The first [`Finding`]; the audit is over then.
    pub fn record(&mut self, record: &Record<Event>) -> Result<(), Finding> {
        let at = |sequence: Option<u64>, flaw| Finding {
            sequence: sequence.unwrap_or(record.sequence),
            height: record.height,
            flaw,
        };
        let checked = match (&mut self.market, &record.event) {
            (None, Event::Genesis(genesis)) => match Watched::new(genesis) {
                Ok(market) => self.market.insert(market.into()).money(&record.event),
                Err(flaw) => Err(flaw),
            },
            (None, _) | (Some(_), Event::Genesis(_)) => Err(Flaw::Genesis.into()),
            (Some(market), Event::BlockSealed(_)) => {
                market.seal(record.height).map_err(|late| at(late.sequence, late.flaw))?;
                Ok(())
            }
            (Some(market), event) => market.event(record.sequence, record.height, event),
        };
        checked.map_err(|flaw| at(None, flaw))?;
        if let Some(market) = &mut self.market {
            market.scene.report.note_record();
        }
        Ok(())
    }

    /// How many of each were checked so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.market.as_ref().map_or_else(Report::default, |market| market.scene.report)
    }

    /// All that there is of a denom by the records, in micro-units; where the host's bank holds the
    /// money of the accounts, what was minted and burned since the genesis.
    #[must_use]
    pub fn supply(&self, denom: &Denom) -> u128 {
        self.market.as_ref().map_or(0, |market| market.money.supply(denom))
    }

    /// How many of each were checked.
    #[must_use]
    pub fn finish(self) -> Report {
        self.report()
    }
}

impl Watched {
    fn new(genesis: &Genesis) -> Result<Self, Box<Flaw>> {
        genesis.check().map_err(Flaw::from)?;
        let scene = Scene::new(genesis);
        let genesis_uact = genesis.supply(&Denom::uact()).unwrap_or_default();
        Ok(Self {
            conversions: Conversions::new(genesis.vault_uakt, genesis_uact, &scene),
            scene,
            pending: None,
            is_block_open: true,
            signers: Signers::default(),
            profiles: Profiles::default(),
            auctions: Auctions::default(),
            payments: Payments::default(),
            money: Money::new(genesis),
        })
    }

    fn money(&mut self, event: &Event) -> Checked {
        self.money.event(event, &mut self.scene)
    }

    fn event(&mut self, sequence: u64, height: BlockHeight, event: &Event) -> Checked {
        if let Event::BlockOpened(context) = event {
            ensure(!self.is_block_open, || Flaw::Block(BlockError::AlreadyOpen))?;
            context.check_after(&self.scene.context).map_err(Flaw::from)?;
            self.is_block_open = true;
            (self.scene.context, self.scene.asked) = (*context, None);
            self.payments.begin_block(context.height)?;
        }
        let is_here = self.is_block_open && height == self.scene.height();
        ensure(is_here, || Flaw::Block(BlockError::NotOpen))?;
        self.happened(sequence, event)?;
        self.money(event)
    }

    fn happened(&mut self, sequence: u64, event: &Event) -> Checked {
        let Self { scene, profiles, .. } = self;
        match event {
            Event::CommandAccepted(signed) => {
                self.command_done()?;
                self.signers.accept(signed, &mut self.scene)?;
                self.payments.command(signed);
                Ok(())
            }
            Event::ProviderRegistered { provider, registration }
            | Event::ProviderUpdated { provider, registration } => {
                profiles.register(*provider, registration, scene)
            }
            Event::ProviderDeregistered(provider) => profiles.deregister(*provider, scene),
            Event::ProviderAttested { provider, auditor, attributes, expires_at } => {
                profiles.attest(*provider, auditor, attributes, *expires_at, scene)
            }
            Event::AttestationEnded { provider, auditor, reason } => {
                profiles.end_attestation(*provider, auditor, *reason, scene)
            }
            Event::KeyRotated { account, key } => self.signers.rotate(*account, *key, scene),
            Event::ParamsScheduled { params, effective_at } => self.schedule(params, *effective_at),
            Event::ParamsChanged => self.change_params(),
            Event::Oracle(event) => self.conversions.posted(event, scene),
            Event::Order(event) => {
                self.auctions.order_event(event, profiles, &self.payments, scene)
            }
            Event::Bid(event) => self.bid(event),
            Event::Ledger(LedgerEvent::Vault(event)) => {
                self.conversions.event(sequence, event, scene)
            }
            Event::Ledger(event) => {
                let fallback = self.conversions.fallback(scene);
                self.payments.event(event, fallback, &mut self.auctions, scene)
            }
            Event::Genesis(_) | Event::BlockOpened(_) | Event::BlockSealed(_) => Ok(()),
        }
    }

    fn bid(&mut self, event: &BidEvent) -> Checked {
        let Self { auctions, profiles, payments, scene, .. } = self;
        let provider = |id: &undercut_primitives::BidId| id.provider.0;
        match event {
            BidEvent::BidPlaced(bid) => {
                let (denom, payers) = (&bid.deposit.denom, &bid.payers);
                payments.draw_for_bid(provider(&bid.id), denom, payers, false)?;
                auctions.placed(bid, profiles, scene)
            }
            BidEvent::BidRepriced { id, price, consent } => {
                auctions.repriced(id, price, consent, scene)
            }
            BidEvent::BidWon(id) => auctions.won(id, profiles, scene),
            BidEvent::BidLost { id, refund, payers } => {
                payments.draw_for_bid(provider(id), &refund.denom, payers, true)?;
                auctions.lost(id, (refund, payers), scene)
            }
            BidEvent::BidClosed { id, reason, refund, payers } => {
                payments.draw_for_bid(provider(id), &refund.denom, payers, true)?;
                auctions.closed(id, *reason, (refund, payers), profiles, scene)
            }
        }
    }

    fn schedule(&mut self, params: &Params, effective_at: BlockHeight) -> Checked {
        let governance = &self.scene.params.governance;
        let what = || "the parameters are to change".to_owned();
        let Some(authority) = governance.authority else {
            return Err(Flaw::NotAsked { what: what() }.into());
        };
        let is_then = self.scene.height().checked_add(governance.delay) == Some(effective_at);
        self.scene.must_ask(authority, what, |command| match command {
            undercut::Command::ChangeParams(asked) => is_then && **asked == *params,
            _ => false,
        })?;
        self.pending = Some((params.clone().into(), effective_at));
        Ok(())
    }

    fn change_params(&mut self) -> Checked {
        let height = self.scene.height();
        let due = self.pending.take().filter(|(_, effective_at)| *effective_at <= height);
        let what = || "the parameters changed".to_owned();
        let (params, _) = due.ok_or_else(|| Flaw::NotAsked { what: what() })?;
        self.scene.params = *params;
        Ok(())
    }

    fn command_done(&self) -> Checked {
        self.scene.command_done()?;
        self.auctions.command_done(&self.scene)?;
        self.payments.command_done(&self.scene)
    }

    /// The end of a block: nothing is half done, and everything adds up.
    fn seal(&mut self, height: BlockHeight) -> Result<(), Late> {
        let is_here = self.is_block_open && height == self.scene.height();
        let here = ensure(is_here, || Flaw::Block(BlockError::NotOpen));
        here.and_then(|()| self.finished()).map_err(|flaw| Late { sequence: None, flaw })?;
        if height > BlockHeight::GENESIS {
            self.conversions.seal(&mut self.scene)?;
        }
        let mut escrow = self.auctions.held().clone();
        self.payments.add_parts(&mut escrow);
        let (vault, supply) = (self.conversions.vault(), self.conversions.supply());
        let adds_up = self.money.seal(&escrow, vault, supply, &mut self.scene);
        adds_up.map_err(|flaw| Late { sequence: None, flaw })?;
        self.is_block_open = false;
        self.scene.report.note_block();
        Ok(())
    }

    fn finished(&self) -> Checked {
        self.command_done()?;
        let height = self.scene.height();
        let is_late = |(_, at): &&(Box<Params>, BlockHeight)| *at <= height;
        let late = self.pending.as_ref().filter(is_late).is_some();
        let what = || "the change of parameters that is due".to_owned();
        ensure(!late, || Flaw::Missing { what: what() })?;
        self.profiles.seal(&self.scene)?;
        self.auctions.seal(&self.payments, &self.scene)?;
        self.payments.seal(&self.scene)
    }
}
