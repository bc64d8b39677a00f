//! How a valid command is made nearly valid, with one thing off, and what plain garbage looks like.

use undercut::{Command, Params};
use undercut_bidding::{NewBid, Registration};
use undercut_ledger::{NewAllowance, ProviderReason};
use undercut_orderbook::NewDeployment;
use undercut_primitives::{
    Address, Amount, Attribute, BidId, BlockHeight, BlockSpan, BlockTime, Coin, Contribution,
    Decimal, Denom, DeploymentId, Digest, LeaseId, PricePerBlock, Provider, PublicKey, Signature,
    Tenant, TimeSpan,
};

use super::cast::cast;
use super::commands::{Asked, Scene, group};
use super::script::Envelope;
use crate::model::ATOMS;

/// Takes one thing off a command: its signer, its envelope or a field.
pub(crate) fn nearly(scene: &mut Scene<'_>, asked: &mut (usize, Command)) -> Envelope {
    match scene.rng.between(0, 10) {
        0 => Envelope::NonceLow,
        1 => Envelope::NonceHigh,
        2 => Envelope::Expired,
        3 => forged(scene),
        4 => {
            let last = cast().len() as u64 - 1;
            asked.0 = usize::try_from(scene.rng.between(0, last)).unwrap_or_default();
            Envelope::Sound
        }
        5 if scene.rng.happens(500_000) => Envelope::KeyNotInUse,
        5 => Envelope::OtherAccount,
        _ => {
            spoil(scene, &mut asked.1);
            Envelope::Sound
        }
    }
}

/// Signatures are dear, so most of what is nearly valid fails elsewhere.
fn forged(scene: &mut Scene<'_>) -> Envelope {
    if !scene.rng.happens(100_000) {
        return Envelope::NonceHigh;
    }
    let byte = scene.rng.between(0, u64::MAX - 1);
    let forged = [
        Envelope::WrongChain,
        Envelope::FlippedBit,
        Envelope::OtherKey,
        Envelope::ZeroKey,
        Envelope::Trailing,
        Envelope::Mangled(byte),
    ];
    *scene.rng.pick(&forged).unwrap_or(&Envelope::FlippedBit)
}

fn spoil(scene: &mut Scene<'_>, command: &mut Command) {
    let n = scene.rng.between(0, 5);
    match command {
        Command::CreateDeployment(new) => spoil_deployment(new, scene.rng.between(0, 13)),
        Command::UpdateDeployment { id, version_hash } => match n {
            0..=2 => id.dseq += 1,
            _ => *version_hash = scene.model.deployments.get(id).map_or(*version_hash, |d| d.hash),
        },
        Command::CloseDeployment(id) => id.dseq += n + 1,
        Command::PauseGroup(id) | Command::StartGroup(id) | Command::CloseGroup(id) => match n {
            0..=2 => id.gseq += 1,
            3 => id.gseq = 0,
            _ => id.deployment.dseq += 1,
        },
        Command::Deposit { deployment, coin, payers } => match n {
            0 => coin.amount = Amount::ZERO,
            1 => coin.denom = "uusd".parse().expect("a denom"),
            2 => coin.amount = Amount::from_micro(1 << 60),
            3 => deployment.dseq += 1,
            _ => spoil_payers(payers, coin, n),
        },
        Command::CreateBid(new) => spoil_bid(scene, new),
        Command::CreateBids(all) => spoil_bids(scene, all, n),
        Command::RepriceBid { bid, price } => match n {
            0 => price.value = Decimal::ZERO,
            1 => price.denom = Denom::uakt(),
            2..=4 => {
                let bid = scene.model.open_bid(bid);
                let current = bid.map_or(ATOMS, |bid| bid.price);
                price.value = Decimal::from_atoms(current + u128::from(n - 2));
            }
            _ => bid.order.oseq += 1,
        },
        Command::CloseBid(id) | Command::CreateLease(id) => spoil_bid_id(id, n),
        Command::CloseLease { lease: LeaseId(id), .. }
        | Command::StartReclamation { lease: LeaseId(id), .. }
        | Command::Withdraw(LeaseId(id)) => spoil_bid_id(id, n),
        other => spoil_rest(scene, other, n),
    }
}

fn spoil_rest(scene: &mut Scene<'_>, command: &mut Command, n: u64) {
    match command {
        Command::RegisterProvider(new) | Command::UpdateProvider(new) => match n {
            0 => new.host_uri = "http://provider.example".into(),
            1 => new.host_uri.push('/'),
            2 => new.website = "provider.example".into(),
            _ => new.attributes.push(Attribute::new(if n < 5 { "region" } else { "bad key" }, "x")),
        },
        Command::AttestProvider { attributes, expires_at, .. } => match n {
            0..=2 => *expires_at = Some(BlockHeight::new(scene.model.height - 1)),
            _ => attributes.push(Attribute::new("region", "x")),
        },
        Command::RevokeAttestation { provider, keys } => match n {
            0 => *provider = Provider(cast()[0].address),
            _ => keys.push("colour".into()),
        },
        Command::GrantAllowance(new) => match n {
            0 => (new.for_bids, new.for_deployments) = (false, false),
            1 => new.limits.clear(),
            2 => new.limits.push(new.limits[0].clone()),
            3 => new.limits[0].amount = Amount::ZERO,
            _ => new.expires_at = Some(BlockHeight::new(scene.model.height - 1)),
        },
        Command::RevokeAllowance { grantee } => *grantee = Address::of_module("nobody"),
        Command::Burn(coin) | Command::FundVault(coin) => match n {
            0 => coin.amount = Amount::ZERO,
            1 => coin.denom = "uusd".parse().expect("a denom"),
            2 => coin.amount = Amount::from_micro(1 << 60),
            _ => *coin = Coin::uakt(900_000),
        },
        Command::CancelBurn(id) => *id += n,
        Command::PostPrice(point) => match n {
            0 => point.usd_per_akt = Decimal::ZERO,
            1 => point.usd_per_akt = Decimal::from_atoms(u128::MAX),
            2 => {
                point.published_at = BlockTime::from_unix_nanos(scene.model.nanos + 10_000_000_001)
            }
            _ => point.published_at = BlockTime::from_unix_nanos(0),
        },
        Command::ChangeParams(params) => spoil_params(params, scene.rng.between(0, 7)),
        Command::RotateKey { key, proof } => {
            let (other, word) = cast()[0].other(None);
            match n {
                0..=2 => *key = other,
                _ => *proof = word,
            }
        }
        _ => {}
    }
}

fn spoil_params(params: &mut Params, n: u64) {
    match n {
        0 => params.bid.bids_max = 0,
        1 => params.order.bid_window = BlockSpan::from_blocks(0),
        2 => params.order.groups_max = 129,
        3 => params.governance.delay = BlockSpan::from_blocks(0),
        4 => params.bme.halt_ratio_bps = params.bme.warn_ratio_bps,
        5 => params.order.reclamation.window_max = TimeSpan::ZERO,
        6 => params.oracle.sources_min = 0,
        _ => params.ledger.take_rates_bps = vec![(Denom::uact(), 10_001)],
    }
}

fn spoil_payers(payers: &mut Vec<Contribution>, coin: &Coin, n: u64) {
    let nobody = Address::of_module("nobody");
    let amount = if n == 4 { coin.amount } else { Amount::ZERO };
    payers.push(Contribution { payer: nobody, amount });
}

fn spoil_bid_id(id: &mut BidId, n: u64) {
    match n {
        0 => id.order.oseq += 1,
        1 => id.order.group.gseq += 1,
        2 => id.order.group.deployment.dseq += 1,
        3 => id.provider = Provider(cast()[0].address),
        4 => id.order.group.gseq = 0,
        _ => id.order.oseq = u32::MAX,
    }
}

fn spoil_bid(scene: &mut Scene<'_>, new: &mut NewBid) {
    let ceiling = scene.model.group(&new.order.group).map_or(ATOMS, |group| group.ceiling);
    match scene.rng.between(0, 11) {
        8 => new.reclamation = Some(TimeSpan::from_seconds(61)),
        9 => new.reclamation = None,
        10 => spoil_payers(&mut new.payers, &new.deposit, 4),
        0..=2 => new.price.value = Decimal::from_atoms(ceiling + 1),
        3 => new.price.value = Decimal::ZERO,
        4 => new.price.denom = Denom::uakt(),
        5 => new.deposit.amount = Amount::from_micro(499),
        6 => new.offer[0].resources.cpu_milli -= 1,
        7 => new.offer.clear(),
        _ => new.order.oseq += 1,
    }
}

fn spoil_bids(scene: &mut Scene<'_>, all: &mut Vec<NewBid>, n: u64) {
    let first = all.first().cloned();
    match n {
        0 => all.clear(),
        1 => all.extend(first),
        2 => all.extend(first.into_iter().flat_map(|new| vec![new; 64])),
        _ => {
            let last = all.len() as u64 - 1;
            let place = usize::try_from(scene.rng.between(0, last)).unwrap_or_default();
            spoil_bid(scene, &mut all[place]);
        }
    }
}

fn spoil_deployment(new: &mut NewDeployment, n: u64) {
    match n {
        0 => new.dseq = 0,
        1 => new.dseq = new.dseq.saturating_sub(1),
        2 => new.deposit.amount = Amount::from_micro(999),
        3 => new.deposit.denom = Denom::uakt(),
        4 => new.groups.push(new.groups[0].clone()),
        5 => new.groups[0].units[0].price.value = Decimal::ZERO,
        6 => new.groups[0].units[0].count = 0,
        7 => new.groups[0].units[0].resources.volumes.clear(),
        8 => new.groups[0].units[0].resources.cpu_milli = 9,
        9 => new.grace = BlockSpan::from_blocks(9),
        10 => new.reclamation = Some(TimeSpan::from_nanos(1)),
        11 => spoil_payers(&mut new.payers, &new.deposit, 4),
        12 => spoil_payers(&mut new.payers, &new.deposit, 5),
        _ => new.groups.clear(),
    }
}

/// What nobody sends by mistake.
pub(crate) fn hostile(scene: &mut Scene<'_>) -> Asked {
    let last = cast().len() as u64 - 1;
    let actor = usize::try_from(scene.rng.between(0, last)).unwrap_or_default();
    let nobody = Address::of_module("nobody");
    let far = DeploymentId { tenant: Tenant(cast()[actor].address), dseq: u64::MAX };
    let id = undercut_primitives::GroupId { deployment: far, gseq: u32::MAX }.order(u32::MAX);
    let bid = id.bid(Provider(nobody));
    let most = Coin::uact(u128::MAX);
    let text = "x".repeat(257);
    let command = match scene.rng.between(0, 20) {
        0 => Command::RegisterProvider(Registration::new(text, vec![])),
        1 => Command::AttestProvider {
            provider: Provider(nobody),
            attributes: vec![],
            expires_at: Some(BlockHeight::MAX),
        },
        2 => Command::CreateDeployment(large(&text)),
        3 => Command::CloseDeployment(far),
        4 => {
            let deployment = scene.model.deployments.keys().next().copied().unwrap_or(far);
            let payer = cast()[actor].address;
            let half = Contribution { payer, amount: most.amount };
            Command::Deposit { deployment, coin: most, payers: vec![half; 9] }
        }
        5 => {
            let price = PricePerBlock::new(Denom::uact(), Decimal::from_atoms(u128::MAX));
            Command::CreateBid(NewBid::new(id, price, vec![], most))
        }
        6 => Command::CloseBid(bid),
        7 => Command::CreateLease(bid),
        8 => Command::close_lease(LeaseId(bid)),
        9 => Command::Withdraw(LeaseId(bid)),
        10 => Command::PauseGroup(id.group),
        11 => Command::StartGroup(id.group),
        12 => Command::CloseGroup(id.group),
        13 => Command::GrantAllowance(NewAllowance {
            grantee: cast()[actor].address,
            for_deployments: true,
            for_bids: true,
            limits: vec![most; 9],
            expires_at: None,
        }),
        14 => Command::FundVault(most),
        15 => Command::CancelBurn(u64::MAX),
        16 => Command::RotateKey {
            key: PublicKey::from_bytes([0; 32]),
            proof: Signature::from_bytes(&[0; 64]),
        },
        17 => Command::ChangeParams(Box::new(out_of_bounds())),
        18 => Command::StartReclamation { lease: LeaseId(bid), reason: ProviderReason::UNSTABLE },
        19 => {
            let price = PricePerBlock::new(Denom::uact(), Decimal::from_atoms(u128::MAX));
            Command::CreateBids(vec![NewBid::new(id, price, vec![], most); 64])
        }
        _ => Command::Burn(most),
    };
    Some((actor, command))
}

/// Parameters with a limit that is too high.
fn out_of_bounds() -> Params {
    let mut params = Params::default();
    params.bid.bids_max = u32::MAX;
    params
}

/// A deployment with everything too large at once.
fn large(text: &str) -> NewDeployment {
    let mut group = group(text, u128::MAX);
    group.units[0].count = u32::MAX;
    group.units[0].resources.memory_bytes = u64::MAX;
    let deposit = Coin::uact(u128::MAX);
    NewDeployment {
        grace: BlockSpan::from_blocks(u64::MAX),
        ..NewDeployment::new(u64::MAX, vec![group; 5], Digest::ZERO, deposit)
    }
}
