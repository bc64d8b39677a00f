//! The whole escrow: withdrawals and ends by rule and events, with accounts and leases looked up by id.
//!
//! Who plays: [`super::settlement`].

use std::collections::BTreeMap;
use std::hint::black_box;

use undercut_ledger::{
    Deposit, Escrow, LeaseEndReason, LeaseTerms, LedgerEvent, SignedLease, plain,
};
use undercut_primitives::{
    BlockHeight, BlockSpan, Coin, Denom, DeploymentId, Digest, LeaseId, PricePerBlock,
};

use crate::clock::cpu_timed;
use crate::contest::Contest;
use crate::fixture::{deployment_id, order_id, provider, unsigned};
use crate::row::Row;
use crate::rows::settlement::Lived;
use crate::settings::Settings;
use crate::settlement::{Eager, Floor, Tenancies, Tenancy};

/// Ends of a play.
const ENDS: u32 = 1_000;

fn leases(count: usize) -> Vec<LeaseId> {
    let lease = |number: u64| LeaseId(order_id(number, 1).bid(provider(number % 64)));
    (0..u64::try_from(count).expect("leases are few")).map(lease).collect()
}

fn deposit(id: &DeploymentId, tenancy: &Tenancy) -> Deposit {
    Deposit { depositor: id.tenant.0, drawn_by: None, coin: Coin::uact(tenancy.deposit.into()) }
}

/// The escrow in use.
#[derive(Clone)]
struct Whole {
    escrow: Escrow,
    leases: Vec<LeaseId>,
    height: u64,
}

impl Whole {
    fn new(tenancies: &[Tenancy]) -> Self {
        let (escrow, leases) = (Escrow::default(), leases(tenancies.len()));
        let mut whole = Self { escrow, leases, height: 0 };
        for (place, tenancy) in tenancies.iter().enumerate() {
            whole.apply(&opened(whole.leases[place], tenancy));
        }
        whole
    }

    fn apply(&mut self, events: &[LedgerEvent]) {
        for event in events {
            self.escrow.apply(event).expect("the event is the escrow's own");
        }
    }

    fn withdraw(&mut self, place: usize) -> Vec<LedgerEvent> {
        let at = BlockHeight::new(self.height);
        let events = self.escrow.withdraw(&self.leases[place], at).expect("the lease runs");
        self.apply(&events);
        events
    }

    /// The next block: ends all accounts whose money ends with it, and tells of each.
    fn block(&mut self, mut told: impl FnMut(DeploymentId, &[LedgerEvent])) {
        self.height += 1;
        let at = BlockHeight::new(self.height);
        self.escrow.advance(at);
        let due: Vec<DeploymentId> = self.escrow.due(at).collect();
        for id in due {
            let reason = LeaseEndReason::FundsExhausted;
            let events = self.escrow.close_account(&id, at, reason).expect("a due account is open");
            self.apply(&events);
            told(id, &events);
        }
    }

    /// Those of the leases that run.
    fn running(&self, mut places: Vec<usize>) -> Vec<usize> {
        places.retain(|place| self.escrow.running_lease(&self.leases[*place]).is_ok());
        places
    }
}

fn opened(lease: LeaseId, tenancy: &Tenancy) -> [LedgerEvent; 3] {
    let (denom, grace, at) = (Denom::uact(), BlockSpan::default(), BlockHeight::GENESIS);
    let id = lease.deployment();
    let price = PricePerBlock::new(Denom::uact(), tenancy.decimal());
    let terms = LeaseTerms::new(lease, price, at, Digest::ZERO);
    let signed = SignedLease { terms, tenant: unsigned(), provider: unsigned() };
    [
        LedgerEvent::AccountOpened { id, denom, grace, at },
        LedgerEvent::Deposited { account: id, deposit: deposit(&id, tenancy) },
        LedgerEvent::LeaseSigned(signed.into()),
    ]
}

/// The plain ledger, and what was withdrawn of what it says was earned.
struct Plainly {
    ledger: plain::Ledger,
    leases: Vec<LeaseId>,
    withdrawn: Vec<u128>,
    height: u64,
}

impl Plainly {
    fn new(tenancies: &[Tenancy]) -> Self {
        let (mut ledger, leases) = (plain::Ledger::default(), leases(tenancies.len()));
        for (lease, tenancy) in leases.iter().zip(tenancies) {
            let id = lease.deployment();
            ledger.open(id, Denom::uact());
            ledger.deposit(id, &deposit(&id, tenancy));
            ledger.start(*lease, tenancy.decimal());
        }
        Self { ledger, leases, withdrawn: vec![0; tenancies.len()], height: 0 }
    }

    fn pay_everybody(&mut self) {
        self.height += 1;
        let at = BlockHeight::new(self.height);
        assert_eq!(self.ledger.settle_block(at), [], "nobody owes what is not there");
    }

    /// What the lease has earned since the last time; nothing when it has ended.
    fn withdraw(&mut self, place: usize) -> u128 {
        let lease = &self.leases[place];
        let stream = &self.ledger.accounts[&lease.deployment()].streams[lease];
        let earned = if stream.is_open { stream.earned } else { self.withdrawn[place] };
        earned - std::mem::replace(&mut self.withdrawn[place], earned)
    }

    fn end(&mut self) {
        let at = BlockHeight::new(self.height);
        for id in self.ledger.cannot_pay_after(at) {
            let running: Vec<LeaseId> = self.ledger.accounts[&id].streams.keys().copied().collect();
            running.iter().for_each(|lease| self.ledger.stop(lease));
        }
    }
}

fn places(tenancies: &mut Tenancies, count: usize) -> Vec<usize> {
    tenancies.touches(count).into_iter().map(|touch| touch.place).collect()
}

/// Withdrawals by rule and events.
pub fn withdraw(settings: &Settings, rows: &mut Vec<Row>) {
    let leases = settings.sized(1 << 18, 1 << 14);
    let tenancies = Tenancies::new(leases, settings.seed(1));
    let touches = settings.sized(10_000, 2_000);
    assert_withdrawn_alike(tenancies.clone(), 8, touches);
    let [mut of_ours, mut of_floor, mut of_plain] = [(); 3].map(|()| tenancies.clone());
    let (mut whole, mut plainly) = (Whole::new(&tenancies.all), Plainly::new(&tenancies.all));
    let (mut ring, mut ends) = (Floor::new(&tenancies), Vec::new());
    let ours = || {
        whole.block(|_, _| ());
        let places = whole.running(places(&mut of_ours, touches));
        cpu_timed(|| places.iter().for_each(|place| drop(whole.withdraw(*place))))
    };
    let floor = || {
        ring.block(&mut ends);
        let places = places(&mut of_floor, touches);
        cpu_timed(|| {
            black_box(places.iter().map(|place| ring.withdraw(*place)).sum::<u64>());
        })
    };
    let plain = || {
        let places = places(&mut of_plain, touches);
        let time = cpu_timed(|| {
            plainly.pay_everybody();
            black_box(places.iter().map(|place| plainly.withdraw(*place)).sum::<u128>());
        });
        plainly.end();
        time
    };
    let contest = Contest::new("settle/withdraw", format!("leases={leases}")).operations(touches);
    rows.push(contest.ours(ours).floor(floor).plain(plain).run(settings));
}

/// Lives through so many blocks with all three, and compares every withdrawal.
fn assert_withdrawn_alike(mut tenancies: Tenancies, blocks: usize, count: usize) {
    let (mut whole, mut plainly) = (Whole::new(&tenancies.all), Plainly::new(&tenancies.all));
    let (mut ring, mut ends) = (Floor::new(&tenancies), Vec::new());
    for _ in 0..blocks {
        whole.block(|_, _| ());
        ring.block(&mut ends);
        plainly.pay_everybody();
        plainly.end();
        for place in whole.running(places(&mut tenancies, count)) {
            let events = whole.withdraw(place);
            let paid = events.iter().filter_map(|event| match event {
                LedgerEvent::Withdrawn { coin, .. } => Some(coin.amount.to_micro()),
                _ => None,
            });
            let paid: u128 = paid.sum();
            assert_eq!(u128::from(ring.withdraw(place)), paid, "the floor pays the same");
            assert_eq!(plainly.withdraw(place), paid, "the plain ledger pays the same");
        }
    }
}

/// Ends of accounts by rule and events.
pub fn ends(settings: &Settings, rows: &mut Vec<Row>) {
    let leases = settings.sized(1 << 18, 1 << 14);
    let tenancies = Tenancies::new(leases, settings.seed(1));
    // So many blocks that a thousand accounts end.
    let blocks = usize::try_from(Tenancies::HORIZON).expect("it is small") * 1_000 / leases;
    assert_ended_alike(&tenancies, blocks);
    let mut whole = Lived::new(Whole::new(&tenancies.all), settings);
    let mut ring = Lived::new(Floor::new(&tenancies), settings);
    let mut columns = Lived::new(Eager::new(&tenancies), settings);
    let ours = || {
        let (whole, mut ended) = (whole.with(blocks), 0);
        let time = cpu_timed(|| (0..blocks).for_each(|_| whole.block(|_, _| ended += 1)));
        time * ENDS / ended.max(1)
    };
    let floor = || {
        let (ring, mut ends) = (ring.with(blocks), Vec::new());
        let time = cpu_timed(|| (0..blocks).for_each(|_| ring.block(&mut ends)));
        time * ENDS / u32::try_from(ends.len()).expect("the ends are few").max(1)
    };
    let plain = || {
        let (columns, mut ends) = (columns.with(blocks), Vec::new());
        let time = cpu_timed(|| (0..blocks).for_each(|_| columns.block(&mut ends)));
        time * ENDS / u32::try_from(ends.len()).expect("the ends are few").max(1)
    };
    let contest = Contest::new("settle/end", format!("leases={leases}")).operations(ENDS as usize);
    rows.push(contest.ours(ours).floor(floor).plain(plain).run(settings));
}

/// Lives through so many blocks with all three, and compares who ended when with what left.
fn assert_ended_alike(tenancies: &Tenancies, blocks: usize) {
    let (mut ring, mut by_ring) = (Floor::new(tenancies), Vec::new());
    let (mut columns, mut by_columns) = (Eager::new(tenancies), Vec::new());
    let (mut whole, mut by_whole) = (Whole::new(&tenancies.all), BTreeMap::new());
    for at in (1_u64..).take(blocks) {
        ring.block(&mut by_ring);
        columns.block(&mut by_columns);
        whole.block(|id, events| {
            let refunds = events.iter().filter_map(|event| match event {
                LedgerEvent::AccountClosed { refunds, .. } => Some(refunds),
                _ => None,
            });
            let left: u128 = refunds.flatten().map(|one| one.coin.amount.to_micro()).sum();
            by_whole.insert(id, (at, left));
        });
    }
    by_ring.sort_unstable_by_key(|(place, height, _)| (*height, *place));
    assert_eq!(by_ring, by_columns, "the floor ends as the columns do");
    let ends = columns.ends(&by_columns, tenancies, &vec![0; tenancies.all.len()]);
    let ends: BTreeMap<DeploymentId, (u64, u128)> = ends
        .into_iter()
        .map(|(place, at, left)| (deployment_id(place as u64), (at, left.into())))
        .collect();
    assert_eq!(by_whole, ends, "the escrow ends as the columns do");
    assert!(!ends.is_empty(), "no money ended");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_escrow_ends_and_pays_as_columns_and_the_plain_ledger_do() {
        let tenancies = Tenancies::new(500, 1);
        assert_ended_alike(&tenancies, 2_000);
        assert_withdrawn_alike(tenancies, 40, 60);
    }
}
