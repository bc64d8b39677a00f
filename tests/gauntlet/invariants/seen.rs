//! [`Seen`]: the invariants that follow the records one by one, from nothing but what they say.

use std::collections::{BTreeMap, BTreeSet};

use undercut::{Event, SignedCommand, signing_digest};
use undercut_bidding::BidEvent;
use undercut_ledger::account::DEPOSITS_MAX;
use undercut_ledger::log::{Chain, Record};
use undercut_ledger::{LedgerEvent, Refund};
use undercut_orderbook::OrderEvent;
use undercut_primitives::{
    Address, Amount, BidId, Coin, Contribution, Denom, DeploymentId, Digest, LeaseId,
};

use super::cast::CHAIN_ID;
use super::rules::{Checks, Held, must};

/// Who paid, who drew it, in what.
type Depositor = (Address, Option<Address>, Denom);

/// What came into an account, and what was paid out of it, fees included.
#[derive(Clone, Debug, Default)]
struct Account {
    deposits: BTreeMap<Depositor, u128>,
    paid: BTreeMap<Denom, u128>,
}

/// What was seen in the records so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) chain: Chain,
    nonces: BTreeMap<Address, u64>,
    signed: BTreeSet<Digest>,
    /// Deposits of bids that are not returned yet.
    pub(crate) held: BTreeMap<BidId, (Coin, Vec<Contribution>)>,
    /// What came into each open account, and what was paid out of it.
    accounts: BTreeMap<DeploymentId, Account>,
    /// For how many blocks each lease was not paid, because its account was paused.
    pub(crate) pauses: BTreeMap<LeaseId, u64>,
    /// Running leases by account.
    running: BTreeMap<DeploymentId, BTreeSet<LeaseId>>,
    /// The last paid block of paused accounts.
    paused: BTreeMap<DeploymentId, u64>,
    /// Records since the last command.
    work: u64,
    /// Of the vault: AKT burned, ACT minted, ACT burned, AKT minted.
    pub(crate) totals: [Amount; 4],
}

/// The most records of one command: a deployment of four groups ends, each with a full book of
/// twenty bids, and 64 deposits go back. The end of a block does this for several deployments.
const RECORDS_MAX: u64 = 40 + 4 * (8 + 20) + DEPOSITS_MAX as u64;

impl Seen {
    /// Follows a record; fails where it contradicts the ones before.
    pub(crate) fn observe(&mut self, record: &Record<Event>, checks: &mut Checks) -> Held {
        self.work = match record.event {
            Event::CommandAccepted(_) | Event::BlockOpened(_) => 1,
            // The end of a block works off one account, order or burn after the other.
            Event::Order(OrderEvent::DeploymentClosed(_)) => 0,
            _ => self.work + 1,
        };
        let work = self.work;
        must(work <= RECORDS_MAX, 14, || {
            format!("one command became {work} records, {RECORDS_MAX} are allowed")
        })?;
        checks.count(14);
        match &record.event {
            Event::Bid(event) => self.bid(event),
            Event::Ledger(event) => self.ledger(event),
            _ => Ok(()),
        }
    }

    fn bid(&mut self, event: &BidEvent) -> Held {
        match event {
            BidEvent::BidPlaced(bid) => {
                let deposit = (bid.deposit.clone(), bid.payers.clone());
                let sum: u128 = bid.payers.iter().map(|part| part.amount.to_micro()).sum();
                let is_whole = sum == bid.deposit.amount.to_micro();
                must(is_whole, 6, || format!("bid {} is paid {sum} for its deposit", bid.id))?;
                let before = self.held.insert(bid.id, deposit);
                must(before.is_none(), 5, || format!("bid {} was placed twice", bid.id))
            }
            BidEvent::BidWon(_) | BidEvent::BidRepriced { .. } => Ok(()),
            BidEvent::BidLost { id, refund, payers }
            | BidEvent::BidClosed { id, refund, payers, .. } => {
                let held = self.held.remove(id);
                let back = Some((refund.clone(), payers.clone()));
                must(held == back, 6, || format!("bid {id} got back {back:?}, held was {held:?}"))
            }
        }
    }

    fn ledger(&mut self, event: &LedgerEvent) -> Held {
        match event {
            LedgerEvent::Deposited { account, deposit } => {
                let key = (deposit.depositor, deposit.drawn_by, deposit.coin.denom.clone());
                let seen = self.accounts.entry(*account).or_default();
                *seen.deposits.entry(key).or_default() += deposit.coin.amount.to_micro();
                Ok(())
            }
            LedgerEvent::Withdrawn { lease, coin, fee } => {
                let seen = self.accounts.entry(lease.deployment()).or_default();
                *seen.paid.entry(coin.denom.clone()).or_default() +=
                    coin.amount.to_micro() + fee.to_micro();
                Ok(())
            }
            LedgerEvent::InKindPaid(paid) => {
                let shares = paid.shares.iter();
                let uakt: u128 = shares.map(|s| s.paid.to_micro() + s.fee.to_micro()).sum();
                let seen = self.accounts.entry(paid.account).or_default();
                *seen.paid.entry(Denom::uakt()).or_default() += uakt;
                Ok(())
            }
            LedgerEvent::LeaseSigned(signed) => {
                let id = signed.terms.id;
                self.running.entry(id.deployment()).or_default().insert(id);
                Ok(())
            }
            LedgerEvent::LeaseEnded { id, .. } => {
                self.running.entry(id.deployment()).or_default().remove(id);
                Ok(())
            }
            LedgerEvent::AccountPaused { id, since, .. } => {
                self.paused.insert(*id, since.to_u64());
                Ok(())
            }
            LedgerEvent::AccountResumed { id, at } => {
                let since = self.paused.remove(id).unwrap_or_default();
                for lease in self.running.get(id).into_iter().flatten() {
                    *self.pauses.entry(*lease).or_default() += at.to_u64() - since;
                }
                Ok(())
            }
            LedgerEvent::AccountClosed { id, refunds } => self.closed(id, refunds),
            _ => Ok(()),
        }
    }

    /// What comes back is what came in, less what was paid: in each denom, and to nobody, nor for
    /// anybody's allowance, more than it gave.
    fn closed(&mut self, id: &DeploymentId, refunds: &[Refund]) -> Held {
        let Account { deposits, paid } = self.accounts.remove(id).unwrap_or_default();
        let mut back: BTreeMap<Depositor, u128> = BTreeMap::new();
        for Refund { to, drawn_by, coin } in refunds {
            let key = (*to, *drawn_by, coin.denom.clone());
            *back.entry(key).or_default() += coin.amount.to_micro();
        }
        for denom in [Denom::uakt(), Denom::uact()] {
            let sum = |of: &BTreeMap<Depositor, u128>| -> u128 {
                of.iter().filter(|((.., d), _)| *d == denom).map(|(_, amount)| amount).sum()
            };
            let (all, returned) = (sum(&deposits), sum(&back));
            let paid = paid.get(&denom).copied().unwrap_or_default();
            must(all == paid + returned, 3, || {
                format!("{id} took {all} {denom}, paid {paid} and returned {returned}")
            })?;
        }
        let nobody_gains = |(to, sum): (&Depositor, &u128)| deposits.get(to) >= Some(sum);
        must(back.iter().all(nobody_gains), 3, || format!("{id} returned too much"))
    }
}

/// One more than the last nonce, and each signed text once.
pub(crate) fn i09_a_command_is_accepted_once(seen: &mut Seen, signed: &SignedCommand) -> Held {
    let SignedCommand { account, signer, nonce, expires_at, command, .. } = signed;
    let last = seen.nonces.insert(*account, *nonce).unwrap_or_default();
    must(*nonce == last + 1, 9, || format!("nonce {nonce} was accepted after {last}"))?;
    let digest = signing_digest(CHAIN_ID, account, signer, *nonce, *expires_at, command);
    let is_new = digest.is_ok_and(|digest| seen.signed.insert(digest));
    must(is_new, 9, || "a command was accepted twice".into())
}
