//! Rules of the vault beyond the original's edge cases: breaker, cap, cancellation, gifts, books.

use super::*;

fn statuses(host: &mut Host, prices: &[Option<&str>]) -> Vec<MintStatus> {
    let observe = |price: &Option<&str>| {
        match price {
            Some(text) => host.set_price(text),
            None => host.price = None,
        }
        host.block();
        host.vault.books().status
    };
    prices.iter().map(observe).collect()
}

#[test]
fn a_collateral_halt_ends_above_the_resume_ratio_only() {
    use MintStatus::{HaltCollateral, HaltOracle, Healthy, Warning};
    // 600,000 AKT against 1,800,000 ACT: 2.79 is 9,300 basis points.
    let rows = [
        (Some("3.00"), Healthy),
        (Some("2.76"), Warning),
        (Some("2.70"), HaltCollateral),
        (Some("2.76"), HaltCollateral),
        (Some("2.79"), HaltCollateral),
        (Some("2.7901"), HaltCollateral),
        (Some("2.7903"), Warning),
        (Some("2.76"), Warning),
        (Some("2.70"), HaltCollateral),
        // An outage does not launder it, however often the price comes and goes.
        (None, HaltOracle),
        (Some("2.76"), HaltCollateral),
        (None, HaltOracle),
        (None, HaltOracle),
        (Some("2.79"), HaltCollateral),
        (Some("2.86"), Healthy),
        // Nor does it cause one.
        (None, HaltOracle),
        (Some("2.76"), Warning),
    ];
    let prices = rows.map(|(price, _)| price);
    let expected = rows.map(|(_, status)| status);
    assert_eq!(statuses(&mut Host::with_thin_cover(), &prices), expected);
}

#[test]
fn a_price_of_zero_is_no_price() {
    let mut host = Host::with_thin_cover().at_price("3.00");
    let id = host.request(0, Coin::uact(1_000_000)).unwrap();
    host.set_price("0");
    assert_eq!(host.status(), MintStatus::HaltOracle);
    host.run_to(30);
    assert_eq!(host.vault.request_by_id(id).unwrap().attempts, 0, "waits like without a price");
    assert_eq!(host.request(0, Coin::uact(1_000_000)), Err("BME004"));
}

#[test]
fn a_redemption_that_trips_the_breaker_stops_the_mints_of_its_block() {
    let params = BmeParams { mint_spread_bps: 0, ..BmeParams::default() };
    let mut host = Host::new(0, 0, params).at_price("1.00");
    assert_eq!(host.paid(Coin::uakt(1_000_000_000)), Ok(1_000_000_000));
    let redeem = host.request(0, Coin::uact(500_000_000)).unwrap();
    let mint = host.request(0, Coin::uakt(20_000_000)).unwrap();
    // 910 dollars against 1,000 ACT are a warning; 410 against 500 are a halt.
    host.set_price("0.91");
    let events = host.run_to(20);
    assert!(matches!(Host::fate(&events, redeem), Some(Fate::Done { at: 20, .. })));
    assert_eq!(Host::fate(&events, mint), None);
    let changes: Vec<_> = events.iter().filter_map(|(at, event)| change(*at, event)).collect();
    let (warning, halt) = (MintStatus::Warning, MintStatus::HaltCollateral);
    assert_eq!(changes, [(11, warning, Some(9_100)), (20, halt, Some(8_200))]);
    assert_eq!(host.vault.books().next_mint, BlockHeight::new(20), "the mint epoch stays due");
}

fn change(at: u64, event: &VaultEvent) -> Option<(u64, MintStatus, Option<u32>)> {
    match event {
        VaultEvent::MintStatusChanged { to, ratio_bps, .. } => Some((at, *to, *ratio_bps)),
        _ => None,
    }
}

#[test]
fn the_breaker_is_asked_for_every_single_mint() {
    let mut host = Host::new(0, 0, BmeParams::default()).at_price("1.00");
    let [first, second] = [0, 1].map(|who| host.request(who, Coin::uakt(20_000_000)).unwrap());
    let at = BlockHeight::new(10);
    let opened = host.vault.open_epoch(Direction::Mint, at, host.price.as_ref(), &host.params);
    host.commit(&opened.unwrap());
    let done = host.vault.execute(first, host.price.as_ref(), &host.params).unwrap();
    host.commit(&done);
    host.set_price("0.80");
    assert_eq!(host.vault.execute(second, host.price.as_ref(), &host.params), None);
    assert_eq!(host.vault.request_by_id(second).unwrap().attempts, 0, "no attempt");
}

#[test]
fn only_its_owner_cancels_a_waiting_request_and_gets_all_of_it_back() {
    let mut host = Host::with_thin_cover().at_price("3.00");
    let before = host.bank.clone();
    let id = host.request(1, Coin::uakt(50_000_000)).unwrap();
    assert_eq!(host.cancel(id, 2), Err("BME011"));
    assert_eq!(host.cancel(id + 1, 1), Err("BME010"));
    host.price = None;
    assert_eq!(host.cancel(id, 1), Ok(()), "also during a halt");
    assert_eq!(host.cancel(id, 1), Err("BME010"), "once");
    assert_eq!((host.bank.clone(), host.vault.requests().count()), (before, 0));
    host.set_price("3.00");
    assert_eq!(host.request(1, Coin::uakt(50_000_000)), Ok(id + 1), "numbers are used once");
}

#[test]
fn the_cap_on_new_akt_makes_redemptions_wait_in_their_order() {
    let cap = Some(micro(100));
    let params = BmeParams { redeem_new_uakt_per_epoch_max: cap, ..BmeParams::default() };
    let mut host = Host::new(0, 10_000, params).at_price("1");
    let ids = [70, 40, 10, 50, 90].map(|burned| host.request(0, Coin::uact(burned)).unwrap());
    assert_eq!(host.request(0, Coin::uact(101)), Err("BME013"), "no epoch could ever");
    let ends = |events: &[_]| ids.map(|id| Host::fate(events, id).is_some());
    let events = host.run_to(10);
    assert_eq!(ends(&events), [true, false, false, false, false], "10 would fit, but came later");
    let (needed, left) = (micro(40), micro(30));
    let reached = VaultEvent::RedeemCapReached { id: ids[1], needed, left };
    assert_eq!(events.iter().filter(|(_, event)| *event == reached).count(), 1);
    assert_eq!(ends(&host.run_to(20)), [false, true, true, true, false], "just as much as may be");
    assert!(host.vault.requests().all(|request| request.attempts == 0), "waiting is no attempt");
    assert_eq!(ends(&host.run_to(30)), [false, false, false, false, true]);
    assert_eq!(host.vault.books().epoch_minted_uakt, micro(90));
}

#[test]
fn a_redemption_that_outgrows_the_cap_while_it_waits_is_cancelled() {
    let cap = Some(micro(100));
    let params = BmeParams { redeem_new_uakt_per_epoch_max: cap, ..BmeParams::default() };
    let mut host = Host::new(0, 10_000, params).at_price("1");
    let [large, small] = [100, 40].map(|burned| host.request(0, Coin::uact(burned)).unwrap());
    host.set_price("0.5");
    let events = host.run_to(10);
    let reason = CancelReason::BeyondEpochCap { needed: micro(200), needed_max: micro(100) };
    assert_eq!(Host::fate(&events, large), Some(Fate::Cancelled { at: 10, reason }));
    assert_eq!(Host::fate(&events, small), Some(Fate::Done { at: 10, paid: 80, minted: 80 }));
}

#[test]
fn a_number_that_does_not_fit_cancels_a_request_with_its_reason() {
    let mut host = Host::with_act().at_price("1");
    let id = host.request(0, Coin::uact(1_000_000)).unwrap();
    host.set_price("0.000000000000000001");
    let reason = CancelReason::DoesNotFit;
    assert_eq!(Host::fate(&host.run_to(10), id), Some(Fate::Cancelled { at: 10, reason }));
}

#[test]
fn numbers_that_fit_no_decimal_halt_mints_instead_of_wrapping() {
    let host = Host::new(0, 0, BmeParams::default()).at_price("1");
    let (params, price) = (&host.params, host.price.as_ref());
    let vault = Vault::new(Amount::SUPPLY_MAX, Amount::SUPPLY_MAX, params);
    assert_eq!(vault.books().ratio_bps(price), None);
    assert_eq!(vault.status_at(price, params), MintStatus::HaltCollateral);
    let all = Coin::new(Denom::uact(), Amount::SUPPLY_MAX);
    let refused = vault.request(owner(0), &all, BlockHeight::new(1), price, params);
    assert_eq!(refused.unwrap_err().code().as_str(), "BME006");
}

#[test]
fn burns_that_make_no_sense_are_refused_by_the_first_broken_rule() {
    let rows = [
        ("0uakt", "BME001"),
        ("0uusd", "BME001"),
        ("340282366920938463463374607431768211455uakt", "BME002"),
        ("5uusd", "BME003"),
        ("1uakt", "BME007"),
        ("1001uact", "BME005"),
        ("1uact", "BME006"),
    ];
    let mut host = Host::new(0, 1_000, BmeParams::default()).at_price("1.14");
    host.params.halt_ratio_bps = 0;
    host.vault = Vault::new(micro(1_000), micro(1_000), &host.params);
    for (coin, code) in rows {
        assert_eq!(host.request(0, coin.parse().unwrap()), Err(code), "{coin}");
    }
    host.price = None;
    for (coin, code) in [("5uusd", "BME003"), ("1uakt", "BME004"), ("1001uact", "BME004")] {
        assert_eq!(host.request(0, coin.parse().unwrap()), Err(code), "{coin} without a price");
    }
}

#[test]
fn the_queue_has_an_end_for_one_and_for_all() {
    let params =
        BmeParams { requests_waiting_max: 3, requests_per_owner_max: 2, ..BmeParams::default() };
    let mut host = Host::new(0, 0, params).at_price("1");
    let mint = || Coin::uakt(20_000_000);
    assert_eq!([host.request(0, mint()), host.request(0, mint())], [Ok(1), Ok(2)]);
    assert_eq!(host.request(0, mint()), Err("BME009"));
    assert_eq!(host.request(1, mint()), Ok(3));
    assert_eq!(host.request(1, mint()), Err("BME008"));
    host.cancel(1, 0).unwrap();
    assert_eq!(host.request(0, mint()), Ok(4));
}

#[test]
fn gross_burn_lock_remint_and_new_akt_are_different_figures() {
    let mut host = Host::new(0, 0, BmeParams::default()).at_price("1.14");
    host.paid(Coin::uakt(877_192_982)).unwrap();
    host.fund(0, Coin::uakt(7)).unwrap();
    host.set_price("0.90");
    host.paid(Coin::uact(997_500_000)).unwrap();
    let figures = host.vault.books().figures().unwrap();
    assert_eq!(
        figures,
        Figures {
            gross_burn_uakt: micro(877_192_982),
            vault_lock_uakt: micro(7),
            remint_uakt: micro(877_192_982),
            newly_minted_uakt: micro(231_140_351),
            circulating_uakt: NetChange::Up(micro(231_140_344)),
            minted_uact: micro(999_999_999),
            burned_uact: micro(997_500_000),
            outstanding_uact: micro(2_499_999),
        }
    );
    let lost = NetChange::between(micro(5), micro(3));
    assert_eq!(lost, NetChange::Down(micro(2)));
}

#[test]
fn a_status_change_says_at_which_price_and_ratio() {
    let mut host = Host::with_thin_cover().at_price("2.70");
    let events = host.block();
    let (from, to) = (MintStatus::Healthy, MintStatus::HaltCollateral);
    let (ratio_bps, price) = (Some(9_000), host.price);
    assert_eq!(events, [VaultEvent::MintStatusChanged { from, to, ratio_bps, price }]);
    let report = host.vault.report(None, &host.params);
    assert_eq!((report.status, report.mint_above_bps), (MintStatus::HaltOracle, 9_300));
    assert_eq!((report.price, report.ratio_bps), (None, None), "an answer without a price");
}

/// Whether the vault refuses the event, and is as it was before.
fn is_refused(host: &Host, event: &VaultEvent) -> bool {
    let mut vault = host.vault.clone();
    vault.apply(event).is_err() && vault == host.vault
}

/// A vault in which a mint of 50 AKT waits, the request, and what it would become.
fn with_a_waiting_mint() -> (Host, BurnRequest, BurnMint) {
    let mut host = Host::with_thin_cover().at_price("3.00");
    let id = host.request(0, Coin::uakt(50_000_000)).unwrap();
    let request = host.vault.request_by_id(id).unwrap().clone();
    match host.vault.execute(id, host.price.as_ref(), &host.params) {
        Some(VaultEvent::BurnMinted(done)) => (host, request, done),
        other => panic!("not minted: {other:?}"),
    }
}

#[test]
fn events_about_requests_that_do_not_follow_are_misfits_and_change_nothing() {
    let (host, request, done) = with_a_waiting_mint();
    let id = request.id;
    let reason = RetryReason::MoreThanOutstanding { burned: micro(1), outstanding: micro(0) };
    let requested = |id, attempts, burned: &str| {
        let burned = burned.parse().unwrap();
        VaultEvent::BurnRequested(BurnRequest { id, attempts, burned, ..request.clone() })
    };
    let cancelled = |request| VaultEvent::BurnCancelled { request, reason: CancelReason::ByOwner };
    let minted = |change: fn(&mut BurnMint)| {
        let mut done = done.clone();
        change(&mut done);
        VaultEvent::BurnMinted(done)
    };
    let events = [
        VaultEvent::BurnRequested(request.clone()),
        requested(id + 2, 0, "5uakt"),
        requested(id + 1, 1, "5uakt"),
        requested(id + 1, 0, "5uusd"),
        cancelled(BurnRequest { burned: Coin::uakt(60_000_000), ..request.clone() }),
        cancelled(BurnRequest { owner: owner(3), ..request.clone() }),
        minted(|done| done.id += 1),
        minted(|done| done.owner = owner(3)),
        minted(|done| done.burned = Coin::uakt(1)),
        minted(|done| done.gross = Coin::uakt(1)),
        minted(|done| done.minted = Coin::uact(1)),
        minted(|done| done.paid = Coin::uact(1 << 80)),
        VaultEvent::BurnRetried { id, attempts: 2, reason },
        VaultEvent::BurnRetried { id: id + 1, attempts: 1, reason },
        VaultEvent::RedeemCapReached { id, needed: micro(1), left: micro(0) },
    ];
    for event in events {
        assert!(is_refused(&host, &event), "{event:?}");
    }
    assert!(!is_refused(&host, &minted(|_| ())));
}

#[test]
fn a_redemption_in_a_log_has_to_use_the_credit_first() {
    let mut host = Host::new(0, 0, BmeParams::default()).at_price("1.00");
    host.paid(Coin::uakt(100_000_000)).unwrap();
    let id = host.request(0, Coin::uact(40_000_000)).unwrap();
    let done = host.vault.execute(id, host.price.as_ref(), &host.params).unwrap();
    let VaultEvent::BurnMinted(done) = done else { panic!("{done:?}") };
    assert_eq!(done.minted, Coin::uakt(0), "all of it from credit");
    for minted in [1, 40_000_000, 40_000_001] {
        let minted = BurnMint { minted: Coin::uakt(minted), ..done.clone() };
        assert!(is_refused(&host, &VaultEvent::BurnMinted(minted)));
    }
    assert!(!is_refused(&host, &VaultEvent::BurnMinted(done)));
}

#[test]
fn events_about_the_vault_that_do_not_follow_are_misfits_and_change_nothing() {
    let (host, ..) = with_a_waiting_mint();
    let epoch = |at, next_at| {
        let [at, next_at] = [at, next_at].map(BlockHeight::new);
        VaultEvent::EpochOpened { direction: Direction::Mint, at, next_at, ratio_bps: None }
    };
    let (from, to) = (MintStatus::Warning, MintStatus::Healthy);
    let gift = |coin| VaultEvent::VaultFunded { owner: owner(0), coin };
    let events = [
        epoch(9, 19),
        epoch(12, 11),
        VaultEvent::MintStatusChanged { from, to, ratio_bps: None, price: None },
        gift(Coin::uact(1)),
        gift(Coin::uakt(u128::MAX)),
    ];
    for event in events {
        assert!(is_refused(&host, &event), "{event:?}");
    }
    assert!(!is_refused(&host, &epoch(12, 22)));
}

#[test]
fn a_vault_is_restored_from_its_books_and_requests() {
    let mut host = Host::with_thin_cover().at_price("3.00");
    for coin in [Coin::uakt(50_000_000), Coin::uact(5), Coin::uakt(60_000_000)] {
        host.request(0, coin).unwrap();
    }
    let (books, requests) = (host.vault.books().clone(), host.vault.requests().cloned());
    let mut requests: Vec<_> = requests.collect();
    requests.reverse();
    assert_eq!(Vault::restore(books.clone(), requests.clone()), Ok(host.vault.clone()));
    requests[0].id = 9;
    assert!(Vault::restore(books.clone(), requests).is_err(), "never made");
    let books = VaultBooks { remint_credit_uakt: micro(1), ..books };
    assert!(Vault::restore(books, []).is_err(), "does not add up");
}
