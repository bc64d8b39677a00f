//! Deployments as the book keeps them: with their groups and orders, without what others say too.
//!
//! Most deployments have one group, most groups one order, and much of what they say is said by
//! others: tenants ask again for what they asked before, and orders that open in one block for the
//! same price share all but their id and state.

use alloc::sync::Arc;

use undercut_primitives::few::{Few, Recent};
use undercut_primitives::{
    BlockHeight, DeploymentId, Digest, GroupId, GroupSpec, KeptConsent, OrderId, PricePerBlock,
    Signers, TimeSpan,
};

use crate::{AwardMode, Deployment, DeploymentState, Group, GroupState, Order, OrderState};

/// A deployment with its groups.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The tenant's, with the hash of the manifest.
    consent: KeptConsent<Digest>,
    terms: Arc<Terms>,
    pub(super) state: DeploymentState,
    /// By number, from 1.
    pub(super) groups: Few<KeptGroup>,
}

/// What a deployment has in common with others of the same block.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    opened_at: BlockHeight,
    award: AwardMode,
    reclamation: Option<TimeSpan>,
}

/// A group with its orders.
#[derive(Clone, Debug)]
pub(super) struct KeptGroup {
    pub(super) spec: Arc<GroupSpec>,
    pub(super) state: GroupState,
    /// By number, from 1.
    pub(super) orders: Few<KeptOrder>,
}

/// An order.
#[derive(Clone, Debug)]
pub(super) struct KeptOrder {
    opened: Arc<Opened>,
    pub(super) state: OrderState,
}

/// What an order has in common with others that opened in the same block.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Opened {
    ceiling: PricePerBlock,
    award: AwardMode,
    reclamation: Option<TimeSpan>,
    entropy: Digest,
    opened_at: BlockHeight,
    due_at: BlockHeight,
}

/// What came lately and may come again.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    signers: Signers,
    terms: Recent<Terms>,
    specs: Recent<GroupSpec>,
    opened: Recent<Opened>,
}

impl Shared {
    pub(super) fn spec(&mut self, spec: &GroupSpec) -> Arc<GroupSpec> {
        self.specs.share(spec)
    }

    pub(super) fn order(&mut self, order: &Order) -> KeptOrder {
        let Order { id: _, ceiling, award, reclamation, entropy, state, opened_at, due_at } = order;
        let (ceiling, award, reclamation) = (ceiling.clone(), *award, *reclamation);
        let (entropy, opened_at, due_at) = (*entropy, *opened_at, *due_at);
        let opened = Opened { ceiling, award, reclamation, entropy, opened_at, due_at };
        KeptOrder { opened: self.opened.share(&opened), state: *state }
    }

    /// A deployment, still without groups.
    pub(super) fn deployment(&mut self, deployment: &Deployment) -> Kept {
        let Deployment { version_hash, reclamation, opened_at, award, state, .. } = *deployment;
        let consent = self.signers.keep_with(&deployment.consent, version_hash);
        let terms = self.terms.share(&Terms { opened_at, award, reclamation });
        Kept { consent, terms, state, groups: Few::new() }
    }

    /// Says anew which manifest a deployment has.
    pub(super) fn update(&mut self, kept: &mut Kept, version_hash: Digest) {
        kept.consent = self.signers.keep_with(&kept.consent.get(), version_hash);
    }
}

impl Kept {
    /// The tenant's consent, with the hash of the manifest.
    pub(super) const fn consent(&self) -> &KeptConsent<Digest> {
        &self.consent
    }

    /// The whole deployment.
    pub(super) fn get(&self, id: DeploymentId) -> Deployment {
        let Self { ref consent, ref terms, state, .. } = *self;
        let version_hash = *consent.note();
        let Terms { opened_at, award, reclamation } = **terms;
        let (consent, groups) = (consent.get(), count(self.groups.as_slice()));
        Deployment { id, version_hash, award, reclamation, consent, opened_at, groups, state }
    }

    pub(super) fn group(&self, gseq: u32) -> Option<&KeptGroup> {
        self.groups.as_slice().get(place(gseq)?)
    }

    pub(super) fn group_mut(&mut self, gseq: u32) -> Option<&mut KeptGroup> {
        self.groups.as_mut_slice().get_mut(place(gseq)?)
    }

    /// The whole groups, by number.
    pub(super) fn groups_of(&self, deployment: DeploymentId) -> impl Iterator<Item = Group> {
        let groups = (1..).zip(self.groups.as_slice());
        groups.map(move |(gseq, group)| group.get(GroupId { deployment, gseq }))
    }

    /// The whole orders, by group and number.
    pub(super) fn orders_of(&self, deployment: DeploymentId) -> impl Iterator<Item = Order> {
        (1..).zip(self.groups.as_slice()).flat_map(move |(gseq, group)| {
            let id = GroupId { deployment, gseq };
            (1..).zip(group.orders.as_slice()).map(move |(oseq, order)| order.get(id.order(oseq)))
        })
    }
}

impl KeptGroup {
    /// A group without orders.
    pub(super) const fn new(spec: Arc<GroupSpec>, state: GroupState) -> Self {
        Self { spec, state, orders: Few::new() }
    }

    /// The whole group.
    pub(super) fn get(&self, id: GroupId) -> Group {
        let (spec, orders) = (Arc::clone(&self.spec), count(self.orders.as_slice()));
        Group { id, spec, state: self.state, orders }
    }

    pub(super) fn order(&self, oseq: u32) -> Option<&KeptOrder> {
        self.orders.as_slice().get(place(oseq)?)
    }

    pub(super) fn order_mut(&mut self, oseq: u32) -> Option<&mut KeptOrder> {
        self.orders.as_mut_slice().get_mut(place(oseq)?)
    }
}

impl KeptOrder {
    pub(super) fn is_open(&self) -> bool {
        self.state == OrderState::Open
    }

    pub(super) fn due_at(&self) -> BlockHeight {
        self.opened.due_at
    }

    /// The whole order.
    pub(super) fn get(&self, id: OrderId) -> Order {
        let Opened { ref ceiling, award, reclamation, entropy, opened_at, due_at } = *self.opened;
        let (ceiling, state) = (ceiling.clone(), self.state);
        Order { id, ceiling, award, reclamation, entropy, state, opened_at, due_at }
    }
}

/// Numbers start at 1, places at 0.
fn place(number: u32) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
