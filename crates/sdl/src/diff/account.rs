//! [`Accounts`]: what the units of a group were auctioned for, and what a manifest uses of them.

use std::collections::BTreeMap;

use undercut_primitives::{EndpointKind, GroupSpec, PricePerBlock, ResourceUnit};

use crate::crosscheck::{Endpoints, KINDS};
use crate::manifest::{ManifestExpose, ManifestGroup};

/// The units of an auctioned group by their ids.
pub(super) struct Accounts<'m> {
    by_id: BTreeMap<u32, Account<'m>>,
}

pub(super) struct Account<'m> {
    pub(super) unit: &'m ResourceUnit,
    endpoints: Endpoints,
    used_replicas: u64,
    used_endpoints: Endpoints,
    /// What the new order would pay, when it has this unit.
    new_price: Option<&'m PricePerBlock>,
}

impl<'m> Accounts<'m> {
    /// The units of `order` with what the new manifest uses of them and the new order would pay.
    pub(super) fn new(
        order: &'m GroupSpec,
        new: &'m ManifestGroup,
        new_spec: &'m GroupSpec,
    ) -> Self {
        let unused = |unit: &'m ResourceUnit| Account {
            unit,
            endpoints: Endpoints::of(&unit.resources.endpoints),
            used_replicas: 0,
            used_endpoints: Endpoints::default(),
            new_price: None,
        };
        let by_id = order.units.iter().map(|unit| (unit.id, unused(unit)));
        let mut by_id: BTreeMap<u32, Account<'_>> = by_id.collect();
        for service in &new.services {
            let Some(account) = by_id.get_mut(&service.unit) else { continue };
            // 2^32 services of 2^32 replicas do not exist.
            account.used_replicas = account.used_replicas.saturating_add(service.count.into());
            let endpoints = service.exposes.iter().flat_map(ManifestExpose::endpoints).flatten();
            endpoints.for_each(|kind| account.used_endpoints.add(kind));
        }
        for unit in &new_spec.units {
            if let Some(account) = by_id.get_mut(&unit.id) {
                account.new_price = Some(&unit.price);
            }
        }
        Self { by_id }
    }

    pub(super) fn get(&self, unit: u32) -> Option<&Account<'m>> {
        self.by_id.get(&unit)
    }

    /// Whether replicas and endpoints of a unit are used up, and no more.
    pub(super) fn fits(&self, unit: u32) -> bool {
        self.get(unit).is_some_and(|account| {
            account.replicas_fit() && KINDS.iter().all(|kind| account.kind_fits(*kind))
        })
    }

    /// Whether the endpoints of one kind are used up, and no more.
    pub(super) fn kind_fits(&self, unit: u32, kind: EndpointKind) -> bool {
        self.get(unit).is_some_and(|account| account.kind_fits(kind))
    }
}

impl<'m> Account<'m> {
    pub(super) fn replicas_fit(&self) -> bool {
        self.used_replicas == u64::from(self.unit.count)
    }

    /// Replicas that the manifest runs of the unit.
    pub(super) const fn used_replicas(&self) -> u64 {
        self.used_replicas
    }

    fn kind_fits(&self, kind: EndpointKind) -> bool {
        self.used_endpoints.get(kind) == self.endpoints.get(kind)
    }

    /// The new price, when it is another one.
    pub(super) fn changed_price(&self) -> Option<&'m PricePerBlock> {
        self.new_price.filter(|price| **price != self.unit.price)
    }
}
