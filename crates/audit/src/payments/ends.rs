//! Ends: of leases, of money and grace, of accounts, each at its block and with everything paid.

use undercut::Command;
use undercut_ledger::{Earned, LeaseEndReason, Refund};
use undercut_primitives::{Amount, BlockHeight, BlockSpan, BlockTime, DeploymentId, LeaseId};

use super::{Account, Payments, fee_of};
use crate::auctions::{Auctions, may_end};
use crate::scene::{Checked, Scene, ensure, there};
use crate::{Check, Flaw};

impl Payments {
    /// A provider that has to announce the end of its lease did; it may end it a window later.
    pub(super) fn announced(
        &mut self,
        id: &LeaseId,
        at: BlockHeight,
        deadline: BlockTime,
        scene: &Scene,
    ) -> Checked {
        let paid = there(self.leases.get_mut(id), || format!("running lease {id}"))?;
        let end = paid.window.and_then(|window| scene.context.time.checked_add(window));
        // In whole seconds, rounded down.
        let end = end.map(|end| BlockTime::from_unix_seconds(end.to_unix_seconds()));
        let is_right = at == scene.height() && end == Some(deadline) && paid.deadline.is_none();
        let (lease, why) = (*id, "that was announced, for another time than its window gives");
        ensure(is_right, || Flaw::WrongLeaseEnd { lease, why })?;
        paid.deadline = Some(deadline);
        Ok(())
    }

    /// A lease ends when a party or the money says so, with everything paid.
    pub(super) fn ended(
        &mut self,
        id: &LeaseId,
        at: BlockHeight,
        reason: LeaseEndReason,
        earned: Earned,
        scene: &mut Scene,
    ) -> Checked {
        let (lease, height, account) = (*id, scene.height(), id.deployment());
        let paid = there(self.leases.remove(id), || format!("running lease {id}"))?;
        let is_dry = reason == LeaseEndReason::FundsExhausted && self.is_dry(&account, height);
        let why = "neither its parties nor the end of the money say so";
        ensure(is_dry || may_end(id, reason, scene), || Flaw::WrongLeaseEnd { lease, why })?;
        let is_over = paid.deadline.is_some_and(|deadline| deadline <= scene.context.time);
        let is_bound = paid.window.is_some() && !is_over;
        let is_early = is_bound && matches!(reason, LeaseEndReason::Provider(_));
        let why = "its provider left before the window that it offered was over";
        ensure(!is_early, || Flaw::WrongLeaseEnd { lease, why })?;
        let since = self.accounts.get(&account).and_then(|account| account.pause);
        let last = since.map_or(height, |(since, _)| since);
        let why = "that block is not the last that was paid for";
        ensure(at == last, || Flaw::WrongLeaseEnd { lease, why })?;
        let streams = self.plain.accounts.get_mut(&account).map(|account| &mut account.streams);
        let stream = there(streams.and_then(|all| all.remove(id)), || format!("lease {id}"))?;
        let own = paid.withdrawn.saturating_sub(paid.in_kind);
        let fees = fee_of(own, paid.take_rate_bps);
        let sums = [own.saturating_sub(fees), fees, paid.in_kind];
        let told = [earned.paid, earned.fees, earned.in_kind].map(Amount::to_micro);
        let why = "its provider was not paid all that it earned, or the sums are others";
        let is_paid = paid.withdrawn == stream.earned && sums == told;
        ensure(is_paid, || Flaw::WrongLeaseEnd { lease, why })?;
        scene.note(Check::Ends);
        Ok(())
    }

    pub(super) fn paused(
        &mut self,
        id: &DeploymentId,
        (since, until): (BlockHeight, BlockHeight),
        scene: &mut Scene,
    ) -> Checked {
        let (account, height) = (*id, scene.height());
        let is_dry = self.is_dry(id, height);
        let why = "it was paused and could pay the next block";
        ensure(is_dry, || Flaw::WrongAccount { account, why })?;
        // From here on its grace counts.
        self.dry.remove(id);
        let found = there(self.accounts.get_mut(id), || format!("account {id}"))?;
        let ends = height.checked_add(found.grace).filter(|until| *until > height);
        let is_right = found.pause.is_none() && since == height && ends == Some(until);
        let why = "its pause is not the grace that its tenant chose";
        ensure(is_right, || Flaw::WrongAccount { account, why })?;
        found.pause = Some((since, until));
        let streams = self.plain.accounts.get(id).map(|account| &account.streams);
        let unpaid = streams.into_iter().flatten().any(|(lease, _)| self.is_unpaid(lease));
        let why = "it was paused before its leases were paid what they earned";
        ensure(!unpaid, || Flaw::WrongAccount { account, why })?;
        self.plain.set_paused(id, true);
        scene.note(Check::Ends);
        Ok(())
    }

    pub(super) fn resumed(
        &mut self,
        id: &DeploymentId,
        at: BlockHeight,
        scene: &mut Scene,
    ) -> Checked {
        let account = *id;
        let found = there(self.accounts.get_mut(id), || format!("account {id}"))?;
        let since = found.pause.take().filter(|_| at == scene.height());
        let waited = since.and_then(|(since, _)| at.since(since));
        let why = "it goes on and was not paused";
        let Some(waited) = waited else {
            return Err(Flaw::WrongAccount { account, why }.into());
        };
        let left = found.grace.to_blocks().saturating_sub(waited.to_blocks());
        (found.grace, found.settled_at) = (BlockSpan::from_blocks(left), at);
        self.plain.set_paused(id, false);
        scene.note(Check::Ends);
        Ok(())
    }

    /// An account ends with its tenant's word, its money, or its last group; what is left goes back.
    pub(super) fn closed(
        &mut self,
        id: &DeploymentId,
        refunds: &[Refund],
        auctions: &Auctions,
        scene: &mut Scene,
    ) -> Checked {
        let account = *id;
        let is_asked = scene.asks(id.tenant.0, |command| match command {
            Command::CloseDeployment(asked) => asked == id,
            Command::CloseGroup(asked) => asked.deployment == *id,
            _ => false,
        });
        let may_close = is_asked || self.dry.contains(id) || auctions.is_idle(id);
        let why = "it closed, and neither its tenant nor the end of the money says so";
        ensure(may_close, || Flaw::WrongAccount { account, why })?;
        let left = there(self.plain.accounts.remove(id), || format!("account {id}"))?;
        self.accounts.remove(id);
        let why = "it closed with a running lease";
        ensure(left.streams.is_empty(), || Flaw::WrongAccount { account, why })?;
        let refund = |one: &Refund| {
            (one.to, one.drawn_by, one.coin.denom.clone(), one.coin.amount.to_micro())
        };
        let is_whole = refunds.iter().map(refund).eq(left.deposits);
        ensure(is_whole, || Flaw::WrongLeft { account })?;
        scene.note(Check::Refunds);
        Ok(())
    }

    /// At the end of a block nothing runs that cannot pay the next one.
    pub(crate) fn seal(&self, scene: &Scene) -> Checked {
        let height = scene.height();
        if let Some(account) = self.plain.cannot_pay_after(height).first() {
            let (account, why) = (*account, "it cannot pay the next block and was not ended");
            return Err(Flaw::WrongAccount { account, why }.into());
        }
        let is_over = |account: &&Account| account.pause.is_some_and(|(_, until)| until <= height);
        match self.accounts.iter().find(|(_, account)| is_over(account)) {
            Some((account, _)) => {
                let (account, why) = (*account, "its grace is over and it was not ended");
                Err(Flaw::WrongAccount { account, why }.into())
            }
            None => Ok(()),
        }
    }
}
