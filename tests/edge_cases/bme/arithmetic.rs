//! What comes out of a burn, and what parameters may be.

use undercut::{Command, Params};
use undercut_ledger::bme::{BmeParams, CancelReason, mint_interval};
use undercut_primitives::{Amount, BlockSpan, Coin};
use undercut_tests::chain::{Chain, address};

use super::{Fate, burn, fate_of, market, paid, set_price};
use crate::play::outcome;

pub(super) fn b1() {
    let mut chain = market("3");
    let rows = [(1, Err("BME006")), (3, Err("BME006")), (4, Ok(1)), (1_000_000, Ok(333_333))];
    for (burned, expected) in rows {
        assert_eq!(paid(&mut chain, Coin::uact(burned)), expected, "{burned} uact");
    }
    // The price of the epoch counts: 1 uact gave a micro-unit when asked for, and gives none then.
    set_price(&mut chain, "1");
    let before = (chain.uact("alice"), chain.uakt("alice"));
    let id = burn(&mut chain, "alice", Coin::uact(1)).unwrap();
    chain.end();
    set_price(&mut chain, "3");
    assert_eq!(fate_of(&mut chain, id).1, Fate::Cancelled(CancelReason::Epsilon));
    assert_eq!((chain.uact("alice"), chain.uakt("alice")), before, "the full coin went back");
}

pub(super) fn b2() {
    for (bps, burned, minted, paid) in [(100, 1_000_000, 333_333, 330_000), (1_000, 4, 1, 1)] {
        let mut params = Params::default();
        params.bme.redeem_spread_bps = bps;
        let mut chain = Chain::with(params);
        set_price(&mut chain, "3");
        let before = chain.uakt("alice");
        let id = burn(&mut chain, "alice", Coin::uact(burned)).unwrap();
        assert_eq!(fate_of(&mut chain, id), (10, Fate::Done { paid, minted }), "{bps}");
        assert_eq!(chain.uakt("alice"), before + paid);
        let spread = super::books(&chain).redeem_spread_uakt.to_micro();
        assert_eq!(spread, minted - paid);
    }
}

/// There is a least mint, as in the original's defaults, and no least redemption.
pub(super) fn b3() {
    let mut chain = market("3");
    assert_eq!(paid(&mut chain, Coin::uact(1_000_000)), Ok(333_333));
    assert_eq!(paid(&mut chain, Coin::uact(4)), Ok(1));
}

/// Back-off percent, least blocks, ratio in basis points, blocks. The warn ratio is 9500.
const BACK_OFF: [(u32, u64, u32, u64); 20] = [
    (10, 10, 9_500, 10),
    (10, 10, 9_495, 10),
    (10, 10, 9_490, 11),
    (10, 10, 9_480, 12),
    (10, 10, 9_450, 16),
    (10, 10, 9_400, 25),
    (10, 10, 9_300, 67),
    (10, 10, 9_200, 174),
    (10, 10, 9_100, 452),
    (10, 10, 9_000, 1_173),
    (10, 10, 8_900, 3_044),
    (10, 10, 0, 14_400),
    (100, 10, 9_490, 20),
    (100, 10, 9_450, 320),
    (100, 10, 9_400, 10_240),
    (100, 10, 9_390, 14_400),
    (1, 10, 9_490, 10),
    (1, 10, 9_400, 11),
    (1, 10, 9_000, 16),
    (10, 100, 9_490, 110),
];

pub(super) fn b5() {
    for (percent, least, ratio, blocks) in BACK_OFF {
        let params = BmeParams {
            epoch_backoff_percent: percent,
            epoch_blocks_min: BlockSpan::from_blocks(least),
            ..BmeParams::default()
        };
        let found = mint_interval(ratio, &params).to_blocks();
        assert_eq!(found, blocks, "{percent} % from {least} at {ratio}");
    }
}

pub(super) fn b6() {
    // Warn, resume and halt ratio, least blocks, spread.
    let rows = [
        ((9_500, 9_300, 9_000, 0, 25), "GEN002"),
        ((10_001, 9_300, 9_000, 10, 25), "GEN009"),
        ((9_000, 9_000, 9_000, 10, 25), "GEN003"),
        ((9_500, 9_300, 9_000, 10, 1_001), "GEN009"),
        ((10_000, 10_000, 9_999, 10, 25), "ok"),
        // The resume ratio stands between the two.
        ((10_000, 9_300, 9_999, 10, 25), "GEN003"),
        ((9_500, 9_501, 9_000, 10, 25), "GEN003"),
    ];
    let mut genesis = Params::default();
    genesis.governance.authority = Some(address("auditor"));
    let mut chain = Chain::with(genesis.clone());
    for ((warn, resume, halt, blocks, spread), expected) in rows {
        let mut params = genesis.clone();
        params.bme.warn_ratio_bps = warn;
        params.bme.resume_ratio_bps = resume;
        params.bme.halt_ratio_bps = halt;
        params.bme.epoch_blocks_min = BlockSpan::from_blocks(blocks);
        params.bme.mint_spread_bps = spread;
        let found = params.check().map_or_else(|error| error.code().as_str(), |()| "ok");
        assert_eq!(found, expected);
        let change = Command::ChangeParams(Box::new(params));
        let refused = if expected == "ok" { "ok" } else { "GOV001" };
        assert_eq!(outcome(&mut chain, "auditor", change), refused);
    }
    chain.end();
}

pub(super) fn b7() {
    let mut chain = market("1.14");
    assert_eq!(paid(&mut chain, Coin::uakt(8_771_929)), Err("BME007"));
    assert_eq!(paid(&mut chain, Coin::uakt(8_771_930)), Ok(9_975_000));
    // Enough when asked for, too little in the epoch.
    let before = chain.uakt("alice");
    let id = burn(&mut chain, "alice", Coin::uakt(8_771_930)).unwrap();
    chain.end();
    set_price(&mut chain, "1.13");
    let (gross, mint_min) = (Amount::from_micro(9_912_280), Amount::from_micro(10_000_000));
    let below = CancelReason::BelowMinimum { gross, mint_min };
    assert_eq!(fate_of(&mut chain, id).1, Fate::Cancelled(below));
    assert_eq!(chain.uakt("alice"), before, "the full coin went back");
}

pub(super) fn b15() {
    let params = BmeParams {
        epoch_backoff_percent: 100,
        warn_ratio_bps: 10_000,
        resume_ratio_bps: 8_000,
        halt_ratio_bps: 7_000,
        ..BmeParams::default()
    };
    assert_eq!(params.check(), Ok(()));
    for bps in [7_480, 7_470] {
        assert_eq!(mint_interval(bps, &params).to_blocks(), 14_400, "{bps}");
    }
}
