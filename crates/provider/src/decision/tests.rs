//! What a bidder answers, and what it holds then.

use super::*;
use crate::fixture::{self, GIB, order, row_1, row_6, volume};
use crate::node::Node;
use crate::pricing::{Scale, UsdTargets};
use crate::profile::{RamVolumes, profile_of};
use undercut_bidding::offer_covers;

fn price(text: &str) -> PricePerBlock {
    text.parse().unwrap()
}

fn bidder<P>(pricing: P, settings: BidSettings) -> Bidder<P> {
    let node = Node::parse("a", "32 cpu, 256Gi, 2x nvidia/h100/80Gi/sxm, class beta2").unwrap();
    let inventory = Inventory::new(vec![node]).unwrap().with_pool("beta2", GIB);
    let mut profile = profile_of(&inventory, RamVolumes::Advertised);
    profile.attributes.push(Attribute::new("region", "us-west"));
    Bidder::new(profile, inventory, pricing, settings)
}

fn usd() -> Bidder<UsdTargets> {
    let targets = UsdTargets::chart_defaults().with_gpu("h100", "900".parse().unwrap());
    bidder(targets, BidSettings::default())
}

#[test]
fn a_quote_covers_the_order_and_holds_its_capacity() {
    let mut bidder = usd();
    let (spec, ceiling) = (row_6(), price("10000uact"));
    let quote = bidder.consider(order(1), &spec, &ceiling).unwrap();
    assert_eq!(quote.price, price("2414.58076uact"));
    assert_eq!(offer_covers(&spec, &quote.offer), Ok(()));
    assert_eq!(bidder.inventory().utilisation().gpus.used, 1);
    assert!(bidder.release(&order(1)).is_some());
    assert_eq!(bidder.inventory(), usd().inventory());
    assert_eq!(bidder.release(&order(1)), None);
}

#[test]
fn screening_answers_the_same_and_changes_nothing() {
    let mut bidder = usd();
    let (spec, ceiling) = (row_6(), price("10000uact"));
    let screened = bidder.screen(&spec, &ceiling).unwrap();
    assert_eq!(bidder.inventory(), usd().inventory());
    assert_eq!(bidder.consider(order(1), &spec, &ceiling).unwrap(), screened);
    assert_eq!(bidder.consider(order(2), &spec, &ceiling).unwrap(), screened);
    let no_bid = bidder.consider(order(3), &spec, &ceiling).unwrap_err();
    assert_eq!(no_bid, bidder.screen(&spec, &ceiling).unwrap_err());
    assert!(no_bid.is_transient());
    assert_eq!(
        no_bid.to_string(),
        "no node has 1 h100/80Gi/sxm, 16 cpu and 128Gi free together: \
         a has 0 of 16 cpu left (unit 1, 0 of 1 replicas placed)"
    );
}

#[test]
fn an_order_is_considered_once() {
    let mut bidder = usd();
    bidder.consider(order(1), &row_1(), &price("10uact")).unwrap();
    let before = bidder.inventory().clone();
    let again = bidder.consider(order(1), &row_1(), &price("10uact"));
    assert_eq!(again, Err(NoBid::NoFit(NoFit::AlreadyHeld { order: order(1) })));
    assert_eq!(bidder.inventory(), &before);
}

/// Breaks every rule; `mended` of them are mended again, from the first on.
fn broken(mended: usize) -> Result<Quote, NoBid> {
    let mut spec = row_6();
    let mut wrong_denom = true;
    let mut ceiling = price("0.001uact");
    let (region, tier) = (Attribute::new("region", "us-west"), Attribute::new("tier", "1"));
    spec.requirements.attributes = vec![Attribute::new("region", "eu")];
    spec.units[0].resources.gpu_attributes = vec![fixture::gpu("a100")];
    spec.units[0].resources.volumes = vec![volume("disk", GIB, ""); 5];
    spec.units[0].resources.cpu_milli = 64_000;
    let mut is_priced = false;
    let mends: [&mut dyn FnMut(&mut GroupSpec); 8] = [
        &mut |spec| spec.requirements.attributes = vec![region.clone()],
        &mut |spec| spec.requirements.attributes.push(tier.clone()),
        &mut |spec| spec.units[0].resources.gpu_attributes = vec![fixture::gpu("h100")],
        &mut |spec| spec.units[0].resources.volumes.truncate(4),
        &mut |spec| spec.units[0].resources.cpu_milli = 1_000,
        &mut |_| is_priced = true,
        &mut |_| wrong_denom = false,
        &mut |_| ceiling = price("2uact"),
    ];
    for mend in mends.into_iter().take(mended) {
        mend(&mut spec);
    }
    let pricing = |_: &PriceRequest<'_>| match (is_priced, wrong_denom) {
        (false, _) => Err(NoPrice::Zero),
        (true, true) => Ok(price("2uakt")),
        (true, false) => Ok(price("2uact")),
    };
    // The second mend adds the tier that the filter wants; the provider has it.
    let settings = BidSettings { filter: vec![tier.clone()], ..BidSettings::default() };
    let mut bidder = bidder(pricing, settings);
    bidder.profile.attributes.push(tier.clone());
    let before = bidder.inventory().clone();
    let answer = bidder.consider(order(1), &spec, &ceiling);
    assert_eq!(answer.is_err(), *bidder.inventory() == before, "held with a quote only");
    answer
}

#[test]
fn the_first_broken_rule_answers() {
    for (mended, expected) in (1..=8).map(|n| (n - 1, format!("PRV00{n}"))) {
        assert_eq!(broken(mended).unwrap_err().code().as_str(), expected);
    }
    assert!(broken(8).is_ok(), "a price equal to the ceiling is fine");
}

#[test]
fn a_price_above_the_ceiling_is_named_with_both_numbers() {
    // provider.md 6.2: row 1 with a ceiling of 1 uakt needs 3.907804.
    let targets = UsdTargets::chart_defaults();
    let targets = targets.with_token("uakt".parse().unwrap(), "0.75".parse().unwrap());
    let bidder = bidder(targets, BidSettings::default());
    let no_bid = bidder.screen(&row_1(), &price("1uakt")).unwrap_err();
    let expected = "the price of 3.907804uakt is 290.8 % above the ceiling of 1uakt";
    assert_eq!(no_bid.to_string(), expected);
    let no_bid = bidder.screen(&row_1(), &price("0uakt")).unwrap_err();
    let expected = "the price of 3.907804uakt is above the ceiling of 0uakt";
    assert_eq!(no_bid.to_string(), expected);
}

#[test]
fn providers_of_different_strategies_share_a_type() {
    let strategies: [Box<dyn PricingStrategy + Send + Sync>; 3] = [
        Box::new(Scale::chart_defaults()),
        Box::new(UsdTargets::chart_defaults()),
        Box::new(|request: &PriceRequest<'_>| {
            Ok(PricePerBlock::new(request.denom.clone(), "7".parse().unwrap()))
        }),
    ];
    let mut prices = vec![];
    for strategy in strategies {
        let bidder = bidder(strategy, BidSettings::default());
        prices.push(bidder.screen(&row_1(), &price("10uact")).unwrap().price);
    }
    assert_eq!(prices, ["3.90112uact", "2.930853uact", "7uact"].map(price));
}
