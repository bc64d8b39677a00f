//! The byte form: writing and reading a signed lease, the largest thing that every award writes.

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

/// Encoding into room that is used again, beside a copy of the same bytes from one place; decoding,
/// beside the same copy. `plain` is `bincode` through serde, which made these bytes before.
pub fn lease(settings: &Settings, rows: &mut Vec<Row>) {
    let (lease, times) = (signed_lease(), settings.sized(400_000, 40_000));
    let bytes = lease.encode().expect("a lease is small");
    let mut room = vec![0; bytes.len()];
    assert_eq!(codec::encode_to_slice(&lease, &mut room), Ok(bytes.len()));
    assert_eq!(room, bytes);
    assert_eq!(SignedLease::decode(&bytes, ENCODED_BYTES_MAX).as_ref(), Ok(&lease));

    let mut room_of_copy = room.clone();
    let copy = || {
        let (bytes, room) = (&bytes, &mut room_of_copy);
        repeated(times, || black_box(&mut *room).copy_from_slice(black_box(bytes)))
    };
    let params = |of: &str| format!("{of} bytes={}", bytes.len());
    let encode = Contest::new("codec/lease", params("encode"))
        .operations(times)
        .ours(|| {
            repeated(times, || {
                let written = codec::encode_to_slice(black_box(&lease), black_box(&mut room));
                assert!(written.is_ok());
            })
        })
        .floor(copy)
        .structure("into a fresh list", || {
            repeated(times, || {
                black_box(black_box(&lease).encode().is_ok());
            })
        });
    rows.push(plain::encode(encode, &lease, &bytes, times).run(settings));

    let mut room = bytes.clone();
    let decode = Contest::new("codec/lease", params("decode"))
        .operations(times)
        .ours(|| {
            repeated(times, || {
                let read = SignedLease::decode(black_box(&bytes), ENCODED_BYTES_MAX);
                black_box(read.is_ok());
                black_box(&read);
            })
        })
        .floor(|| repeated(times, || black_box(&mut room).copy_from_slice(black_box(&bytes))));
    rows.push(plain::decode(decode, &lease, &bytes, times).run(settings));
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
