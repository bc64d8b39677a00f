//! What the engine and the bank say beside what the model says, block by block.

use undercut_ledger::{AccountState, EscrowAccount, LeaseEndReason, LeaseState};
use undercut_primitives::{Amount, LeaseId, Provider};

use super::cast::cast;
use super::market::Market;
use super::rules::Failure;
use crate::model::{Cause, Deployment, Ended, Money, Profile, Word};

impl Market {
    /// Compares money, winners, ends of leases and the vault with the model.
    pub(super) fn compare(&self) -> Result<(), Failure> {
        let differs = |text: String| Err(Failure::new("model", text));
        let mut found = 0;
        for (denom, owner, amount) in self.bank.balances() {
            let money = Money::of(denom).expect("these markets have two denoms");
            let expected = self.model.balance(money, *owner);
            found += 1;
            if amount.to_micro() != expected {
                return differs(format!("{owner} has {amount}{denom}, the model says {expected}"));
            }
        }
        let expected = self.model.balances.values().filter(|amount| **amount > 0).count();
        if found != expected {
            return differs(format!("{found} balances, the model has {expected}"));
        }
        for id in &self.model.changed {
            self.compare_lease(id)?;
        }
        self.compare_accounts()?;
        self.compare_vault()
    }

    /// What accounts hold, were they settled now, and which are paused.
    fn compare_accounts(&self) -> Result<(), Failure> {
        let state = self.engine.state();
        for (id, expected) in &self.model.deployments {
            let account = state.escrow().account(id).filter(|account| account.is_open());
            let account = account.ok_or(Failure::new("model", format!("no open account {id}")))?;
            let settled = account.settle(state.height()).ok().flatten();
            let shares = settled.iter().flat_map(|settlement| &settlement.shares);
            let owed: u128 = shares.map(|share| share.amount.to_micro()).sum();
            let held = account.balance().to_micro().checked_sub(owed);
            let (act, akt) = (expected.balance(Money::Act), expected.balance(Money::Akt));
            if held != Some(act) {
                let text = format!("{id} holds {held:?} uact, the model says {act}");
                return Err(Failure::new("model", text));
            }
            let found = account.balance_in(&Money::Akt.denom()).to_micro();
            if found != akt {
                let text = format!("{id} holds {found} uakt, the model says {akt}");
                return Err(Failure::new("model", text));
            }
            self.compare_pause(&account, expected)?;
        }
        Ok(())
    }

    fn compare_pause(&self, found: &EscrowAccount, expected: &Deployment) -> Result<(), Failure> {
        let paused = match found.state {
            AccountState::Paused { since, until } => Some((since.to_u64(), until.to_u64())),
            AccountState::Open | AccountState::Closed => None,
        };
        let expected = expected.paused.map(|pause| (pause.since, pause.until));
        if paused == expected {
            return Ok(());
        }
        let text = format!("{} is paused {paused:?}, the model says {expected:?}", found.id);
        Err(Failure::new("model", text))
    }

    /// What changes seldom: allowances, profiles, keys, parameters.
    pub(super) fn compare_rest(&self) -> Result<(), Failure> {
        let (state, model) = (self.engine.state(), &self.model);
        let differs = |text: &str| Err(Failure::new("model", format!("{text} differ")));
        let same_limits = state.allowances().iter().all(|(id, found)| {
            model.allowances.get(&(id.grantee, id.granter)).is_some_and(|expected| {
                let found =
                    found.limits.iter().map(|(denom, limit)| (denom, limit.left.to_micro()));
                found.eq(expected.limits.iter().map(|(denom, limit)| (denom, *limit)))
            })
        });
        if !same_limits || state.allowances().iter().count() != model.allowances.len() {
            return differs("allowances");
        }
        let same_profile = |(id, expected): (&Provider, &Profile)| {
            state.provider_record(id).is_some_and(|found| {
                let words = found.profile.audits.iter().map(|(auditor, said)| {
                    let last = found.audits_expire_at.get(auditor).map(|last| last.to_u64());
                    let word: Word = (said.clone(), last);
                    (auditor.clone(), word)
                });
                found.profile.attributes == expected.own && words.eq(expected.audits.clone())
            })
        };
        let count = state.providers().count();
        if count != model.providers.len() || !model.providers.iter().all(same_profile) {
            return differs("profiles");
        }
        if cast()
            .iter()
            .any(|actor| state.changed_key(&actor.address) != model.keys.get(&actor.address))
        {
            return differs("keys");
        }
        let pending =
            state.pending_params().map(|pending| (&*pending.params, pending.effective_at.to_u64()));
        let expected = model.pending.as_ref().map(|(params, at)| (params, *at));
        if *state.params() != model.params || pending != expected {
            return differs("parameters");
        }
        Ok(())
    }

    pub(super) fn compare_lease(&self, id: &LeaseId) -> Result<(), Failure> {
        let found = self.engine.state().escrow().lease(id);
        let Some(lease) = found else {
            return Err(Failure::new("model", format!("the model has a lease {id} more")));
        };
        let ended = match lease.state {
            LeaseState::Active | LeaseState::Reclaiming { .. } => None,
            LeaseState::Ended { at, reason, earned } => {
                let cause = match reason {
                    LeaseEndReason::Tenant => Cause::Tenant,
                    LeaseEndReason::Provider(_) => Cause::Provider,
                    LeaseEndReason::FundsExhausted => Cause::Funds,
                };
                let [paid, fees, in_kind] =
                    [earned.paid, earned.fees, earned.in_kind].map(Amount::to_micro);
                Some(Ended { at: at.to_u64(), cause, paid, fees, in_kind })
            }
        };
        let expected = self.model.ended.get(id).copied();
        let rate = self.model.lease(id).map(|lease| lease.rate);
        let same_rate = rate.is_none_or(|r| r == lease.signed.terms.price.value.to_atoms());
        if ended == expected && same_rate {
            return Ok(());
        }
        let text = format!("lease {id} is {ended:?}, the model says {expected:?}");
        Err(Failure::new("model", text))
    }

    fn compare_vault(&self) -> Result<(), Failure> {
        let (found, expected) = (self.engine.state().vault(), &self.model.vault);
        let books = found.books();
        let numbers = [
            ("collateral", books.collateral_uakt, expected.collateral),
            ("credit", books.remint_credit_uakt, expected.credit),
            ("outstanding ACT", books.outstanding_uact, expected.supply),
            ("burned AKT", books.burned_uakt, expected.burned_uakt),
            ("minted AKT", books.minted_uakt, expected.minted_uakt),
            ("burned ACT", books.burned_uact, expected.burned_uact),
            ("minted ACT", books.minted_uact, expected.minted_uact),
            ("gifts", books.funded_uakt, expected.funded_uakt),
        ];
        for (name, found, expected) in numbers {
            if found.to_micro() != expected {
                let text = format!("the vault's {name}: {found}, the model says {expected}");
                return Err(Failure::new("model", text));
            }
        }
        let epochs = (books.next_redeem.to_u64(), books.next_mint.to_u64());
        if epochs != (expected.next_redeem, expected.next_mint) {
            let text = format!("the next epochs are {epochs:?}, the model says otherwise");
            return Err(Failure::new("model", text));
        }
        let waiting = found.requests().map(|waits| (waits.id, waits.owner, waits.attempts));
        if waiting.eq(expected.requests.iter().map(|waits| (waits.id, waits.owner, waits.attempts)))
        {
            return Ok(());
        }
        Err(Failure::new("model", "other burns wait than the model says".into()))
    }
}
