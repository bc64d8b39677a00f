//! Who takes part in a market, and what its seed draws: rules, money, weather, what is hot.

use std::sync::OnceLock;

use undercut::{Genesis, Params, rotation_digest};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{
    Address, Amount, BlockSpan, BlockTime, Coin, Denom, PublicKey, Signature, TimeSpan,
};
use undercut_simulation::Stream;

use super::commands::KINDS;

/// The chain of every market.
pub(crate) const CHAIN_ID: &str = "gauntlet";

/// What an actor does for a living. Anyone may try anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Tenant,
    Provider,
    Depositor,
    Auditor,
    Burner,
    /// Posts prices, where the parameters say so.
    Source,
    /// Changes parameters, where it may.
    Authority,
}

/// Someone with a key.
#[derive(Debug)]
pub(crate) struct Actor {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) address: Address,
    /// The key that the address is made of, and one to change to.
    keys: [KeyPair; 2],
    publics: [PublicKey; 2],
    /// Each key's word that it stands for the account. Dear to make, so made once.
    proofs: [Signature; 2],
}

impl Actor {
    /// The key to sign with where `current` is the account's changed key, if it has one.
    pub(crate) fn key(&self, current: Option<&PublicKey>) -> &KeyPair {
        let place = current.and_then(|key| self.publics.iter().position(|own| own == key));
        &self.keys[place.unwrap_or_default()]
    }

    /// The other key, which the account does not sign with, and its word that it would.
    pub(crate) fn other(&self, current: Option<&PublicKey>) -> (PublicKey, Signature) {
        let public = self.key(current).public();
        let place = usize::from(public == self.publics[0]);
        (self.publics[place], self.proofs[place])
    }
}

/// Everyone. Keys are dear to make, so all markets share them.
pub(crate) fn cast() -> &'static [Actor] {
    static CAST: OnceLock<Vec<Actor>> = OnceLock::new();
    CAST.get_or_init(|| {
        let roles = [
            (Role::Tenant, 4),
            (Role::Provider, 8),
            (Role::Depositor, 2),
            (Role::Auditor, 1),
            (Role::Burner, 2),
            (Role::Source, 3),
            (Role::Authority, 1),
        ];
        let each = roles.into_iter().flat_map(|(role, count)| (1..=count).map(move |n| (role, n)));
        each.map(|(role, n)| actor(role, n)).collect()
    })
}

fn actor(role: Role, n: u32) -> Actor {
    let name = format!("{role:?}{n}").to_lowercase();
    let keys = [name.clone(), format!("{name}, again")].map(|name| KeyPair::insecure(7, &name));
    let (address, publics) = (keys[0].address(), [keys[0].public(), keys[1].public()]);
    let proof = |key: &KeyPair| key.sign(&rotation_digest(CHAIN_ID, &address, &key.public()));
    let proofs = [proof(&keys[0]), proof(&keys[1])];
    Actor { name, role, address, keys, publics, proofs }
}

/// The positions of everyone of a role.
pub(crate) fn all(role: Role) -> impl Iterator<Item = usize> {
    cast().iter().enumerate().filter(move |(_, actor)| actor.role == role).map(|(n, _)| n)
}

/// The price of AKT from block to block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prices {
    /// One dollar, for ever.
    Constant,
    /// A thousandth up or down, or where burns that wait make the most of it.
    Drifting,
    /// A few percent up or down.
    Wandering,
    /// Sudden halvings and recoveries.
    Crashing,
}

/// What a seed draws before the first step.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    pub(crate) genesis: Genesis,
    pub(crate) prices: Prices,
    /// Blocks in a million whose price is missing, old or from the future.
    pub(crate) oracle_faults: u64,
    /// Steps in a million that end the block.
    pub(crate) block_ends: u64,
    /// How hot each kind of command is: its weight is multiplied with it.
    pub(crate) heat: [u64; KINDS.len()],
    /// Whether few different prices are bid, so that ties are common.
    pub(crate) is_coarse: bool,
    /// Deployments in a million whose tenant chooses.
    pub(crate) chooses: u64,
    /// Groups in a million that require attributes or auditors.
    pub(crate) requires: u64,
    /// Blocks of rent that a first deposit pays, at most.
    pub(crate) rent_max: u64,
    /// Deployments in a million with a grace, and with a reclamation window.
    pub(crate) graces: u64,
    pub(crate) windows: u64,
    /// Burns in a million that are of AKT.
    pub(crate) mints: u64,
    /// Deposits in a million that others pay.
    pub(crate) allowed: u64,
    /// Whether every command is signed, so that the log can be decided again from its bytes.
    pub(crate) is_signed: bool,
}

/// The longest grace, in blocks.
pub(crate) const GRACE_MAX: u64 = 8;
const START_UACT: u128 = 50_000_000;
const START_UAKT: u128 = 10_000_000_000;

/// Burners have so much that their redemptions move the collateral ratio.
fn start_uact(actor: &Actor) -> u128 {
    if actor.role == Role::Burner { 40 * START_UACT } else { START_UACT }
}

impl Draw {
    /// What `seed` draws.
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Stream::new(seed, "draw");
        let mut heat = [0; KINDS.len()];
        for heat in &mut heat {
            *heat = *rng.pick(&[0, 1, 1, 1, 2, 4]).unwrap_or(&1);
        }
        // A market without deployments and bids is a market without anything.
        for (heat, kind) in heat.iter_mut().zip(KINDS) {
            if ["create-deployment", "create-bid"].contains(&kind.name) {
                *heat = (*heat).max(1);
            }
        }
        let prices = [
            Prices::Constant,
            Prices::Drifting,
            Prices::Drifting,
            Prices::Wandering,
            Prices::Wandering,
            Prices::Crashing,
        ];
        Self {
            genesis: genesis(&mut rng),
            prices: *rng.pick(&prices).unwrap_or(&Prices::Constant),
            oracle_faults: *rng.pick(&[0, 0, 50_000, 200_000]).unwrap_or(&0),
            block_ends: rng.between(120_000, 300_000),
            heat,
            is_coarse: rng.happens(500_000),
            chooses: *rng.pick(&[0, 200_000, 600_000]).unwrap_or(&0),
            requires: *rng.pick(&[0, 100_000, 400_000]).unwrap_or(&0),
            graces: *rng.pick(&[0, 300_000, 800_000]).unwrap_or(&0),
            windows: *rng.pick(&[0, 300_000, 700_000]).unwrap_or(&0),
            mints: *rng.pick(&[150_000, 300_000, 600_000]).unwrap_or(&600_000),
            allowed: *rng.pick(&[0, 200_000, 600_000]).unwrap_or(&0),
            rent_max: *rng.pick(&[4, 12, 40, 400]).unwrap_or(&40),
            is_signed: seed.is_multiple_of(64),
        }
    }
}

fn blocks(rng: &mut Stream, least: u64, most: u64) -> BlockSpan {
    BlockSpan::from_blocks(rng.between(least, most))
}

fn params(rng: &mut Stream) -> Params {
    let mut params = Params::default();
    params.order.bid_window = blocks(rng, 1, 4);
    params.order.choice_window = blocks(rng, 2, 8);
    params.order.groups_max = 4;
    params.order.units_max = 3;
    params.order.grace_max = BlockSpan::from_blocks(GRACE_MAX);
    params.order.reclamation.window_min = TimeSpan::from_seconds(6);
    params.order.reclamation.window_max = TimeSpan::from_seconds(60);
    params.bid.bids_max = *rng.pick(&[1, 2, 3, 4, 20]).unwrap_or(&4);
    params.bid.binding = blocks(rng, 0, 2);
    params.bid.deposits_min = vec![Coin::uakt(500), Coin::uact(500)];
    params.ledger.deposits_min = vec![Coin::uact(1_000)];
    let take_bps = *rng.pick(&[0, 0, 2_000, 333, 10_000]).unwrap_or(&0);
    params.ledger.take_rates_bps = vec![(Denom::uact(), take_bps), (Denom::uakt(), 77)];
    burns(rng, &mut params);
    let sources = all(Role::Source).map(|n| cast()[n].address);
    let count = *rng.pick(&[0, 0, 1, 2, 3]).unwrap_or(&0);
    params.oracle.sources = sources.take(count).collect();
    params.oracle.sources_min = u32::from(count > 1) + 1;
    params.oracle.deviation_max_bps = *rng.pick(&[150, 700]).unwrap_or(&150);
    params.oracle.twap_window = TimeSpan::from_seconds(*rng.pick(&[5, 5, 40]).unwrap_or(&5));
    params.governance.delay = blocks(rng, 1, 12);
    if rng.happens(500_000) {
        params.governance.authority = all(Role::Authority).next().map(|n| cast()[n].address);
    }
    params
}

/// The vault's parameters.
fn burns(rng: &mut Stream, params: &mut Params) {
    let bme = &mut params.bme;
    let thresholds = [
        (9_500, 9_300, 9_000),
        (10_000, 9_700, 9_500),
        (6_000, 5_920, 5_900),
        (9_000, 8_950, 8_900),
        (10_000, 9_999, 9_998),
    ];
    let ratios = *rng.pick(&thresholds).unwrap_or(&(9_500, 9_300, 9_000));
    (bme.warn_ratio_bps, bme.resume_ratio_bps, bme.halt_ratio_bps) = ratios;
    bme.mint_spread_bps = *rng.pick(&[0, 25, 100]).unwrap_or(&25);
    bme.redeem_spread_bps = *rng.pick(&[0, 0, 30]).unwrap_or(&0);
    bme.mint_min = Amount::from_micro(1_000_000);
    bme.epoch_blocks_min = BlockSpan::from_blocks(*rng.pick(&[1, 2, 4, 10]).unwrap_or(&1));
    bme.epoch_backoff_percent = *rng.pick(&[0, 2, 10]).unwrap_or(&0);
    bme.requests_per_epoch_max = *rng.pick(&[1, 3, 50]).unwrap_or(&50);
    bme.requests_per_owner_max = *rng.pick(&[2, 6]).unwrap_or(&6);
    bme.requests_waiting_max = 8;
    let cap = *rng.pick(&[None, None, Some(900_000_000), Some(50_000_000)]).unwrap_or(&None);
    bme.redeem_new_uakt_per_epoch_max = cap.map(Amount::from_micro);
}

fn genesis(rng: &mut Stream) -> Genesis {
    let params = params(rng);
    let auditor = all(Role::Auditor).next().map(|n| &cast()[n]);
    let auditor = auditor.expect("the cast has an auditor");
    let money = |actor: &Actor| {
        let coins = [Coin::uact(start_uact(actor)), Coin::uakt(START_UAKT)];
        coins.map(|coin| (actor.address, coin))
    };
    let outstanding: u128 = cast().iter().map(start_uact).sum();
    // Somewhat above the halt ratio at one dollar, so that the breaker has work.
    let most = *rng.pick(&[40, 40, 400, 2_500]).unwrap_or(&400);
    let above = u128::from(params.bme.halt_ratio_bps) + u128::from(rng.between(5, most));
    Genesis {
        chain_id: CHAIN_ID.into(),
        time: BlockTime::from_unix_seconds(1_767_225_600),
        params,
        auditors: vec![(auditor.name.clone(), auditor.address)],
        balances: cast().iter().flat_map(money).collect(),
        vault_uakt: Amount::from_micro(outstanding * above / 10_000),
    }
}
