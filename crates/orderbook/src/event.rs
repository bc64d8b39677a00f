//! What happens to deployments, groups and orders.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{DeploymentId, Digest, GroupId, GroupSpec, OrderId};

use crate::{Deployment, Order, OrderClosedReason};

/// A change of the order book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub enum OrderEvent {
    /// A deployment exists, with its groups in the order of their numbers.
    DeploymentCreated {
        /// The deployment.
        deployment: Deployment,
        /// What its groups ask for.
        groups: Vec<GroupSpec>,
    },
    /// The manifest changed; what is asked for did not.
    DeploymentUpdated {
        /// Which.
        id: DeploymentId,
        /// SHA-256 of the new manifest.
        version_hash: Digest,
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
    /// A paused group goes on; its next order follows.
    GroupStarted(GroupId),
    /// A group is over.
    GroupClosed(GroupId),
    /// A deployment is over.
    DeploymentClosed(DeploymentId),
}
