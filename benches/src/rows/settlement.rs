//! Settling leases out of escrow accounts, one of each, 2^20 of them.
//!
//! | row | ours | beside |
//! | --- | --- | --- |
//! | `settle/idle` | a block in which nobody touches anything and some eleven leases end, by the wheel of the meters | every lease paying in every block, out of columns |
//! | `settle/touch` | settling one account, adding to it, filing it anew | the same in columns, on a ring with a slot for every block |
//! | `settle/withdraw` | a provider's withdrawal: the rule, its events, and making them true, with the accounts and leases looked up by id | – |
//! | `settle/end` | an account whose money ends: settled, paid out, its lease ended, the rest refunded, by rule and events | – |
//!
//! The workload, and what all ledgers are: [`crate::settlement`]. That they end the same leases in the
//! same blocks with the same left, and hold and earned the same, is asserted first, over 2,000 blocks
//! for three seeds in a full run.

use std::hint::black_box;

use undercut_ledger::escrow::meter::Meter;
use undercut_ledger::{Deposit, Escrow, LeaseEndReason, LeaseTerms, LedgerEvent, SignedLease};
use undercut_primitives::{
    BlockHeight, BlockSpan, Coin, Denom, DeploymentId, Digest, LeaseId, PricePerBlock,
};

use crate::clock::{Wall, cpu_timed};
use crate::contest::Contest;
use crate::fixture::{deployment_id, order_id, provider, unsigned};
use crate::latency::Percentiles;
use crate::row::Row;
use crate::settings::Settings;
use crate::settlement::{Eager, End, Floor, Lazy, Tenancies, Tenancy, assert_equal};

/// Leases of the meters' rows.
const LEASES: usize = 1 << 20;
/// Blocks that the eager ledger plays in a round.
const BLOCKS: usize = 64;
/// How many times as many blocks the lazy one plays, so that every play has its part of what the
/// wheel moves once in 1,024 blocks.
const TIMES: u32 = 16;
/// Touches of a round, all in one block.
const TOUCHES: usize = 10_000;

/// A block that nobody touches.
pub fn idle(settings: &Settings, rows: &mut Vec<Row>) {
    let seed = settings.seed(1);
    let seeds = if settings.quick { vec![seed] } else { vec![seed, 11, 12] };
    for seed in seeds {
        assert_equal(LEASES, seed, settings.sized(2_000, 48), 500);
    }
    let tenancies = Tenancies::new(LEASES, seed);
    let (mut lazy, mut eager) = (Lazy::new(&tenancies), Eager::new(&tenancies));
    let single = single_blocks(lazy.clone());
    let ours =
        || cpu_timed(|| drop(blocks(BLOCKS * TIMES as usize, |ends| lazy.block(ends)))) / TIMES;
    let plain = || cpu_timed(|| drop(blocks(BLOCKS, |ends| eager.block(ends))));
    let contest = Contest::new("settle/idle", format!("leases={LEASES}")).operations(BLOCKS);
    let row = contest.ours(ours).plain(plain).run(settings).with_percentiles(&single);
    let note = "An operation is a block; percentiles are of 4,096 blocks, told by the wall.";
    rows.push(row.with_figure("bytes_per_lease", size_of::<Meter>() as f64).with_note(note));
}

/// Lives through so many blocks.
fn blocks(count: usize, mut block: impl FnMut(&mut Vec<End>)) -> Vec<End> {
    let mut ends = Vec::with_capacity(count * 32);
    (0..count).for_each(|_| block(&mut ends));
    black_box(ends)
}

fn single_blocks(mut lazy: Lazy) -> Percentiles {
    let mut ends = Vec::with_capacity(1 << 17);
    let times = (0..4_096).map(|_| {
        let start = Wall::now();
        lazy.block(&mut ends);
        start.elapsed_nanos()
    });
    Percentiles::of(&mut times.collect::<Vec<u64>>())
}

/// Settling one account, adding to it and filing it anew.
pub fn touch(settings: &Settings, rows: &mut Vec<Row>) {
    let seed = settings.seed(1);
    assert_equal(LEASES, seed, 8, TOUCHES);
    let tenancies = Tenancies::new(LEASES, seed);
    let (mut lazy, mut floor) = (Lazy::new(&tenancies), Floor::new(&tenancies));
    let (mut of_lazy, mut of_floor) = (tenancies.clone(), tenancies);
    let (mut by_lazy, mut by_floor) = (Vec::new(), Vec::new());
    let ours = || {
        let touches = of_lazy.touches(TOUCHES);
        lazy.block(&mut by_lazy);
        cpu_timed(|| touches.into_iter().for_each(|touch| lazy.touch(touch)))
    };
    let floor = || {
        let touches = of_floor.touches(TOUCHES);
        floor.block(&mut by_floor);
        cpu_timed(|| touches.into_iter().for_each(|touch| floor.touch(touch)))
    };
    let params = format!("leases={LEASES} touches={TOUCHES}");
    let contest = Contest::new("settle/touch", params).operations(TOUCHES);
    rows.push(contest.ours(ours).floor(floor).run(settings));
}

/// The whole escrow: accounts and leases by id, rules and events.
struct Whole {
    escrow: Escrow,
    leases: Vec<LeaseId>,
}

impl Whole {
    fn new(tenancies: &[Tenancy]) -> Self {
        let (mut escrow, mut leases) = (Escrow::default(), Vec::new());
        for (number, tenancy) in (0..).zip(tenancies) {
            let lease = LeaseId(order_id(number, 1).bid(provider(number % 64)));
            opened(deployment_id(number), lease, tenancy).iter().for_each(|event| {
                escrow.apply(event).expect("the account is new");
            });
            leases.push(lease);
        }
        Self { escrow, leases }
    }

    fn apply(&mut self, events: &[LedgerEvent]) {
        for event in events {
            self.escrow.apply(event).expect("the event is the escrow's own");
        }
    }

    fn withdraw(&mut self, place: usize, at: BlockHeight) {
        let events = self.escrow.withdraw(&self.leases[place], at).expect("the lease runs");
        self.apply(&events);
    }

    /// Ends all accounts whose money ends with a block; returns how many.
    fn end_block(&mut self, at: BlockHeight) -> usize {
        self.escrow.advance(at);
        let due: Vec<DeploymentId> = self.escrow.due(at).collect();
        for id in &due {
            let reason = LeaseEndReason::FundsExhausted;
            let events = self.escrow.close_account(id, at, reason).expect("a due account is open");
            self.apply(&events);
        }
        due.len()
    }
}

fn opened(id: DeploymentId, lease: LeaseId, tenancy: &Tenancy) -> [LedgerEvent; 3] {
    let (denom, grace, at) = (Denom::uact(), BlockSpan::default(), BlockHeight::GENESIS);
    let (depositor, coin) = (id.tenant.0, Coin::uact(tenancy.deposit.into()));
    let price = PricePerBlock::new(Denom::uact(), tenancy.decimal());
    let terms = LeaseTerms::new(lease, price, at, Digest::ZERO);
    let signed = SignedLease { terms, tenant: unsigned(), provider: unsigned() };
    [
        LedgerEvent::AccountOpened { id, denom, grace, at },
        LedgerEvent::Deposited {
            account: id,
            deposit: Deposit { depositor, drawn_by: None, coin },
        },
        LedgerEvent::LeaseSigned(signed.into()),
    ]
}

/// Withdrawals and ends by rule and events.
pub fn withdraw(settings: &Settings, rows: &mut Vec<Row>) {
    let leases = settings.sized(1 << 18, 1 << 14);
    let mut tenancies = Tenancies::new(leases, settings.seed(1));
    let mut whole = Whole::new(&tenancies.all);
    let (mut height, touches) = (0, settings.sized(10_000, 2_000));
    let play = || {
        height += 1;
        let at = BlockHeight::new(height);
        let places = tenancies.touches(touches).into_iter().map(|touch| touch.place);
        let is_running = |place: &usize| whole.escrow.running_lease(&whole.leases[*place]).is_ok();
        let places: Vec<usize> = places.filter(is_running).collect();
        let time = cpu_timed(|| places.iter().for_each(|place| whole.withdraw(*place, at)));
        whole.end_block(at);
        time
    };
    let params = format!("leases={leases}");
    let contest = Contest::new("settle/withdraw", params).operations(touches);
    rows.push(contest.ours(play).run(settings));
}

/// Ends of accounts by rule and events.
pub fn ends(settings: &Settings, rows: &mut Vec<Row>) {
    let leases = settings.sized(1 << 18, 1 << 14);
    let tenancies = Tenancies::new(leases, settings.seed(1));
    let mut whole = Whole::new(&tenancies.all);
    // So many blocks that a thousand accounts end.
    let blocks = Tenancies::HORIZON * 1_000 / leases as u64;
    let mut height = 0;
    let mut end = || {
        let mut ended = 0;
        let time = cpu_timed(|| {
            for _ in 0..blocks {
                height += 1;
                ended += whole.end_block(BlockHeight::new(height));
            }
        });
        time * 1_000 / u32::try_from(ended).expect("the ends are few").max(1)
    };
    let contest = Contest::new("settle/end", format!("leases={leases}")).operations(1_000);
    rows.push(contest.ours(&mut end).run(settings));
}
