//! Money in the model: deposits, allowances, payments, fees, and blocks paid in uakt.

use std::collections::{BTreeMap, BTreeSet};

use undercut_ledger::bank::community_address;
use undercut_ledger::bme::MintStatus;
use undercut_primitives::{Address, Coin, Contribution, Denom, DeploymentId, LeaseId};

use super::verdict::{Verdict, must};
use super::{ATOMS, Deployment, Lease, Model, Money};

/// The most that may exist of a denom.
pub(super) const SUPPLY_MAX: u128 = 1 << 100;
const PAYERS_MAX: usize = 8;
const STRANGERS_MAX: usize = 64;

/// One payment into an account, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deposit {
    pub(crate) owner: Address,
    /// Who drew it out of what the owner allows.
    pub(crate) drawn_by: Option<Address>,
    pub(crate) money: Money,
    pub(crate) amount: u128,
}

impl Deposit {
    fn is_like(&self, other: &Self) -> bool {
        let key = |one: &Self| (one.owner, one.drawn_by, one.money);
        key(self) == key(other)
    }
}

/// What one account lets another spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) for_deployments: bool,
    pub(crate) for_bids: bool,
    /// What is left of what was granted.
    pub(crate) limits: BTreeMap<Denom, u128>,
    pub(crate) granted: BTreeMap<Denom, u128>,
    pub(crate) expires_at: Option<u64>,
}

/// Takes from the deposits of one money, oldest first.
pub(super) fn spend(deposits: &mut Vec<Deposit>, money: Money, mut owed: u128) {
    for deposit in deposits.iter_mut().filter(|deposit| deposit.money == money) {
        let taken = owed.min(deposit.amount);
        deposit.amount -= taken;
        owed -= taken;
    }
    deposits.retain(|deposit| deposit.amount > 0);
    assert_eq!(owed, 0, "the model ends an account before it cannot pay");
}

fn put(deposits: &mut Vec<Deposit>, new: Deposit) {
    match joins(deposits, &new) {
        Some(place) => deposits[place].amount += new.amount,
        None => deposits.push(new),
    }
}

/// The entry that a deposit becomes part of: the last one of its money, or, where there are many
/// already, any that is like it.
fn joins(deposits: &[Deposit], new: &Deposit) -> Option<usize> {
    if deposits.len() >= STRANGERS_MAX {
        return deposits.iter().rposition(|one| one.is_like(new));
    }
    let last = deposits.iter().rposition(|one| one.money == new.money)?;
    deposits[last].is_like(new).then_some(last)
}

/// Who pays how much.
pub(super) fn parts(signer: Address, coin: &Coin, payers: &[Contribution]) -> Vec<(Address, u128)> {
    if payers.is_empty() {
        return vec![(signer, coin.amount.to_micro())];
    }
    payers.iter().map(|part| (part.payer, part.amount.to_micro())).collect()
}

impl Model {
    pub(super) fn has(&self, money: Money, owner: Address, amount: u128) -> Verdict {
        must(self.balance(money, owner) >= amount, "the payer has not the money")
    }

    /// Whether a deposit may be paid by these, on the signer's word.
    pub(super) fn may_pay(
        &self,
        signer: Address,
        coin: &Coin,
        payers: &[Contribution],
        is_bid: bool,
    ) -> Verdict {
        let parts = parts(signer, coin, payers);
        let different: BTreeSet<Address> = parts.iter().map(|(payer, _)| *payer).collect();
        must(parts.len() <= PAYERS_MAX, "too many payers")?;
        must(different.len() == parts.len(), "a payer stands twice")?;
        must(payers.is_empty() || parts.iter().all(|(_, part)| *part > 0), "a part of nothing")?;
        let sum = parts.iter().fold(0_u128, |sum, (_, part)| sum.saturating_add(*part));
        must(sum == coin.amount.to_micro(), "the parts are not the whole")?;
        for (payer, part) in parts.iter().filter(|(payer, _)| *payer != signer) {
            let allowance = self.allowances.get(&(signer, *payer));
            let allowance = allowance.ok_or("the payer allows nothing")?;
            let fits = if is_bid { allowance.for_bids } else { allowance.for_deployments };
            must(fits, "the allowance is for something else")?;
            let is_over = allowance.expires_at.is_some_and(|last| last < self.height);
            must(!is_over, "the allowance is over")?;
            let limit = allowance.limits.get(&coin.denom).copied().unwrap_or_default();
            must(*part <= limit, "more than is allowed")?;
        }
        Ok(())
    }

    /// Whether an account takes these deposits, should the payers have the money.
    pub(super) fn may_hold(
        &self,
        signer: Address,
        id: &DeploymentId,
        coin: &Coin,
        payers: &[Contribution],
    ) -> Verdict {
        let mut deposits = self.deployments[id].deposits.clone();
        for new in drawn(signer, coin, payers) {
            let is_own = new.owner == id.tenant.0 && new.drawn_by.is_none();
            let is_drawn = new.drawn_by == Some(id.tenant.0);
            let room = if is_drawn { 2 * STRANGERS_MAX } else { STRANGERS_MAX };
            let joins = joins(&deposits, &new).is_some();
            must(is_own || joins || deposits.len() < room, "too many deposits")?;
            put(&mut deposits, new);
        }
        Ok(())
    }

    /// Takes a deposit in. A paused account goes on when the next block can be paid then.
    pub(super) fn deposit(
        &mut self,
        signer: Address,
        id: &DeploymentId,
        coin: &Coin,
        payers: &[Contribution],
    ) {
        for new in drawn(signer, coin, payers) {
            self.lock(new.money, new.owner, new.amount);
            if new.drawn_by.is_some() {
                self.draw(signer, new.owner, new.money, new.amount);
            }
            let account = self.deployments.get_mut(id).expect("the account is open");
            put(&mut account.deposits, new);
        }
        let price = self.price().filter(|_| self.status() >= MintStatus::HaltCollateral);
        self.resume(id, price);
    }

    /// A paused account goes on when the next block of its leases can be paid, be it in uakt at
    /// `price`; what it waited is used up of its grace.
    pub(super) fn resume(&mut self, id: &DeploymentId, price: Option<u128>) {
        let height = self.height;
        let account = self.deployments.get_mut(id).expect("the account is open");
        let Some(pause) = account.paused else { return };
        let pays = account.next_block() <= account.balance(Money::Act)
            || price.is_some_and(|price| in_kind(account, price).is_some());
        if pays {
            account.grace -= (height - pause.since).min(account.grace);
            account.paused = None;
        }
    }

    pub(super) fn draw(&mut self, grantee: Address, granter: Address, money: Money, amount: u128) {
        let allowance = self.allowances.get_mut(&(grantee, granter));
        let allowance = allowance.expect("the allowance was found before");
        *allowance.limits.get_mut(&money.denom()).expect("the limit was found before") -= amount;
    }

    /// What comes back may be drawn again, if the allowance still stands.
    pub(super) fn restore(
        &mut self,
        grantee: Address,
        granter: Address,
        money: Money,
        amount: u128,
    ) {
        let allowance = self.allowances.get_mut(&(grantee, granter));
        let limit = allowance.and_then(|allowance| allowance.limits.get_mut(&money.denom()));
        if let Some(limit) = limit {
            *limit += amount;
        }
        if let Some(allowance) = self.allowances.get_mut(&(grantee, granter)) {
            for (denom, limit) in &mut allowance.limits {
                *limit = (*limit).min(allowance.granted[denom]);
            }
        }
    }

    /// Pays what a lease has earned, less the fee, which is rounded up over the whole lease.
    pub(super) fn withdraw(&mut self, id: &LeaseId) {
        let order = self.order_mut(&id.order());
        let lease = order.lease.as_mut().expect("the lease runs");
        let due = lease.earned - lease.in_kind;
        let fees = (due * u128::from(lease.take_bps)).div_ceil(10_000);
        let (paid, fee) = (due - fees - lease.paid, fees - lease.fees);
        (lease.paid, lease.fees) = (due - fees, fees);
        self.unlock(Money::Act, id.provider().0, paid);
        self.unlock(Money::Act, community_address(), fee);
    }

    /// Pays the next block with what is left and, beyond that, in uakt at `price`; whether it did.
    pub(super) fn pay_in_kind(&mut self, id: &DeploymentId, price: u128) -> bool {
        let account = self.deployments.get_mut(id).expect("the account is open");
        let Some([owed, own, uakt]) = in_kind(account, price) else { return false };
        spend(&mut account.deposits, Money::Act, own.iter().sum());
        spend(&mut account.deposits, Money::Akt, uakt.iter().sum());
        account.paid_to = self.height + 1;
        let mut payments = Vec::new();
        for (((lease, owed), own), uakt) in leases_of(account).zip(owed).zip(own).zip(uakt) {
            lease.accrued += lease.rate;
            lease.earned += owed;
            lease.in_kind += owed - own;
            let fees = |uakt: u128| (uakt * u128::from(lease.take_bps)).div_ceil(10_000);
            let fee = fees(lease.kind_uakt + uakt) - fees(lease.kind_uakt);
            lease.kind_uakt += uakt;
            payments.push((lease.id.provider().0, uakt - fee, fee));
        }
        for (provider, paid, fee) in payments {
            self.unlock(Money::Akt, provider, paid);
            self.unlock(Money::Akt, community_address(), fee);
        }
        true
    }
}

/// What each lease is owed for the next block, and what it would get of it in uact and in uakt; `None`
/// when there is not enough uakt.
fn in_kind(account: &Deployment, price: u128) -> Option<[Vec<u128>; 3]> {
    let owed: Vec<u128> = account.leases().map(Lease::next_block).collect();
    let own = shares(account.balance(Money::Act), &owed);
    let lacking = owed.iter().zip(&own).map(|(owed, own)| owed - own.min(owed));
    let uakt: Vec<u128> = lacking.map(|value| (value * ATOMS).div_ceil(price)).collect();
    (uakt.iter().sum::<u128>() <= account.balance(Money::Akt)).then_some([owed, own, uakt])
}

fn leases_of(account: &mut Deployment) -> impl Iterator<Item = &mut Lease> {
    account.leases_mut()
}

/// The deposits that a coin becomes.
fn drawn(signer: Address, coin: &Coin, payers: &[Contribution]) -> Vec<Deposit> {
    let money = Money::of(&coin.denom).expect("deposits are AKT or ACT");
    let deposit = |(owner, amount): (Address, u128)| {
        let drawn_by = (owner != signer).then_some(signer);
        Deposit { owner, drawn_by, money, amount }
    };
    parts(signer, coin, payers).into_iter().map(deposit).collect()
}

/// Shares out what is there by what is owed: rounded down, the rest one by one to those whose
/// fraction was largest, the first among equals.
fn shares(whole: u128, owed: &[u128]) -> Vec<u128> {
    let sum: u128 = owed.iter().sum();
    let mut shares: Vec<u128> = owed.iter().map(|part| whole * part / sum).collect();
    let mut rest = whole - shares.iter().sum::<u128>();
    while rest > 0 {
        let fraction = |n: usize| whole * owed[n] % sum;
        let open = (0..owed.len()).filter(|n| shares[*n] == whole * owed[*n] / sum);
        let next = open.min_by_key(|n| std::cmp::Reverse(fraction(*n)));
        shares[next.expect("there are more parts than rest")] += 1;
        rest -= 1;
    }
    shares
}
