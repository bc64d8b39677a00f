//! The byte form: encoding and decoding a signed lease.
//!
//! A lease with both consents, the largest thing that every award writes. `codec::encode` and
//! `codec::decode` compare
//!
//! | codec | what it is |
//! | --- | --- |
//! | `canonical` | [`Canonical`], the one in use, into a fresh list |
//! | `kept` | the same into room that is used again |
//! | `by-hand` | the fields appended one after the other into one allocation (encode alone) |
//! | `floor` | a copy of the same bytes into a fresh list, or into room that is used again |

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use undercut_benches::rows::codec::signed_lease;
use undercut_ledger::{LeaseTerms, SignedLease};
use undercut_primitives::codec::{self, Canonical, ENCODED_BYTES_MAX};

fn main() {
    undercut_benches::run(&[encode, decode]);
}

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

fn encode(criterion: &mut Criterion) {
    let lease = signed_lease();
    let bytes = lease.encode().expect("a lease is small");
    assert_eq!(encode_by_hand(&lease), bytes);

    let mut group = criterion.benchmark_group("codec::encode");
    group.throughput(Throughput::Bytes(bytes.len().try_into().expect("a lease is small")));
    group.bench_function("value=lease codec=canonical", |bencher| {
        bencher.iter(|| lease.encode());
    });
    group.bench_function("value=lease codec=by-hand", |bencher| {
        bencher.iter(|| encode_by_hand(&lease));
    });
    let mut room = vec![0; bytes.len()];
    group.bench_function("value=lease codec=kept", |bencher| {
        bencher.iter(|| codec::encode_to_slice(&lease, black_box(&mut room)));
    });
    group.bench_function("value=lease codec=floor", |bencher| {
        bencher.iter(|| bytes.clone());
    });
    group.bench_function("value=lease codec=floor-kept", |bencher| {
        bencher.iter(|| black_box(&mut room).copy_from_slice(black_box(&bytes)));
    });
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let lease = signed_lease();
    let bytes = encode_by_hand(&lease);
    assert_eq!(SignedLease::decode(&bytes, ENCODED_BYTES_MAX).as_ref(), Ok(&lease));

    let mut group = criterion.benchmark_group("codec::decode");
    group.throughput(Throughput::Bytes(bytes.len().try_into().expect("a lease is small")));
    group.bench_function("value=lease codec=canonical", |bencher| {
        bencher.iter(|| SignedLease::decode(&bytes, ENCODED_BYTES_MAX));
    });
    group.bench_function("value=lease codec=floor", |bencher| {
        bencher.iter(|| bytes.clone());
    });
    group.finish();
}
