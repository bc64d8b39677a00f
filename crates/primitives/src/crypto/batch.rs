//! Many signatures in one equation, and which of them break it.
//!
//! For signatures `i` with weights `z`, the sum of `z (s B - k A - R)` times 8 is the neutral point
//! when all of them hold. When one does not, its part is not neutral, and at most one of the 2^128
//! weights that it may have brings the sum to nothing. The weights are hashes of all that the batch
//! consists of, so whoever made a signature did so before its weight was known; to get a wrong one
//! through takes about 2^128 tries, each a batch. So no randomness is needed.
//!
//! A batch that fails is halved, and the halves again, with the same weights: the sum over one half
//! is the whole less the other, so each halving costs one of the two. What is left alone has the
//! verdict of the equation for one.
//!
//! What makes it fast: points of known keys are not read again, and equal keys of a batch are one
//! term. Keys that lie together, in the order of the batch, stay together in its halves.

use alloc::vec;
use alloc::vec::Vec;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul as _;
use sha2::{Digest as _, Sha256};

use super::point::{SignerPoint, Statement, is_nothing};
use super::{Claim, Digest, Namespace, digest_parts, hasher};

const BATCH: Namespace = Namespace("undercut/signature-batch/v1");
const WEIGHT: Namespace = Namespace("undercut/signature-weight/v1");

/// Signatures that wait for one check together.
#[derive(Debug)]
pub(super) struct Batch {
    entries: Vec<Entry>,
    /// Has read everything in the batch.
    transcript: Sha256,
}

/// A statement, and its three numbers times its weight.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Its place among the caller's claims.
    place: usize,
    /// The number by which the caller knows the key.
    signer: usize,
    point: SignerPoint,
    r: EdwardsPoint,
    weight: Scalar,
    s: Scalar,
    challenge: Scalar,
}

impl Batch {
    /// A batch of nothing.
    pub(super) fn with_capacity(claims: usize) -> Self {
        Self { entries: Vec::with_capacity(claims), transcript: hasher(BATCH) }
    }

    /// Adds a claim. Claims of one signer cost less when they are added one after the other.
    pub(super) fn push(
        &mut self,
        place: usize,
        claim: &Claim,
        signer: (usize, SignerPoint),
        statement: &Statement,
    ) {
        let (Claim { key, digest, signature }, (signer, point)) = (claim, signer);
        for part in [key.as_bytes(), digest.as_bytes(), &signature.r, &signature.s] {
            self.transcript.update(part);
        }
        let Statement { r, s, challenge } = *statement;
        self.entries.push(Entry { place, signer, point, r, weight: Scalar::ONE, s, challenge });
    }

    /// The places of the claims that do not hold, in no order.
    pub(super) fn find_wrong(mut self) -> Vec<usize> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let seed = Digest(self.transcript.finalize().into());
        weigh(&mut self.entries, &seed);
        let mut wrong = Vec::new();
        accuse(&self.entries, &residue(&self.entries), &mut wrong);
        wrong
    }
}

/// Gives every entry its weight: 128 bits, two of them from each hash of the seed and a number.
#[allow(clippy::arithmetic_side_effects, reason = "scalars form a field: no product overflows")]
fn weigh(entries: &mut [Entry], seed: &Digest) {
    for (pair, number) in entries.chunks_mut(2).zip(0_u64..) {
        let hash = digest_parts(WEIGHT, &[seed.as_bytes(), &number.to_le_bytes()]);
        let (halves, _) = hash.as_bytes().as_chunks::<16>();
        for (entry, half) in pair.iter_mut().zip(halves) {
            // Nothing would hold with a weight of zero.
            let weight = Scalar::from(u128::from_le_bytes(*half).max(1));
            entry.weight = weight;
            entry.s *= weight;
            entry.challenge *= weight;
        }
    }
}

/// What is left of the equation: the sum of the weighted `s B - k A - R`, before the factor 8.
#[allow(
    clippy::arithmetic_side_effects,
    reason = "points and scalars form groups: no sum of theirs overflows"
)]
fn residue(entries: &[Entry]) -> EdwardsPoint {
    let keys = entries.chunk_by(|one, next| one.signer == next.signer);
    let base = entries.iter().map(|entry| entry.s).sum();
    let (mut scalars, mut points) = (vec![base], vec![ED25519_BASEPOINT_POINT]);
    for (equal, entry) in keys.filter_map(|equal| Some((equal, equal.first()?))) {
        scalars.push(-equal.iter().map(|entry| entry.challenge).sum::<Scalar>());
        points.push(entry.point.0);
    }
    scalars.extend(entries.iter().map(|entry| -entry.weight));
    points.extend(entries.iter().map(|entry| entry.r));
    EdwardsPoint::vartime_multiscalar_mul(scalars, points)
}

/// Collects who is to blame for a residue, which is that of these entries.
#[allow(
    clippy::arithmetic_side_effects,
    reason = "points form a group: no difference of theirs overflows"
)]
fn accuse(entries: &[Entry], left: &EdwardsPoint, wrong: &mut Vec<usize>) {
    if is_nothing(left) {
        return;
    }
    match entries {
        [] => {}
        [entry] => wrong.push(entry.place),
        _ => {
            let (first, second) = entries.split_at(entries.len() / 2);
            let of_first = residue(first);
            accuse(first, &of_first, wrong);
            accuse(second, &(left - of_first), wrong);
        }
    }
}
