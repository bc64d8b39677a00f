//! Who and which: addresses, and the chain of ids from deployment over group and order to lease.
//!
//! Text forms are those of the reference (`chain.md` 1.1): `owner/dseq/gseq/oseq/provider`. Keys
//! are structured, so deployment 1 never matches deployment 10 (W4). Ids sort by owner, then by
//! number.

use core::fmt;
use core::str::FromStr;

use crate::codec::Canonical;
use serde::{Deserialize, Serialize};

use crate::crypto::{self, Namespace, PublicKey};
use crate::ordering::ordered_as_bytes;
use crate::readable::text_for_people;
use crate::{ParseError, hex};

const ADDRESS: Namespace = Namespace("undercut/address/v1");
const MODULE: Namespace = Namespace("undercut/module/v1");

/// An account: the first 20 bytes of a name-spaced digest of its key. Text: 40 hex digits. Ordered as
/// its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Canonical)]
pub struct Address([u8; 20]);

ordered_as_bytes!(Address);

text_for_people!(Address([u8; 20]));

impl Address {
    /// The smallest address there can be, for the start of a range.
    pub const FIRST: Self = Self([0; 20]);
    /// The largest address there can be, for the end of a range.
    pub const LAST: Self = Self([u8::MAX; 20]);

    /// An address from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The account that `key` opens.
    #[must_use]
    pub fn of_key(key: &PublicKey) -> Self {
        Self(first_twenty(&crypto::digest(ADDRESS, key.as_bytes())))
    }

    /// An account that no key opens: the engine's own, named after what it holds.
    #[must_use]
    pub fn of_module(name: &str) -> Self {
        Self(first_twenty(&crypto::digest(MODULE, name.as_bytes())))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

fn first_twenty(digest: &crypto::Digest) -> [u8; 20] {
    let (start, _) = digest.as_bytes().split_first_chunk().unwrap_or((&[0; 20], &[]));
    *start
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.0)
    }
}

impl FromStr for Address {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bytes = hex::read(text);
        bytes.map(Self).ok_or_else(|| ParseError::new(text, "an address of 40 hex digits"))
    }
}

/// Who buys compute.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical,
)]
pub struct Tenant(pub Address);

/// Who sells compute.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical,
)]
pub struct Provider(pub Address);

/// What a tenant asks for. `dseq` is the tenant's own number, unique for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct DeploymentId {
    /// Who asks.
    pub tenant: Tenant,
    /// The tenant's number for it, at least 1.
    pub dseq: u64,
}

/// The part of a deployment that is auctioned as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct GroupId {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Its position among the deployment's groups, from 1.
    pub gseq: u32,
}

/// A group put to auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct OrderId {
    /// The group.
    pub group: GroupId,
    /// How many times the group has been put to auction, from 1.
    pub oseq: u32,
}

/// A provider's bid for an order: at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct BidId {
    /// The order.
    pub order: OrderId,
    /// Who bids.
    pub provider: Provider,
}

/// The lease that a winning bid became.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical,
)]
pub struct LeaseId(pub BidId);

impl GroupId {
    /// The group's auction number `oseq`.
    #[must_use]
    pub const fn order(self, oseq: u32) -> OrderId {
        OrderId { group: self, oseq }
    }
}

impl OrderId {
    /// The deployment behind the order.
    #[must_use]
    pub const fn deployment(&self) -> DeploymentId {
        self.group.deployment
    }

    /// Who put the order to auction.
    #[must_use]
    pub const fn tenant(&self) -> Tenant {
        self.group.deployment.tenant
    }

    /// The bid of `provider` for this order.
    #[must_use]
    pub const fn bid(self, provider: Provider) -> BidId {
        BidId { order: self, provider }
    }
}

impl LeaseId {
    /// The order that was leased.
    #[must_use]
    pub const fn order(&self) -> OrderId {
        self.0.order
    }

    /// The deployment whose escrow account pays.
    #[must_use]
    pub const fn deployment(&self) -> DeploymentId {
        self.0.order.deployment()
    }

    /// Who serves and is paid.
    #[must_use]
    pub const fn provider(&self) -> Provider {
        self.0.provider
    }
}

macro_rules! text_of_address {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                text.parse().map(Self)
            }
        }
    )*};
}

text_of_address!(Tenant, Provider, LeaseId);

macro_rules! text_of_path {
    ($name:ident, $parent:ident, $child:ident, $wanted:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}/{}", self.$parent, self.$child)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let error = || ParseError::new(text, $wanted);
                let (parent, child) = text.rsplit_once('/').ok_or_else(error)?;
                let $parent = parent.parse().map_err(|_| error())?;
                let $child = child.parse().map_err(|_| error())?;
                let id = Self { $parent, $child };
                // One text per id: no leading zero, sign or capital.
                if alloc::format!("{id}") == text { Ok(id) } else { Err(error()) }
            }
        }
    };
}

text_for_people!(DeploymentId { tenant: Tenant, dseq: u64 });
text_for_people!(GroupId { deployment: DeploymentId, gseq: u32 });
text_for_people!(OrderId { group: GroupId, oseq: u32 });
text_for_people!(BidId { order: OrderId, provider: Provider });

text_of_path!(DeploymentId, tenant, dseq, "a deployment id: owner/dseq");
text_of_path!(GroupId, deployment, gseq, "a group id: owner/dseq/gseq");
text_of_path!(OrderId, group, oseq, "an order id: owner/dseq/gseq/oseq");
text_of_path!(BidId, order, provider, "a bid or lease id: owner/dseq/gseq/oseq/provider");

#[cfg(test)]
mod tests {
    use super::*;

    fn lease() -> LeaseId {
        let tenant = Tenant(Address([0xab; 20]));
        let group = GroupId { deployment: DeploymentId { tenant, dseq: 7 }, gseq: 1 };
        LeaseId(group.order(2).bid(Provider(Address([0xcd; 20]))))
    }

    #[test]
    fn text_and_id_are_exact_inverses() {
        let text = lease().to_string();
        assert_eq!(text, format!("{}/7/1/2/{}", "ab".repeat(20), "cd".repeat(20)));
        assert_eq!(text.parse::<LeaseId>().unwrap(), lease());
        for bad in [text.replace("/7/", "/07/"), text.replace("/7/", "/+7/"), text.to_uppercase()] {
            assert!(bad.parse::<LeaseId>().is_err(), "{bad}");
        }
        assert!("".parse::<LeaseId>().is_err());
    }

    #[test]
    fn deployment_1_is_no_prefix_of_deployment_10() {
        let tenant = Tenant(Address([1; 20]));
        let of = |dseq| GroupId { deployment: DeploymentId { tenant, dseq }, gseq: 1 };
        let first = DeploymentId { tenant, dseq: 1 };
        let range =
            GroupId { deployment: first, gseq: 0 }..=GroupId { deployment: first, gseq: u32::MAX };
        assert!(range.contains(&of(1)));
        assert!(!range.contains(&of(10)), "chain.md W4");
    }

    #[test]
    fn module_accounts_are_no_key_accounts() {
        assert_ne!(Address::of_module("escrow"), Address::of_module("vault"));
    }
}
