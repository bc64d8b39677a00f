//! Providers and tenants made for given manifests.

use std::collections::{BTreeMap, BTreeSet};

use undercut::Params;
use undercut_bidding::ProviderProfile;
use undercut_orderbook::AwardMode;
use undercut_primitives::{
    Amount, Attribute, BlockHeight, BlockSpan, Coin, Decimal, Denom, GroupSpec, PricePerBlock,
};
use undercut_provider::{Gpu, PriceRequest, PricingStrategy as _, Scale};

use crate::scenario::Manifest;
use crate::{Life, ManifestPlan, PricingPlan, ProviderPlan, Scenario, Stream, TenantPlan};

/// The auditor that most public manifests ask for.
pub(crate) const AUDITOR: &str = "akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63";
pub(crate) const VAULT_UAKT: u128 = 300_000_000_000;
/// The least deposit of a deployment in these markets, in micro-units of any denom. Far below the
/// reference's, so that money ends within a run of a few thousand blocks.
const DEPOSIT_MIN: u128 = 1_000;
pub(crate) const STORAGE_CLASSES: [&str; 4] = ["default", "beta1", "beta2", "beta3"];
pub(crate) const TEBIBYTE: u64 = 1 << 40;

/// What a provider says of itself at most, beside its capabilities.
const ATTRIBUTES_MAX: usize = 100;

/// What a GPU earns per block in the scale's denom; about US dollars per hour × 1,699.
const GPU_RATES: [(&str, u64); 12] = [
    ("h200", 3_900),
    ("h100", 2_260),
    ("a100", 1_400),
    ("rtx5090", 800),
    ("a40", 700),
    ("rtxa6000", 700),
    ("rtx4090", 640),
    ("v100", 500),
    ("a10", 450),
    ("rtx3090", 340),
    ("t4", 250),
    ("p40", 200),
];
/// For models that are not in the table.
const GPU_RATE_OTHER: u64 = 300;

/// One GPU model as a provider owns it, e.g. `nvidia/h100/80Gi/sxm`.
fn gpu_kind(key: &str) -> Option<String> {
    let mut parts = key.split('/');
    let mut kind = String::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        match name {
            "vendor" => kind.push_str(value),
            "model" if value == "*" => kind.push_str("/t4"),
            "model" | "ram" | "interface" if !value.is_empty() => {
                kind.push('/');
                kind.push_str(value);
            }
            _ => return None,
        }
    }
    (kind.matches('/').count() > 0).then_some(kind)
}

fn model_of(kind: &str) -> &str {
    kind.split('/').nth(1).unwrap_or(kind)
}

/// Chart rates and GPU rates, `percent` of each.
pub(crate) fn scale(percent: u64, kinds: &BTreeSet<String>) -> Scale {
    let share = |rate: Decimal| {
        let percent = Decimal::from_basis_points(
            u32::try_from(percent.saturating_mul(100)).unwrap_or(10_000),
        );
        rate.mul_half_even(percent).unwrap_or(rate)
    };
    let chart = Scale::chart_defaults();
    let disk = chart.storage.get("beta2").copied().unwrap_or(Decimal::ZERO);
    let classes = STORAGE_CLASSES.into_iter().chain(["ephemeral"]);
    let mut scale = Scale {
        cpu: share(chart.cpu),
        memory: share(chart.memory),
        storage: classes.map(|class| (class.to_owned(), share(disk))).collect(),
        endpoint: share(chart.endpoint),
        leased_ip: share(chart.leased_ip),
        gpu: BTreeMap::new(),
    };
    for model in kinds.iter().map(|kind| model_of(kind)) {
        let rate = GPU_RATES.iter().find(|(name, _)| *name == model);
        let rate = rate.map_or(GPU_RATE_OTHER, |(_, rate)| *rate);
        scale = scale.with_gpu(model, share(Decimal::from_whole(rate)));
    }
    scale
}

/// What one group looks for in a provider, beyond room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Demand {
    attributes: Vec<Attribute>,
    gpus: Vec<(String, u64)>,
}

impl Demand {
    fn of(group: &GroupSpec) -> Self {
        let gpus = group.units.iter().filter(|unit| unit.resources.gpus > 0).filter_map(|unit| {
            let kind = gpu_kind(&unit.resources.gpu_attributes.first()?.key)?;
            // A manifest may name a model that nobody can own.
            let exists = kind.parse::<Gpu>().is_ok();
            exists.then_some((kind, unit.resources.gpus))
        });
        // A star in a required key is met by any key that has something in its place.
        let literal = |attribute: &Attribute| {
            Attribute::new(attribute.key.replace('*', "any"), attribute.value.clone())
        };
        // Nor does anybody say what the market would not take.
        let sayable = |one: &Attribute| ProviderProfile::new(vec![one.clone()]).check().is_ok();
        let attributes = group.requirements.attributes.iter().map(literal).filter(sayable);
        Self { attributes: attributes.collect(), gpus: gpus.collect() }
    }
}

/// A provider while it is being made.
#[derive(Clone, Debug, Default)]
struct Draft {
    attributes: BTreeMap<String, String>,
    /// GPU kind → the most GPUs that one replica wants.
    gpus: BTreeMap<String, u64>,
}

impl Draft {
    /// Takes a demand on, unless it contradicts what the provider says already.
    fn take(&mut self, demand: &Demand) -> bool {
        let contradicts = |wanted: &Attribute| {
            self.attributes.get(&wanted.key).is_some_and(|value| *value != wanted.value)
        };
        let attributes = self.attributes.len().saturating_add(demand.attributes.len());
        if demand.attributes.iter().any(contradicts) || attributes > ATTRIBUTES_MAX {
            return false;
        }
        for Attribute { key, value } in &demand.attributes {
            self.attributes.insert(key.clone(), value.clone());
        }
        for (kind, gpus) in &demand.gpus {
            let most = self.gpus.entry(kind.clone()).or_default();
            *most = (*most).max(*gpus);
        }
        true
    }

    fn plan(self, name: String, random: &mut Stream) -> ProviderPlan {
        let mut nodes = vec!["256 cpu, 2Ti, 32Ti disk".to_owned(); 4];
        let kinds: BTreeSet<String> = self.gpus.keys().cloned().collect();
        nodes.extend(self.gpus.iter().flat_map(|(kind, gpus)| {
            let gpus = (*gpus).max(8);
            vec![format!("{gpus}x {kind}, 256 cpu, 4Ti, 32Ti disk"); 2]
        }));
        let attributes = self.attributes.into_iter();
        ProviderPlan {
            name,
            nodes,
            pools: STORAGE_CLASSES.map(|class| (class.to_owned(), TEBIBYTE << 7)).to_vec(),
            leased_ips: 64,
            attributes: attributes.map(|(key, value)| Attribute::new(key, value)).collect(),
            is_audited: !random.happens(100_000),
            pricing: PricingPlan::Scale(scale(random.between(80, 120), &kinds)),
            latency: BlockSpan::from_blocks(random.between(1, 2)),
            withdraws_every: BlockSpan::from_blocks(random.between(50, 100)),
            gives_up_per_million: 0,
            funds: vec![Coin::uakt(10_000_000_000)],
        }
    }
}

/// Providers who hold still for the demands of all manifests: each is taken on by three of them.
fn providers(manifests: &[Manifest], count: u32, random: &mut Stream) -> Vec<ProviderPlan> {
    let demands = manifests.iter().flat_map(|manifest| &manifest.groups).map(Demand::of);
    let demands: BTreeSet<Demand> = demands.collect();
    let count = usize::try_from(count.max(1)).unwrap_or(1);
    let mut drafts = vec![Draft::default(); count];
    for demand in &demands {
        let last = u64::try_from(count.saturating_sub(1)).unwrap_or_default();
        let start = usize::try_from(random.between(0, last)).unwrap_or_default();
        let (before, after) = drafts.split_at_mut(start);
        let mut takers = 0_u8;
        for draft in after.iter_mut().chain(before) {
            if takers < 3 && draft.take(demand) {
                takers = takers.saturating_add(1);
            }
        }
    }
    let numbered = (1_u32..).zip(drafts);
    numbered.map(|(number, draft)| draft.plan(format!("p{number}"), random)).collect()
}

/// What `blocks` blocks of all groups are likely to cost.
fn cost(groups: &[GroupSpec], blocks: u64) -> Option<Coin> {
    let mut sum: Option<Coin> = None;
    for group in groups {
        let coin = expected(group)?.over_floor(BlockSpan::from_blocks(blocks)).ok()?;
        sum = Some(match sum {
            None => coin,
            Some(before) => Coin::new(coin.denom, before.amount.plus(coin.amount).ok()?),
        });
    }
    sum
}

/// The share of something, in hundredths.
fn percent(amount: Amount, percent: u64) -> Amount {
    let points = u32::try_from(percent.saturating_mul(100)).unwrap_or(u32::MAX);
    Decimal::from_basis_points(points).mul_floor(amount).unwrap_or(amount)
}

fn life(random: &mut Stream, deposit: &Coin, blocks: u64) -> Life {
    match random.between(0, 9) {
        0..=4 => Life::RunsDry,
        5..=7 => {
            let most = blocks.checked_div(2).unwrap_or_default().max(20);
            Life::ClosesAfter(BlockSpan::from_blocks(random.between(20, most)))
        }
        _ => {
            let below = BlockSpan::from_blocks(random.between(5, 30));
            let coin = Coin::new(deposit.denom.clone(), percent(deposit.amount, 50));
            Life::ToppedUp { below, coin, times: 2 }
        }
    }
}

/// What a group is likely to cost per block: the chart's price, at most the ceiling.
fn expected(group: &GroupSpec) -> Option<PricePerBlock> {
    let ceiling = group.ceiling().ok()?;
    let kinds = Demand::of(group).gpus.into_iter().map(|(kind, _)| kind).collect();
    let (chart, allocated) = (scale(100, &kinds), group.exact_offer());
    let request = PriceRequest { spec: group, allocated: &allocated, denom: &ceiling.denom };
    Some(chart.price(&request).ok().filter(|price| *price <= ceiling).unwrap_or(ceiling))
}

fn tenant(
    number: usize,
    manifest: Manifest,
    blocks: u64,
    random: &mut Stream,
) -> Option<TenantPlan> {
    let paid_blocks = random.between(100, 1_500);
    let cost = cost(&manifest.groups, paid_blocks)?;
    let amount = cost.amount.max(Amount::from_micro(DEPOSIT_MIN));
    let deposit = Coin::new(cost.denom, amount);
    // Enough for two top-ups of a half.
    let needed = percent(amount, 220);
    let is_act = deposit.denom == Denom::uact();
    let burned = needed.max(Amount::from_micro(20_000_000));
    let burns = is_act.then(|| Coin::new(Denom::uakt(), burned));
    let funds = burns.clone().unwrap_or_else(|| Coin::new(deposit.denom.clone(), needed));
    let latest = blocks.checked_div(2).unwrap_or_default().max(6);
    let award =
        if random.happens(100_000) { AwardMode::TenantChooses } else { AwardMode::LowestPrice };
    let plan = ManifestPlan {
        name: manifest.name,
        groups: manifest.groups,
        version_hash: manifest.version_hash,
        posts_at: BlockHeight::new(random.between(5, latest)),
        life: life(random, &deposit, blocks),
        deposit,
        award,
    };
    let name = format!("t{}", number.saturating_add(1));
    Some(TenantPlan { name, funds: vec![funds], burns, manifests: vec![plan] })
}

/// A tenant for each manifest, and providers for all of them.
pub(crate) fn for_manifests(
    seed: u64,
    manifests: Vec<Manifest>,
    count: u32,
    blocks: u64,
) -> Scenario {
    let mut random = Stream::new(seed, "population");
    let mut params = Params::akash_2026();
    let denoms = manifests.iter().flat_map(|manifest| &manifest.groups);
    let denoms: BTreeSet<Denom> =
        denoms.filter_map(|group| group.ceiling().ok()).map(|ceiling| ceiling.denom).collect();
    let denoms: BTreeSet<Denom> = denoms.into_iter().chain([Denom::uact()]).collect();
    let least = |denom: &Denom| Coin::new(denom.clone(), Amount::from_micro(DEPOSIT_MIN));
    params.ledger.deposits_min = denoms.iter().map(least).collect();
    params.order.lease_denoms = denoms.into_iter().collect();
    let providers = providers(&manifests, count, &mut random);
    let tenants = manifests.into_iter().enumerate();
    let tenants =
        tenants.filter_map(|(number, manifest)| tenant(number, manifest, blocks, &mut random));
    Scenario {
        name: "manifests".to_owned(),
        seed,
        blocks,
        params,
        vault_uakt: Amount::from_micro(VAULT_UAKT),
        usd_per_akt: Decimal::from_basis_points(11_400),
        auditor: AUDITOR.to_owned(),
        tenants: tenants.collect(),
        providers,
    }
}
