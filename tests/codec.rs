//! The codec beside its plain twin: `bincode` through serde, which is slow, generic and not ours.
//!
//! Every value that the story's market writes, and what its state holds at the end, must have the
//! same bytes in both, and bytes that were tampered with the same verdict. So the derived forms are
//! held field by field, and what a type refuses through serde it refuses here.

use std::fmt::Debug;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use undercut::{
    BlockContext, Event, Genesis, Params, PendingParams, ProviderRecord, SignedCommand, StateKey,
};
use undercut_bidding::Bid;
use undercut_ledger::bme::{BurnRequest, VaultBooks};
use undercut_ledger::log::Chain as LogChain;
use undercut_ledger::merkle::Peaks;
use undercut_ledger::oracle::{PRICE_MAX, PricePoint, SourcePoints};
use undercut_ledger::{Allowance, EscrowAccount, Lease, LeaseEndReason, ProviderReason};
use undercut_orderbook::{Deployment, Group, Order};
use undercut_primitives::codec::{Canonical, ENCODED_BYTES_MAX, plain};
use undercut_primitives::{BlockTime, Decimal, Digest, PublicKey};
use undercut_tests::chain::Chain;
use undercut_tests::story::story;

static STORY: LazyLock<Chain> = LazyLock::new(story);

/// Values that both codecs know.
trait Both: Canonical + Serialize + DeserializeOwned + PartialEq + Debug {}

impl<T: Canonical + Serialize + DeserializeOwned + PartialEq + Debug> Both for T {}

fn same_verdict<T: Both>(bytes: &[u8]) {
    assert_eq!(
        T::decode(bytes, ENCODED_BYTES_MAX),
        plain::decode::<T>(bytes, ENCODED_BYTES_MAX),
        "{bytes:?}"
    );
}

/// Bytes of a value, then a bit of every byte turned over, another one for every `turn`, then cut
/// off at every place.
fn beside_the_other<T: Both>(bytes: &[u8], turn: usize) {
    let value = T::decode(bytes, ENCODED_BYTES_MAX).expect("bytes of the market");
    assert_eq!(plain::encode(&value).as_deref(), Ok(bytes), "{value:?}");
    assert_eq!(value.encode().as_deref(), Ok(bytes));
    for place in 0..bytes.len() {
        let mut other = bytes.to_vec();
        other[place] ^= 1 << ((place + turn) % 8);
        same_verdict::<T>(&other);
        same_verdict::<T>(&bytes[..place]);
    }
}

#[test]
fn every_event_of_the_story_has_the_bytes_and_the_verdicts_of_the_other_codec() {
    for (turn, record) in STORY.records.iter().enumerate() {
        beside_the_other::<Event>(&record.event.encode().unwrap(), turn);
        if let Event::CommandAccepted(command) = &record.event {
            beside_the_other::<SignedCommand>(&command.encode().unwrap(), turn + 1);
        }
    }
}

#[test]
fn every_entry_of_the_state_has_the_bytes_and_the_verdicts_of_the_other_codec() {
    for (turn, (key, bytes)) in STORY.state().entries().unwrap().into_iter().enumerate() {
        beside_the_other::<StateKey>(&key.encode().unwrap(), turn);
        match key {
            StateKey::Genesis => beside_the_other::<Genesis>(&bytes, turn),
            StateKey::Block => beside_the_other::<BlockContext>(&bytes, turn),
            StateKey::Params => beside_the_other::<(Params, Option<PendingParams>)>(&bytes, turn),
            StateKey::Vault => beside_the_other::<VaultBooks>(&bytes, turn),
            StateKey::Burn(_) => beside_the_other::<BurnRequest>(&bytes, turn),
            StateKey::PriceSource(_) => beside_the_other::<SourcePoints>(&bytes, turn),
            StateKey::Key(_) => beside_the_other::<PublicKey>(&bytes, turn),
            StateKey::Allowance(_) => beside_the_other::<Allowance>(&bytes, turn),
            StateKey::Nonce(_) => beside_the_other::<u64>(&bytes, turn),
            StateKey::Provider(_) => beside_the_other::<ProviderRecord>(&bytes, turn),
            StateKey::Deployment(_) => beside_the_other::<Deployment>(&bytes, turn),
            StateKey::Group(_) => beside_the_other::<Group>(&bytes, turn),
            StateKey::Order(_) => beside_the_other::<Order>(&bytes, turn),
            StateKey::Bid(_) => beside_the_other::<Bid>(&bytes, turn),
            StateKey::Account(_) => beside_the_other::<EscrowAccount>(&bytes, turn),
            StateKey::Lease(_) => beside_the_other::<Lease>(&bytes, turn),
        }
    }
}

#[test]
fn where_a_log_stands_has_the_bytes_and_the_verdicts_of_the_other_codec() {
    let mut chain = LogChain::EMPTY;
    for (turn, record) in STORY.records.iter().enumerate().take(99) {
        chain.push(record).unwrap();
        beside_the_other::<LogChain>(&chain.encode().unwrap(), turn);
    }
}

#[test]
fn peaks_that_do_not_belong_to_their_leaves_are_refused() {
    for leaves in 0..9_u64 {
        for peaks in 0..5_u32 {
            let form = (leaves, vec![Digest::ZERO; usize::try_from(peaks).unwrap()]);
            let bytes = form.encode().unwrap();
            same_verdict::<Peaks>(&bytes);
            let fits = leaves.count_ones() == peaks;
            assert_eq!(Peaks::decode(&bytes, bytes.len()).is_ok(), fits, "{leaves} {peaks}");
        }
    }
}

#[test]
fn reasons_that_are_no_providers_are_refused() {
    for code in [0, 1, 9_999, 10_000, 10_002, 19_999, 20_000, u32::MAX] {
        let bytes = code.encode().unwrap();
        same_verdict::<ProviderReason>(&bytes);
        let is_known = ProviderReason::decode(&bytes, 4).is_ok();
        assert_eq!(is_known, (10_000..20_000).contains(&code), "{code}");
        same_verdict::<LeaseEndReason>(&(1_u32, code).encode().unwrap());
    }
}

proptest! {
    #[test]
    fn points_of_a_source_are_checked_as_they_are_read(
        points in prop::collection::vec((0_u64..3, 0_i64..4), 0..5),
        many in prop::sample::select(vec![0_usize, 255, 256, 257]),
    ) {
        let price = |units: u64| match units {
            2 => PRICE_MAX,
            _ => Decimal::from_whole(units),
        };
        let point = |(units, time): (u64, i64)| PricePoint {
            usd_per_akt: price(units),
            published_at: BlockTime::from_unix_nanos(time),
        };
        let mut form = vec![point((1, 0)); many];
        form.extend(points.into_iter().map(point));
        let bytes = form.encode().unwrap();
        same_verdict::<SourcePoints>(&bytes);
        let above = PRICE_MAX.plus(Decimal::from_atoms(1)).unwrap();
        let dear = PricePoint { usd_per_akt: above, published_at: BlockTime::MAX };
        form.push(dear);
        let bytes = form.encode().unwrap();
        same_verdict::<SourcePoints>(&bytes);
        prop_assert!(SourcePoints::decode(&bytes, bytes.len()).is_err());
    }
}
