//! From a manifest's text to the orders it would open (feature `sdl`).

use alloc::vec::Vec;

use undercut_primitives::{DeploymentId, GroupId, GroupSpec, TimeSpan};
use undercut_sdl::{Diagnostics, Sdl};

use crate::book::{OrderTerms, check_groups, check_reclamation, open};
use crate::{AwardMode, Opening, Order, OrderEvent, OrderParams, OrderRejection};

/// An order that a manifest would open, with what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOrder {
    /// What is asked for.
    pub spec: GroupSpec,
    /// The order.
    pub order: Order,
}

/// A manifest that opens no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdlRefused {
    /// The text is no valid manifest.
    #[error(transparent)]
    Sdl(#[from] Diagnostics),
    /// The market does not take its groups.
    #[error(transparent)]
    Order(#[from] OrderRejection),
}

/// The orders that `text` would open as the groups of `deployment`, one per group, in their order.
///
/// ```
/// use undercut_orderbook::{Opening, OrderParams, orders_from_sdl};
/// use undercut_primitives::{Address, BlockHeight, DeploymentId, Digest, Tenant};
///
/// let text = include_str!("../../market/examples/llm.yaml");
/// let tenant = Tenant(Address::of_module("alice"));
/// let deployment = DeploymentId { tenant, dseq: 1 };
/// let opening = Opening { at: BlockHeight::new(3), entropy: Digest::ZERO };
/// let planned = orders_from_sdl(text, deployment, opening, &OrderParams::default()).unwrap();
/// assert_eq!(planned[0].order.ceiling.to_string(), "2000uact");
/// assert_eq!(planned[0].order.due_at, BlockHeight::new(8));
/// ```
///
/// # Errors
///
/// [`SdlRefused`] with every diagnostic of the text, or the first rule that a group breaks.
pub fn orders_from_sdl(
    text: &str,
    deployment: DeploymentId,
    opening: Opening,
    params: &OrderParams,
) -> Result<Vec<PlannedOrder>, SdlRefused> {
    let sdl = Sdl::parse(text)?;
    let ceilings = check_groups(sdl.groups(), params)?;
    let reclamation = sdl.reclamation_min_window_ns().map(TimeSpan::from_nanos);
    check_reclamation(reclamation, params)?;
    let terms = OrderTerms { award: AwardMode::LowestPrice, reclamation };
    let mut planned = Vec::new();
    for ((gseq, spec), ceiling) in (1_u32..).zip(sdl.groups()).zip(ceilings) {
        let id = GroupId { deployment, gseq }.order(1);
        let event = open(id, ceiling, terms, opening, params)?;
        if let OrderEvent::OrderOpened(order) = event {
            planned.push(PlannedOrder { spec: spec.clone(), order });
        }
    }
    Ok(planned)
}
