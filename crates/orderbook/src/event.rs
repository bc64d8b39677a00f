//! What happens to deployments, groups and orders.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::{DeploymentId, GroupId, GroupSpec, OrderId};

use crate::{Deployment, Order, OrderClosedReason};

/// A change of the order book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderEvent {
    /// A deployment exists, with its groups in the order of their numbers.
    DeploymentCreated {
        /// The deployment.
        deployment: Deployment,
        /// What its groups ask for.
        groups: Vec<GroupSpec>,
    },
    /// A group was put to auction.
    OrderOpened(Order),
    /// An order was awarded.
    OrderMatched(OrderId),
    /// An order is over.
    OrderClosed {
        /// Which.
        id: OrderId,
        /// Why.
        reason: OrderClosedReason,
    },
    /// A group waits for its tenant.
    GroupPaused(GroupId),
    /// A group is over.
    GroupClosed(GroupId),
    /// A deployment is over.
    DeploymentClosed(DeploymentId),
}
