//! Codes 021 to 024: what a deployment may cost.

use super::{Example, Lesson, Level, lines};

pub(crate) const DENOM: Lesson = Lesson {
    level: Level::Either,
    explanation: "A denom names the money of a price. It has 3 to 128 characters: letters, \
        digits and `/ : . _ -`, a letter first. Deployments are paid for in `uact`, millionths \
        of an ACT; how many goes into `amount`. The chain's tools crash on a text that is no \
        denom. `akt`, `ACT` and the like have the form of one and are taken, with a warning; no \
        market is priced in them. The web console takes `uact` and `uakt` alone.",
    example: Example::Lines {
        instead_of: lines!["        database:", "          denom: uact", "          amount: 5000"],
        wrong: lines!["        database:", "          denom: 5000uact", "          amount: 5000"],
        right: lines!["        database:", "          denom: uact", "          amount: 5000"],
    },
};

pub(crate) const AMOUNT: Lesson = Lesson {
    level: Level::Error,
    explanation: "The amount is the most that one replica of the profile may cost per block, in \
        the units of the denom: 1000 `uact` are 0.001 ACT. It is a decimal number above zero with \
        at most 18 digits after the point. Exponents, underscores and commas between digits are \
        refused, and so is a price without an amount: there would be nothing to bid against.",
    example: Example::Lines {
        instead_of: lines!["        database:", "          denom: uact", "          amount: 5000"],
        wrong: lines!["        database:", "          denom: uact", "          amount: 5,000"],
        right: lines!["        database:", "          denom: uact", "          amount: 5000"],
    },
};

pub(crate) const MIXED_DENOMS: Lesson = Lesson {
    level: Level::Error,
    explanation: "All prices of a deployment are in one denom, because one escrow account pays for \
        all of its groups. Two denoms in one placement crash the chain's tools, and two placements \
        with different ones are refused; the web console does not check this. Price everything in \
        `uact`.",
    example: Example::Lines {
        instead_of: lines!["        database:", "          denom: uact", "          amount: 5000"],
        wrong: lines!["        database:", "          denom: uakt", "          amount: 5000"],
        right: lines!["        database:", "          denom: uact", "          amount: 5000"],
    },
};

pub(crate) const PRICE_LIMIT: Lesson = Lesson {
    level: Level::Error,
    explanation: "A price may be at most 10,000,000 per block and replica, whatever the denom; in \
        `uact` that is 10 ACT. The chain refuses an order above it; the web console does not check \
        this. An amount that high is most likely a price per month, or has digits too many: write \
        the price per block.",
    example: Example::Lines {
        instead_of: lines!["          denom: uact", "          amount: 20000"],
        wrong: lines!["          denom: uact", "          amount: 20000000"],
        right: lines!["          denom: uact", "          amount: 20000"],
    },
};
