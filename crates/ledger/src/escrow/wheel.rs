//! [`Wheel`]: rows by the block in which they fall due, filed and taken out in constant time.
//!
//! A hierarchical timing wheel. On level 0 a slot is one block, on every level above it is as many
//! blocks as all slots of the level below. A row is filed on the lowest level on which its block is
//! fewer than [`SLOTS`] slots away, and moves down when the wheel's block reaches its slot: at most
//! [`LEVELS`] times in all, and once or never for what falls due within a million blocks. What falls
//! due later than five levels reach is in one slot of its own, and so is what fell due already.
//!
//! A slot is a doubly linked list through the rows themselves, so the wheel holds nothing but the
//! heads: 20 KiB whatever is filed.
//!
//! Nothing depends on the wheel's block but the time that an answer takes: rows due at any height
//! are found by looking through the slots that the height may be filed in. At the wheel's own block
//! that is one slot with no other rows in it.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "positions of slots: every operation stays far below its type's maximum, as its comment says"
)]

use alloc::vec::Vec;

/// Bits of a height that one level tells apart.
const BITS: u32 = 10;
/// Slots of one level.
const SLOTS: u64 = 1 << BITS;
/// Levels; together they reach 2^50 blocks, beyond the last block there can be.
const LEVELS: u32 = 5;
/// The slot of what fell due before the wheel's block.
const LATE: u32 = LEVELS << BITS;
/// The slot of what lies beyond the last level.
const BEYOND: u32 = LATE + 1;
/// No row.
const NONE: u32 = u32::MAX;
/// From here on, `prev` names the slot whose first row this is.
const FIRST: u32 = 1 << 31;

/// What a row carries so that the wheel can file it: 16 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    due: u64,
    prev: u32,
    next: u32,
}

impl Default for Link {
    fn default() -> Self {
        Self { due: 0, prev: NONE, next: NONE }
    }
}

impl Link {
    /// The height at which the row falls due, if it does.
    pub(crate) const fn due(&self) -> Option<u64> {
        if self.prev == NONE { None } else { Some(self.due) }
    }
}

/// A row that can be filed.
pub(crate) trait Linked {
    /// Where it is filed.
    fn link(&self) -> &Link;
    /// The same, for the wheel alone to change.
    fn link_mut(&mut self) -> &mut Link;
}

impl Linked for Link {
    fn link(&self) -> &Link {
        self
    }

    fn link_mut(&mut self) -> &mut Link {
        self
    }
}

/// The heads of all slots, and the block up to which rows have moved down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wheel {
    now: u64,
    /// By slot; empty until something is filed.
    heads: Vec<u32>,
}

impl Wheel {
    /// Files `row` under `due`, or nowhere; from wherever it is filed. O(1).
    pub(crate) fn file<R: Linked>(&mut self, rows: &mut [R], row: u32, due: Option<u64>) {
        self.unlink(rows, row);
        if let Some(due) = due {
            self.link(rows, row, due);
        }
    }

    /// The rows due at `height`, in no particular order. O(rows due) at the wheel's own block.
    pub(crate) fn due<R: Linked>(&self, rows: &[R], height: u64) -> Vec<u32> {
        let mut found = Vec::new();
        if height < self.now {
            self.collect(rows, LATE, height, &mut found);
            return found;
        }
        for level in 0..LEVELS {
            let (there, here) = (height >> (level * BITS), self.now >> (level * BITS));
            // Above level 0 the wheel's own slot is empty, and so is it on all levels above.
            if level > 0 && there == here {
                return found;
            }
            // `there` is not before `here`, because the height is not.
            if there - here < SLOTS {
                self.collect(rows, slot(level, there), height, &mut found);
            }
        }
        self.collect(rows, BEYOND, height, &mut found);
        found
    }

    /// Makes `to` the wheel's block, if it is later. O(1) per row that moves, and at most O(1) per
    /// slot passed.
    pub(crate) fn advance<R: Linked>(&mut self, rows: &mut [R], to: u64) {
        let from = self.now;
        if to <= from {
            return;
        }
        self.now = to;
        if self.heads.is_empty() {
            return;
        }
        // Low levels first: what moves down from a level was not yet there when its slots were passed.
        for level in 0..LEVELS {
            let (start, end) = (from >> (level * BITS), to >> (level * BITS));
            let passed = (end - start).min(SLOTS);
            if passed == 0 {
                return;
            }
            // The wheel leaves slots of level 0, and enters those of the levels above.
            let first = if level == 0 { start } else { end - passed + 1 };
            for place in first..first + passed {
                self.refile(rows, slot(level, place));
            }
        }
        self.refile(rows, BEYOND);
    }

    fn collect<R: Linked>(&self, rows: &[R], slot: u32, height: u64, found: &mut Vec<u32>) {
        let mut next = self.head(slot);
        while let Some(link) = rows.get(place(next)).map(R::link) {
            if link.due == height {
                found.push(next);
            }
            next = link.next;
        }
    }

    fn refile<R: Linked>(&mut self, rows: &mut [R], slot: u32) {
        let mut next = self.set_head(slot, NONE);
        while let Some(link) = rows.get(place(next)).map(R::link) {
            let (row, due) = (next, link.due);
            next = link.next;
            self.link(rows, row, due);
        }
    }

    fn unlink<R: Linked>(&mut self, rows: &mut [R], row: u32) {
        let Some(link) = rows.get_mut(place(row)).map(R::link_mut) else { return };
        let Link { prev, next, .. } = *link;
        if prev == NONE {
            return;
        }
        *link = Link::default();
        if prev >= FIRST {
            self.set_head(prev - FIRST, next);
        } else if let Some(before) = rows.get_mut(place(prev)) {
            before.link_mut().next = next;
        }
        if let Some(after) = rows.get_mut(place(next)) {
            after.link_mut().prev = prev;
        }
    }

    /// Files a row that is filed nowhere, or whose slot was emptied.
    fn link<R: Linked>(&mut self, rows: &mut [R], row: u32, due: u64) {
        if self.heads.is_empty() {
            self.heads.resize(place(BEYOND) + 1, NONE);
        }
        let slot = self.slot_of(due);
        let next = self.set_head(slot, row);
        if let Some(after) = rows.get_mut(place(next)) {
            after.link_mut().prev = row;
        }
        if let Some(row) = rows.get_mut(place(row)) {
            // There are few slots, so the sum is below `NONE`.
            *row.link_mut() = Link { due, prev: FIRST + slot, next };
        }
    }

    fn slot_of(&self, due: u64) -> u32 {
        if due < self.now {
            return LATE;
        }
        for level in 0..LEVELS {
            let there = due >> (level * BITS);
            // `due` is not before the wheel's block, so neither is its slot.
            if there - (self.now >> (level * BITS)) < SLOTS {
                return slot(level, there);
            }
        }
        BEYOND
    }

    fn head(&self, slot: u32) -> u32 {
        self.heads.get(place(slot)).copied().unwrap_or(NONE)
    }

    fn set_head(&mut self, slot: u32, row: u32) -> u32 {
        let head = self.heads.get_mut(place(slot));
        head.map_or(NONE, |head| core::mem::replace(head, row))
    }
}

/// The slot on a level; `there` counts the level's slots from genesis on.
fn slot(level: u32, there: u64) -> u32 {
    // What is left of `there` has ten bits.
    (level << BITS) + u32::try_from(there % SLOTS).unwrap_or_default()
}

/// A row's place in the list of rows; `NONE` is that of no row, because lists are shorter.
fn place(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        File(u32, Option<u64>),
        /// So many blocks on.
        Advance(u64),
    }

    fn ahead() -> impl Strategy<Value = u64> {
        prop_oneof![
            4 => 0_u64..40,
            4 => 0_u64..3_000,
            2 => 0_u64..3 << 20,
            1 => 0_u64..1 << 49,
            1 => any::<u64>(),
        ]
    }

    fn step() -> impl Strategy<Value = Step> {
        let due = prop::option::weighted(0.8, ahead());
        prop_oneof![
            4 => (0_u32..24, due).prop_map(|(row, due)| Step::File(row, due)),
            1 => prop_oneof![Just(1_u64), 0_u64..2_000, 0_u64..1 << 22, 0_u64..1 << 47]
                .prop_map(Step::Advance),
        ]
    }

    /// The plain twin: a map of sets.
    #[derive(Default)]
    struct Plain(BTreeMap<u64, BTreeSet<u32>>);

    impl Plain {
        fn file(&mut self, row: u32, due: Option<u64>) {
            self.0.values_mut().for_each(|rows| {
                rows.remove(&row);
            });
            if let Some(due) = due {
                self.0.entry(due).or_default().insert(row);
            }
        }
    }

    fn due_of(wheel: &Wheel, rows: &[Link], height: u64) -> Vec<u32> {
        let mut due = wheel.due(rows, height);
        due.sort_unstable();
        due
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn a_wheel_is_a_map_from_heights_to_rows(steps in prop::collection::vec(step(), 1..120)) {
            let (mut wheel, mut plain) = (Wheel::default(), Plain::default());
            let mut rows = [Link::default(); 24];
            for step in steps {
                match step {
                    Step::File(row, ahead) => {
                        // Some of them before the wheel's block.
                        let due = ahead.map(|ahead| wheel.now.saturating_add(ahead).saturating_sub(9));
                        wheel.file(&mut rows, row, due);
                        plain.file(row, due);
                        prop_assert_eq!(rows[place(row)].due(), due);
                    }
                    Step::Advance(blocks) => {
                        let to = wheel.now.saturating_add(blocks);
                        wheel.advance(&mut rows, to);
                    }
                }
                for (height, expected) in &plain.0 {
                    let found = due_of(&wheel, &rows, *height);
                    prop_assert!(found.iter().eq(expected), "at {}", height);
                }
                let filed = rows.iter().filter(|row| row.due().is_some()).count();
                prop_assert_eq!(filed, plain.0.values().map(BTreeSet::len).sum::<usize>());
                prop_assert_eq!(due_of(&wheel, &rows, wheel.now ^ (1 << 60)).len(),
                    plain.0.get(&(wheel.now ^ (1 << 60))).map_or(0, BTreeSet::len));
            }
        }
    }

    #[test]
    fn block_by_block_every_row_comes_up_in_its_own() {
        let mut rows = [Link::default(); 64];
        let mut wheel = Wheel::default();
        for row in 0..64 {
            // 0 to 127,008 blocks ahead: three levels.
            wheel.file(&mut rows, row, Some(u64::from(row) * u64::from(row) * 32));
        }
        let mut met = Vec::new();
        for height in 0..=64 * 64 * 32 {
            wheel.advance(&mut rows, height);
            for row in wheel.due(&rows, height) {
                assert_eq!(rows[place(row)].due(), Some(height));
                wheel.file(&mut rows, row, None);
                met.push(row);
            }
        }
        assert!(met.iter().copied().eq(0..64), "{met:?}");
    }
}
