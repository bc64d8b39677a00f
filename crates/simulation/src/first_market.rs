//! The embedded market: five providers of different kinds, three tenants, the example manifests.

use std::collections::BTreeSet;

use undercut::Params;
use undercut_orderbook::AwardMode;
use undercut_primitives::{Amount, Attribute, BlockHeight, BlockSpan, Coin, Decimal};
use undercut_sdl::Sdl;

use crate::population::{AUDITOR, STORAGE_CLASSES, TEBIBYTE, VAULT_UAKT, scale};
use crate::{Life, ManifestPlan, PricingPlan, ProviderPlan, Scenario, Stream, TenantPlan};

/// How many blocks the market lasts: about four hours.
const BLOCKS: u64 = 2_400;

/// A provider of the market: its nodes, attributes, share of the chart's prices, habits.
struct Template {
    nodes: &'static [&'static str],
    attributes: &'static [(&'static str, &'static str)],
    kinds: &'static [&'static str],
    percent: u64,
    is_audited: bool,
    gives_up_per_million: u64,
}

const PROVIDERS: [Template; 5] = [
    // A data centre with one kind of big node.
    Template {
        nodes: &["8x nvidia/h100/80Gi/sxm, 128 cpu, 1Ti, 8Ti disk"; 3],
        attributes: &[("region", "us-east"), ("tier", "datacenter")],
        kinds: &["nvidia/h100"],
        percent: 104,
        is_audited: true,
        gives_up_per_million: 0,
    },
    // A smaller one with older cards.
    Template {
        nodes: &["4x nvidia/a100/80Gi/pcie, 64 cpu, 512Gi, 4Ti disk"; 2],
        attributes: &[("region", "eu-west"), ("tier", "datacenter")],
        kinds: &["nvidia/a100"],
        percent: 100,
        is_audited: true,
        gives_up_per_million: 0,
    },
    // Consumer cards; no auditor knows it.
    Template {
        nodes: &["8x nvidia/rtx4090/24Gi/pcie, 96 cpu, 256Gi, 2Ti disk"; 2],
        attributes: &[("region", "us-east"), ("tier", "community")],
        kinds: &["nvidia/rtx4090"],
        percent: 92,
        is_audited: false,
        gives_up_per_million: 0,
    },
    // No cards, low prices, and now and then it gives a lease up.
    Template {
        nodes: &["32 cpu, 128Gi, 2Ti disk"; 4],
        attributes: &[("region", "eu-west"), ("tier", "community"), ("tee/type", "cpu")],
        kinds: &[],
        percent: 84,
        is_audited: false,
        gives_up_per_million: 250,
    },
    // The newest cards, dear, with enclaves.
    Template {
        nodes: &["8x nvidia/h200/141Gi/sxm, 192 cpu, 2Ti, 16Ti disk"],
        attributes: &[("region", "us-east"), ("tier", "datacenter"), ("tee/type", "cpu-gpu")],
        kinds: &["nvidia/h200"],
        percent: 110,
        is_audited: true,
        gives_up_per_million: 0,
    },
];

/// What a tenant deploys: manifest, first block, deposit in uact, who chooses, how it goes on.
type Entry = (&'static str, &'static str, u64, u128, AwardMode, Life);

const fn blocks(blocks: u64) -> BlockSpan {
    BlockSpan::from_blocks(blocks)
}

macro_rules! example {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../sdl-examples/", $name, ".yaml")))
    };
}

fn topped_up(below: u64, uact: u128, times: u32) -> Life {
    Life::ToppedUp { below: blocks(below), coin: Coin::uact(uact), times }
}

/// Tenant, AKT it burns at the start, and what it deploys.
fn tenants() -> [(&'static str, u128, Vec<Entry>); 3] {
    use AwardMode::{LowestPrice, TenantChooses};
    let entry = |(name, text): (&'static str, &'static str), at, uact, award, life| -> Entry {
        (name, text, at, uact, award, life)
    };
    let alice = vec![
        entry(example!("llm-inference"), 3, 1_000_000, LowestPrice, Life::RunsDry),
        entry(example!("web"), 20, 4_000, LowestPrice, topped_up(60, 2_000, 2)),
        entry(example!("two-regions"), 60, 30_000, LowestPrice, Life::RunsDry),
        entry(example!("image-generation"), 300, 900_000, LowestPrice, Life::RunsDry),
        entry(
            example!("confidential"),
            700,
            6_000_000,
            LowestPrice,
            Life::ClosesAfter(blocks(600)),
        ),
    ];
    let bob = vec![
        entry(example!("blog-with-database"), 6, 20_000, LowestPrice, topped_up(50, 6_000, 3)),
        entry(example!("shop"), 40, 12_000, LowestPrice, Life::RunsDry),
        entry(example!("game-server"), 90, 12_000, TenantChooses, Life::ClosesAfter(blocks(700))),
        entry(example!("workers-shared-profile"), 250, 40_000, LowestPrice, Life::RunsDry),
        entry(example!("dns-leased-ip"), 500, 60_000, LowestPrice, Life::RunsDry),
    ];
    let carol = vec![
        entry(
            example!("batch-training"),
            10,
            30_000_000,
            LowestPrice,
            Life::ClosesAfter(blocks(900)),
        ),
        entry(example!("staging-and-production"), 30, 18_000, LowestPrice, Life::RunsDry),
        entry(example!("arm-builder"), 120, 60_000, LowestPrice, Life::ClosesAfter(blocks(300))),
        entry(example!("private-image"), 400, 8_000, LowestPrice, Life::RunsDry),
    ];
    [("alice", 30_000_000, alice), ("bob", 20_000_000, bob), ("carol", 60_000_000, carol)]
}

fn manifest(entry: Entry, random: &mut Stream) -> Option<ManifestPlan> {
    let (name, text, at, uact, award, life) = entry;
    // The examples are valid; a test of the workspace says so.
    let sdl = Sdl::parse(text).ok()?;
    // The first one opens the story and is not moved.
    let shift = if at <= 3 { 0 } else { random.between(0, 6) };
    Some(ManifestPlan {
        name: name.to_owned(),
        groups: sdl.groups().to_vec(),
        version_hash: sdl.hash(),
        posts_at: BlockHeight::new(at.saturating_add(shift)),
        deposit: Coin::uact(uact),
        award,
        life,
    })
}

fn provider(number: u32, template: &Template, random: &mut Stream) -> ProviderPlan {
    let kinds: BTreeSet<String> = template.kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let percent = template.percent.saturating_add(random.between(0, 6));
    let attributes = template.attributes.iter().map(|(key, value)| Attribute::new(*key, *value));
    ProviderPlan {
        name: format!("p{number}"),
        nodes: template.nodes.iter().map(|node| (*node).to_owned()).collect(),
        pools: STORAGE_CLASSES.map(|class| (class.to_owned(), TEBIBYTE << 3)).to_vec(),
        leased_ips: 4,
        attributes: attributes.collect(),
        is_audited: template.is_audited,
        pricing: PricingPlan::Scale(scale(percent, &kinds)),
        latency: blocks(random.between(1, 2)),
        withdraws_every: blocks(random.between(80, 120)),
        gives_up_per_million: template.gives_up_per_million,
        funds: vec![Coin::uakt(100_000_000)],
    }
}

/// The market, with `count` providers: the five templates in turn.
pub(crate) fn scenario(seed: u64, count: u32) -> Scenario {
    let mut random = Stream::new(seed, "first-market");
    let mut params = Params::akash_2026();
    // The reference's least deposit would last a small service for a week; here money ends.
    params.ledger.deposits_min = vec![Coin::uact(1_000)];
    let templates = (1..=count).zip(PROVIDERS.iter().cycle());
    let providers = templates.map(|(number, template)| provider(number, template, &mut random));
    let providers = providers.collect();
    let tenants = tenants().into_iter().map(|(name, burns, entries)| TenantPlan {
        name: name.to_owned(),
        funds: vec![Coin::uakt(burns.saturating_mul(2))],
        burns: Some(Coin::uakt(burns)),
        manifests: entries.into_iter().filter_map(|entry| manifest(entry, &mut random)).collect(),
    });
    Scenario {
        name: "first-market".to_owned(),
        seed,
        blocks: BLOCKS,
        params,
        vault_uakt: Amount::from_micro(VAULT_UAKT),
        usd_per_akt: Decimal::from_basis_points(11_400),
        auditor: AUDITOR.to_owned(),
        tenants: tenants.collect(),
        providers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_deployed_by_someone() {
        let scenario = scenario(42, 5);
        let deployed = scenario.tenants.iter().map(|tenant| tenant.manifests.len()).sum::<usize>();
        assert_eq!(deployed, 14, "an example does not parse");
        assert_eq!(scenario.providers.len(), 5);
    }
}
