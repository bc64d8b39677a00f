//! [`Check`] and [`Report`]: what was checked, and how many of each.

/// One kind of thing that is checked, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Commands: the signature, the key, the nonce, the last block.
    Commands,
    /// Deployments, orders, bids and leases: what stands in the record is what was signed, or
    /// follows from the parameters, and each consent is the signature on its command.
    Terms,
    /// Bids placed, lowered, closed: price, tie-break, eligibility, place in the book.
    Bids,
    /// Awards: to the lowest eligible bid, or to the bid that the tenant named.
    Awards,
    /// Orders that ended, for a reason that holds; without an award only where nobody could have won.
    OrderEnds,
    /// Deposits of bids that came back.
    BidDeposits,
    /// Shares of settlements: rate × blocks, rounded down.
    Settlements,
    /// Payments to providers, with the fee.
    Payouts,
    /// Leases that ended, accounts that paused or went on.
    Ends,
    /// Accounts closed: what was left went back.
    Refunds,
    /// Burns executed or given back.
    Conversions,
    /// Blocks at whose end status and epochs of the vault follow from price and collateral.
    Breaker,
    /// Movements of money, none of which takes more than there is.
    Movements,
    /// Blocks at whose end escrow, vault and supply are the sums of their parts.
    Balances,
}

impl Check {
    /// All, in the order of the report.
    pub const ALL: [Self; 14] = [
        Self::Commands,
        Self::Terms,
        Self::Bids,
        Self::Awards,
        Self::OrderEnds,
        Self::BidDeposits,
        Self::Settlements,
        Self::Payouts,
        Self::Ends,
        Self::Refunds,
        Self::Conversions,
        Self::Breaker,
        Self::Movements,
        Self::Balances,
    ];

    /// What holds, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commands => "commands signed by their accounts, each once and in time",
            Self::Terms => "deployments, orders, bids and leases with the terms that were signed",
            Self::Bids => "bids at or under the ceiling, each with its tie-break",
            Self::Awards => "awards to the lowest eligible bid, or to the tenant's choice",
            Self::OrderEnds => {
                "orders ended for a reason that holds, none past a bid that could win"
            }
            Self::BidDeposits => "deposits of bids returned whole to who paid them",
            Self::Settlements => "shares of settlements that are rate times blocks",
            Self::Payouts => "payments of what was earned, and fees",
            Self::Ends => "ends and pauses of leases, no sooner or later than money and rules say",
            Self::Refunds => "accounts closed empty, what was left returned to who paid it",
            Self::Conversions => "burns that gave what their price says",
            Self::Breaker => {
                "blocks with the mint status and epochs that price and collateral give"
            }
            Self::Movements => "movements of money that was there",
            Self::Balances => "blocks at whose end escrow, vault and supply add up",
        }
    }

    /// A short name, as in JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Terms => "terms",
            Self::Bids => "bids",
            Self::Awards => "awards",
            Self::OrderEnds => "order_ends",
            Self::BidDeposits => "bid_deposits",
            Self::Settlements => "settlements",
            Self::Payouts => "payouts",
            Self::Ends => "ends",
            Self::Refunds => "refunds",
            Self::Conversions => "conversions",
            Self::Breaker => "breaker",
            Self::Movements => "movements",
            Self::Balances => "balances",
        }
    }
}

/// How many of each were checked, and held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    records: u64,
    blocks: u64,
    counts: [u64; Check::ALL.len()],
}

impl Report {
    /// Records looked at.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Blocks sealed.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// How many were checked.
    #[must_use]
    pub fn count(&self, check: Check) -> u64 {
        self.counts().find(|(other, _)| *other == check).map_or(0, |(_, count)| count)
    }

    /// How many of each, in the order of [`Check::ALL`].
    pub fn counts(&self) -> impl Iterator<Item = (Check, u64)> + '_ {
        Check::ALL.into_iter().zip(self.counts)
    }

    /// Counts one that held.
    pub(crate) fn note(&mut self, check: Check) {
        let counts = Check::ALL.into_iter().zip(&mut self.counts);
        for (_, count) in counts.filter(|(other, _)| *other == check) {
            *count = count.saturating_add(1);
        }
    }

    pub(crate) const fn note_record(&mut self) {
        self.records = self.records.saturating_add(1);
    }

    pub(crate) const fn note_block(&mut self) {
        self.blocks = self.blocks.saturating_add(1);
    }
}
