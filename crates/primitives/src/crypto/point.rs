//! The rule for one signature: bytes read as points and numbers, and the equation between them.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity as _;
use sha2::{Digest as _, Sha512};

use super::{Claim, PublicKey, SignatureRejected};

/// The point of a key that can stand for one signer. Reading one costs a square root, so those who
/// meet a key again keep its point.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignerPoint(pub(super) EdwardsPoint);

impl SignerPoint {
    /// Steps 1 of the rule.
    pub(super) fn read(key: &PublicKey) -> Result<Self, SignatureRejected> {
        let point = read_point(key.as_bytes()).filter(|point| !point.is_small_order());
        point.map(Self).ok_or(SignatureRejected::WeakKey)
    }
}

/// A signature and what it signs, as the equation takes them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    pub(super) r: EdwardsPoint,
    pub(super) s: Scalar,
    pub(super) challenge: Scalar,
}

impl Statement {
    /// Steps 2 and 3 of the rule. Whether the key is one is for [`SignerPoint::read`] to say.
    pub(super) fn read(claim: &Claim) -> Result<Self, SignatureRejected> {
        let wrong = SignatureRejected::WrongSignature;
        let s: Option<Scalar> = Scalar::from_canonical_bytes(claim.signature.s).into();
        let s = s.ok_or(wrong)?;
        let r = read_point(&claim.signature.r).ok_or(wrong)?;
        Ok(Self { r, s, challenge: challenge(claim) })
    }

    /// Step 4 of the rule.
    #[allow(
        clippy::arithmetic_side_effects,
        reason = "points and scalars form groups: no sum of theirs overflows"
    )]
    pub(super) fn must_hold(&self, signer: &SignerPoint) -> Result<(), SignatureRejected> {
        let (challenge, s) = (-self.challenge, self.s);
        let r = EdwardsPoint::vartime_double_scalar_mul_basepoint(&challenge, &signer.0, &s);
        if is_nothing(&(r - self.r)) { Ok(()) } else { Err(SignatureRejected::WrongSignature) }
    }
}

/// Whether eight times the point is the neutral point.
pub(super) fn is_nothing(point: &EdwardsPoint) -> bool {
    point.mul_by_cofactor().is_identity()
}

fn read_point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(*bytes).decompress()
}

fn challenge(claim: &Claim) -> Scalar {
    let mut hasher = Sha512::new();
    hasher.update(claim.signature.r);
    hasher.update(claim.key.as_bytes());
    hasher.update(claim.digest.as_bytes());
    Scalar::from_bytes_mod_order_wide(&hasher.finalize().into())
}
