//! Settling leases out of escrow accounts, one of each, up to 2^20 of them.
//!
//! | row | ours | floor | plain |
//! | --- | --- | --- | --- |
//! | `settle/idle` | a block in which nobody touches anything and some eleven leases end, by the wheel of the meters | one slot of a ring of all blocks, and whoever ends in it | every lease paying in every block, out of columns |
//! | `settle/touch` | settling one account, adding to it, filing it anew | the same in columns, on that ring | adding in columns; its block, in which everybody pays, counts |
//! | `settle/withdraw` | a provider's withdrawal: the rule, its events, and making them true, with the accounts and leases looked up by id | settling in columns, by place | [the plain ledger](undercut_ledger::plain::Ledger): paying everybody, then reading what was earned |
//! | `settle/end` | an account whose money ends: settled, paid out, its lease ended, the rest refunded, by rule and events | the ends of the ring | the ends of the columns in which every lease pays in every block |
//!
//! The last two are in [`super::escrow`], the workload and what all ledgers are in [`crate::settlement`].
//! That they end the same leases in the same blocks with the same left, and hold, earned and withdrew
//! the same, is asserted first; for `settle/idle` over 2,000 blocks for three seeds in a full run.

use std::hint::black_box;

use undercut_ledger::escrow::meter::Meter;

use crate::clock::{Wall, cpu_timed};
use crate::contest::Contest;
use crate::latency::Percentiles;
use crate::row::Row;
use crate::settings::Settings;
use crate::settlement::{Eager, End, Floor, Lazy, Tenancies, assert_equal};

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
    let lazy = Lazy::new(&tenancies);
    let single = single_blocks(lazy.clone());
    let mut lazy = Lived::new(lazy, settings);
    let mut ring = Lived::new(Floor::new(&tenancies), settings);
    let mut eager = Eager::new(&tenancies);
    let many = BLOCKS * TIMES as usize;
    let ours = || {
        let lazy = lazy.with(many);
        cpu_timed(|| drop(blocks(many, |ends| lazy.block(ends)))) / TIMES
    };
    let floor = || {
        let ring = ring.with(many);
        cpu_timed(|| drop(blocks(many, |ends| ring.block(ends)))) / TIMES
    };
    let plain = || cpu_timed(|| drop(blocks(BLOCKS, |ends| eager.block(ends))));
    let contest = Contest::new("settle/idle", format!("leases={LEASES}")).operations(BLOCKS);
    let row = contest.ours(ours).floor(floor).plain(plain).run(settings);
    let row = row.with_percentiles(&single);
    let note = "An operation is a block; percentiles are of 4,096 blocks, told by the wall.";
    rows.push(row.with_figure("bytes_per_lease", size_of::<Meter>() as f64).with_note(note));
}

/// A ledger that lives on from play to play. Whoever plays at will would live to see the last lease
/// end, so that on a stage it begins anew after a while.
pub(super) struct Lived<T> {
    now: T,
    fresh: Option<T>,
    blocks: usize,
}

impl<T: Clone> Lived<T> {
    /// Blocks until it begins anew, in which an eighth of the leases end.
    const BLOCKS_MAX: usize = Tenancies::HORIZON as usize / 8;

    pub(super) fn new(now: T, settings: &Settings) -> Self {
        let fresh = settings.stage.is_some().then(|| now.clone());
        Self { now, fresh, blocks: 0 }
    }

    /// The ledger, which is going to live through so many blocks more.
    pub(super) fn with(&mut self, blocks: usize) -> &mut T {
        self.blocks += blocks;
        if let Some(fresh) = self.fresh.as_ref().filter(|_| self.blocks > Self::BLOCKS_MAX) {
            (self.now, self.blocks) = (fresh.clone(), blocks);
        }
        &mut self.now
    }
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
    let mut ends = Vec::new();
    let (mut lazy, mut ring) = (Lazy::new(&tenancies), Floor::new(&tenancies));
    let mut eager = Eager::new(&tenancies);
    let [mut of_lazy, mut of_ring, mut of_eager] = [(); 3].map(|()| tenancies.clone());
    let (mut by_lazy, mut by_ring) = (Vec::new(), Vec::new());
    let ours = || {
        let touches = of_lazy.touches(TOUCHES);
        lazy.block(&mut by_lazy);
        cpu_timed(|| touches.into_iter().for_each(|touch| lazy.touch(touch)))
    };
    let floor = || {
        let touches = of_ring.touches(TOUCHES);
        ring.block(&mut by_ring);
        cpu_timed(|| touches.into_iter().for_each(|touch| ring.touch(touch)))
    };
    // Whoever pays everybody in every block settles there, so that its block counts.
    let plain = || {
        let touches = of_eager.touches(TOUCHES);
        cpu_timed(|| {
            eager.block(&mut ends);
            touches.into_iter().for_each(|touch| eager.touch(touch));
        })
    };
    let params = format!("leases={LEASES} touches={TOUCHES}");
    let contest = Contest::new("settle/touch", params).operations(TOUCHES);
    rows.push(contest.ours(ours).floor(floor).plain(plain).run(settings));
}
