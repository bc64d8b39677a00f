//! [`World`]: plays a scenario block by block on the real engine.

use std::collections::{BTreeMap, BTreeSet};

use undercut::replay::Replay;
use undercut::{
    BlockContext, BlockError, BlockOutcome, Command, Engine, Event, Genesis, GenesisError,
    Rejection, SignedCommand,
};
use undercut_bidding::BidEvent;
use undercut_ledger::log::{Reader, Record};
use undercut_ledger::{LeaseEndReason, LedgerEvent, MemoryBank};
use undercut_orderbook::OrderEvent;
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{
    Address, Amount, BlockHeight, BlockSpan, BlockTime, Coin, Denom, OrderId, Provider,
};
use undercut_provider::{inventory::InventoryRejection, node::NodeRejection};

use crate::attestor::Attestor;
use crate::bidders::bidder_of;
use crate::oracle::PriceWalk;
use crate::provider::Habits;
use crate::wallet::Wallet;
use crate::{
    Actor, Auditor, Check, CheckSignatures, Counts, Declined, ProviderActor, ProviderPlan, Report,
    Scenario, Stream, TenantActor, View,
};

const ENTROPY: Namespace = Namespace("undercut/simulation-entropy/v1");
/// 2026-01-01 00:00 UTC.
const GENESIS_SECONDS: i64 = 1_767_225_600;
/// The block time of the reference's price tables: 429,909 blocks in a month of 730.488 hours.
const MILLISECONDS_PER_BLOCK: u64 = 6_117;
/// Blocks for which a signed command stays good.
const COMMAND_LIFE: BlockSpan = BlockSpan::from_blocks(10);

/// A scenario that cannot be played, or an engine that stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The market cannot start.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// A provider's node is none.
    #[error("provider {provider}: {source}")]
    Node {
        /// Whose.
        provider: String,
        /// What is wrong with it.
        source: NodeRejection,
    },
    /// A provider's nodes do not go together.
    #[error("provider {provider}: {source}")]
    Inventory {
        /// Whose.
        provider: String,
        /// What is wrong with them.
        source: InventoryRejection,
    },
    /// The engine stopped: a bug.
    #[error("{code}: {0}", code = .0.code())]
    Block(#[from] BlockError),
}

/// A command that the engine refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Who asked.
    pub account: Address,
    /// What for.
    pub command: Command,
    /// Why not.
    pub rejection: Rejection,
}

/// What one block brought.
#[derive(Debug)]
pub struct Step {
    /// The sealed block.
    pub outcome: BlockOutcome,
    /// Commands that the engine refused.
    pub refused: Vec<Refused>,
    /// Orders that providers declined.
    pub declined: Vec<Declined>,
}

/// A market being played.
#[derive(Debug)]
pub struct World {
    scenario: Scenario,
    engine: Engine,
    bank: MemoryBank,
    wallet: Wallet,
    tenants: Vec<TenantActor>,
    providers: Vec<ProviderActor>,
    attestor: Attestor,
    oracle: PriceWalk,
    auditor: Auditor,
    log: Vec<u8>,
    last: Vec<Record<Event>>,
    tally: Tally,
}

/// What is counted along the way.
#[derive(Debug, Default)]
struct Tally {
    counts: Counts,
    paid: BTreeMap<Denom, Amount>,
    opened_at: BTreeMap<OrderId, BlockHeight>,
    match_blocks: Vec<u64>,
    gpu_blocks_used: u64,
    gpu_blocks: u64,
    no_bids: BTreeMap<&'static str, (u64, String)>,
    refused: BTreeMap<&'static str, (u64, String)>,
}

impl World {
    /// Sets a scenario up: keys, genesis, actors. Block 0 is sealed then.
    ///
    /// # Errors
    ///
    /// [`WorldError`] for a scenario that cannot be played.
    pub fn new(scenario: &Scenario) -> Result<Self, WorldError> {
        let seed = scenario.seed;
        let mut wallet = Wallet::default();
        let auditor_account = wallet.add(seed, "auditor");
        let mut balances = Vec::new();
        let mut fund = |account: Address, coins: &[Coin]| {
            balances.extend(coins.iter().map(|coin| (account, coin.clone())));
        };
        let (mut providers, mut audited) = (Vec::new(), BTreeSet::new());
        for plan in &scenario.providers {
            let account = wallet.add(seed, &plan.name);
            fund(account, &plan.funds);
            if plan.is_audited {
                audited.insert(Provider(account));
            }
            providers.push(provider_actor(seed, account, plan)?);
        }
        let mut tenants = Vec::new();
        for plan in &scenario.tenants {
            let account = wallet.add(seed, &plan.name);
            fund(account, &plan.funds);
            tenants.push(TenantActor::new(account, plan.clone()));
        }
        let genesis = Genesis {
            chain_id: format!("undercut-{}-{seed}", scenario.name),
            time: BlockTime::from_unix_seconds(GENESIS_SECONDS),
            params: scenario.params.clone(),
            auditors: vec![(scenario.auditor.clone(), auditor_account)],
            balances,
            vault_uakt: scenario.vault_uakt,
        };
        let mut bank = MemoryBank::default();
        let (engine, outcome) = Engine::new(&genesis, &mut bank)?;
        let mut auditor = Auditor::default();
        auditor.observe(&outcome.records, engine.state(), &bank);
        Ok(Self {
            scenario: scenario.clone(),
            engine,
            bank,
            wallet,
            tenants,
            providers,
            attestor: Attestor::new(auditor_account, audited),
            oracle: PriceWalk::new(scenario.usd_per_akt, Stream::new(seed, "oracle")),
            auditor,
            log: outcome.frames,
            last: outcome.records,
            tally: Tally::default(),
        })
    }

    /// The scenario that is played.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The engine, for reading its state.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Everyone's money outside escrow.
    #[must_use]
    pub const fn bank(&self) -> &MemoryBank {
        &self.bank
    }

    /// What an account is called in the scenario.
    #[must_use]
    pub fn name(&self, account: &Address) -> &str {
        self.wallet.name(account)
    }

    /// The log so far, as it would stand in a file.
    #[must_use]
    pub fn log(&self) -> &[u8] {
        &self.log
    }

    /// Plays one block: everyone acts, commands are executed in the order of the actors, the block
    /// is sealed and audited.
    ///
    /// # Errors
    ///
    /// [`WorldError::Block`] when the engine stops. What the auditor finds stands in the report.
    pub fn step(&mut self, signatures: &impl CheckSignatures) -> Result<Step, WorldError> {
        let context = self.next_context()?;
        self.engine.begin_block(context)?;
        let (wanted, declined) = self.act(context.height);
        let refused = self.execute(wanted, context.height, signatures);
        let outcome = self.engine.end_block(&mut self.bank)?;
        self.auditor.observe(&outcome.records, self.engine.state(), &self.bank);
        self.log.extend_from_slice(&outcome.frames);
        self.tally.observe(&outcome, &refused, &declined);
        self.tally.observe_gpus(&self.providers);
        self.last.clone_from(&outcome.records);
        Ok(Step { outcome, refused, declined })
    }

    fn next_context(&mut self) -> Result<BlockContext, BlockError> {
        let last = *self.engine.state().context();
        let (expected, found) = (last.height, last.height);
        let height = last.height.next().ok_or(BlockError::WrongHeight { expected, found })?;
        let passed = height.to_u64().saturating_mul(MILLISECONDS_PER_BLOCK) / 1_000;
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let time = BlockTime::from_unix_seconds(GENESIS_SECONDS.saturating_add(passed));
        let entropy = crypto::digest(ENTROPY, self.engine.head().hash.as_bytes());
        Ok(BlockContext { height, time, price: Some(self.oracle.next(time)), entropy })
    }

    /// What everyone wants: tenants, the attestor, providers, in the order of the scenario.
    fn act(&mut self, height: BlockHeight) -> (Vec<(Address, Command)>, Vec<Declined>) {
        let (state, bank, records) = (self.engine.state(), &self.bank, &self.last[..]);
        let view = View { state, bank, records, height };
        let (mut wanted, mut declined) = (Vec::new(), Vec::new());
        let tenants = self.tenants.iter_mut().map(|actor| -> &mut dyn Actor { actor });
        let providers = self.providers.iter_mut().map(|actor| -> &mut dyn Actor { actor });
        let attestor: &mut dyn Actor = &mut self.attestor;
        for actor in tenants.chain(std::iter::once(attestor)).chain(providers) {
            let account = actor.account();
            wanted.extend(actor.act(&view).into_iter().map(|command| (account, command)));
            declined.extend(actor.declined());
        }
        (wanted, declined)
    }

    /// Signs everything, has the signatures checked at once, and executes in order.
    ///
    /// A refused command leaves its nonce unused, so whatever its signer had signed after it is
    /// signed again.
    fn execute(
        &mut self,
        wanted: Vec<(Address, Command)>,
        height: BlockHeight,
        signatures: &impl CheckSignatures,
    ) -> Vec<Refused> {
        let chain_id = self.engine.chain_id().to_owned();
        let mut nonces: BTreeMap<Address, u64> = BTreeMap::new();
        let signed = wanted.iter().filter_map(|(account, command)| {
            let last = nonces.entry(*account).or_insert_with(|| self.engine.state().nonce(account));
            *last = last.saturating_add(1);
            self.sign(account, *last, height, command.clone())
        });
        let signed: Vec<SignedCommand> = signed.collect();
        let mut checked = signatures.check(&chain_id, signed).into_iter();
        let (mut refused, mut behind) = (Vec::new(), BTreeSet::new());
        for (account, command) in wanted {
            let checked = checked.next();
            let result = if behind.contains(&account) {
                self.execute_again(&account, height, &command)
            } else {
                match checked {
                    Some(Ok(verified)) => {
                        let done = self.engine.execute_verified(&mut self.bank, &verified);
                        done.map(|_| ())
                    }
                    Some(Err(rejection)) => Err(Rejection::from(rejection)),
                    None => continue,
                }
            };
            if let Err(rejection) = result {
                behind.insert(account);
                self.tell(&account, &command, &rejection);
                refused.push(Refused { account, command, rejection });
            }
        }
        refused
    }

    fn sign(
        &self,
        account: &Address,
        nonce: u64,
        height: BlockHeight,
        command: Command,
    ) -> Option<SignedCommand> {
        let expires_at = height.checked_add(COMMAND_LIFE).unwrap_or(height);
        self.wallet.sign(account, self.engine.chain_id(), nonce, expires_at, command)
    }

    fn execute_again(
        &mut self,
        account: &Address,
        height: BlockHeight,
        command: &Command,
    ) -> Result<(), Rejection> {
        let nonce = self.engine.state().nonce(account).saturating_add(1);
        let Some(signed) = self.sign(account, nonce, height, command.clone()) else {
            return Ok(());
        };
        self.engine.execute(&mut self.bank, &signed).map(|_| ())
    }

    fn tell(&mut self, account: &Address, command: &Command, rejection: &Rejection) {
        if let Some(actor) = self.providers.iter_mut().find(|actor| actor.account() == *account) {
            actor.refused(command, rejection);
        }
    }

    /// What the market came to so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let (vault, tally) = (self.engine.state().vault().books(), &self.tally);
        let mut match_blocks = tally.match_blocks.clone();
        match_blocks.sort_unstable();
        let state_root = self.last.iter().rev().find_map(|record| match record.event {
            Event::BlockSealed(seal) => Some(seal.state_root),
            _ => None,
        });
        Report {
            scenario: self.scenario.name.clone(),
            seed: self.scenario.seed,
            height: self.engine.state().height(),
            counts: tally.counts,
            paid: tally.paid.clone(),
            burned_uakt: vault.burned_uakt,
            minted_uact: vault.minted_uact,
            burned_uact: vault.burned_uact,
            minted_uakt: vault.minted_uakt,
            match_blocks,
            gpu_blocks_used: tally.gpu_blocks_used,
            gpu_blocks: tally.gpu_blocks,
            no_bids: tally.no_bids.clone(),
            refused: tally.refused.clone(),
            head: self.engine.head(),
            state_root: state_root.unwrap_or_default(),
            checks: self.auditor.checks(),
        }
    }

    /// The report, with the log verified and replayed from its bytes.
    #[must_use]
    pub fn finish(self) -> Report {
        let mut report = self.report();
        let (mut chain, mut same) =
            (Check::new("hash chain verifies"), Check::new("replay gives same state root"));
        let (mut reader, mut replay) = (Reader::<Event>::new(&self.log), Replay::default());
        let mut diverged = None;
        for record in &mut reader {
            let broken = record.as_ref().err().cloned();
            chain.note(broken.is_none(), || format!("{broken:?}"));
            if let (Ok(record), None) = (record, &diverged) {
                diverged = replay.apply(&record).err();
            }
        }
        chain.note(reader.head() == report.head, || "the log ends before its head".to_owned());
        same.times = replay.seals();
        same.note(diverged.is_none() && replay.sealed() == report.head, || format!("{diverged:?}"));
        let root = replay.state_root();
        same.note(root == report.state_root, || format!("{root} is not {}", report.state_root));
        report.checks.extend([chain, same]);
        report
    }
}

impl Tally {
    fn observe(&mut self, outcome: &BlockOutcome, refused: &[Refused], declined: &[Declined]) {
        for record in &outcome.records {
            self.record(&record.event, record.height);
        }
        for refused in refused {
            if matches!(refused.command, Command::CreateBid(_)) {
                increment(&mut self.counts.bids_refused);
            }
            let (code, sentence) = (refused.rejection.code(), refused.rejection.to_string());
            increment(&mut self.refused.entry(code.as_str()).or_insert((0, sentence)).0);
        }
        for declined in declined {
            let (code, sentence) = (declined.reason.code(), declined.reason.to_string());
            increment(&mut self.no_bids.entry(code.as_str()).or_insert((0, sentence)).0);
        }
    }

    fn record(&mut self, event: &Event, height: BlockHeight) {
        let counts = &mut self.counts;
        match event {
            Event::Order(OrderEvent::OrderOpened(order)) => {
                increment(&mut counts.orders_opened);
                self.opened_at.insert(order.id, order.opened_at);
            }
            Event::Order(OrderEvent::OrderMatched(id)) => {
                increment(&mut counts.orders_matched);
                let opened_at = self.opened_at.remove(id);
                let blocks = opened_at.and_then(|opened_at| height.since(opened_at));
                self.match_blocks.extend(blocks.map(BlockSpan::to_blocks));
            }
            // An order that was matched was taken out when it was.
            Event::Order(OrderEvent::OrderClosed { id, .. }) => {
                let was_open = self.opened_at.remove(id).is_some();
                counts.orders_unmatched = counts.orders_unmatched.saturating_add(was_open.into());
            }
            Event::Bid(BidEvent::BidPlaced(_)) => increment(&mut counts.bids_admitted),
            Event::Ledger(LedgerEvent::LeaseSigned(_)) => increment(&mut counts.leases_signed),
            Event::Ledger(LedgerEvent::LeaseEnded { reason, .. }) => match reason {
                LeaseEndReason::FundsExhausted => increment(&mut counts.leases_exhausted),
                LeaseEndReason::Tenant | LeaseEndReason::Provider(_) => {
                    increment(&mut counts.leases_closed);
                }
            },
            Event::Ledger(LedgerEvent::Withdrawn { coin, .. }) => {
                let sum = self.paid.entry(coin.denom.clone()).or_default();
                *sum = sum.plus(coin.amount).unwrap_or(*sum);
            }
            _ => {}
        }
    }

    fn observe_gpus(&mut self, providers: &[ProviderActor]) {
        for provider in providers {
            let gpus = provider.bidder().inventory().utilisation().gpus;
            self.gpu_blocks_used = self.gpu_blocks_used.saturating_add(gpus.used);
            self.gpu_blocks = self.gpu_blocks.saturating_add(gpus.total);
        }
    }
}

fn increment(count: &mut u64) {
    *count = count.saturating_add(1);
}

fn provider_actor(
    seed: u64,
    account: Address,
    plan: &ProviderPlan,
) -> Result<ProviderActor, WorldError> {
    let bidder = bidder_of(plan)?;
    let habits = Habits {
        latency: plan.latency,
        withdraws_every: plan.withdraws_every,
        gives_up_per_million: plan.gives_up_per_million,
        deposit: Coin::uakt(500_000),
    };
    Ok(ProviderActor::new(account, bidder, habits, Stream::new(seed, &plan.name)))
}
