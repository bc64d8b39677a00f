//! Leases that stream out of escrow accounts, one of each: the workload of settling, and three
//! ledgers that live through it.
//!
//! Rates are drawn up to 3,000 uact per block with six digits after the point, as an SDL has them; the
//! money lasts up to [`Tenancies::HORIZON`] blocks, so that of 2^20 leases some eleven end in every
//! block. A touch settles an account and adds up to 300,000 uact, which moves its end by some hundred
//! blocks.
//!
//! | ledger | what it is |
//! | --- | --- |
//! | [`Lazy`] | [`Meters`], the hot part of [`Escrow`](undercut_ledger::Escrow): a wheel of ends, and 64 bytes an account |
//! | [`Eager`] | balance, rate and earnings in three columns; every lease pays in every block |
//! | [`Floor`] | what a touch cannot avoid: balance, rate, last settlement and end in columns, and one ring of all blocks |
//!
//! The last two count in millionths of a micro-unit, in which a rate is whole, and so need no floors: a
//! lease that has `floor(rate × n)` to pay out of `b` can pay just when `rate × n < b + 1`. They know no
//! pauses, fees, other denoms, finer rates, blocks beyond their ring, or numbers above 64 bits.

use undercut_ledger::escrow::meter::{Meter, Meters};
use undercut_primitives::{Amount, BlockHeight, Decimal};

use crate::Generator;

/// Millionths in a micro-unit.
const MILLION: u64 = 1_000_000;
/// Atoms of a [`Decimal`] in a millionth.
const ATOMS: u128 = 1_000_000_000_000;

/// A lease with its account: millionths of a micro-unit per block, and micro-units.
#[derive(Clone, Copy, Debug)]
pub struct Tenancy {
    /// Millionths of a micro-unit per block.
    pub rate: u64,
    /// Micro-units.
    pub deposit: u64,
}

impl Tenancy {
    /// The rate as prices have it.
    #[must_use]
    pub fn decimal(&self) -> Decimal {
        Decimal::from_atoms(u128::from(self.rate) * ATOMS)
    }
}

/// Somebody adds so many micro-units to the account at that place.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    /// The place of the account.
    pub place: usize,
    /// Micro-units.
    pub amount: u64,
}

/// Leases, and touches without end.
#[derive(Clone, Debug)]
pub struct Tenancies {
    /// All leases; they start at genesis.
    pub all: Vec<Tenancy>,
    generator: Generator,
}

impl Tenancies {
    /// The longest that a first deposit lasts, in blocks.
    pub const HORIZON: u64 = 98_000;

    /// So many leases.
    #[must_use]
    pub fn new(leases: usize, seed: u64) -> Self {
        let mut generator = Generator::new(seed);
        let all = (0..leases).map(|_| {
            let rate = 1 + generator.below(3_000 * MILLION);
            let blocks = 1 + generator.below(Self::HORIZON);
            // The wanted blocks and a part of one, so that remainders differ.
            let part = generator.below(rate);
            Tenancy { rate, deposit: (rate * blocks + part) / MILLION + 1 }
        });
        Self { all: all.collect(), generator }
    }

    /// These leases.
    #[must_use]
    pub const fn of(all: Vec<Tenancy>, seed: u64) -> Self {
        Self { all, generator: Generator::new(seed) }
    }

    /// The touches of one block.
    pub fn touches(&mut self, count: usize) -> Vec<Touch> {
        let leases = self.all.len();
        let touch = |generator: &mut Generator| {
            let (place, amount) = (generator.place(leases), 1 + generator.below(300_000));
            Touch { place, amount }
        };
        (0..count).map(|_| touch(&mut self.generator)).collect()
    }
}

/// A lease whose money ended: the place of its account, the block, and the micro-units left.
pub type End = (usize, u64, u64);

/// What an account holds and its lease has earned, in micro-units.
pub type Books = Vec<(u64, u64)>;

/// The meters of the escrow.
#[derive(Clone, Debug)]
pub struct Lazy {
    meters: Meters,
    height: u64,
}

impl Lazy {
    /// The leases at genesis.
    #[must_use]
    pub fn new(tenancies: &Tenancies) -> Self {
        let mut meters = Meters::default();
        for tenancy in &tenancies.all {
            let deposit = Amount::from_micro(tenancy.deposit.into());
            let meter = Meter::new(tenancy.decimal(), BlockHeight::GENESIS, deposit);
            let handle = meters.push(meter.expect("the numbers are small"));
            meters.predict(handle.expect("the leases are few"));
        }
        Self { meters, height: 0 }
    }

    /// The next block: accounts whose money ends with it are settled and closed.
    pub fn block(&mut self, ends: &mut Vec<End>) {
        self.height += 1;
        let height = BlockHeight::new(self.height);
        self.meters.advance(height);
        for handle in self.meters.due(height) {
            self.meters.settle(handle, height).expect("the money lasts to the end");
            let left = self.meters.close(handle).expect("the account is there");
            ends.push((handle as usize, self.height, micro(left)));
        }
    }

    /// Settles the account and adds to it, unless its money has ended.
    pub fn touch(&mut self, touch: Touch) {
        let handle = touch.place as u32;
        let is_open = self.meters.get(handle).is_some_and(|meter| meter.due().is_some());
        if is_open {
            self.meters.settle(handle, BlockHeight::new(self.height)).expect("the money lasts");
            self.meters.top_up(handle, Amount::from_micro(touch.amount.into()));
        }
    }

    /// What open accounts hold and have earned; nothing for closed ones.
    #[must_use]
    pub fn books(mut self) -> Books {
        let height = BlockHeight::new(self.height);
        let mut handles = 0_u32..;
        let mut books = Books::new();
        while let Some(meter) = handles.next().and_then(|handle| self.meters.get(handle).copied()) {
            let handle = books.len() as u32;
            if meter.due().is_some() {
                self.meters.settle(handle, height).expect("the money lasts");
            }
            let meter = self.meters.get(handle).expect("it is there");
            books.push((micro(meter.balance()), micro(meter.earned())));
        }
        books
    }
}

fn micro(amount: Amount) -> u64 {
    u64::try_from(amount.to_micro()).expect("the amounts are small")
}

/// Every lease pays in every block.
#[derive(Clone, Debug)]
pub struct Eager {
    /// What is left, and one micro-unit less a millionth more, in millionths.
    left: Vec<u64>,
    /// Per block, in millionths; zero when the money has ended.
    rate: Vec<u64>,
    earned: Vec<u64>,
    height: u64,
}

/// So many leases are looked at for ends together.
const LANES: usize = 64;

impl Eager {
    /// The leases at genesis.
    #[must_use]
    pub fn new(tenancies: &Tenancies) -> Self {
        let left = tenancies.all.iter().map(|one| (one.deposit + 1) * MILLION - 1).collect();
        let rate = tenancies.all.iter().map(|one| one.rate).collect();
        Self { left, rate, earned: vec![0; tenancies.all.len()], height: 0 }
    }

    /// The next block.
    pub fn block(&mut self, ends: &mut Vec<End>) {
        self.height += 1;
        let lefts = self.left.chunks_mut(LANES);
        let columns = lefts.zip(self.rate.chunks_mut(LANES)).zip(self.earned.chunks_mut(LANES));
        for (chunk, ((left, rate), earned)) in columns.enumerate() {
            let mut is_any_dry = false;
            for ((left, rate), earned) in left.iter_mut().zip(&*rate).zip(earned) {
                *left = left.wrapping_sub(*rate);
                *earned = earned.wrapping_add(*rate);
                is_any_dry |= *left < *rate;
            }
            if is_any_dry {
                for (lane, (left, rate)) in left.iter().zip(rate).enumerate() {
                    if *left < *rate {
                        *rate = 0;
                        ends.push((chunk * LANES + lane, self.height, *left));
                    }
                }
            }
        }
    }

    /// Adds to an account, unless its money has ended.
    pub fn touch(&mut self, touch: Touch) {
        if self.rate[touch.place] > 0 {
            self.left[touch.place] += touch.amount * MILLION;
        }
    }

    /// The ends in micro-units, in the order of accounts within a block.
    #[must_use]
    pub fn ends(&self, ends: &[End], tenancies: &Tenancies, added: &[u64]) -> Vec<End> {
        let left = |(place, height, _): &End| {
            let earned = self.earned[*place] / MILLION;
            (*place, *height, tenancies.all[*place].deposit + added[*place] - earned)
        };
        ends.iter().map(left).collect()
    }

    /// What open accounts hold and have earned; nothing for closed ones.
    #[must_use]
    pub fn books(&self, tenancies: &Tenancies, added: &[u64]) -> Books {
        let book = |(place, one): (usize, &Tenancy)| {
            let earned = self.earned[place] / MILLION;
            let is_open = self.rate[place] > 0;
            if is_open { (one.deposit + added[place] - earned, earned) } else { (0, 0) }
        };
        tenancies.all.iter().enumerate().map(book).collect()
    }
}

/// No row.
const NONE: u32 = u32::MAX;

/// The work of a touch that cannot be avoided: settle, divide, take out of one list and put into
/// another. Columns of 36 bytes a lease, and a ring with one slot for every block.
#[derive(Clone, Debug)]
pub struct Floor {
    left: Vec<u64>,
    rate: Vec<u64>,
    settled_at: Vec<u32>,
    due: Vec<u32>,
    prev: Vec<u32>,
    next: Vec<u32>,
    heads: Vec<u32>,
    height: u32,
}

/// Slots of the ring; ends beyond it wait in the last one.
const RING: u32 = 1 << 18;

impl Floor {
    /// The leases at genesis.
    #[must_use]
    pub fn new(tenancies: &Tenancies) -> Self {
        let Eager { left, rate, earned: _, height: _ } = Eager::new(tenancies);
        let none = vec![NONE; left.len()];
        let (settled_at, heads) = (vec![0; left.len()], vec![NONE; RING as usize]);
        let (due, prev, next) = (none.clone(), none.clone(), none);
        let mut floor = Self { left, rate, settled_at, due, prev, next, heads, height: 0 };
        for place in 0..floor.left.len() {
            floor.link(place);
        }
        floor
    }

    /// The next block.
    pub fn block(&mut self, ends: &mut Vec<End>) {
        self.height += 1;
        let mut row = self.heads[self.height as usize];
        while row != NONE {
            let place = row as usize;
            row = self.next[place];
            self.settle(place);
            self.unlink(place);
            self.rate[place] = 0;
            ends.push((place, self.height.into(), self.left[place]));
        }
    }

    /// Settles an account, adds to it and files it anew.
    pub fn touch(&mut self, touch: Touch) {
        let place = touch.place;
        if self.rate[place] > 0 {
            self.settle(place);
            self.left[place] += touch.amount * MILLION;
            self.unlink(place);
            self.link(place);
        }
    }

    /// Settles an account and returns the micro-units that its lease earned since the last time;
    /// nothing when its money has ended.
    pub fn withdraw(&mut self, place: usize) -> u64 {
        if self.rate[place] == 0 {
            return 0;
        }
        let before = self.left[place] / MILLION;
        self.settle(place);
        before - self.left[place] / MILLION
    }

    fn settle(&mut self, place: usize) {
        let blocks = self.height - std::mem::replace(&mut self.settled_at[place], self.height);
        self.left[place] -= self.rate[place] * u64::from(blocks);
    }

    fn link(&mut self, place: usize) {
        let blocks = self.left[place] / self.rate[place];
        let due = (u64::from(self.height) + blocks).min(u64::from(RING) - 1);
        let head = &mut self.heads[due as usize];
        let next = std::mem::replace(head, place as u32);
        if next != NONE {
            self.prev[next as usize] = place as u32;
        }
        (self.due[place], self.prev[place], self.next[place]) = (due as u32, NONE, next);
    }

    fn unlink(&mut self, place: usize) {
        let (prev, next) = (self.prev[place], self.next[place]);
        if prev == NONE {
            self.heads[self.due[place] as usize] = next;
        } else {
            self.next[prev as usize] = next;
        }
        if next != NONE {
            self.prev[next as usize] = prev;
        }
        self.due[place] = NONE;
    }
}

/// Lives through so many blocks with all three, and asserts that every lease ended in the same block with
/// the same left, that every other account holds and has earned the same, and that some ended.
pub fn assert_equal(leases: usize, seed: u64, blocks: usize, touches: usize) {
    assert!(ended_alike(leases, seed, blocks, touches) > 0, "no money ended");
}

/// How many leases ended, in all three alike.
fn ended_alike(leases: usize, seed: u64, blocks: usize, touches: usize) -> usize {
    let mut tenancies = Tenancies::new(leases, seed);
    let (mut lazy, mut eager) = (Lazy::new(&tenancies), Eager::new(&tenancies));
    let (mut floor, mut added) = (Floor::new(&tenancies), vec![0; leases]);
    let [mut by_lazy, mut by_eager, mut by_floor] = [(); 3].map(|()| Vec::new());
    for _ in 0..blocks {
        for touch in tenancies.touches(touches) {
            if eager.rate[touch.place] > 0 {
                added[touch.place] += touch.amount;
            }
            lazy.touch(touch);
            eager.touch(touch);
            floor.touch(touch);
        }
        lazy.block(&mut by_lazy);
        eager.block(&mut by_eager);
        floor.block(&mut by_floor);
    }
    let by_height = |(place, height, _): &End| (*height, *place);
    by_lazy.sort_unstable_by_key(by_height);
    by_floor.sort_unstable_by_key(by_height);
    assert_eq!(by_floor, by_eager, "the floor ends as the eager ledger does");
    assert_eq!(by_lazy, eager.ends(&by_eager, &tenancies, &added));
    let books = lazy.books();
    assert!(books == eager.books(&tenancies, &added), "every balance is the same");
    by_lazy.len()
}

#[cfg(test)]
mod tests {
    use undercut_ledger::plain;

    use super::*;

    #[test]
    fn lazy_eager_and_floor_are_one_ledger() {
        for seed in [1, 11, 12] {
            let ended = ended_alike(4_096, seed, 2_000, 8);
            assert!(ended > 40, "{ended} ended");
        }
    }

    #[test]
    fn columns_pay_as_the_plain_ledger_does() {
        let tenancies = Tenancies::new(300, 1);
        let mut eager = Eager::new(&tenancies);
        let stream = |one: &Tenancy| plain::Stream {
            rate_atoms: u128::from(one.rate) * ATOMS,
            blocks: 0,
            earned: 0,
            is_open: true,
        };
        let mut streams: Vec<plain::Stream> = tenancies.all.iter().map(stream).collect();
        let (mut ends, mut plainly) = (Vec::new(), Vec::new());
        for height in 1..=2_000 {
            eager.block(&mut ends);
            for (place, stream) in streams.iter_mut().enumerate().filter(|(_, one)| one.is_open) {
                stream.serve_block().expect("the numbers are small");
                let mut next = *stream;
                next.serve_block().expect("the numbers are small");
                if next.earned > u128::from(tenancies.all[place].deposit) {
                    stream.is_open = false;
                    let left = tenancies.all[place].deposit - stream.earned as u64;
                    plainly.push((place, height, left));
                }
            }
        }
        assert!(!plainly.is_empty());
        assert_eq!(eager.ends(&ends, &tenancies, &[0; 300]), plainly);
    }
}
