//! The byte form: writing and reading a signed lease, the largest thing that every award writes.
//!
//! | `codec/lease` | encode | decode |
//! | --- | --- | --- |
//! | ours | into room that is used again | from bytes that are there |
//! | floor | the same bytes copied from one place into the same room | the same |
//! | plain | `bincode` through serde, which made these bytes before | the same |
//! | `into a fresh list` | [`Canonical`](codec::Canonical) with its allocation | – |
//! | `by hand` | the fields appended one after the other, with one allocation | – |

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

use undercut_ledger::{LeaseTerms, SignedLease};
use undercut_primitives::codec::{self, Canonical as _, ENCODED_BYTES_MAX};
use undercut_primitives::{BlockHeight, Consent, Decimal, Denom, LeaseId, PricePerBlock};

use crate::clock::cpu_timed;
use crate::contest::Contest;
use crate::fixture::{digest, order_id, provider, unsigned};
use crate::row::Row;
use crate::settings::Settings;

/// A lease with both consents: 23 fields, four keys and signatures among them.
#[must_use]
pub fn signed_lease() -> SignedLease {
    let rate = "2259.894629".parse::<Decimal>().expect("a decimal is written here");
    let id = LeaseId(order_id(1, 1).bid(provider(1)));
    let price = PricePerBlock::new(Denom::uact(), rate);
    let terms = LeaseTerms::new(id, price, BlockHeight::new(1_000_000), digest(1));
    let tenant = Consent { command: digest(2), ..unsigned() };
    let provider = Consent { command: digest(3), ..unsigned() };
    SignedLease { terms, tenant, provider }
}

/// A place of its own in memory, at the start of a cache line. A write across the border of two pages
/// costs more than the rest of an encoding, and where an allocator puts a list decides whether
/// there is one: nobody's should be there.
#[repr(align(512))]
struct Placed<T>(T);

/// Bytes that a lease fits into.
type Room = Placed<[u8; 512]>;

/// The byte form of a lease, written out field by field.
fn encode_by_hand(lease: &SignedLease) -> Vec<u8> {
    let LeaseTerms { id, price, starts_at, version_hash, reclamation, take_rate_bps } =
        &lease.terms;
    let (order, denom) = (id.order(), price.denom.as_str().as_bytes());
    let denom_length = u64::try_from(denom.len()).expect("a denom is short");
    let mut bytes = Vec::with_capacity(512);
    bytes.extend(order.tenant().0.as_bytes());
    bytes.extend(order.deployment().dseq.to_le_bytes());
    bytes.extend(order.group.gseq.to_le_bytes());
    bytes.extend(order.oseq.to_le_bytes());
    bytes.extend(id.provider().0.as_bytes());
    bytes.extend(denom_length.to_le_bytes());
    bytes.extend(denom);
    bytes.extend(price.value.to_atoms().to_le_bytes());
    bytes.extend(starts_at.to_u64().to_le_bytes());
    bytes.extend(version_hash.as_bytes());
    bytes.push(u8::from(reclamation.is_some()));
    bytes.extend(reclamation.iter().flat_map(|window| window.to_nanos().to_le_bytes()));
    bytes.extend(take_rate_bps.to_le_bytes());
    for consent in [&lease.tenant, &lease.provider] {
        bytes.extend(consent.account.as_bytes());
        bytes.extend(consent.command.as_bytes());
        bytes.extend(consent.key.as_bytes());
        bytes.extend(consent.signature.to_bytes());
    }
    bytes
}

/// Encoding and decoding, beside a copy.
pub fn lease(settings: &Settings, rows: &mut Vec<Row>) {
    let (placed, times) = (Placed(signed_lease()), settings.sized(400_000, 40_000));
    let (lease, mut source) = (&placed.0, Box::new(Placed([0; 512])));
    let length = codec::encode_to_slice(lease, &mut source.0).expect("a lease is small");
    let bytes = &source.0[..length];
    assert_eq!(lease.encode().as_deref(), Ok(bytes));
    assert_eq!(encode_by_hand(lease), bytes);
    assert_eq!(SignedLease::decode(bytes, ENCODED_BYTES_MAX).as_ref(), Ok(lease));

    let room: RefCell<Box<Room>> = RefCell::new(Box::new(Placed([0; 512])));
    let copy = || {
        let room = &mut room.borrow_mut().0[..length];
        repeated(times, || black_box(&mut *room).copy_from_slice(black_box(bytes)))
    };
    let params = |of: &str| format!("{of} bytes={}", bytes.len());
    let encode = Contest::new("codec/lease", params("encode"))
        .operations(times)
        .ours(|| {
            let room = &mut room.borrow_mut().0[..length];
            repeated(times, || {
                let written = codec::encode_to_slice(black_box(lease), black_box(&mut *room));
                assert!(written.is_ok());
            })
        })
        .floor(copy)
        .structure("into a fresh list", || {
            repeated(times, || {
                black_box(black_box(lease).encode().is_ok());
            })
        })
        .structure("by hand", || {
            repeated(times, || {
                black_box(encode_by_hand(black_box(lease)));
            })
        });
    rows.push(plain::encode(encode, lease, bytes, times).run(settings));

    let decode = Contest::new("codec/lease", params("decode"))
        .operations(times)
        .ours(|| {
            repeated(times, || {
                let read = SignedLease::decode(black_box(bytes), ENCODED_BYTES_MAX);
                black_box(read.is_ok());
                black_box(&read);
            })
        })
        .floor(copy);
    rows.push(plain::decode(decode, lease, bytes, times).run(settings));
}

fn repeated(times: usize, mut work: impl FnMut()) -> Duration {
    cpu_timed(|| (0..times).for_each(|_| work()))
}

/// The same bytes by `bincode` through serde, for who builds with the peers.
#[cfg(feature = "peers")]
mod plain {
    use bincode::config::{Configuration, Fixint, LittleEndian, NoLimit};

    use super::*;

    const CONFIG: Configuration<LittleEndian, Fixint, NoLimit> =
        bincode::config::standard().with_fixed_int_encoding();

    pub(super) fn encode<'a>(
        contest: Contest<'a>,
        lease: &'a SignedLease,
        bytes: &[u8],
        times: usize,
    ) -> Contest<'a> {
        let encode = move || bincode::serde::encode_to_vec(black_box(lease), CONFIG);
        assert_eq!(encode().as_deref().ok(), Some(bytes));
        contest.plain(move || {
            repeated(times, || {
                black_box(encode().is_ok());
            })
        })
    }

    pub(super) fn decode<'a>(
        contest: Contest<'a>,
        lease: &SignedLease,
        bytes: &'a [u8],
        times: usize,
    ) -> Contest<'a> {
        let decode = move || {
            let read =
                bincode::serde::decode_from_slice::<SignedLease, _>(black_box(bytes), CONFIG);
            read.ok().map(|(lease, _)| lease)
        };
        assert_eq!(decode().as_ref(), Some(lease));
        contest.plain(move || {
            repeated(times, || {
                black_box(decode().is_some());
            })
        })
    }
}

#[cfg(not(feature = "peers"))]
mod plain {
    use super::*;

    pub(super) fn encode<'a>(
        contest: Contest<'a>,
        _: &SignedLease,
        _: &[u8],
        _: usize,
    ) -> Contest<'a> {
        contest
    }

    pub(super) use encode as decode;
}
