//! [`Verifier`]: verdicts on many signatures, with what it learnt about keys from the last ones.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::batch::Batch;
use super::point::{SignerPoint, Statement};
use super::{BatchWindow, Claim, PublicKey, SignatureRejected};

/// The most keys that a [`Verifier`] keeps; with one more it forgets all and starts anew.
pub const KEYS_KNOWN_MAX: usize = 16_384;

/// What a wrong signature adds to its key's strikes; each right one takes one away.
const STRIKES_PER_WRONG: u16 = 32;
/// A key with more strikes than this is checked by itself.
const STRIKES_IN_BATCH_MAX: u16 = 40;
/// More strikes than this are not counted, so that a key can work its way back.
const STRIKES_MAX: u16 = 256;

/// Checks many signatures in batches. It gives the verdicts of [`Claim::verify`] for every claim,
/// whatever it was given before and however the claims are cut into lists; only its speed depends
/// on that.
///
/// It keeps the points of the keys that it met (about 200 bytes each, at most [`KEYS_KNOWN_MAX`]),
/// follows the share of wrong signatures with a [`BatchWindow`], and checks the claims of keys that
/// had several wrong ones lately by themselves, so that they spoil nobody's batch. Keep one per
/// thread.
#[derive(Debug, Default)]
pub struct Verifier {
    window: BatchWindow,
    numbers: BTreeMap<PublicKey, usize>,
    signers: Vec<Signer>,
}

#[derive(Clone, Copy, Debug)]
struct Signer {
    point: SignerPoint,
    strikes: u16,
}

/// Fewer claims than this are not worth a list, even when they are checked one at a time.
const LIST_MIN: usize = 32;

type Verdict = Result<(), SignatureRejected>;

impl Verifier {
    /// A verifier that knows no keys, with an adaptive window.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A verifier that knows no keys, with this window.
    #[must_use]
    pub fn with_window(window: BatchWindow) -> Self {
        Self { window, ..Self::default() }
    }

    /// The window of the next batch.
    #[must_use]
    pub const fn window(&self) -> BatchWindow {
        self.window
    }

    /// The verdict of [`Claim::verify`] on each claim, in their order.
    pub fn verify_all(&mut self, claims: &[Claim]) -> Vec<Verdict> {
        let mut verdicts = vec![Ok(()); claims.len()];
        let (mut claims, mut open) = (claims, verdicts.as_mut_slice());
        while !claims.is_empty() {
            let size = match self.window.size() {
                1 => LIST_MIN,
                size => size,
            };
            let size = size.min(claims.len());
            let (now, later) = claims.split_at(size);
            let (of_now, of_later) = open.split_at_mut(size);
            self.verify_window(now, of_now);
            (claims, open) = (later, of_later);
        }
        verdicts
    }

    fn verify_window(&mut self, claims: &[Claim], verdicts: &mut [Verdict]) {
        let order = self.by_signer(claims, verdicts);
        let is_alone = self.window.size() == 1 || order.len() == 1;
        let mut batch = Batch::with_capacity(order.len());
        for &(number, place) in &order {
            let (Some(claim), Some(verdict)) = (claims.get(place), verdicts.get_mut(place)) else {
                continue;
            };
            let Some(signer) = self.signers.get(number) else { continue };
            match Statement::read(claim) {
                Ok(statement) if is_alone || signer.is_offender() => {
                    *verdict = statement.must_hold(&signer.point);
                }
                Ok(statement) => batch.push(place, claim, (number, signer.point), &statement),
                Err(rejected) => *verdict = Err(rejected),
            }
        }
        for place in batch.find_wrong() {
            if let Some(verdict) = verdicts.get_mut(place) {
                *verdict = Err(SignatureRejected::WrongSignature);
            }
        }
        self.learn(&order, verdicts);
    }

    /// The places of the claims whose keys can sign, by the number of the key. Says no to the others.
    fn by_signer(&mut self, claims: &[Claim], verdicts: &mut [Verdict]) -> Vec<(usize, usize)> {
        if self.signers.len().saturating_add(claims.len()) > KEYS_KNOWN_MAX {
            self.numbers.clear();
            self.signers.clear();
        }
        let mut order = Vec::with_capacity(claims.len());
        for (place, (claim, verdict)) in claims.iter().zip(verdicts).enumerate() {
            match self.number_of(&claim.key) {
                Ok(number) => order.push((number, place)),
                Err(rejected) => *verdict = Err(rejected),
            }
        }
        order.sort_unstable();
        order
    }

    fn number_of(&mut self, key: &PublicKey) -> Result<usize, SignatureRejected> {
        if let Some(number) = self.numbers.get(key) {
            return Ok(*number);
        }
        let point = SignerPoint::read(key)?;
        let number = self.signers.len();
        self.signers.push(Signer { point, strikes: 0 });
        self.numbers.insert(*key, number);
        Ok(number)
    }

    /// Counts strikes, then tells the window what the signers said who will be in batches again.
    fn learn(&mut self, order: &[(usize, usize)], verdicts: &[Verdict]) {
        let is_right = |place: usize| verdicts.get(place).is_some_and(Result::is_ok);
        for (number, place) in order {
            if let Some(signer) = self.signers.get_mut(*number) {
                signer.count(is_right(*place));
            }
        }
        let in_batches =
            |number: usize| self.signers.get(number).is_some_and(|signer| !signer.is_offender());
        let (mut seen, mut wrong) = (0_usize, 0_usize);
        for (_, place) in order.iter().filter(|(number, _)| in_batches(*number)) {
            seen = seen.saturating_add(1);
            wrong = wrong.saturating_add(usize::from(!is_right(*place)));
        }
        self.window.note(seen, wrong);
    }
}

impl Signer {
    /// Whether its signatures are checked by themselves.
    const fn is_offender(&self) -> bool {
        self.strikes > STRIKES_IN_BATCH_MAX
    }

    fn count(&mut self, is_right: bool) {
        self.strikes = if is_right {
            self.strikes.saturating_sub(1)
        } else {
            self.strikes.saturating_add(STRIKES_PER_WRONG).min(STRIKES_MAX)
        };
    }
}

#[cfg(all(test, feature = "keys"))]
mod tests {
    use super::*;
    use crate::Signature;
    use crate::crypto::{Namespace, digest};
    use crate::keys::KeyPair;

    const NAME: Namespace = Namespace("undercut/test/v1");

    fn claim(signer: u64, number: u64) -> Claim {
        let pair = KeyPair::insecure(signer, "signer");
        let digest = digest(NAME, &number.to_le_bytes());
        Claim { key: pair.public(), digest, signature: pair.sign(&digest) }
    }

    /// The claim with the signature of another digest.
    fn wrong(claim: Claim, number: u64) -> Claim {
        Claim { digest: digest(NAME, &(!number).to_le_bytes()), ..claim }
    }

    /// Eight signers in turn; what `is_wrong` names is wrong.
    fn claims(count: u64, is_wrong: impl Fn(u64) -> bool) -> Vec<Claim> {
        let make = |number| {
            let claim = claim(number % 8, number);
            if is_wrong(number) { wrong(claim, number) } else { claim }
        };
        (0..count).map(make).collect()
    }

    fn plain(claims: &[Claim]) -> Vec<Verdict> {
        claims.iter().map(Claim::verify).collect()
    }

    #[test]
    fn every_window_finds_exactly_the_wrong_ones() {
        let cases: [&dyn Fn(u64) -> bool; 6] = [
            &|_| false,
            &|_| true,
            &|number| number == 0,
            &|number| number == 69,
            &|number| number % 8 == 3,
            &|number| number % 7 == 2,
        ];
        for (case, is_wrong) in cases.into_iter().enumerate() {
            let claims = claims(70, is_wrong);
            let expected = plain(&claims);
            let found: Vec<bool> = expected.iter().map(Result::is_err).collect();
            assert_eq!(found, (0..70).map(is_wrong).collect::<Vec<_>>());
            for window in [1, 2, 3, 16, 64, 1024].map(BatchWindow::fixed) {
                let answers = Verifier::with_window(window).verify_all(&claims);
                assert_eq!(answers, expected, "case {case}, {window:?}");
            }
        }
    }

    #[test]
    fn what_it_was_given_before_changes_no_verdict() {
        let claims = claims(400, |number| number % 3 == 1 || number % 8 == 5);
        let expected = plain(&claims);
        let mut verifier = Verifier::new();
        for _ in 0..3 {
            assert_eq!(verifier.verify_all(&claims), expected);
        }
    }

    #[test]
    fn no_claims_have_no_verdicts() {
        assert_eq!(Verifier::new().verify_all(&[]), []);
    }

    #[test]
    fn unusable_bytes_are_refused_for_the_reason_of_the_single_check() {
        let good = claim(1, 1);
        let mut signature = good.signature.to_bytes();
        signature[32..].fill(0xff);
        let scalar = Claim { signature: Signature::from_bytes(&signature), ..good };
        let mut identity = [0; 32];
        identity[0] = 1;
        let weak = Claim { key: PublicKey::from_bytes(identity), ..good };
        let claims = [good, weak, scalar, good];
        let (weak, wrong) = (SignatureRejected::WeakKey, SignatureRejected::WrongSignature);
        assert_eq!(plain(&claims), [Ok(()), Err(weak), Err(wrong), Ok(())]);
        assert_eq!(Verifier::new().verify_all(&claims), plain(&claims));
    }

    #[test]
    fn one_signer_of_garbage_leaves_the_window_of_the_others_wide() {
        let claims = claims(2_048, |number| number % 8 == 3);
        let mut verifier = Verifier::new();
        assert_eq!(verifier.verify_all(&claims), plain(&claims));
        assert_eq!(verifier.window().size(), 1024);
        let offenders = verifier.signers.iter().filter(|signer| signer.is_offender());
        assert_eq!(offenders.count(), 1);
    }

    #[test]
    fn a_signer_works_its_way_back() {
        let mut verifier = Verifier::new();
        let number = verifier.number_of(&claim(1, 0).key).unwrap();
        let signer = &mut verifier.signers[number];
        (0..1_000).for_each(|_| signer.count(false));
        assert!(signer.is_offender());
        (0..STRIKES_MAX).for_each(|_| signer.count(true));
        assert!(!signer.is_offender());
    }

    #[test]
    fn more_keys_than_it_keeps_are_forgotten_together() {
        let mut verifier = Verifier::new();
        let point = SignerPoint::read(&claim(1, 0).key).unwrap();
        verifier.signers = vec![Signer { point, strikes: 0 }; KEYS_KNOWN_MAX];
        let claims = claims(16, |number| number == 9);
        assert_eq!(verifier.verify_all(&claims), plain(&claims));
        assert_eq!(verifier.signers.len(), 8);
    }
}
