//! Random markets, the vault and its plain twin side by side; and nobody gains at a constant price.

use proptest::prelude::*;
use undercut_primitives::BlockSpan;

use super::super::plain::PlainVault;
use super::*;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Price(Option<u128>),
    Request {
        who: u8,
        is_mint: bool,
        burned: u128,
    },
    /// The last request, or one so many before it.
    Cancel {
        who: u8,
        back: u64,
    },
    Fund(u128),
    Blocks(u64),
}

fn coin(is_mint: bool, burned: u128) -> Coin {
    if is_mint { Coin::uakt(burned) } else { Coin::uact(burned) }
}

/// Prices around 1 dollar, with all 18 digits, so that the ratio crosses every threshold; and odd
/// ones.
fn any_price() -> impl Strategy<Value = u128> {
    prop_oneof![
        12 => 930_000_000_000_000_000_u128..1_050_000_000_000_000_000,
        2 => (50_u128..200).prop_map(|cents| cents * 10_000_000_000_000_000),
        2 => 1_000_000_000_000_000_u128..10_000_000_000_000_000_000,
    ]
}

/// Any price, none, or next to nothing, at which most conversions do not fit.
fn any_change_of_price() -> impl Strategy<Value = Option<u128>> {
    prop_oneof![12 => any_price().prop_map(Some), 2 => Just(None), 1 => (1_u128..9).prop_map(Some)]
}

/// Large ones, and small ones around the minimum of a mint and the epsilon of a redemption.
fn any_burn() -> impl Strategy<Value = u128> {
    prop_oneof![3 => 1_u128..300_000, 2 => 300_000_u128..3_000_000, 2 => 1_u128..14]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any_change_of_price().prop_map(Step::Price),
        12 => (0_u8..4, any::<bool>(), any_burn())
            .prop_map(|(who, is_mint, burned)| Step::Request { who, is_mint, burned }),
        2 => (0_u8..4, 0_u64..5).prop_map(|(who, back)| Step::Cancel { who, back }),
        1 => (1_u128..100_000).prop_map(Step::Fund),
        3 => (1_u64..7).prop_map(Step::Blocks),
    ]
}

fn any_params() -> impl Strategy<Value = BmeParams> {
    let spreads = (0_u32..200, prop_oneof![Just(0_u32), 0_u32..200]);
    let cap = proptest::option::of(prop_oneof![0_u128..500_000, 1_000_000_u128..4_000_000]);
    (spreads, cap, 1_u64..9, 0_u32..=100, 1_u32..7, 1_u32..4, 2_u32..13).prop_map(
        |(spreads, cap, blocks, percent, per_epoch, attempts, waiting)| BmeParams {
            mint_spread_bps: spreads.0,
            redeem_spread_bps: spreads.1,
            redeem_new_uakt_per_epoch_max: cap.map(micro),
            epoch_blocks_min: BlockSpan::from_blocks(blocks),
            epoch_backoff_percent: percent,
            requests_per_epoch_max: per_epoch,
            attempts_max: attempts,
            requests_waiting_max: waiting,
            requests_per_owner_max: 3,
            mint_min: micro(10),
            ..BmeParams::default()
        },
    )
}

/// Every figure, state and waiting request of both.
fn assert_equal(host: &Host, plain: &PlainVault) {
    let (books, wide) = (host.vault.books(), Amount::to_micro);
    let rows = [
        ("collateral", wide(books.collateral_uakt), plain.collateral),
        ("credit", wide(books.remint_credit_uakt), plain.credit),
        ("supply", wide(books.outstanding_uact), plain.supply),
        ("burned uakt", wide(books.burned_uakt), plain.burned_uakt),
        ("reminted uakt", wide(books.reminted_uakt), plain.reminted_uakt),
        ("minted uakt", wide(books.minted_uakt), plain.minted_uakt),
        ("kept uakt", wide(books.redeem_spread_uakt), plain.kept_uakt),
        ("minted uact", wide(books.minted_uact), plain.minted_uact),
        ("burned uact", wide(books.burned_uact), plain.burned_uact),
        ("kept uact", wide(books.mint_spread_uact), plain.kept_uact),
        ("funded uakt", wide(books.funded_uakt), plain.funded_uakt),
        ("next redeem", books.next_redeem.to_u64().into(), plain.next_redeem.into()),
        ("next mint", books.next_mint.to_u64().into(), plain.next_mint.into()),
        ("requests", books.requests_made.into(), plain.requests_made.into()),
        ("tripped", books.is_collateral_halted.into(), plain.is_tripped.into()),
    ];
    for (name, vault, twin) in rows {
        assert_eq!(vault, twin, "{name} at block {}", host.at);
    }
    assert_eq!(books.status, plain.status);
    let waiting = |request: &BurnRequest| {
        let is_mint = request.direction() == Some(Direction::Mint);
        let burned = request.burned.amount.to_micro();
        (request.id, request.owner, is_mint, burned, request.attempts)
    };
    let twins = plain.requests.iter();
    let twins = twins.map(|one| (one.id, one.owner, one.is_mint, one.burned, one.attempts));
    assert!(host.vault.requests().map(waiting).eq(twins), "the queues differ");
}

fn take_step(host: &mut Host, plain: &mut PlainVault, step: Step) {
    let price = host.price.map_or(0, |price| price.usd_per_akt.to_atoms());
    match step {
        Step::Price(atoms) => host.price = atoms.map(usd),
        Step::Request { who, is_mint, burned } => {
            let taken = host.request(who, coin(is_mint, burned)).is_ok();
            let twin = plain.request(owner(who), is_mint, burned, price, &host.params);
            assert_eq!(taken, twin, "{who} burns {burned}");
        }
        Step::Cancel { who, back } => {
            let id = plain.requests_made.saturating_sub(back);
            assert_eq!(host.cancel(id, who).is_ok(), plain.cancel(id, owner(who)));
        }
        Step::Fund(amount) => {
            host.fund(0, Coin::uakt(amount)).unwrap();
            plain.fund(amount);
        }
        Step::Blocks(blocks) => {
            for _ in 0..blocks {
                host.block();
                plain.end_block(host.at, price, &host.params);
                assert_equal(host, plain);
            }
        }
    }
    assert_equal(host, plain);
    let (books, requests) = (host.vault.books().clone(), host.vault.requests().cloned());
    assert_eq!(Vault::restore(books, requests).as_ref(), Ok(&host.vault), "indexes rebuilt");
}

/// Both at genesis: `cover` percent of collateral at one dollar.
fn host_and_twin(cover: u128, supply: u128, params: BmeParams) -> (Host, PlainVault) {
    let collateral = supply * cover / 100;
    let plain = PlainVault::new(collateral, supply, &params);
    let mut host = Host::new(collateral, supply, params);
    // ACT from elsewhere too, so that a redemption can be more than is outstanding.
    for who in 0..4 {
        host.bank.post(&Posting::Mint { to: owner(who), coin: Coin::uact(1 << 70) }).unwrap();
    }
    (host, plain)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn the_vault_and_its_plain_twin_agree_on_every_figure(
        cover in prop_oneof![4 => 88_u128..105, 1 => 0_u128..140],
        supply in prop_oneof![Just(0_u128), Just(1_000_000), Just(5_000_000), Just(40_000_000)],
        params in any_params(),
        steps in proptest::collection::vec(any_step(), 1..120),
    ) {
        prop_assert_eq!(params.check(), Ok(()));
        let (mut host, mut plain) = host_and_twin(cover, supply, params);
        for step in steps {
            take_step(&mut host, &mut plain, step);
        }
    }

    #[test]
    fn nobody_gains_at_a_constant_price_split_or_merged(
        price in any_price(),
        spreads in (0_u32..50, 0_u32..50),
        start in 1_u128..1 << 40,
        steps in proptest::collection::vec((any::<bool>(), 0_u128..=1000, 1_u128..4), 1..12),
    ) {
        let params = BmeParams {
            mint_spread_bps: spreads.0,
            redeem_spread_bps: spreads.1,
            mint_min: Amount::ZERO,
            epoch_blocks_min: BlockSpan::from_blocks(1),
            epoch_backoff_percent: 0,
            ..BmeParams::default()
        };
        let mut host = Host::new(0, 0, params);
        host.price = Some(usd(price));
        let held = |host: &Host, denom| host.bank.balance(&owner(0), &denom).to_micro();
        let outside = held(&host, Denom::uakt()) - start;
        for (is_mint, share, parts) in steps {
            let all = if is_mint {
                held(&host, Denom::uakt()) - outside
            } else {
                held(&host, Denom::uact())
            };
            for _ in 0..parts {
                let burned = all * share / 1000 / parts;
                let _ = host.request(0, coin(is_mint, burned));
            }
            host.block();
        }
        for _ in 0..3 {
            let rest = held(&host, Denom::uact());
            let _ = host.request(0, Coin::uact(rest));
            host.block();
        }
        prop_assert!(held(&host, Denom::uakt()) - outside <= start, "gained");
    }

    #[test]
    fn the_status_gets_better_with_the_price_and_never_mints_at_or_below_the_halt(
        collateral in 0_u128..1 << 50,
        supply in 1_u128..1 << 50,
        low in any_price(),
        high in any_price(),
    ) {
        let params = BmeParams::default();
        let vault = Vault::new(micro(collateral), micro(supply), &params);
        let [low, high] = [low.min(high), low.max(high)].map(usd);
        let [worse, better] =
            [&low, &high].map(|price| vault.status_at(Some(price), &params));
        prop_assert!(better <= worse, "{better:?} above {worse:?}");
        let bps = vault.books().ratio_bps(Some(&low)).unwrap();
        prop_assert_eq!(worse.allows_mint(), bps > params.halt_ratio_bps);
    }
}
