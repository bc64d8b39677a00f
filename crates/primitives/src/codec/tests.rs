use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::{Coin, Decimal, Denom, PricePerBlock};

const MAX: usize = 1024;

/// Bytes and verdicts are those of the plain twin: for the value, for every one of its bits turned
/// over, for every end cut off, and for `more` bytes behind it.
fn beside_plain<T>(value: &T, more: &[u8])
where
    T: Canonical + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let bytes = value.encode().unwrap();
    assert_eq!(Ok(&bytes), plain::encode(value).as_ref());
    let same = |bytes: &[u8]| {
        assert_eq!(
            T::decode(bytes, usize::MAX),
            plain::decode::<T>(bytes, usize::MAX),
            "{bytes:?}"
        );
    };
    same(&bytes);
    same(&[&bytes, more].concat());
    for length in 0..bytes.len() {
        same(&bytes[..length]);
    }
    for bit in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        same(&other);
    }
}

type Everything = (
    (u8, u16, u32, u64),
    (u128, i64, bool, [u8; 5]),
    (String, Vec<u8>, Option<u32>, Vec<Option<String>>),
    (BTreeMap<u8, String>, BTreeSet<u8>, BTreeMap<(u16, bool), Vec<u64>>),
);

proptest! {
    #[test]
    fn every_form_is_that_of_the_plain_twin(
        numbers: (u8, u16, u32, u64),
        more: (u128, i64, bool, [u8; 5]),
        lists in (
            ".{0,5}",
            prop::collection::vec(any::<u8>(), 0..4),
            any::<Option<u32>>(),
            prop::collection::vec(prop::option::of(".{0,3}"), 0..4),
        ),
        maps in (
            prop::collection::btree_map(any::<u8>(), ".{0,3}", 0..4),
            prop::collection::btree_set(any::<u8>(), 0..5),
            prop::collection::btree_map(any::<(u16, bool)>(), prop::collection::vec(any::<u64>(), 0..3), 0..3),
        ),
        behind in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        let everything: Everything = (numbers, more, lists, maps);
        beside_plain(&everything, &behind);
    }

    #[test]
    fn any_bytes_get_the_verdict_of_the_plain_twin(bytes in prop::collection::vec(0_u8..3, 0..40)) {
        prop_assert_eq!(<Vec<(bool, u8)>>::decode(&bytes, MAX), plain::decode(&bytes, MAX));
        prop_assert_eq!(<BTreeMap<u8, u8>>::decode(&bytes, MAX), plain::decode(&bytes, MAX));
        prop_assert_eq!(<BTreeSet<u16>>::decode(&bytes, MAX), plain::decode(&bytes, MAX));
        prop_assert_eq!(<(String, Option<u8>)>::decode(&bytes, MAX), plain::decode(&bytes, MAX));
    }

    #[test]
    fn values_fill_what_is_used_again(first: u64, text in ".{0,9}") {
        let (mut kept, value) = (vec![7], (first, text));
        value.encode_into(&mut kept).unwrap();
        let bytes = value.encode().unwrap();
        prop_assert_eq!(&kept[1..], &bytes[..]);
        let mut room = [9; 64];
        prop_assert_eq!(encode_to_slice(&value, &mut room), Ok(bytes.len()));
        prop_assert_eq!(&room[..bytes.len()], &bytes[..]);
        prop_assert_eq!(room[bytes.len()], 9, "what lies behind is left alone");
        prop_assert_eq!(encode_to_slice(&value, &mut room[..bytes.len() - 1]), Err(EncodeError));
    }
}

#[test]
fn integers_are_fixed_width_and_little_endian() {
    assert_eq!(0x0102_u32.encode().unwrap(), [2, 1, 0, 0]);
    let coin = Coin::uact(1).encode().unwrap();
    let text = [4, 0, 0, 0, 0, 0, 0, 0, b'u', b'a', b'c', b't'];
    assert_eq!(coin, [&text[..], &[1][..], &[0; 15][..]].concat());
}

#[test]
fn only_the_canonical_form_is_read() {
    let price = PricePerBlock::new(Denom::uact(), Decimal::ONE);
    let mut bytes = price.encode().unwrap();
    assert_eq!(PricePerBlock::decode(&bytes, MAX), Ok(price));
    bytes.push(0);
    assert_eq!(PricePerBlock::decode(&bytes, MAX), Err(DecodeError::TrailingBytes { bytes: 1 }));
    let too_long = DecodeError::TooLong { bytes: bytes.len(), bytes_max: 3 };
    assert_eq!(PricePerBlock::decode(&bytes, 3), Err(too_long));
    assert_eq!(PricePerBlock::decode(&bytes[..20], MAX), Err(DecodeError::Malformed));
}

#[test]
fn maps_out_of_order_are_refused() {
    for pairs in [vec![(2_u8, 0_u8), (1, 0)], vec![(1, 0), (1, 0)]] {
        let bytes = pairs.encode().unwrap();
        assert_eq!(BTreeMap::<u8, u8>::decode(&bytes, MAX), Err(DecodeError::NotCanonical));
        let first = vec![pairs[0].0, pairs[1].0].encode().unwrap();
        assert_eq!(BTreeSet::<u8>::decode(&first, MAX), Err(DecodeError::NotCanonical));
    }
}

#[test]
fn a_length_of_terabytes_allocates_nothing() {
    let bytes = u64::MAX.encode().unwrap();
    assert_eq!(Vec::<u8>::decode(&bytes, MAX), Err(DecodeError::Malformed));
    assert_eq!(Vec::<u64>::decode(&bytes, MAX), Err(DecodeError::Malformed));
}

#[test]
fn a_value_ends_at_four_mebibytes_in_both_directions() {
    let largest = vec![1_u8; ENCODED_BYTES_MAX - 8];
    let bytes = largest.encode().unwrap();
    assert_eq!(bytes.len(), ENCODED_BYTES_MAX);
    assert_eq!(plain::decode::<Vec<u8>>(&bytes, ENCODED_BYTES_MAX).as_ref(), Ok(&largest));
    assert_eq!(Vec::<u8>::decode(&bytes, usize::MAX).as_ref(), Ok(&largest));
    let mut kept = vec![3];
    let above = vec![1_u8; ENCODED_BYTES_MAX - 7];
    assert_eq!(above.encode_into(&mut kept), Err(EncodeError));
    assert_eq!((above.encode(), kept), (Err(EncodeError), vec![3]));
    let mut longer = above.len().to_le_bytes().to_vec();
    longer.resize(ENCODED_BYTES_MAX + 1, 1);
    assert_eq!(plain::decode::<Vec<u8>>(&longer, usize::MAX), Err(DecodeError::Malformed));
    assert_eq!(Vec::<u8>::decode(&longer, usize::MAX), Err(DecodeError::Malformed));
    let behind = [&bytes[..], &[0; 5]].concat();
    assert_eq!(Vec::<u8>::decode(&behind, usize::MAX), plain::decode(&behind, usize::MAX));
}

#[test]
fn denoms_are_checked_as_they_are_read() {
    for good in ["uact", "uakt", "ibc/170C677610AC31DF"] {
        beside_plain(&good.parse::<Denom>().unwrap(), &[]);
        beside_plain(&Coin { denom: good.parse().unwrap(), ..Coin::uact(7) }, &[0]);
    }
    for bad in ["", "ua", "1uact", "u act", "u\u{e4}ct"] {
        let bytes = bad.to_owned().encode().unwrap();
        assert_eq!(Denom::decode(&bytes, MAX), Err(DecodeError::Malformed), "{bad}");
    }
}

/// Says it takes more, or fewer, bytes than it writes.
struct Liar(usize);

impl Encode for Liar {
    const FIXED: Option<usize> = None;

    fn byte_length(&self) -> usize {
        self.0
    }

    fn write_to(&self, out: &mut Writer<'_>) {
        2_u8.write_to(out);
        out.put_slice(&[3]);
        4_u16.write_to(out);
    }
}

#[test]
fn a_wrong_length_is_an_error_and_leaves_nothing_behind() {
    assert_eq!(encode(&Liar(4)), Ok(vec![2, 3, 4, 0]));
    for wrong in [0, 1, 2, 3, 5] {
        let mut kept = vec![1];
        assert_eq!(encode_into(&Liar(wrong), &mut kept), Err(EncodeError), "{wrong}");
        assert_eq!(kept, [1]);
    }
}
