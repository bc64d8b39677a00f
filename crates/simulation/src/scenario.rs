//! [`Scenario`]: who takes part in a market, and what they are going to do.

use undercut::Params;
use undercut_orderbook::AwardMode;
use undercut_primitives::{
    Amount, Attribute, BlockHeight, BlockSpan, Coin, Decimal, Digest, GroupSpec,
};
use undercut_provider::{Scale, UsdTargets};

use crate::{first_market, population};

/// A market to be played.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// The source of everything that is drawn.
    pub seed: u64,
    /// How many blocks it lasts.
    pub blocks: u64,
    /// What the market chose.
    pub params: Params,
    /// AKT in the vault from the start, in uakt.
    pub vault_uakt: Amount,
    /// US dollars for one AKT at the start.
    pub usd_per_akt: Decimal,
    /// The auditor whose word manifests ask for, as they call it.
    pub auditor: String,
    /// Who sells.
    pub providers: Vec<ProviderPlan>,
    /// Who buys.
    pub tenants: Vec<TenantPlan>,
}

/// A provider to be.
#[derive(Clone, Debug)]
pub struct ProviderPlan {
    /// Its name.
    pub name: String,
    /// Its nodes, e.g. `64 cpu, 512Gi, 8x nvidia/h100/80Gi/sxm`.
    pub nodes: Vec<String>,
    /// Persistent storage: class and bytes.
    pub pools: Vec<(String, u64)>,
    /// Leased IPs.
    pub leased_ips: u32,
    /// What it says of itself beyond its capabilities.
    pub attributes: Vec<Attribute>,
    /// Whether the auditor vouches for it.
    pub is_audited: bool,
    /// How it prices.
    pub pricing: PricingPlan,
    /// Blocks from seeing an order to bidding, at least 1.
    pub latency: BlockSpan,
    /// Blocks between withdrawals, at least 1.
    pub withdraws_every: BlockSpan,
    /// Chance per block and lease, in millionths, that it gives the lease up.
    pub gives_up_per_million: u64,
    /// What it starts with.
    pub funds: Vec<Coin>,
}

/// How a provider prices.
#[derive(Clone, Debug)]
pub enum PricingPlan {
    /// By a rate for each unit of each resource.
    Scale(Scale),
    /// By US dollars per month.
    UsdTargets(UsdTargets),
}

/// A tenant to be.
#[derive(Clone, Debug)]
pub struct TenantPlan {
    /// Its name.
    pub name: String,
    /// What it starts with.
    pub funds: Vec<Coin>,
    /// What it burns in its first block, to have ACT.
    pub burns: Option<Coin>,
    /// What it deploys, one after the other.
    pub manifests: Vec<ManifestPlan>,
}

/// A deployment to be.
#[derive(Clone, Debug)]
pub struct ManifestPlan {
    /// What the manifest is called.
    pub name: String,
    /// What it asks for.
    pub groups: Vec<GroupSpec>,
    /// SHA-256 of what providers will be sent.
    pub version_hash: Digest,
    /// The first block in which it may be posted.
    pub posts_at: BlockHeight,
    /// What goes into escrow.
    pub deposit: Coin,
    /// Who names the winners.
    pub award: AwardMode,
    /// How it goes on.
    pub life: Life,
}

/// How a deployment goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// Until the money ends.
    RunsDry,
    /// Until the tenant closes it.
    ClosesAfter(BlockSpan),
    /// Topped up whenever less than a span is left, a number of times.
    ToppedUp {
        /// Less than this many blocks left.
        below: BlockSpan,
        /// What is added.
        coin: Coin,
        /// How often at most.
        times: u32,
    },
}

impl Scenario {
    /// The embedded market: five providers, three tenants, a dozen manifests.
    #[must_use]
    pub fn first_market(seed: u64) -> Self {
        first_market::scenario(seed, 5)
    }

    /// The embedded market with another number of providers: the same five kinds in turn.
    #[must_use]
    pub fn first_market_with(seed: u64, providers: u32) -> Self {
        first_market::scenario(seed, providers)
    }

    /// A market for manifests of one's own: a tenant each, and as many providers as asked for,
    /// who together advertise what the manifests look for.
    #[must_use]
    pub fn for_manifests(seed: u64, manifests: Vec<Manifest>, providers: u32, blocks: u64) -> Self {
        population::for_manifests(seed, manifests, providers, blocks)
    }
}

/// A manifest to be deployed by a tenant of its own.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// What it is called.
    pub name: String,
    /// What it asks for.
    pub groups: Vec<GroupSpec>,
    /// SHA-256 of what providers will be sent.
    pub version_hash: Digest,
}
