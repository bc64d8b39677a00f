//! The waiting requests: by arrival, with an index by direction and a count by owner.
//!
//! The indexes are worth nothing by themselves: [`Queue::insert`] and [`Queue::remove`] keep them,
//! and a queue that is built anew from its requests is equal.

use alloc::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Address, Amount, BlockHeight, Coin, Misfit};

use super::Direction;

/// A burn that waits for its epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct BurnRequest {
    /// Its number, from 1, in order of arrival.
    pub id: u64,
    /// Who burns, and receives what comes out.
    pub owner: Address,
    /// What is burned: uakt or uact.
    pub burned: Coin,
    /// The block of the request.
    pub requested_at: BlockHeight,
    /// How often it was tried and could not be executed.
    pub attempts: u32,
}

impl BurnRequest {
    /// Which way it goes; `None` for a denom that is not burned, which no request has.
    #[must_use]
    pub fn direction(&self) -> Option<Direction> {
        Direction::of_burned(&self.burned.denom)
    }
}

/// All waiting requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Queue {
    requests: BTreeMap<u64, BurnRequest>,
    redeems: BTreeSet<u64>,
    mints: BTreeSet<u64>,
    owners: BTreeMap<Address, u32>,
    waiting_uact: Amount,
    waiting_uakt: Amount,
}

impl Queue {
    pub(super) fn get(&self, id: u64) -> Option<&BurnRequest> {
        self.requests.get(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &BurnRequest> {
        self.requests.values()
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// How many requests of `owner` wait.
    pub(super) fn count_of(&self, owner: &Address) -> u32 {
        self.owners.get(owner).copied().unwrap_or_default()
    }

    /// What all waiting requests of a direction burn, in micro-units.
    pub(super) fn waiting(&self, direction: Direction) -> Amount {
        match direction {
            Direction::Redeem => self.waiting_uact,
            Direction::Mint => self.waiting_uakt,
        }
    }

    /// The numbers of a direction's requests, by arrival.
    pub(super) fn of_direction(&self, direction: Direction) -> impl Iterator<Item = u64> {
        let ids = match direction {
            Direction::Redeem => &self.redeems,
            Direction::Mint => &self.mints,
        };
        ids.iter().copied()
    }

    fn parts(&mut self, direction: Direction) -> (&mut BTreeSet<u64>, &mut Amount) {
        match direction {
            Direction::Redeem => (&mut self.redeems, &mut self.waiting_uact),
            Direction::Mint => (&mut self.mints, &mut self.waiting_uakt),
        }
    }

    /// Takes a request in; nothing changes on an error.
    pub(super) fn insert(&mut self, request: &BurnRequest) -> Result<(), Misfit> {
        let direction = request.direction().ok_or(Misfit::new("the request burns no such coin"))?;
        if self.requests.contains_key(&request.id) {
            return Err(Misfit::new("the request exists already"));
        }
        let (ids, waiting) = self.parts(direction);
        let sum = waiting.plus(request.burned.amount);
        *waiting = sum.map_err(|_| Misfit::new("the waiting requests are more than fits"))?;
        ids.insert(request.id);
        let count = self.owners.entry(request.owner).or_default();
        *count = count.saturating_add(1);
        self.requests.insert(request.id, request.clone());
        Ok(())
    }

    /// Takes a request out; nothing changes when there is none.
    pub(super) fn remove(&mut self, id: u64) -> Result<(), Misfit> {
        let request = self.requests.remove(&id).ok_or(Misfit::new("no such request"))?;
        if let Some(direction) = request.direction() {
            let (ids, waiting) = self.parts(direction);
            ids.remove(&id);
            // The sum holds every waiting amount, this one too.
            *waiting = waiting.checked_sub(request.burned.amount).unwrap_or_default();
        }
        match self.owners.get_mut(&request.owner) {
            Some(count) if *count > 1 => *count = count.saturating_sub(1),
            Some(_) | None => {
                self.owners.remove(&request.owner);
            }
        }
        Ok(())
    }

    /// Notes a failed attempt, which has to be the next one.
    pub(super) fn note_attempt(&mut self, id: u64, attempts: u32) -> Result<(), Misfit> {
        let request = self.requests.get_mut(&id).ok_or(Misfit::new("no such request"))?;
        if request.attempts.checked_add(1) != Some(attempts) {
            return Err(Misfit::new("the attempts do not follow one another"));
        }
        request.attempts = attempts;
        Ok(())
    }
}
