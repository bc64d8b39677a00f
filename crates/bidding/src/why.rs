//! Why a provider may not bid, check by check and by how much; and what would have to change.
//!
//! [`checks`] asks everything that [`crate::eligibility`] asks and stops nowhere; [`checks_of_bid`]
//! adds what [`BidBook::admit`](crate::BidBook::admit) asks of a bid. Neither has a rule of its own:
//! they call the same functions, so the first failure here is the rejection there.
//!
//! | check | asked of | distance when it fails |
//! | --- | --- | --- |
//! | bidder | `admit` | – |
//! | price | `admit` | micro-units per block and percent above the ceiling |
//! | offer | [`offer_covers`] | – |
//! | each required attribute | `eligibility`, step 1 | the provider's nearest own attribute |
//! | auditors: any at all, each, one of several | steps 2 and 3 | what they signed, who else did |
//! | each volume with attributes | step 4 | the classes that are there |
//! | the GPU models of each unit | step 5 | the models that are there, the nearest first |
//! | reclamation window | `admit` | time missing |
//! | deposit | `admit` | micro-units missing |
//!
//! [`smallest_change`] turns failures into [`Change`]s of the order. It knows profiles and no
//! inventory: whether there is room, and for how much, is the provider's to say.
//!
//! Time: that of the rules, and for distances the required × the advertised attributes.

mod change;
mod distance;
mod mend;

#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::ops::ControlFlow;

use undercut_orderbook::{Group, Order, ReclamationParams};
use undercut_primitives::{Code, GroupSpec};

use crate::book::{check_bidder, check_deposit, check_price, check_reclamation};
use crate::eligibility::{Looked, listed, text_of, visit_capabilities, visit_requirements};
use crate::{BidOrigin, BidParams, BidRejection, NewBid, ProviderProfile, offer_covers};

pub use change::{Change, changed, without_superfluous};
pub use distance::{Distance, percent_above_ceil};
pub use mend::{SmallestChange, mends, smallest_change};

/// What a check looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// Who bids: registered, and not the tenant.
    Bidder,
    /// The price of a bid.
    Price,
    /// The offer of a bid.
    Offer,
    /// A required attribute, on the provider's own word.
    Attribute {
        /// As `key=value`; the key may be a glob.
        required: String,
    },
    /// Whether any auditor signed anything.
    Audited,
    /// One of the auditors who must all have signed.
    Auditor {
        /// As the order names it.
        auditor: String,
    },
    /// The auditors of whom one is enough.
    AnyAuditor {
        /// As the order names them, with commas between.
        auditors: String,
    },
    /// A volume with attributes.
    Volume {
        /// The unit's id.
        unit: u32,
        /// The volume's name.
        volume: String,
    },
    /// The GPU models of a unit.
    Gpu {
        /// The unit's id.
        unit: u32,
    },
    /// How long before an early end the provider would announce it.
    Reclamation,
    /// The deposit of a bid.
    Deposit,
}

impl Subject {
    fn of(looked: Looked<'_>) -> Self {
        match looked {
            Looked::Attribute(wanted) => Self::Attribute { required: text_of(wanted) },
            Looked::Audited => Self::Audited,
            Looked::Auditor(auditor) => Self::Auditor { auditor: auditor.into() },
            Looked::AnyAuditor(auditors) => {
                Self::AnyAuditor { auditors: listed(auditors.iter().cloned(), ", ") }
            }
            Looked::Volume(unit, volume) => {
                Self::Volume { unit: unit.id, volume: volume.name.clone() }
            }
            Looked::Gpu(unit) => Self::Gpu { unit: unit.id },
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bidder => f.write_str("bidder"),
            Self::Price => f.write_str("price"),
            Self::Offer => f.write_str("offer"),
            Self::Attribute { required } => write!(f, "attribute {required}"),
            Self::Audited => f.write_str("audit"),
            Self::Auditor { auditor } => write!(f, "auditor {auditor}"),
            Self::AnyAuditor { auditors } => write!(f, "one auditor of {auditors}"),
            Self::Volume { unit, volume } => write!(f, "volume `{volume}` of unit {unit}"),
            Self::Gpu { unit } => write!(f, "GPU of unit {unit}"),
            Self::Reclamation => f.write_str("reclamation window"),
            Self::Deposit => f.write_str("deposit"),
        }
    }
}

/// One check and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub subject: Subject,
    /// Why it failed; `None` when it passed.
    pub failure: Option<Failure>,
}

/// A check that failed, and how far it was from passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the engine answers.
    pub reason: BidRejection,
    /// How far off.
    pub distance: Distance,
}

impl Failure {
    /// The code of the innermost reason: `ELG001` rather than `BID008` around it.
    #[must_use]
    pub const fn code(&self) -> Code {
        match &self.reason {
            BidRejection::Ineligible(reason) => reason.code(),
            BidRejection::Offer(mismatch) => mismatch.code(),
            reason => reason.code(),
        }
    }
}

impl fmt::Display for Failure {
    /// The innermost sentence, and in brackets how far off: `no attribute matches region=eu (has
    /// region=us)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            BidRejection::Ineligible(reason) => write!(f, "{reason}")?,
            BidRejection::Offer(mismatch) => write!(f, "{mismatch}")?,
            reason => write!(f, "{reason}")?,
        }
        match &self.distance {
            Distance::Unknown => Ok(()),
            distance => write!(f, " ({distance})"),
        }
    }
}

/// Every check of [`crate::eligibility`], in its order.
#[must_use]
pub fn checks(spec: &GroupSpec, profile: &ProviderProfile) -> Vec<Check> {
    let mut checks = vec![];
    let mut note = |looked: Looked<'_>, outcome: Result<(), crate::Ineligible>| {
        let failure = outcome.err().map(|reason| Failure {
            distance: Distance::of(looked, spec, profile),
            reason: reason.into(),
        });
        checks.push(Check { subject: Subject::of(looked), failure });
        ControlFlow::Continue(())
    };
    // Neither breaks off, because `note` never does.
    let _ = visit_requirements(spec, profile, &mut note);
    let _ = visit_capabilities(spec, profile, &mut note);
    checks
}

/// The first check that failed.
#[must_use]
pub fn first_failure(checks: &[Check]) -> Option<&Failure> {
    failures(checks).next()
}

/// The checks that failed, in order.
pub fn failures(checks: &[Check]) -> impl Iterator<Item = &Failure> {
    checks.iter().filter_map(|check| check.failure.as_ref())
}

/// What a market asks of every bid.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Of deposits.
    pub bid: &'a BidParams,
    /// Of announced early ends.
    pub reclamation: &'a ReclamationParams,
}

/// Every check of [`BidBook::admit`](crate::BidBook::admit) that is about the bid and its bidder, in
/// its order. What depends on other bids is left out: a second bid of one provider, a full book.
#[must_use]
pub fn checks_of_bid(
    order: &Order,
    group: &Group,
    bid: &NewBid,
    bidder: BidOrigin<'_>,
    terms: Terms<'_>,
) -> Vec<Check> {
    let profile = match check_bidder(order, bidder) {
        Ok(profile) => profile,
        Err(reason) => return vec![check_of(Subject::Bidder, Some(reason))],
    };
    let price = check_price(order, &bid.price).err();
    let offer = offer_covers(&group.spec, &bid.offer).err().map(BidRejection::from);
    let window = check_reclamation(order, bid.reclamation, terms.reclamation).err();
    let deposit = check_deposit(&bid.deposit, terms.bid).err();
    let mut made = vec![
        check_of(Subject::Bidder, None),
        check_of(Subject::Price, price),
        check_of(Subject::Offer, offer),
    ];
    made.extend(checks(&group.spec, profile));
    made.push(check_of(Subject::Reclamation, window));
    made.push(check_of(Subject::Deposit, deposit));
    made
}

fn check_of(subject: Subject, reason: Option<BidRejection>) -> Check {
    let failure = reason.map(|reason| {
        let distance = Distance::of_bid(&reason);
        Failure { reason, distance }
    });
    Check { subject, failure }
}
