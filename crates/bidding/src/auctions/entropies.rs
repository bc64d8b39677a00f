//! [`Entropies`]: what decides ties, once for all orders that were opened with the same.

use alloc::vec::Vec;

use undercut_primitives::Digest;

use crate::queues::place;

/// Entropies by number. Orders of one block have the same one, so that it is only the last one that
/// a new order's is compared with.
#[derive(Clone, Debug, Default)]
pub(super) struct Entropies {
    rows: Vec<Row>,
    free: Vec<u32>,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    entropy: Digest,
    /// Orders that have it, and one more while it is the last.
    users: u32,
}

impl Entropies {
    /// The number of an entropy, with one more user; `None` when 2^32 are in use.
    #[inline]
    pub(super) fn join(&mut self, entropy: &Digest) -> Option<u32> {
        let last = self.last;
        match self.rows.get_mut(place(last)) {
            Some(row) if row.entropy == *entropy => {
                row.users = row.users.saturating_add(1);
                Some(last)
            }
            _ => self.add(*entropy),
        }
    }

    #[inline(never)]
    fn add(&mut self, entropy: Digest) -> Option<u32> {
        if !self.rows.is_empty() {
            self.leave(self.last);
        }
        let row = Row { entropy, users: 2 };
        self.last = match self.free.pop() {
            Some(free) => {
                *self.rows.get_mut(place(free))? = row;
                free
            }
            None => {
                let new = u32::try_from(self.rows.len()).ok()?;
                self.rows.push(row);
                new
            }
        };
        Some(self.last)
    }

    /// One user less.
    #[inline]
    pub(super) fn leave(&mut self, number: u32) {
        let Some(row) = self.rows.get_mut(place(number)) else { return };
        row.users = row.users.saturating_sub(1);
        if row.users == 0 {
            self.free.push(number);
        }
    }

    /// The entropy with a number.
    pub(super) fn get(&self, number: u32) -> &Digest {
        self.rows.get(place(number)).map_or(&Digest::ZERO, |row| &row.entropy)
    }

    /// Bytes in use and in reserve.
    pub(super) fn bytes(&self) -> usize {
        let free = self.free.capacity().saturating_mul(size_of::<u32>());
        self.rows.capacity().saturating_mul(size_of::<Row>()).saturating_add(free)
    }
}
