//! The signature rule on odd points: small and mixed orders, other encodings, scalars too large.
//!
//! `golden/torsion.toml` has a row for each: key, digest and signature, then the verdicts of the
//! rule, of ZIP-215 and of the strict check that was the rule before. Another implementation can
//! be held against it. `UNDERCUT_BLESS=1 cargo test -p undercut-tests --test torsion` writes it anew,
//! which changes what the network accepts.

use std::fmt::Write as _;
use std::{env, fs};

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity as _;
use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha512};
use undercut_primitives::crypto::{
    self, BatchWindow, Claim, Namespace, SignatureRejected, Verifier,
};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{Digest, PublicKey, Signature};
use undercut_tests::tree;

const NAME: Namespace = Namespace("undercut/torsion-test/v1");

/// The order of the group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

struct Vector {
    name: String,
    claim: Claim,
}

fn vector(name: String, key: [u8; 32], r: [u8; 32], s: [u8; 32]) -> Vector {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice(&s);
    let (key, signature) = (PublicKey::from_bytes(key), Signature::from_bytes(&signature));
    let digest = digest(&name);
    Vector { claim: Claim { key, digest, signature }, name }
}

fn digest(name: &str) -> Digest {
    crypto::digest(NAME, name.as_bytes())
}

fn scalar(name: &str) -> Scalar {
    Scalar::from_bytes_mod_order(*digest(name).as_bytes())
}

fn challenge(r: [u8; 32], key: [u8; 32], name: &str) -> Scalar {
    let mut hasher = Sha512::new();
    for part in [r, key, *digest(name).as_bytes()] {
        hasher.update(part);
    }
    Scalar::from_bytes_mod_order_wide(&hasher.finalize().into())
}

fn bytes(point: EdwardsPoint) -> [u8; 32] {
    point.compress().to_bytes()
}

fn honest_key() -> (Scalar, [u8; 32]) {
    let secret = scalar("secret");
    (secret, bytes(secret * ED25519_BASEPOINT_POINT))
}

/// A number below 2^64 above zero or above the field's prime, as `y` of a point; bit 255 is the
/// sign of `x`.
fn small(number: u8, above: Above, sign: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = number;
    if above == Above::Prime {
        // The prime is 2^255 - 19.
        bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xed + number, 0x7f);
    }
    bytes[31] |= sign << 7;
    bytes
}

#[derive(Clone, Copy, PartialEq)]
enum Above {
    Zero,
    Prime,
}

/// Every encoding of a point of small order, canonical or not.
fn small_order_encodings() -> Vec<[u8; 32]> {
    let canonical = EIGHT_TORSION.map(bytes).into_iter();
    // Only `y` below 19 has a second encoding; the sign of `x` is free where `x` is zero.
    let near = (0..19).flat_map(|number| [Above::Zero, Above::Prime].map(|above| (number, above)));
    let near = near.flat_map(|(number, above)| [0, 1].map(|sign| small(number, above, sign)));
    let minus_one = {
        let mut bytes = bytes(EIGHT_TORSION[4]);
        bytes[31] |= 0x80;
        bytes
    };
    let is_small = |bytes: &[u8; 32]| {
        CompressedEdwardsY(*bytes).decompress().is_some_and(|point| point.is_small_order())
    };
    let mut all: Vec<[u8; 32]> =
        canonical.chain(near).chain([minus_one]).filter(is_small).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn vectors() -> Vec<Vector> {
    let mut all = mixed_orders();
    all.extend(small_orders());
    all.extend(numbers_out_of_range());
    all
}

/// Key and nonce with every part of small order, signed as if they had none; and the same with a
/// scalar that is one too large.
fn mixed_orders() -> Vec<Vector> {
    let (secret, _) = honest_key();
    let nonce = scalar("nonce");
    let mut all = Vec::new();
    for (i, of_key) in EIGHT_TORSION.into_iter().enumerate() {
        for (j, of_nonce) in EIGHT_TORSION.into_iter().enumerate() {
            let key = bytes(secret * ED25519_BASEPOINT_POINT + of_key);
            let r = bytes(nonce * ED25519_BASEPOINT_POINT + of_nonce);
            for (word, more) in [("right", Scalar::ZERO), ("wrong", Scalar::ONE)] {
                let name = format!("{word}: key + T{i}, nonce + T{j}");
                let s = nonce + challenge(r, key, &name) * secret + more;
                all.push(vector(name, key, r, s.to_bytes()));
            }
        }
    }
    all
}

/// The 196 cases of ZIP-215, and small orders on one side only.
fn small_orders() -> Vec<Vector> {
    let (secret, key) = honest_key();
    let nonce = scalar("nonce");
    let honest_r = bytes(nonce * ED25519_BASEPOINT_POINT);
    let encodings = small_order_encodings();
    let mut all = Vec::new();
    for (i, weak) in encodings.iter().enumerate() {
        for (j, r) in encodings.iter().enumerate() {
            all.push(vector(format!("small order: key {i}, nonce {j}"), *weak, *r, [0; 32]));
        }
        all.push(vector(format!("small order: key {i}"), *weak, honest_r, nonce.to_bytes()));
        let name = format!("small order: nonce {i}");
        let s = challenge(*weak, key, &name) * secret;
        all.push(vector(name, key, *weak, s.to_bytes()));
    }
    all
}

/// Scalars of the order and above, and bytes that are no point or a point's second encoding.
fn numbers_out_of_range() -> Vec<Vector> {
    let (secret, key) = honest_key();
    let nonce = scalar("nonce");
    let r = bytes(nonce * ED25519_BASEPOINT_POINT);
    let signed = |name: &str| (nonce + challenge(r, key, name) * secret).to_bytes();
    let mut all = Vec::new();
    let mut add = |name: &str, change: &dyn Fn([u8; 32]) -> [u8; 32]| {
        all.push(vector(name.to_owned(), key, r, change(signed(name))));
    };
    add("scalar as signed", &|s| s);
    add("scalar plus the order", &|s| sum(s, ORDER));
    add("scalar is the order", &|_| ORDER);
    add("scalar of all bits", &|_| [0xff; 32]);
    for bit in [0x20, 0x40, 0x80] {
        add(&format!("scalar with bit {bit:#x} on top"), &|mut s| {
            s[31] |= bit;
            s
        });
    }
    let second = (0..19).flat_map(|number| [0, 1].map(|sign| small(number, Above::Prime, sign)));
    let is_small = |bytes: &[u8; 32]| small_order_encodings().contains(bytes);
    for (number, odd) in second.filter(|bytes| !is_small(bytes)).enumerate() {
        let word = if CompressedEdwardsY(odd).decompress().is_some() { "second" } else { "no" };
        let name = format!("{word} point as key {number}");
        let s = signed(&name);
        all.push(vector(name, odd, r, s));
        let name = format!("{word} point as nonce {number}");
        let s = signed(&name);
        all.push(vector(name, key, odd, s));
    }
    all
}

/// The sum of two numbers that does not overflow.
fn sum(one: [u8; 32], other: [u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    std::array::from_fn(|place| {
        carry += u16::from(one[place]) + u16::from(other[place]);
        let byte = u8::try_from(carry % 256).unwrap();
        carry /= 256;
        byte
    })
}

fn zip_215(claim: &Claim) -> bool {
    let key = ed25519_zebra::VerificationKey::try_from(*claim.key.as_bytes());
    let signature = ed25519_zebra::Signature::from_bytes(&claim.signature.to_bytes());
    key.is_ok_and(|key| key.verify(&signature, claim.digest.as_bytes()).is_ok())
}

fn strict(claim: &Claim) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(&claim.signature.to_bytes());
    VerifyingKey::from_bytes(claim.key.as_bytes())
        .is_ok_and(|key| key.verify_strict(claim.digest.as_bytes(), &signature).is_ok())
}

fn text(vectors: &[Vector]) -> String {
    let mut text = String::from(
        "# Written by tests/torsion.rs; changing a row changes what the network accepts.\n\
         # \"name\" = \"key digest signature, then the verdicts of the rule, ZIP-215, strict\"\n",
    );
    let word = |is_accepted| if is_accepted { "yes" } else { "no" };
    for Vector { name, claim } in vectors {
        let Claim { key, digest, signature } = claim;
        let rule = match claim.verify() {
            Ok(()) => "yes",
            Err(SignatureRejected::WeakKey) => "weak",
            Err(_) => "no",
        };
        let (zip_215, strict) = (word(zip_215(claim)), word(strict(claim)));
        writeln!(text, "\"{name}\" = \"{key} {digest} {signature} {rule} {zip_215} {strict}\"")
            .unwrap();
    }
    text
}

#[test]
fn verdicts_are_those_of_the_golden_file() {
    let path = tree::root().join("tests/golden/torsion.toml");
    let now = text(&vectors());
    if env::var_os("UNDERCUT_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &now).unwrap();
    }
    let before = fs::read_to_string(&path).unwrap();
    for (before, now) in before.lines().zip(now.lines()) {
        assert_eq!(before, now, "golden/torsion.toml: what the network accepts has changed");
    }
    assert_eq!(before.lines().count(), now.lines().count());
}

#[test]
fn the_rule_is_zip_215_without_keys_of_small_order() {
    for Vector { name, claim } in vectors() {
        let is_weak = !claim.key.is_usable();
        assert_eq!(claim.verify().is_ok(), zip_215(&claim) && !is_weak, "{name}");
    }
}

#[test]
fn what_the_strict_check_accepts_the_rule_accepts() {
    let accepted = vectors().into_iter().filter(|vector| strict(&vector.claim));
    let names: Vec<String> = accepted
        .map(|Vector { name, claim }| {
            assert_eq!(claim.verify(), Ok(()), "{name}");
            name
        })
        .collect();
    assert!(names.iter().any(|name| name == "right: key + T0, nonce + T0"));
}

#[test]
fn the_vectors_have_every_encoding_of_small_order_and_every_verdict() {
    let encodings = small_order_encodings();
    assert_eq!(encodings.len(), 14, "as in ZIP-215");
    let points = |bytes: &[u8; 32]| CompressedEdwardsY(*bytes).decompress().unwrap();
    assert_eq!(encodings.iter().filter(|bytes| points(bytes).is_identity()).count(), 4);
    let all = vectors();
    let count = |verdict| all.iter().filter(|vector| vector.claim.verify() == verdict).count();
    // Every mix of orders, every nonce of small order, and the scalar as signed.
    assert_eq!(count(Ok(())), 64 + 14 + 1);
    assert!(count(Err(SignatureRejected::WeakKey)) >= 196 + 14);
    assert!(count(Err(SignatureRejected::WrongSignature)) >= 64 + 6);
}

/// Numbers that follow from a seed.
struct Numbers(Digest);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = crypto::digest(NAME, self.0.as_bytes());
        let first = self.0.as_bytes().first_chunk().copied().map(u64::from_le_bytes).unwrap();
        usize::try_from(first % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Honest signatures of several signers, so that odd ones have neighbours that hold.
fn honest(count: u64) -> impl Iterator<Item = Claim> {
    (0..count).map(|number| {
        let pair = KeyPair::insecure(number % 9, "neighbour");
        let digest = digest(&number.to_string());
        Claim { key: pair.public(), digest, signature: pair.sign(&digest) }
    })
}

/// Cuts the claims, in another order each time, into lists of random lengths.
fn assert_any_partition_agrees(claims: Vec<Claim>) {
    let mut claims: Vec<(Claim, Result<(), SignatureRejected>)> =
        claims.into_iter().map(|claim| (claim, claim.verify())).collect();
    let mut numbers = Numbers(digest("partitions"));
    let mut kept = Verifier::new();
    for round in 0..100 {
        for place in (1..claims.len()).rev() {
            claims.swap(place, numbers.below(place + 1));
        }
        let mut rest = claims.as_slice();
        while !rest.is_empty() {
            let (list, later) = rest.split_at(numbers.below(rest.len()) + 1);
            let (given, expected): (Vec<Claim>, Vec<_>) = list.iter().copied().unzip();
            let window = BatchWindow::fixed(numbers.below(128) + 2);
            let found = Verifier::with_window(window).verify_all(&given);
            assert_eq!(found, expected, "partition {round}, {window:?}");
            assert_eq!(kept.verify_all(&given), expected, "partition {round}");
            rest = later;
        }
    }
}

#[test]
fn odd_signatures_have_one_verdict_in_a_hundred_random_partitions() {
    let odd = vectors().into_iter().map(|vector| vector.claim);
    assert_any_partition_agrees(odd.chain(honest(100)).collect());
}

#[test]
fn accepted_odd_signatures_never_spoil_a_hundred_random_partitions() {
    let odd = vectors().into_iter().map(|vector| vector.claim);
    let accepted = odd.filter(|claim| claim.verify().is_ok());
    assert_any_partition_agrees(accepted.chain(honest(100)).collect());
}
