//! [`Rank`]: the total order of bids.

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{BidId, Decimal, Digest};

const TIE: Namespace = Namespace("undercut/tie/v1");

/// Decides between equal prices: a digest of the order's entropy and the provider.
///
/// It depends on nothing that a bidder can hurry or reorder. A bidder who makes addresses until one
/// wins the tie gains nothing that a price lower by 10^-18 would not have won outright.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical,
)]
pub struct TieBreak(Digest);

impl TieBreak {
    /// The tie-break of a bid for an order that opened with `entropy`.
    #[must_use]
    pub fn of(entropy: &Digest, bid: &BidId) -> Self {
        let parts: [&[u8]; 2] = [entropy.as_bytes(), bid.provider.0.as_bytes()];
        Self(crypto::digest_parts(TIE, &parts))
    }

    /// One that no hash gave, for ties that no test could wait for.
    #[cfg(test)]
    pub(crate) const fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }

    /// The first eight bytes as a number. Numbers compare as the tie-breaks do, as far as they go.
    #[must_use]
    pub const fn start(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = *self.0.as_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

/// Where a bid stands among the bids of its order; the smallest wins.
///
/// Compared by price, then tie-break, then id. The id is unique, so no two ranks are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// Micro-units per block. All bids of an order are in its denom.
    pub price: Decimal,
    /// Decides between equal prices.
    pub tie: TieBreak,
    /// Decides between equal digests, so never.
    pub id: BidId,
}

#[cfg(test)]
mod tests {
    use undercut_primitives::{Address, DeploymentId, GroupId, Provider, Tenant};

    use super::*;

    #[test]
    fn another_entropy_breaks_the_tie_another_way() {
        let tenant = Tenant(Address::of_module("tenant"));
        let order = GroupId { deployment: DeploymentId { tenant, dseq: 1 }, gseq: 1 }.order(1);
        let [a, b] = ["a", "b"].map(|name| order.bid(Provider(Address::of_module(name))));
        let first_wins = |entropy: u8| {
            let entropy = Digest::from_bytes([entropy; 32]);
            TieBreak::of(&entropy, &a) < TieBreak::of(&entropy, &b)
        };
        let wins = (0..=255).filter(|&entropy| first_wins(entropy)).count();
        assert!((90..=166).contains(&wins), "{wins} of 256");
    }
}
