//! Generators of commands about anything but deployments, bids and leases: providers and auditors,
//! allowances, burns, prices, parameters and keys.

use undercut::{Command, Params};
use undercut_bidding::Registration;
use undercut_ledger::NewAllowance;
use undercut_ledger::oracle::PricePoint;
use undercut_primitives::{
    Amount, Attribute, BlockHeight, BlockSpan, BlockTime, Coin, Decimal, Denom, Provider, TimeSpan,
};
use undercut_simulation::Stream;

use super::cast::{Prices, Role, all, cast};
use super::commands::{Asked, Scene, position};
use crate::model::{ATOMS, Money};

fn attributes(rng: &mut Stream) -> Vec<Attribute> {
    let region = *rng.pick(&["west", "east"]).unwrap_or(&"west");
    let tier = *rng.pick(&["gold", "tin"]).unwrap_or(&"tin");
    let mut attributes = vec![Attribute::new("region", region)];
    if rng.happens(500_000) {
        attributes.push(Attribute::new("tier", tier));
    }
    attributes
}

/// What a provider says of itself.
pub(crate) fn registration(rng: &mut Stream) -> Registration {
    let host = *rng.pick(&["https://provider.example", "https://localhost:8443"]).unwrap_or(&"");
    Registration::new(host, attributes(rng))
}

/// A provider's first profile, or the first after it had gone.
pub(crate) fn register(scene: &mut Scene<'_>) -> Asked {
    let model = scene.model;
    let is_new = |n: &usize| !model.providers.contains_key(&Provider(cast()[*n].address));
    let actor = scene.one_of(all(Role::Provider).filter(is_new))?;
    Some((actor, Command::RegisterProvider(registration(scene.rng))))
}

fn registered(scene: &mut Scene<'_>) -> Option<Provider> {
    let model = scene.model;
    scene.one_of(model.providers.keys().copied())
}

pub(super) fn update_provider(scene: &mut Scene<'_>) -> Asked {
    let provider = registered(scene)?;
    Some((position(provider.0), Command::UpdateProvider(registration(scene.rng))))
}

pub(super) fn deregister(scene: &mut Scene<'_>) -> Asked {
    let model = scene.model;
    let serves = |id: &Provider| model.leases().any(|lease| lease.id.provider() == *id);
    let provider = scene.one_of(model.providers.keys().copied().filter(|id| !serves(id)))?;
    Some((position(provider.0), Command::DeregisterProvider))
}

/// A last block that is near, or none.
fn last_block(scene: &mut Scene<'_>) -> Option<BlockHeight> {
    let height = scene.model.height + scene.rng.between(0, 25);
    scene.rng.happens(600_000).then_some(BlockHeight::new(height))
}

pub(super) fn attest(scene: &mut Scene<'_>) -> Asked {
    let provider = registered(scene)?;
    let (attributes, expires_at) = (attributes(scene.rng), last_block(scene));
    let command = Command::AttestProvider { provider, attributes, expires_at };
    Some((scene.someone(Role::Auditor), command))
}

pub(super) fn revoke_attestation(scene: &mut Scene<'_>) -> Asked {
    let model = scene.model;
    let audited = model.providers.iter().filter(|(_, profile)| !profile.audits.is_empty());
    let (provider, profile) = scene.one_of(audited)?;
    let (said, _) = profile.audits.values().next()?;
    let keys = said.iter().map(|attribute| attribute.key.clone());
    let keys = if scene.rng.happens(500_000) { keys.take(1).collect() } else { Vec::new() };
    let command = Command::RevokeAttestation { provider: *provider, keys };
    Some((scene.someone(Role::Auditor), command))
}

pub(super) fn grant(scene: &mut Scene<'_>) -> Asked {
    let granters = all(Role::Depositor).chain(all(Role::Authority));
    let granter = scene.one_of(granters)?;
    let grantee = scene.one_of(all(Role::Tenant).chain(all(Role::Provider)))?;
    let amount = |rng: &mut Stream| u128::from(rng.between(1, 60_000));
    let limits = vec![Coin::uact(amount(scene.rng)), Coin::uakt(amount(scene.rng))];
    let limits = limits.into_iter().take(if scene.rng.happens(800_000) { 2 } else { 1 }).collect();
    let purposes = *scene.rng.pick(&[(true, true), (true, false), (false, true)])?;
    let new = NewAllowance {
        grantee: cast()[grantee].address,
        for_deployments: purposes.0,
        for_bids: purposes.1,
        limits,
        expires_at: last_block(scene),
    };
    Some((granter, Command::GrantAllowance(new)))
}

pub(super) fn revoke_allowance(scene: &mut Scene<'_>) -> Asked {
    let model = scene.model;
    let (grantee, granter) = scene.one_of(model.allowances.keys().copied())?;
    Some((position(granter), Command::RevokeAllowance { grantee }))
}

/// Micro-units of credit from which on a redemption moves the ratio much.
const CREDIT_LEAST: u128 = 300_000_000;

/// Up to half of what the burner has, so that it can go on. Near the halt threshold a mint that
/// will wait, then redemptions that move the ratio.
pub(super) fn burn(scene: &mut Scene<'_>) -> Asked {
    let actor = scene.someone(Role::Burner);
    let is_near = is_near_halt(scene) && scene.rng.happens(700_000);
    let waits = scene.model.vault.requests.iter().any(|request| request.is_mint);
    let credit = scene.model.vault.credit * scene.model.price_or_zero() / ATOMS;
    let may_mint = scene.model.status().allows_mint();
    let is_first = may_mint && (!waits || credit < CREDIT_LEAST);
    let is_mint = if is_near { is_first } else { scene.rng.happens(scene.draw.mints) };
    let (money, least) = if is_mint { (Money::Akt, 2_000_000) } else { (Money::Act, 10) };
    let most = (scene.model.balance(money, cast()[actor].address) / 2).min(3_000_000_000);
    let amount = match (is_near, is_mint) {
        (false, _) => scene.amount(most),
        (true, true) => most / u128::from(scene.rng.between(2, 8)),
        // AKT that is not newly minted is what a redemption takes out of the collateral.
        (true, false) if may_mint => credit.min(most),
        (true, false) => most,
    };
    let coin = Coin::new(money.denom(), Amount::from_micro(amount.max(least)));
    Some((actor, Command::Burn(coin)))
}

/// Whether the collateral ratio is within three percent of the halt threshold.
fn is_near_halt(scene: &Scene<'_>) -> bool {
    let (vault, price) = (&scene.model.vault, scene.model.price_or_zero());
    let ratio_bps = vault.collateral * price / (vault.supply.max(1) * (ATOMS / 10_000));
    ratio_bps.abs_diff(scene.model.params.bme.halt_ratio_bps.into()) < 300
}

pub(super) fn cancel_burn(scene: &mut Scene<'_>) -> Asked {
    let model = scene.model;
    let request = scene.one_of(model.vault.requests.iter())?;
    Some((position(request.owner), Command::CancelBurn(request.id)))
}

pub(super) fn fund_vault(scene: &mut Scene<'_>) -> Asked {
    let coin = Coin::uakt(scene.amount(20_000_000));
    Some((scene.someone(Role::Depositor), Command::FundVault(coin)))
}

/// The source that was silent longest says what AKT is worth, or nearly so.
pub(super) fn post_price(scene: &mut Scene<'_>) -> Asked {
    let model = scene.model;
    let last = |source| model.posts.get(source).and_then(|posts| posts.last());
    let sources = model.params.oracle.sources.iter();
    let source = sources.min_by_key(|source| last(source).map(|last| last.nanos))?;
    let is_constant = scene.draw.prices == Prices::Constant;
    let off = if is_constant { 0 } else { *scene.rng.pick(&[0, 0, 0, 3, 10, 100])? };
    let price = scene.price + scene.price / 1_000 * u128::from(scene.rng.between(0, off));
    let seconds = *scene.rng.pick(&[0, 0, 1, 3, -4, -10])?;
    let nanos = model.nanos - seconds * 1_000_000_000;
    let nanos = last(source).map_or(nanos, |last| nanos.max(last.nanos));
    let nanos = nanos.min(model.nanos + 10_000_000_000);
    let usd_per_akt = Decimal::from_atoms(price);
    let published_at = BlockTime::from_unix_nanos(nanos);
    Some((position(*source), Command::PostPrice(PricePoint { usd_per_akt, published_at })))
}

pub(super) fn change_params(scene: &mut Scene<'_>) -> Asked {
    let authority = scene.model.params.governance.authority?;
    let mut params = scene.model.params.clone();
    for _ in 0..2 {
        change(&mut params, &scene.draw.genesis.params, scene.rng);
    }
    Some((position(authority), Command::ChangeParams(Box::new(params))))
}

/// One change. Windows and limits stay at or below those of the start, so that what is bounded at
/// the start stays so.
fn change(params: &mut Params, start: &Params, rng: &mut Stream) {
    let upto = |rng: &mut Stream, most: BlockSpan| {
        BlockSpan::from_blocks(rng.between(1, most.to_blocks().max(1)))
    };
    let Params { order, bid, ledger, bme, oracle, governance } = params;
    match rng.between(0, 13) {
        0 => order.bid_window = upto(rng, start.order.bid_window),
        1 => order.choice_window = upto(rng, start.order.choice_window),
        2 => bid.bids_max = u32::try_from(rng.between(1, start.bid.bids_max.into())).unwrap_or(1),
        3 => bid.binding = upto(rng, BlockSpan::from_blocks(2)),
        4 => {
            bid.deposits_min =
                vec![Coin::uakt(500), Coin::uact(500 + u128::from(rng.between(0, 9)))]
        }
        5 => {
            let bps = u32::try_from(rng.between(0, 3_000)).unwrap_or_default();
            ledger.take_rates_bps = vec![(Denom::uact(), bps)];
        }
        6 => bme.redeem_spread_bps = u32::try_from(rng.between(0, 100)).unwrap_or_default(),
        7 => bme.epoch_blocks_min = upto(rng, start.bme.epoch_blocks_min),
        8 => {
            let cap = rng.between(10_000_000, 1_000_000_000);
            bme.redeem_new_uakt_per_epoch_max = Some(Amount::from_micro(cap.into()));
        }
        9 => {
            let (warn, resume, halt) = *rng.pick(&RATIOS).unwrap_or(&RATIOS[0]);
            (bme.warn_ratio_bps, bme.resume_ratio_bps, bme.halt_ratio_bps) = (warn, resume, halt);
        }
        10 => order.reclamation.window_min = TimeSpan::from_seconds(rng.between(1, 30)),
        // Groups of one unit are taken no more, for a time.
        11 => order.units_max = if order.units_max == 0 || rng.happens(800_000) { 3 } else { 0 },
        12 if oracle.sources.is_empty() => oracle.sources.clone_from(&start.oracle.sources),
        12 => oracle.sources.clear(),
        _ => {
            governance.delay = upto(rng, BlockSpan::from_blocks(12));
            order.grace_max = upto(rng, start.order.grace_max);
        }
    }
}

const RATIOS: [(u32, u32, u32); 3] =
    [(9_500, 9_300, 9_000), (10_000, 9_700, 9_500), (9_000, 8_950, 8_900)];

pub(super) fn rotate_key(scene: &mut Scene<'_>) -> Asked {
    let actor = scene.one_of(0..cast().len())?;
    let (key, proof) = cast()[actor].other(scene.model.keys.get(&cast()[actor].address));
    Some((actor, Command::RotateKey { key, proof }))
}
