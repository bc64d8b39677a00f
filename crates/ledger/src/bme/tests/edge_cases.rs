//! The edge cases B1 to B16 of `chain.md` 12: which come out as in the original, which do not on
//! purpose, and why.

use super::*;
use undercut_primitives::BlockSpan;

/// How a case compares with the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parity {
    /// To the micro-unit and the block.
    Same,
    /// On purpose, and why.
    Different(&'static str),
}
use Parity::{Different, Same};

type Case = (&'static str, Parity, fn());

const CASES: [Case; 16] = [
    ("B1", Different("refused when asked for, not cancelled later: support#445"), b1),
    ("B2", Same, b2),
    ("B3", Different("there is a minimum for mints only, as in the original's defaults"), b3),
    ("B4", Different("the bank cannot fail here; more ACT than outstanding fails instead"), b4),
    ("B5", Same, b5),
    ("B6", Different("the resume ratio stands between halt and warn"), b6),
    ("B7", Different("refused when asked for, not cancelled later: support#445"), b7),
    ("B8", Same, b8),
    ("B9", Different("an oracle halt ends with a usable price, not an epoch later: W31"), b9),
    ("B10", Different("an outage counts no attempts: W22"), b10),
    ("B11", Different("an epoch that fell due while halted is not put off: W21"), b11),
    ("B12", Different("each direction has a limit of its own: W20"), b12),
    ("B13", Different("arrival order: W20"), b13),
    ("B14", Different("without ACT nothing is at risk: an empty vault may mint"), b14),
    ("B15", Different("14,400 instead of a panic: W25"), b15),
    ("B16", Different("a gift is signed by its owner, who is the only party: W26"), b16),
];

#[test]
fn edge_cases_b1_to_b16_come_out_as_marked() {
    for (number, (name, parity, case)) in CASES.iter().enumerate() {
        assert_eq!(*name, alloc::format!("B{}", number + 1));
        assert_ne!(*parity, Different(""), "{name} says why");
        case();
    }
}

fn cancelled(host: &mut Host, id: u64, until: u64) -> (u64, CancelReason) {
    let events = host.run_to(until);
    match Host::fate(&events, id) {
        Some(Fate::Cancelled { at, reason }) => (at, reason),
        other => panic!("request {id}: {other:?} in {events:?}"),
    }
}

fn b1() {
    let mut host = Host::with_act().at_price("3");
    for (burned, paid) in
        [(1, Err("BME006")), (3, Err("BME006")), (4, Ok(1)), (1_000_000, Ok(333_333))]
    {
        assert_eq!(host.paid(Coin::uact(burned)), paid);
    }
    // The price of the epoch counts: 1 uact gave a micro-unit when asked for, and gives none then.
    host.set_price("1");
    let before = host.bank.clone();
    let id = host.request(0, Coin::uact(1)).unwrap();
    host.set_price("3");
    assert_eq!(cancelled(&mut host, id, 60).1, CancelReason::Epsilon);
    assert_eq!(host.bank, before, "the full coin went back");
}

fn b2() {
    for (bps, burned, minted, paid) in [(100, 1_000_000, 333_333, 330_000), (1000, 4, 1, 1)] {
        let params = BmeParams { redeem_spread_bps: bps, ..BmeParams::default() };
        let mut host = Host::new(0, burned, params).at_price("3");
        assert_eq!(host.convert(0, Coin::uact(burned)), Ok(Fate::Done { at: 10, paid, minted }));
    }
}

fn b3() {
    let mut host = Host::with_act().at_price("3");
    assert_eq!(host.paid(Coin::uact(4)), Ok(1), "no minimum in uakt");
}

fn b4() {
    // ACT from elsewhere: each request fits the books, both together do not.
    let mut host = Host::new(0, 100, BmeParams::default()).at_price("1");
    host.bank.post(&Posting::Mint { to: owner(1), coin: Coin::uact(100) }).unwrap();
    let [first, second] = [host.request(0, Coin::uact(100)), host.request(1, Coin::uact(60))];
    let before = host.vault.clone();
    let events = host.run_to(10);
    assert!(matches!(Host::fate(&events, first.unwrap()), Some(Fate::Done { at: 10, .. })));
    let second = second.unwrap();
    assert_eq!(host.vault.request_by_id(second).unwrap().attempts, 1);
    assert_eq!(host.vault.books().burned_uact, micro(100), "the second burned nothing");
    let (burned, outstanding) = (micro(60), micro(0));
    let reason = RetryReason::MoreThanOutstanding { burned, outstanding };
    let given_up = CancelReason::AttemptsExhausted { attempts: 3, reason };
    assert_eq!(cancelled(&mut host, second, 30), (30, given_up));
    assert_eq!(host.bank.balance(&owner(1), &Denom::uact()), micro(100), "full refund");
    assert_eq!(before.requests().count(), 2);
}

fn b5() {
    // The whole table: `the_back_off_table_comes_out_exactly`.
    let params =
        BmeParams { epoch_blocks_min: BlockSpan::from_blocks(100), ..BmeParams::default() };
    assert_eq!(mint_interval(9_490, &params).to_blocks(), 110);
}

fn b6() {
    let check = |warn, resume, halt, blocks, spread| {
        let params = BmeParams {
            warn_ratio_bps: warn,
            resume_ratio_bps: resume,
            halt_ratio_bps: halt,
            epoch_blocks_min: BlockSpan::from_blocks(blocks),
            mint_spread_bps: spread,
            ..BmeParams::default()
        };
        params.check().map_err(|error| alloc::format!("{error}")).err().unwrap_or_default()
    };
    let rows = [
        ((9_500, 9_300, 9_000, 10, 25), ""),
        ((9_500, 9_300, 9_000, 0, 25), "the parameter epoch_blocks_min is 0, at least 1 is needed"),
        (
            (10_001, 9_300, 9_000, 10, 25),
            "the parameter warn_ratio_bps is 10001, at most 10000 is allowed",
        ),
        (
            (9_000, 9_000, 9_000, 10, 25),
            "the halt ratio of 9000 basis points is not below the resume ratio of 9000",
        ),
        (
            (9_500, 9_501, 9_000, 10, 25),
            "the resume ratio of 9501 basis points is above the warn ratio of 9500",
        ),
        (
            (9_500, 9_300, 9_000, 10, 1_001),
            "the parameter mint_spread_bps is 1001, at most 1000 is allowed",
        ),
        ((10_000, 10_000, 9_999, 10, 1_000), ""),
    ];
    for ((warn, resume, halt, blocks, spread), sentence) in rows {
        assert_eq!(check(warn, resume, halt, blocks, spread), sentence);
    }
}

fn b7() {
    let mut host = Host::new(0, 0, BmeParams::default()).at_price("1.14");
    assert_eq!(host.paid(Coin::uakt(8_771_929)), Err("BME007"));
    assert_eq!(host.paid(Coin::uakt(8_771_930)), Ok(9_975_000));
    // Enough when asked for, too little in the epoch.
    let id = host.request(0, Coin::uakt(8_771_930)).unwrap();
    host.set_price("1.13");
    let (gross, mint_min) = (micro(9_912_280), micro(10_000_000));
    assert_eq!(cancelled(&mut host, id, 60).1, CancelReason::BelowMinimum { gross, mint_min });
}

fn b8() {
    let host = Host::with_thin_cover().at_price("2.85");
    assert_eq!(host.status(), MintStatus::Warning);
    assert_eq!(mint_interval(9_500, &host.params).to_blocks(), 10);
    assert_eq!(host.at_price("2.70").status(), MintStatus::HaltCollateral);
}

fn b9() {
    let mut host = Host::with_thin_cover().at_price("2.70");
    host.run_to(3);
    assert_eq!(host.request(0, Coin::uakt(100_000_000)), Err("BME004"));
    let id = host.request(0, Coin::uact(1_000_000)).unwrap();
    let events = host.run_to(10);
    assert!(matches!(Host::fate(&events, id), Some(Fate::Done { at: 10, .. })));
    // No price: neither. A price again, in the same block: both.
    let mut host = Host::with_thin_cover();
    host.run_to(3);
    assert_eq!(host.vault.books().status, MintStatus::HaltOracle);
    assert_eq!(host.request(0, Coin::uact(1_000_000)), Err("BME004"));
    host.set_price("3.00");
    assert_eq!(host.request(0, Coin::uact(1_000_000)), Ok(1));
    assert_eq!(host.request(0, Coin::uakt(100_000_000)), Ok(2));
}

fn b10() {
    let mut host = Host::with_thin_cover().at_price("3.00");
    let ids = [Coin::uact(1_000_000), Coin::uakt(100_000_000)];
    let ids = ids.map(|coin| host.request(0, coin).unwrap());
    let price = host.price.take();
    let events = host.run_to(60);
    assert!(matches!(events[..], [(1, VaultEvent::MintStatusChanged { .. })]), "{events:?}");
    assert!(host.vault.requests().all(|request| request.attempts == 0));
    host.price = price;
    let events = host.run_to(61);
    for id in ids {
        assert!(matches!(Host::fate(&events, id), Some(Fate::Done { at: 61, .. })));
    }
}

fn b11() {
    let mut host = Host::with_thin_cover().at_price("3.00");
    host.run_to(95);
    assert_eq!(host.vault.books().next_mint, BlockHeight::new(100));
    let id = host.request(0, Coin::uakt(100_000_000)).unwrap();
    host.set_price("2.70");
    host.run_to(104);
    assert_eq!(host.vault.books().next_mint, BlockHeight::new(100), "due, and stays so");
    host.set_price("3.00");
    let events = host.run_to(105);
    assert!(matches!(Host::fate(&events, id), Some(Fate::Done { at: 105, .. })));
    assert_eq!(host.vault.books().next_mint, BlockHeight::new(115));
}

fn b12() {
    let params = BmeParams { requests_per_owner_max: 100, ..BmeParams::default() };
    let mut host = Host::new(600_000_000, 600_000_000, params).at_price("3.00");
    let redeems: [_; 60] =
        core::array::from_fn(|_| host.request(0, Coin::uact(1_000_000)).unwrap());
    let mints: [_; 5] = core::array::from_fn(|_| host.request(0, Coin::uakt(10_000_000)).unwrap());
    let first = host.run_to(10);
    let done = |events: &[_], ids: &[u64]| {
        ids.iter().filter(|id| Host::fate(events, **id).is_some()).count()
    };
    assert_eq!((done(&first, &redeems), done(&first, &mints)), (50, 5));
    assert_eq!(done(&first, &redeems[..50]), 50, "the first to come");
    assert_eq!(done(&host.run_to(20), &redeems), 10);
}

fn b13() {
    let mut host = Host::with_act().at_price("1");
    let mut addresses = [0, 1, 2, 3].map(|number| (owner(number), number));
    addresses.sort();
    let [(_, lowest), .., (_, highest)] = addresses;
    for who in [lowest, highest] {
        host.bank.post(&Posting::Mint { to: owner(who), coin: Coin::uact(100) }).unwrap();
    }
    host.run_to(5);
    let early = host.request(highest, Coin::uact(50)).unwrap();
    host.run_to(9);
    let late = host.request(lowest, Coin::uact(50)).unwrap();
    let turns: Vec<u64> = host.vault.turns(Direction::Redeem, &host.params).collect();
    assert_eq!(turns, [early, late]);
}

fn b14() {
    let mut host = Host::new(0, 0, BmeParams::default()).at_price("1.00");
    assert_eq!(host.status(), MintStatus::Healthy);
    assert_eq!(host.vault.books().ratio_bps(host.price.as_ref()), None);
    host.fund(0, Coin::uakt(1_000_000)).unwrap();
    assert_eq!(host.status(), MintStatus::Healthy);
    host.run_to(10);
    assert_eq!(host.vault.books().next_mint, BlockHeight::new(20));
    // The cap of the original: 10^10 basis points are told as 2^32 - 1.
    let host = Host::new(1_000_000, 1, BmeParams::default()).at_price("1.00");
    assert_eq!(host.vault.books().ratio_bps(host.price.as_ref()), Some(u32::MAX));
    assert_eq!(host.status(), MintStatus::Healthy);
}

fn b15() {
    let params = BmeParams {
        epoch_backoff_percent: 100,
        warn_ratio_bps: 10_000,
        resume_ratio_bps: 8_000,
        halt_ratio_bps: 7_000,
        ..BmeParams::default()
    };
    assert_eq!(params.check(), Ok(()));
    for bps in [7_480, 7_470, 7_001] {
        assert_eq!(mint_interval(bps, &params).to_blocks(), 14_400, "{bps}");
    }
}

fn b16() {
    let mut host = Host::new(0, 1_000, BmeParams::default()).at_price("1.00");
    assert_eq!(host.fund(0, Coin::uact(100)), Err("BME012"));
    assert_eq!(host.fund(0, Coin::uakt(0)), Err("BME001"));
    assert_eq!(host.fund(0, Coin::new(Denom::uakt(), micro(u128::MAX))), Err("BME002"));
    assert_eq!(host.fund(0, Coin::uakt(100)), Ok(()));
    let books = host.vault.books();
    assert_eq!((books.collateral_uakt, books.remint_credit_uakt), (micro(100), micro(0)));
}
