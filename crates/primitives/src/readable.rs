//! Values with two forms: text in formats for people, the canonical bytes everywhere else.
//!
//! A format for people (JSON) gets the text that the command line prints and takes: ids as paths,
//! digests as hex. Money and times get a text of digits, because readers of JSON round great
//! numbers. The byte form of [`crate::codec`] is that of the fields and does not know of this.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes the text or the fields.
pub(crate) fn serialize<S: Serializer>(
    serializer: S,
    text: &impl fmt::Display,
    fields: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.collect_str(text)
    } else {
        fields.serialize(serializer)
    }
}

/// Reads the text, which has one spelling, or the fields.
pub(crate) fn deserialize<'de, D, T, F>(deserializer: D) -> Result<Result<T, F>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display> + fmt::Display,
    F: Deserialize<'de>,
{
    if !deserializer.is_human_readable() {
        return F::deserialize(deserializer).map(Err);
    }
    let text = String::deserialize(deserializer)?;
    let value = text.parse::<T>().map_err(D::Error::custom)?;
    if value.to_string() == text {
        Ok(Ok(value))
    } else {
        Err(D::Error::custom("there is another way to write this"))
    }
}

/// Gives a type both forms. The text is that of the type, or of its number; the fields are those of
/// the type in their order.
macro_rules! text_for_people {
    ($name:ident($type:ty)) => {
        crate::readable::text_for_people!($name, $type, |value| (value, &value.0), |text| text, Self);
    };
    (number $name:ident($type:ty)) => {
        crate::readable::text_for_people!($name, $type, |value| (&value.0, &value.0), Self, Self);
    };
    ($name:ident { $($field:ident: $type:ty),+ }) => {
        crate::readable::text_for_people!(
            $name,
            ($($type),+),
            |value| (value, &($(value.$field),+)),
            |text| text,
            |($($field),+)| Self { $($field),+ }
        );
    };
    ($name:ident, $fields:ty, |$value:ident| $forms:expr, $of_text:expr, $of_fields:expr) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self;
                let (text, fields) = $forms;
                crate::readable::serialize(serializer, text, fields)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let read = crate::readable::deserialize::<D, _, $fields>(from)?;
                Ok(read.map_or_else($of_fields, $of_text))
            }
        }
    };
}

pub(crate) use text_for_people;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::DeserializeOwned;

    use crate::codec::Canonical;
    use crate::{
        Address, Amount, BidId, BlockTime, Coin, Decimal, Denom, DeploymentId, Digest, GroupId,
        LeaseId, PricePerBlock, Provider, PublicKey, Signature, Tenant, TimeSpan,
    };

    use super::*;

    fn json(value: &impl Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    fn bid(tenant: [u8; 20], provider: [u8; 20], dseq: u64) -> BidId {
        let address = |bytes: [u8; 20]| -> Address {
            let text: String = bytes.iter().map(|byte| alloc::format!("{byte:02x}")).collect();
            text.parse().unwrap()
        };
        let deployment = DeploymentId { tenant: Tenant(address(tenant)), dseq };
        let order = GroupId { deployment, gseq: 3 }.order(4);
        BidId { order, provider: Provider(address(provider)) }
    }

    /// The text is that of people, and both forms come back as they were.
    fn both<T>(value: &T, text: &str)
    where
        T: Canonical + Serialize + DeserializeOwned + PartialEq + fmt::Debug,
    {
        assert_eq!(json(value), alloc::format!("\"{text}\""));
        assert_eq!(&serde_json::from_str::<T>(&json(value)).unwrap(), value);
        assert_eq!(&T::decode(&value.encode().unwrap(), 64).unwrap(), value);
    }

    proptest! {
        #[test]
        fn people_read_the_text_and_hashes_the_bytes(
            a: [u8; 20], b: [u8; 20], dseq: u64, digest: [u8; 32], half: [u8; 32], money: u128, time: i64,
        ) {
            let bid = bid(a, b, dseq);
            both(&bid, &bid.to_string());
            both(&LeaseId(bid), &bid.to_string());
            both(&bid.order, &bid.order.to_string());
            both(&bid.order.group, &bid.order.group.to_string());
            both(&bid.order.deployment(), &bid.order.deployment().to_string());
            both(&bid.provider, &bid.provider.to_string());
            both(&Digest::from_bytes(digest), &Digest::from_bytes(digest).to_string());
            both(&PublicKey::from_bytes(digest), &PublicKey::from_bytes(digest).to_string());
            let mut both_halves = [0; 64];
            both_halves[..32].copy_from_slice(&digest);
            both_halves[32..].copy_from_slice(&half);
            let signature = Signature::from_bytes(&both_halves);
            both(&signature, &signature.to_string());
            prop_assert_eq!(signature.encode().unwrap(), both_halves.to_vec());
            both(&Amount::from_micro(money), &money.to_string());
            both(&Decimal::from_atoms(money), &Decimal::from_atoms(money).to_string());
            both(&BlockTime::from_unix_nanos(time), &time.to_string());
            both(&TimeSpan::from_nanos(dseq), &dseq.to_string());
            prop_assert_eq!(bid.encode().unwrap().len(), 56);
        }
    }

    #[test]
    fn coins_and_prices_keep_their_parts() {
        let coin = Coin::new(Denom::uact(), Amount::from_micro(u128::MAX));
        let wanted = alloc::format!("{{\"denom\":\"uact\",\"amount\":\"{}\"}}", u128::MAX);
        assert_eq!(json(&coin), wanted);
        let price: PricePerBlock = "2259.894629uact".parse().unwrap();
        assert_eq!(json(&price), "{\"denom\":\"uact\",\"value\":\"2259.894629\"}");
    }

    #[test]
    fn a_text_has_one_spelling() {
        let read = |text: &str| {
            let text = alloc::format!("\"{text}\"");
            [
                serde_json::from_str::<Amount>(&text).is_ok(),
                serde_json::from_str::<Decimal>(&text).is_ok(),
                serde_json::from_str::<TimeSpan>(&text).is_ok(),
            ]
        };
        assert_eq!(read("7"), [true; 3]);
        for bad in ["07", "+7", "7.0", "", "-7", " 7"] {
            assert_eq!(read(bad), [false; 3], "{bad}");
        }
        let upper = alloc::format!("\"{}\"", "AB".repeat(32));
        assert!(serde_json::from_str::<Digest>(&upper).is_err());
    }
}
