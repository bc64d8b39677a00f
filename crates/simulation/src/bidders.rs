//! The providers of a scenario as bidders, before anything is held: for asking who would bid on what.

use undercut_bidding::ProviderProfile;
use undercut_primitives::Provider;
use undercut_provider::{
    BidSettings, Bidder, Inventory, Node, PricingStrategy, RamVolumes, profile_of,
};

use crate::wallet::Wallet;
use crate::{PricingPlan, ProviderPlan, Scenario, WorldError};

/// A provider of a scenario with its inventory, prices and audits.
pub struct NamedBidder {
    /// What it is called in the scenario.
    pub name: String,
    /// Its account, the same as in a [`crate::World`] of the scenario.
    pub provider: Provider,
    /// What it is, has and charges.
    pub bidder: Bidder<Box<dyn PricingStrategy + Send + Sync>>,
}

impl std::fmt::Debug for NamedBidder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, provider, .. } = self;
        f.debug_struct("NamedBidder")
            .field("name", name)
            .field("provider", provider)
            .finish_non_exhaustive()
    }
}

impl Scenario {
    /// All providers, in the order of the scenario, with nothing held. The auditor has vouched for
    /// those that it knows, as it does in a [`crate::World`] once they are registered.
    ///
    /// # Errors
    ///
    /// [`WorldError::Node`] or [`WorldError::Inventory`] for a plan that is none.
    pub fn bidders(&self) -> Result<Vec<NamedBidder>, WorldError> {
        let mut wallet = Wallet::default();
        let named = self.providers.iter().map(|plan| {
            let provider = Provider(wallet.add(self.seed, &plan.name));
            let mut bidder = bidder_of(plan)?;
            if plan.is_audited {
                let attributes = bidder.profile().attributes.clone();
                let audits = [(self.auditor.clone(), attributes.clone())].into();
                bidder.requalify(ProviderProfile { attributes, audits });
            }
            Ok(NamedBidder { name: plan.name.clone(), provider, bidder })
        });
        named.collect()
    }
}

/// The bidder of a plan, which no auditor knows.
pub(crate) fn bidder_of(
    plan: &ProviderPlan,
) -> Result<Bidder<Box<dyn PricingStrategy + Send + Sync>>, WorldError> {
    let nodes = plan.nodes.iter().enumerate();
    let nodes = nodes.map(|(number, text)| Node::parse(format!("node-{number:02}"), text));
    let nodes = nodes.collect::<Result<Vec<Node>, _>>();
    let provider = || plan.name.clone();
    let nodes = nodes.map_err(|source| WorldError::Node { provider: provider(), source })?;
    let nodes = nodes.into_iter().map(|mut node| {
        node.storage_classes = plan.pools.iter().map(|(class, _)| class.clone()).collect();
        node
    });
    let inventory = Inventory::new(nodes.collect());
    let inventory =
        inventory.map_err(|source| WorldError::Inventory { provider: provider(), source })?;
    let pools = plan.pools.iter();
    let inventory =
        pools.fold(inventory, |inventory, (class, bytes)| inventory.with_pool(class, *bytes));
    let inventory = inventory.with_leased_ips(plan.leased_ips);
    let mut profile = profile_of(&inventory, RamVolumes::Advertised);
    profile.attributes.extend(plan.attributes.iter().cloned());
    let pricing: Box<dyn PricingStrategy + Send + Sync> = match &plan.pricing {
        PricingPlan::Scale(scale) => Box::new(scale.clone()),
        PricingPlan::UsdTargets(targets) => Box::new(targets.clone()),
    };
    Ok(Bidder::new(profile, inventory, pricing, BidSettings::default()))
}

#[cfg(test)]
mod tests {
    use undercut_orderbook::{Order, check_group};
    use undercut_primitives::{Attribute, Decimal, GroupSpec};
    use undercut_provider::{NoBid, smallest_change};
    use undercut_sdl::Sdl;

    use super::*;
    use crate::{InOrder, Manifest, World};

    #[test]
    fn bidders_are_those_of_the_world() {
        let scenario = Scenario::first_market(42);
        let bidders = scenario.bidders().unwrap();
        let mut world = World::new(&scenario).unwrap();
        for _ in 0..5 {
            world.step(&InOrder).unwrap();
        }
        assert_eq!(bidders.len(), scenario.providers.len());
        for NamedBidder { name, provider, bidder } in &bidders {
            assert_eq!(world.name(&provider.0), name);
            let registered = world.engine().state().provider(provider).unwrap();
            assert_eq!(registered, bidder.profile(), "{name}");
        }
    }

    #[test]
    fn what_a_bidder_says_first_its_provider_says_in_the_world() {
        let scenario = Scenario::first_market(7);
        let bidders = scenario.bidders().unwrap();
        let mut world = World::new(&scenario).unwrap();
        let mut compared = 0;
        // The first orders meet empty inventories; what comes later does not.
        for _ in 0..40 {
            let step = world.step(&InOrder).unwrap();
            for declined in &step.declined {
                let book = world.engine().state().book();
                let (order, group) = (
                    book.order(&declined.order).unwrap(),
                    book.group(&declined.order.group).unwrap(),
                );
                let Order { ceiling, .. } = order;
                let one = bidders.iter().find(|one| one.provider == declined.provider).unwrap();
                if !matches!(declined.reason, NoBid::NoFit(_)) {
                    let answer = one.bidder.screen(&group.spec, &ceiling);
                    assert_eq!(answer.unwrap_err(), declined.reason, "{}", one.name);
                    compared += 1;
                }
            }
        }
        assert!(compared > 0);
    }

    /// Changes that leave an order without bids, each in another way.
    fn spoilers() -> [fn(&mut GroupSpec); 5] {
        [
            |spec| spec.units.iter_mut().for_each(|unit| unit.price.value = Decimal::from_atoms(1)),
            |spec| spec.units.iter_mut().for_each(|unit| unit.resources.cpu_milli = 384_000),
            |spec| spec.units.iter_mut().for_each(|unit| unit.resources.memory_bytes = 1 << 41),
            |spec| spec.requirements.attributes.push(Attribute::new("no", "such")),
            |spec| spec.requirements.signed_by.all_of.push("nobody".to_owned()),
        ]
    }

    #[test]
    fn a_change_leads_to_an_order_that_the_market_takes() {
        let texts = [
            include_str!("../../../sdl-examples/llm-inference.yaml"),
            include_str!("../../../sdl-examples/blog-with-database.yaml"),
            include_str!("../../../sdl-examples/workers-shared-profile.yaml"),
        ];
        for text in texts {
            let sdl = Sdl::parse(text).unwrap();
            let (name, groups) = ("example".to_owned(), sdl.groups().to_vec());
            let manifest = Manifest { name, groups, version_hash: sdl.hash() };
            let scenario = Scenario::for_manifests(42, vec![manifest], 3, 1);
            let bidders = scenario.bidders().unwrap();
            let asked = || bidders.iter().map(|one| (one.provider, &one.bidder));
            for (spec, spoil) in
                sdl.groups().iter().flat_map(|s| spoilers().map(|spoil| (s, spoil)))
            {
                assert_eq!(smallest_change(spec, asked()), None, "somebody bids on an example");
                let mut spoilt = spec.clone();
                spoil(&mut spoilt);
                let nobody = asked()
                    .all(|(_, one)| one.screen(&spoilt, &spoilt.ceiling().unwrap()).is_err());
                let found = smallest_change(&spoilt, asked());
                assert_eq!(found.is_some(), nobody, "{spoilt:?}");
                let Some(found) = found else { continue };
                let ceiling = check_group(&found.spec, &scenario.params.order).unwrap();
                assert!(found.quote.price <= ceiling);
            }
        }
    }
}
