//! The worked examples of `chain.md` 6.7 and the back-off table of 6.3, to the micro-unit.

use super::*;

#[test]
fn example_1_a_mint_at_1_14() {
    let mut host = Host::new(0, 0, BmeParams::default()).at_price("1.14");
    assert_eq!(host.paid(Coin::uakt(877_192_982)), Ok(997_500_000));
    let books = host.vault.books();
    assert_eq!(books.collateral_uakt, micro(877_192_982));
    assert_eq!(books.remint_credit_uakt, micro(877_192_982));
    assert_eq!(books.mint_spread_uact, micro(2_499_999));
    assert_eq!(books.outstanding_uact, micro(999_999_999));
    assert_eq!(books.ratio_bps(host.price.as_ref()), Some(10_000));
    assert_eq!(host.status(), MintStatus::Healthy);
}

#[test]
fn examples_2_and_3_redemptions_after_a_rise_and_after_a_fall() {
    // price, paid, newly minted, credit left
    for (price, paid, minted, credit) in
        [("1.50", 665_000_000, 0, 212_192_982), ("0.90", 1_108_333_333, 231_140_351, 0)]
    {
        let mut host = Host::new(0, 0, BmeParams::default()).at_price("1.14");
        host.paid(Coin::uakt(877_192_982)).unwrap();
        host.set_price(price);
        assert_eq!(host.paid(Coin::uact(997_500_000)), Ok(paid), "{price}");
        let books = host.vault.books();
        assert_eq!(books.minted_uakt, micro(minted), "{price}");
        assert_eq!(books.remint_credit_uakt, micro(credit), "{price}");
        assert_eq!(books.reminted_uakt, micro(877_192_982 - credit), "{price}");
        assert_eq!(books.burned_uakt, micro(877_192_982), "{price}: gross burn never falls");
    }
}

#[test]
fn example_4_a_spread_on_redemptions_stays_in_the_vault_without_credit() {
    let params = BmeParams { redeem_spread_bps: 100, ..BmeParams::default() };
    let mut host = Host::new(0, 1_000_000, params).at_price("3.00");
    assert_eq!(host.paid(Coin::uact(1_000_000)), Ok(330_000));
    let books = host.vault.books();
    assert_eq!(books.minted_uakt, micro(333_333));
    assert_eq!((books.collateral_uakt, books.remint_credit_uakt), (micro(3_333), micro(0)));
}

#[test]
fn example_5_a_mint_has_a_minimum_before_its_spread() {
    let mut host = Host::new(0, 0, BmeParams::default()).at_price("1.14");
    assert_eq!(host.paid(Coin::uakt(8_771_929)), Err("BME007"));
    assert_eq!(host.paid(Coin::uakt(8_771_930)), Ok(9_975_000));
    assert_eq!(host.vault.books().mint_spread_uact, micro(25_000));
}

#[test]
fn example_6_the_breaker_at_its_borders() {
    // price, basis points, status, blocks between mint epochs
    let rows = [
        ("3.00", 10_000, MintStatus::Healthy, Some(10)),
        ("2.90", 9_666, MintStatus::Healthy, Some(10)),
        ("2.85", 9_500, MintStatus::Warning, Some(10)),
        ("2.82", 9_400, MintStatus::Warning, Some(25)),
        ("2.71", 9_033, MintStatus::Warning, Some(801)),
        ("2.70", 9_000, MintStatus::HaltCollateral, None),
    ];
    for (price, bps, status, interval) in rows {
        let mut host = Host::with_thin_cover().at_price(price);
        assert_eq!(host.vault.books().ratio_bps(host.price.as_ref()), Some(bps), "{price}");
        assert_eq!(host.status(), status, "{price}");
        host.run_to(10);
        let next = host.vault.books().next_mint.to_u64();
        assert_eq!(next, interval.map_or(10, |blocks| 10 + blocks), "{price}");
    }
}

#[test]
fn example_7_less_than_a_micro_unit_is_nothing() {
    let mut host = Host::with_act().at_price("3.00");
    for (burned, paid) in [(1, Err("BME006")), (3, Err("BME006")), (4, Ok(1))] {
        assert_eq!(host.paid(Coin::uact(burned)), paid, "{burned} uact");
    }
}

/// Back-off percent, `epoch_blocks_min`, warn and collateral ratio in basis points, blocks.
const BACK_OFF: [(u32, u64, u32, u32, u64); 29] = [
    (10, 10, 9_500, 9_501, 10),
    (10, 10, 9_500, 9_500, 10),
    (10, 10, 9_500, 9_495, 10),
    (10, 10, 9_500, 9_490, 11),
    (10, 10, 9_500, 9_480, 12),
    (10, 10, 9_500, 9_450, 16),
    (10, 10, 9_500, 9_400, 25),
    (10, 10, 9_500, 9_300, 67),
    (10, 10, 9_500, 9_200, 174),
    (10, 10, 9_500, 9_100, 452),
    (10, 10, 9_500, 9_033, 801),
    (10, 10, 9_500, 9_001, 1_067),
    (10, 10, 9_500, 9_000, 1_173),
    (10, 10, 9_500, 8_900, 3_044),
    (10, 10, 9_500, 0, 14_400),
    (100, 10, 9_500, 9_490, 20),
    (100, 10, 9_500, 9_450, 320),
    (100, 10, 9_500, 9_400, 10_240),
    (100, 10, 9_500, 9_390, 14_400),
    (1, 10, 9_500, 9_490, 10),
    (1, 10, 9_500, 9_400, 11),
    (1, 10, 9_500, 9_000, 16),
    (0, 10, 9_500, 9_000, 10),
    (10, 100, 9_500, 9_490, 110),
    (100, 10, 10_000, 7_480, 14_400),
    (100, 10, 10_000, 7_470, 14_400),
    (100, 20_000, 9_500, 9_400, 20_000),
    (100, u64::MAX, 10_000, 0, u64::MAX),
    (u32::MAX, 1, u32::MAX, 0, 14_400),
];

#[test]
fn the_back_off_table_comes_out_exactly() {
    for (percent, least, warn, bps, blocks) in BACK_OFF {
        let params = BmeParams {
            epoch_backoff_percent: percent,
            epoch_blocks_min: undercut_primitives::BlockSpan::from_blocks(least),
            warn_ratio_bps: warn,
            ..BmeParams::default()
        };
        let interval = mint_interval(bps, &params).to_blocks();
        assert_eq!(interval, blocks, "{percent} % from {least} at {bps} of {warn}");
    }
}

#[test]
fn the_back_off_of_every_ratio_and_percentage_agrees_with_the_plain_one() {
    for percent in 0..=100 {
        for blocks in [1, 10, 333] {
            let params = BmeParams {
                epoch_backoff_percent: percent,
                epoch_blocks_min: undercut_primitives::BlockSpan::from_blocks(blocks),
                ..BmeParams::default()
            };
            let mut longest = u64::MAX;
            for bps in (0..=960).map(|steps| steps * 10) {
                let interval = mint_interval(bps, &params).to_blocks();
                assert_eq!(interval, plain::mint_interval(bps.into(), &params), "{percent} {bps}");
                assert!(interval <= longest, "a better ratio waits no longer");
                longest = interval;
            }
            assert_eq!(longest, blocks, "healthy");
        }
    }
}
