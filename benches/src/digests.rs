//! [`Digests`]: everything that the format has hashed for a block of bids, and no logic.

use std::hint::black_box;

use undercut_ledger::merkle::StateTree;
use undercut_primitives::Digest;
use undercut_primitives::crypto::{self, Namespace};

use crate::blocks::framed_into;
use crate::digest;
use crate::market::Market;

const DIGESTS: Namespace = Namespace("undercut/bench-digest/v1");

/// How many bytes the canonical name of a bid's entry has.
const NAME: usize = 60;

/// How many bytes a tie is broken with: the order's entropy and the bid's id.
const TIE: usize = 32 + NAME - 4;

/// Entries of the state that belong to an open order: deployment, group, order and account.
const ENTRIES_EACH: usize = 4;

/// The records of a block of bids, framed and hashed; and besides, for each bid, what a signature is
/// over, what a tie is broken with, name and value of its entry, and the entry's way in a tree as
/// large as the state's.
#[derive(Debug)]
pub struct Digests {
    bids: Vec<Vec<u8>>,
    bodies: Vec<Vec<u8>>,
    frames: Vec<u8>,
    tree: StateTree,
    entries: u64,
}

impl Digests {
    /// Of a block of these bids, encoded, on this market, whose records have these bodies.
    #[must_use]
    pub fn new(market: &Market, bids: &[Vec<u8>], bodies: &[Vec<u8>]) -> Self {
        let orders = market.engine.state().book().orders().count();
        let mut tree = StateTree::default();
        let entries = u64::try_from(orders * ENTRIES_EACH).expect("orders are few");
        (0..entries).for_each(|entry| tree.set(digest(entry), Some(digest(entry))));
        tree.root();
        let (bids, bodies, frames) = (bids.to_vec(), bodies.to_vec(), Vec::new());
        Self { bids, bodies, frames, tree, entries }
    }

    /// Hashes a block of bids for other orders than those before.
    pub fn block(&mut self) {
        black_box(framed_into(&self.bodies, &mut self.frames));
        // The first body opens the block; of a bid it is the command's and then the bid's own.
        let placed = self.bodies.iter().skip(2).step_by(2);
        let bids = self.bids.iter().zip(placed);
        let mut entries: Vec<(Digest, Option<Digest>)> = bids
            .map(|(bid, placed)| {
                self.entries += 1;
                black_box(crypto::digest(DIGESTS, bid));
                black_box(crypto::digest(DIGESTS, &[0; TIE]));
                let mut name = [0; NAME];
                name[..8].copy_from_slice(&self.entries.to_le_bytes());
                let value = crypto::digest(DIGESTS, placed);
                (crypto::digest(DIGESTS, &name), Some(value))
            })
            .collect();
        entries.sort_unstable();
        self.tree.set_all(&entries);
        black_box(self.tree.root());
    }
}
