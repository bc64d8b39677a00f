//! Why the order book says no. Variants stand in the order in which they are checked.

use alloc::string::String;

use undercut_primitives::resources::NoCeiling;
use undercut_primitives::{
    BlockHeight, BlockSpan, Code, Decimal, Denom, DeploymentId, Digest, GroupId, OrderId, TimeSpan,
};

/// Why a command about deployments, groups or orders is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderRejection {
    /// Deployments are numbered from 1.
    #[error("a deployment's number must be at least 1")]
    DseqZero,
    /// The number was used before, by this or a closed deployment. Choose another.
    #[error("deployment {id} exists already")]
    DeploymentExists {
        /// Which.
        id: DeploymentId,
    },
    /// No group, or too many.
    #[error("{groups} groups where 1 to {groups_max} are allowed")]
    GroupCount {
        /// How many there are.
        groups: u32,
        /// How many are allowed.
        groups_max: u32,
    },
    /// Two groups share a name.
    #[error("two groups are called `{name}`")]
    GroupNameTwice {
        /// The name.
        name: String,
    },
    /// A group breaks a rule of its own.
    #[error("group {gseq}: {rejection}")]
    Group {
        /// The group's number.
        gseq: u32,
        /// What is wrong with it.
        rejection: GroupRejection,
    },
    /// Groups of one deployment are paid from one account, so in one denom.
    #[error("group {gseq} is priced in {found}, the first group in {expected}")]
    GroupDenom {
        /// The group's number.
        gseq: u32,
        /// The denom of the first group.
        expected: Denom,
        /// Its own denom.
        found: Denom,
    },
    /// The least time for an announced early end is out of range.
    #[error("a reclamation window of {window}, allowed are {window_min} to {window_max}")]
    ReclamationWindow {
        /// What is asked for.
        window: TimeSpan,
        /// The least allowed.
        window_min: TimeSpan,
        /// The most allowed.
        window_max: TimeSpan,
    },
    /// The pause when money ends is too long.
    #[error("a pause of {grace} blocks when money ends, allowed are up to {grace_max}")]
    GraceTooLong {
        /// What is asked for.
        grace: BlockSpan,
        /// The most allowed.
        grace_max: BlockSpan,
    },
    /// The auction would end beyond the last block.
    #[error("{window} blocks after block {opened_at} there is no block any more")]
    WindowBeyondLastBlock {
        /// The block of the order.
        opened_at: BlockHeight,
        /// The window.
        window: BlockSpan,
    },
    /// There is no such deployment.
    #[error("there is no deployment {id}")]
    DeploymentNotFound {
        /// Which.
        id: DeploymentId,
    },
    /// The deployment is over.
    #[error("deployment {id} is closed")]
    DeploymentClosed {
        /// Which.
        id: DeploymentId,
    },
    /// The manifest is the one that the deployment has already.
    #[error("deployment {id} has the version hash {version_hash} already")]
    VersionUnchanged {
        /// Which.
        id: DeploymentId,
        /// The hash.
        version_hash: Digest,
    },
    /// There is no such group.
    #[error("there is no group {id}")]
    GroupNotFound {
        /// Which.
        id: GroupId,
    },
    /// The group is over.
    #[error("group {id} is closed")]
    GroupClosed {
        /// Which.
        id: GroupId,
    },
    /// The group is paused already.
    #[error("group {id} is paused already")]
    GroupPaused {
        /// Which.
        id: GroupId,
    },
    /// The group is not paused.
    #[error("group {id} is open, only a paused group can be started")]
    GroupOpen {
        /// Which.
        id: GroupId,
    },
    /// There is no such order.
    #[error("there is no order {id}")]
    OrderNotFound {
        /// Which.
        id: OrderId,
    },
    /// The order takes no bids any more.
    #[error("order {id} is not open")]
    OrderNotOpen {
        /// Which.
        id: OrderId,
    },
    /// The order is awarded by price; nobody chooses.
    #[error("order {id} goes to the lowest bid; its tenant did not ask to choose")]
    AwardedByPrice {
        /// Which.
        id: OrderId,
    },
}

impl OrderRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::DseqZero => "ORD001",
            Self::DeploymentExists { .. } => "ORD002",
            Self::GroupCount { .. } => "ORD003",
            Self::GroupNameTwice { .. } => "ORD004",
            Self::Group { .. } => "ORD005",
            Self::GroupDenom { .. } => "ORD006",
            Self::WindowBeyondLastBlock { .. } => "ORD007",
            Self::DeploymentNotFound { .. } => "ORD008",
            Self::DeploymentClosed { .. } => "ORD009",
            Self::GroupNotFound { .. } => "ORD010",
            Self::OrderNotFound { .. } => "ORD011",
            Self::OrderNotOpen { .. } => "ORD012",
            Self::AwardedByPrice { .. } => "ORD013",
            Self::ReclamationWindow { .. } => "ORD014",
            Self::GraceTooLong { .. } => "ORD015",
            Self::VersionUnchanged { .. } => "ORD016",
            Self::GroupClosed { .. } => "ORD017",
            Self::GroupPaused { .. } => "ORD018",
            Self::GroupOpen { .. } => "ORD019",
        })
    }
}

/// Why a group cannot be put to auction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupRejection {
    /// A list is too long.
    #[error("{count} {what} where at most {count_max} are allowed")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many are allowed.
        count_max: usize,
    },
    /// A text is too long.
    #[error("a text of {bytes} bytes where at most {bytes_max} are allowed")]
    TextTooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    /// The name is empty.
    #[error("the group has no name")]
    NameMissing,
    /// No unit, or too many.
    #[error("{units} resource units where 1 to {units_max} are allowed")]
    UnitCount {
        /// How many there are.
        units: u32,
        /// How many are allowed.
        units_max: u32,
    },
    /// A unit's id is zero or used twice.
    #[error("unit id {unit} is zero or used twice")]
    UnitId {
        /// The id.
        unit: u32,
    },
    /// A quantity of one replica, or the number of replicas, is out of range.
    #[error("unit {unit} asks for {quantity} {resource}, allowed are {min} to {max}")]
    UnitQuantity {
        /// The unit's id.
        unit: u32,
        /// What of, with its unit.
        resource: &'static str,
        /// How much.
        quantity: u64,
        /// The least allowed.
        min: u64,
        /// The most allowed.
        max: u64,
    },
    /// GPU models without GPUs.
    #[error("unit {unit} names GPU models but asks for no GPU")]
    GpuModelWithoutGpu {
        /// The unit's id.
        unit: u32,
    },
    /// Every unit needs a volume.
    #[error("unit {unit} has no volume")]
    NoVolume {
        /// The unit's id.
        unit: u32,
    },
    /// The key of an attribute of a resource is none.
    #[error(
        "unit {unit}: `{key}` is no key: a letter, 1 to 126 of A-Z a-z 0-9 _ / . -, at most one * at the end"
    )]
    AttributeKey {
        /// The unit's id.
        unit: u32,
        /// The key, at most 80 characters of it.
        key: String,
    },
    /// A resource has an attribute twice.
    #[error("unit {unit}: a resource has `{key}` twice")]
    AttributeTwice {
        /// The unit's id.
        unit: u32,
        /// The key, at most 80 characters of it.
        key: String,
    },
    /// The price of one replica is zero or too high.
    #[error("unit {unit} pays {price} micro-units a block, allowed is more than 0 up to {max}")]
    UnitPrice {
        /// The unit's id.
        unit: u32,
        /// The price, in micro-units per block.
        price: Decimal,
        /// The most allowed.
        max: Decimal,
    },
    /// All replicas together ask for too much.
    #[error("the group asks for {quantity} {resource} in all, allowed are {max}")]
    GroupQuantity {
        /// What of, with its unit.
        resource: &'static str,
        /// How much.
        quantity: u64,
        /// The most allowed.
        max: u64,
    },
    /// The units have no common price.
    #[error(transparent)]
    NoCeiling(NoCeiling),
    /// The market does not take this denom.
    #[error("this market takes no prices in {denom}")]
    DenomNotTaken {
        /// The denom.
        denom: Denom,
    },
}
