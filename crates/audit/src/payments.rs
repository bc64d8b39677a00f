//! Escrow and leases: every account settled in every block by [`undercut_ledger::plain`], and what
//! the records say of them compared to the micro-unit. `ends` is about how they end.

mod ends;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use undercut::{Command, SignedCommand};
use undercut_ledger::escrow::WITHDRAWALS_MAX;
use undercut_ledger::oracle::OraclePrice;
use undercut_ledger::{Allowances, Deposit, InKind, LedgerEvent, Settlement, SignedLease, plain};
use undercut_primitives::{
    Address, Amount, BlockHeight, BlockSpan, BlockTime, Coin, Contribution, Denom, DeploymentId,
    LeaseId, PricePerBlock, TimeSpan,
};

use crate::auctions::Auctions;
use crate::scene::{Checked, Scene, ensure, there};
use crate::{Check, Flaw};

const ONE: u128 = 1_000_000_000_000_000_000;
const WHOLE_BPS: u128 = 10_000;

/// What an account did so far.
#[derive(Clone, Copy, Debug)]
struct Account {
    settled_at: BlockHeight,
    /// Blocks that leases may still wait for top-ups.
    grace: BlockSpan,
    /// Since which block it waits, and until which.
    pause: Option<(BlockHeight, BlockHeight)>,
}

/// What a lease was paid so far, in micro-units.
#[derive(Clone, Copy, Debug)]
struct Paid {
    settled: u128,
    /// Paid out, fees and what was paid in uakt included.
    withdrawn: u128,
    /// The worth of what was paid in uakt.
    in_kind: u128,
    in_kind_uakt: u128,
    take_rate_bps: u32,
    /// How long before an early end its provider has to announce it.
    window: Option<TimeSpan>,
    /// From when on its provider may end it, if it was announced.
    deadline: Option<BlockTime>,
}

/// Part of a sum that goes to the community pool: rounded up, once over the whole lease.
fn fee_of(sum: u128, bps: u32) -> u128 {
    sum.saturating_mul(u128::from(bps)).div_ceil(WHOLE_BPS)
}

/// All accounts and running leases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payments {
    plain: plain::Ledger,
    accounts: BTreeMap<DeploymentId, Account>,
    leases: BTreeMap<LeaseId, Paid>,
    /// Accounts whose money or grace was found to end with this block.
    dry: BTreeSet<DeploymentId>,
    /// What the last command pays in, and what of that is not recorded yet.
    deposits: VecDeque<(DeploymentId, Deposit)>,
    allowances: Allowances,
}

impl Payments {
    /// A block begins: everything that runs is paid for it.
    pub(crate) fn begin_block(&mut self, height: BlockHeight) -> Checked {
        self.dry.clear();
        match self.plain.settle_block(height).first() {
            Some(account) => {
                let (account, why) = (*account, "it cannot pay this block and was not ended");
                Err(Flaw::WrongAccount { account, why }.into())
            }
            None => Ok(()),
        }
    }

    /// What a command pays into an account.
    pub(crate) fn command(&mut self, signed: &SignedCommand) {
        let account = signed.account;
        let (id, coin, payers) = match &signed.command {
            Command::CreateDeployment(new) => {
                let tenant = undercut_primitives::Tenant(account);
                (DeploymentId { tenant, dseq: new.dseq }, &new.deposit, &new.payers)
            }
            Command::Deposit { deployment, coin, payers } => (*deployment, coin, payers),
            _ => return,
        };
        let whole = [Contribution { payer: account, amount: coin.amount }];
        let payers = if payers.is_empty() { &whole[..] } else { payers };
        let deposit = |part: &Contribution| {
            let drawn_by = (part.payer != account).then_some(account);
            let coin = Coin::new(coin.denom.clone(), part.amount);
            (id, Deposit { depositor: part.payer, drawn_by, coin })
        };
        self.deposits = payers.iter().map(deposit).collect();
    }

    /// What a command has to leave behind it.
    pub(crate) fn command_done(&self, scene: &Scene) -> Checked {
        if let (Some((id, _)), Some(asked)) = (self.deposits.front(), &scene.asked) {
            let (account, what) = (asked.signed.account, format!("a deposit into account {id}"));
            return Err(Flaw::NotDone { account, what }.into());
        }
        let Some(asked) = &scene.asked else { return Ok(()) };
        let account = asked.signed.account;
        let unpaid = match &asked.signed.command {
            Command::Withdraw(lease) => self.is_unpaid(lease).then_some(*lease),
            Command::WithdrawAll { from } => {
                let from = |lease: &&LeaseId| from.is_none_or(|from| **lease >= from);
                let own = |lease: &&LeaseId| lease.provider().0 == account;
                let leases = self.leases.keys().filter(own).filter(from).take(WITHDRAWALS_MAX);
                leases.copied().find(|lease| self.is_unpaid(lease))
            }
            _ => None,
        };
        match unpaid {
            Some(lease) => {
                let what = format!("lease {lease} is not paid what it earned");
                Err(Flaw::NotDone { account, what }.into())
            }
            None => Ok(()),
        }
    }

    /// Whether a lease earned more than it was paid.
    fn is_unpaid(&self, lease: &LeaseId) -> bool {
        let account = self.plain.accounts.get(&lease.deployment());
        let stream = account.and_then(|account| account.streams.get(lease));
        let paid = self.leases.get(lease).map(|paid| paid.withdrawn);
        stream.is_some_and(|stream| Some(stream.earned) != paid)
    }

    /// Whether a deployment has an account that is not closed.
    pub(crate) fn is_open(&self, id: &DeploymentId) -> bool {
        self.accounts.contains_key(id)
    }

    /// Whether an account can pay a block of what runs and of a lease at this price.
    pub(crate) fn affords(&self, id: &DeploymentId, price: &PricePerBlock) -> bool {
        let Some(account) = self.plain.accounts.get(id) else { return false };
        let cost = price.value.to_atoms().checked_div(ONE);
        let owed = account.next_block().zip(cost).and_then(|(owed, cost)| owed.checked_add(cost));
        let pays = owed.is_some_and(|owed| owed <= account.balance(&account.denom));
        pays && !account.is_paused && price.denom == account.denom
    }

    /// Whether the money or the grace of an account ends with this block.
    fn is_dry(&mut self, id: &DeploymentId, height: BlockHeight) -> bool {
        let grace = self.accounts.get(id).and_then(|account| account.pause);
        let account = self.plain.accounts.get(id);
        let ends = match grace {
            Some((_, until)) => until <= height,
            None => account.is_some_and(|account| account.cannot_pay_after(height)),
        };
        // Leases of the account stop one after the other; what was so at the first stays so.
        ends && self.dry.insert(*id) || self.dry.contains(id)
    }

    /// Draws the deposit of a bid out of what others allow its provider, or puts it back.
    pub(crate) fn draw_for_bid(
        &mut self,
        provider: Address,
        denom: &Denom,
        payers: &[Contribution],
        is_back: bool,
    ) -> Checked {
        for part in payers.iter().filter(|part| part.payer != provider) {
            let id = undercut_ledger::AllowanceId { grantee: provider, granter: part.payer };
            let coin = Coin::new(denom.clone(), part.amount);
            if is_back {
                self.allowances.restore(&id, &coin);
            } else {
                let drawn = self.allowances.draw(&id, &coin);
                let what = || format!("{provider} spends {coin} of {}", part.payer);
                drawn.map_err(|_| Flaw::NotAsked { what: what() })?;
            }
        }
        Ok(())
    }

    pub(crate) fn event(
        &mut self,
        event: &LedgerEvent,
        fallback: Option<OraclePrice>,
        auctions: &mut Auctions,
        scene: &mut Scene,
    ) -> Checked {
        match event {
            LedgerEvent::AccountOpened { id, denom, grace, at } => {
                self.opened(id, denom, *grace, *at, scene)
            }
            LedgerEvent::Deposited { account, deposit } => self.deposited(*account, deposit, event),
            LedgerEvent::LeaseSigned(signed) => {
                auctions.lease_signed(signed, scene)?;
                self.lease(signed)
            }
            LedgerEvent::Settled(settlement) => self.settled(settlement, scene),
            LedgerEvent::Withdrawn { lease, coin, fee } => self.withdrawn(lease, coin, *fee, scene),
            LedgerEvent::InKindPaid(paid) => self.paid_in_kind(paid, fallback, scene),
            LedgerEvent::ReclamationStarted { id, at, deadline, reason } => {
                let asked = Command::StartReclamation { lease: *id, reason: *reason };
                let what = || format!("the end of lease {id} was announced");
                scene.must_ask(id.provider().0, what, |command| *command == asked)?;
                self.announced(id, *at, *deadline, scene)
            }
            LedgerEvent::LeaseEnded { id, at, reason, earned } => {
                self.ended(id, *at, *reason, *earned, scene)?;
                auctions.lease_ended(*id);
                Ok(())
            }
            LedgerEvent::AccountPaused { id, since, until } => {
                self.paused(id, (*since, *until), scene)
            }
            LedgerEvent::AccountResumed { id, at } => self.resumed(id, *at, scene),
            LedgerEvent::AccountClosed { id, refunds } => {
                self.closed(id, refunds, auctions, scene)?;
                self.allow(event)
            }
            LedgerEvent::AllowanceGranted { id, .. } => {
                let what = || format!("{} allows {} to spend", id.granter, id.grantee);
                scene.must_ask(id.granter, what, |command| match command {
                    Command::GrantAllowance(new) => new.grantee == id.grantee,
                    _ => false,
                })?;
                self.allow(event)
            }
            LedgerEvent::AllowanceRevoked(id) => {
                let asked = Command::RevokeAllowance { grantee: id.grantee };
                let what = || format!("{} allows {} no more", id.granter, id.grantee);
                scene.must_ask(id.granter, what, |command| *command == asked)?;
                self.allow(event)
            }
            LedgerEvent::Vault(_) => Ok(()),
        }
    }

    /// What others let one spend, by the rules of the ledger crate.
    fn allow(&mut self, event: &LedgerEvent) -> Checked {
        let misfit = |misfit: undercut_primitives::Misfit| Flaw::NotThere {
            what: format!("an allowance: {misfit}"),
        };
        Ok(self.allowances.apply(event).map_err(misfit)?)
    }

    fn opened(
        &mut self,
        id: &DeploymentId,
        denom: &Denom,
        grace: BlockSpan,
        at: BlockHeight,
        scene: &Scene,
    ) -> Checked {
        let is_new = at == scene.height() && !self.accounts.contains_key(id);
        let what = || format!("account {id} was opened like this");
        scene.must_ask(id.tenant.0, what, |command| match command {
            Command::CreateDeployment(new) => {
                is_new && (new.dseq, new.grace, &new.deposit.denom) == (id.dseq, grace, denom)
            }
            _ => false,
        })?;
        self.plain.open(*id, denom.clone());
        self.accounts.insert(*id, Account { settled_at: at, grace, pause: None });
        Ok(())
    }

    fn deposited(&mut self, id: DeploymentId, deposit: &Deposit, event: &LedgerEvent) -> Checked {
        let asked = self.deposits.pop_front();
        let is_asked = asked.is_some_and(|(of, asked)| of == id && asked == *deposit);
        let what = || format!("{} was paid into account {id}", deposit.coin);
        ensure(is_asked, || Flaw::NotAsked { what: what() })?;
        let account = there(self.plain.accounts.get(&id), || format!("account {id}"))?;
        let is_taken = deposit.coin.denom == account.denom
            || (account.denom == Denom::uact() && deposit.coin.denom == Denom::uakt());
        let why = "it does not take this denom";
        ensure(is_taken, || Flaw::WrongAccount { account: id, why })?;
        self.plain.deposit(id, deposit);
        self.allow(event)
    }

    fn lease(&mut self, signed: &SignedLease) -> Checked {
        let (id, price) = (signed.terms.id, &signed.terms.price);
        let account = id.deployment();
        let why = "a lease was signed of which it cannot pay one block";
        ensure(self.affords(&account, price), || Flaw::WrongAccount { account, why })?;
        self.plain.start(id, price.value);
        let take_rate_bps = signed.terms.take_rate_bps;
        let paid = Paid {
            settled: 0,
            withdrawn: 0,
            in_kind: 0,
            in_kind_uakt: 0,
            take_rate_bps,
            window: signed.terms.reclamation,
            deadline: None,
        };
        self.leases.insert(id, paid);
        Ok(())
    }

    /// Every running lease gets floor(rate × blocks) less what it got before; who gets nothing is
    /// left out.
    fn settled(&mut self, settlement: &Settlement, scene: &mut Scene) -> Checked {
        let Settlement { account: id, from, to, shares } = settlement;
        let what = || format!("account {id}");
        let account = there(self.accounts.get_mut(id), what)?;
        let expected = account.settled_at;
        let is_now = *from == expected && *to == scene.height() && account.pause.is_none();
        let (at, from, to) = (*id, *from, *to);
        ensure(is_now, || Flaw::WrongSpan { account: at, from, to, expected })?;
        account.settled_at = to;
        let streams = &there(self.plain.accounts.get(id), what)?.streams;
        let mut shares = shares.iter().peekable();
        for (lease, stream) in streams {
            let paid = there(self.leases.get_mut(lease), || format!("lease {lease}"))?;
            let expected = stream.earned.saturating_sub(paid.settled);
            let share = shares.next_if(|share| share.lease == *lease);
            let found = share.map_or(0, |share| share.amount.to_micro());
            let (lease, [found, expected]) = (*lease, [found, expected].map(Amount::from_micro));
            ensure(found == expected, || Flaw::WrongShare { lease, found, expected })?;
            paid.settled = stream.earned;
            scene.note(Check::Settlements);
        }
        match shares.next() {
            Some(share) => {
                Err(Flaw::NotThere { what: format!("running lease {}", share.lease) }.into())
            }
            None => Ok(()),
        }
    }

    /// A payment is all that was earned and not paid out, with the fee over the whole lease.
    fn withdrawn(
        &mut self,
        lease: &LeaseId,
        coin: &Coin,
        fee: Amount,
        scene: &mut Scene,
    ) -> Checked {
        let what = || format!("running lease {lease}");
        let account = there(self.plain.accounts.get(&lease.deployment()), what)?;
        let stream = there(account.streams.get(lease), what)?;
        let paid = there(self.leases.get_mut(lease), what)?;
        let bps = paid.take_rate_bps;
        let own = |withdrawn: u128| withdrawn.saturating_sub(paid.in_kind);
        let (before, after) = (own(paid.withdrawn), own(stream.earned));
        let expected_fee = fee_of(after, bps).saturating_sub(fee_of(before, bps));
        let owed = stream.earned.saturating_sub(paid.withdrawn);
        let expected = owed.saturating_sub(expected_fee);
        let is_right = (coin.amount.to_micro(), fee.to_micro()) == (expected, expected_fee);
        let is_settled = paid.settled == stream.earned && coin.denom == account.denom;
        ensure(is_right && is_settled, || Flaw::WrongPayout {
            lease: *lease,
            paid: coin.amount,
            fee,
            expected: Amount::from_micro(expected),
            expected_fee: Amount::from_micro(expected_fee),
        })?;
        paid.withdrawn = stream.earned;
        scene.note(Check::Payouts);
        Ok(())
    }

    /// A block paid in uakt: its account has no more uact, none can be minted, and each lease gets
    /// what it lacks at the price of the block.
    fn paid_in_kind(
        &mut self,
        paid: &InKind,
        fallback: Option<OraclePrice>,
        scene: &mut Scene,
    ) -> Checked {
        let (id, height) = (paid.account, scene.height());
        let wrong = |why| Err(Flaw::WrongInKind { account: id, why }.into());
        if !self.is_dry(&id, height) {
            return wrong("it could pay the next block");
        }
        if fallback != Some(paid.price) {
            return wrong("the vault mints, or the price is not the block's");
        }
        let settled_at = self.accounts.get(&id).map(|account| account.settled_at);
        let is_next = Some(paid.to) == height.next() && settled_at == Some(height);
        if !is_next || !self.plain.pay_in_kind(paid) {
            return wrong("a lease got another amount than it was owed");
        }
        let account = there(self.plain.accounts.get(&id), || format!("account {id}"))?;
        let running = account.streams.values().filter(|stream| stream.is_open).count();
        if account.balance(&account.denom) > 0 || running != paid.shares.len() {
            return wrong("not all that is left was shared out among all leases");
        }
        for share in &paid.shares {
            let lease = there(self.leases.get_mut(&share.lease), || format!("{}", share.lease))?;
            let add = |to: &mut u128, amount: u128| *to = to.saturating_add(amount);
            let before = fee_of(lease.in_kind_uakt, lease.take_rate_bps);
            let given = share.paid.to_micro().saturating_add(share.fee.to_micro());
            add(&mut lease.in_kind_uakt, given);
            let fee = fee_of(lease.in_kind_uakt, lease.take_rate_bps).saturating_sub(before);
            if fee != share.fee.to_micro() {
                return wrong("a fee is not the lease's take rate");
            }
            let value = share.value.to_micro();
            add(&mut lease.settled, value.saturating_add(share.own.to_micro()));
            add(&mut lease.withdrawn, value);
            add(&mut lease.in_kind, value);
            scene.note(Check::Payouts);
        }
        let account = there(self.accounts.get_mut(&id), || format!("account {id}"))?;
        account.settled_at = paid.to;
        Ok(())
    }

    /// Adds what the escrow owes to depositors and providers, by denom.
    pub(crate) fn add_parts(&self, parts: &mut BTreeMap<Denom, u128>) {
        let mut add = |denom: &Denom, amount: u128| {
            let sum = parts.entry(denom.clone()).or_default();
            *sum = sum.saturating_add(amount);
        };
        for account in self.plain.accounts.values() {
            for (_, _, denom, amount) in &account.deposits {
                add(denom, *amount);
            }
            for (lease, stream) in &account.streams {
                let withdrawn = self.leases.get(lease).map_or(0, |paid| paid.withdrawn);
                add(&account.denom, stream.earned.saturating_sub(withdrawn));
            }
        }
    }
}
