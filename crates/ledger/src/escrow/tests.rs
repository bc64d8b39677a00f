use proptest::prelude::*;
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{
    Address, BlockTime, Consent, Decimal, Digest, GroupId, PricePerBlock, Provider, Tenant,
    TimeSpan,
};

use super::*;
use crate::account::DEPOSITS_MAX;
use crate::oracle::OraclePrice;
use crate::{Earned, LeaseTerms, ProviderReason, Refund, Settlement, Share, plain};

fn deployment(dseq: u64) -> DeploymentId {
    DeploymentId { tenant: Tenant(Address::of_module("alice")), dseq }
}

fn lease_id(dseq: u64, gseq: u32) -> LeaseId {
    let order = GroupId { deployment: deployment(dseq), gseq }.order(1);
    LeaseId(order.bid(Provider(Address::of_module("p1"))))
}

/// A lease for `apply` and `sign_lease`, which do not ask for signatures.
fn lease(id: LeaseId, rate: &str, at: u64) -> LedgerEvent {
    let key = KeyPair::insecure(1, "anyone");
    let signature = key.sign(&Digest::ZERO);
    let (account, command) = (key.address(), Digest::ZERO);
    let consent = Consent { account, command, key: key.public(), signature };
    let price = PricePerBlock::new(Denom::uact(), rate.parse().unwrap());
    let starts_at = BlockHeight::new(at);
    let terms = LeaseTerms {
        id,
        price,
        starts_at,
        version_hash: Digest::ZERO,
        reclamation: None,
        take_rate_bps: 0,
    };
    LedgerEvent::LeaseSigned(SignedLease { terms, tenant: consent, provider: consent }.into())
}

fn opened(deposits: &[u128]) -> Escrow {
    let mut escrow = Escrow::default();
    let id = deployment(1);
    let at = BlockHeight::new(0);
    let grace = BlockSpan::default();
    let mut events = vec![LedgerEvent::AccountOpened { id, denom: Denom::uact(), grace, at }];
    for (number, amount) in (0..).zip(deposits) {
        let depositor = Address::of_module(&format!("depositor {number}"));
        let deposit = own(depositor, &Coin::uact(*amount));
        events.push(LedgerEvent::Deposited { account: id, deposit });
    }
    apply(&mut escrow, &events);
    escrow
}

fn own(depositor: Address, coin: &Coin) -> Deposit {
    Deposit { depositor, drawn_by: None, coin: coin.clone() }
}

/// A deposit of one's own, in block 1.
fn deposit(
    escrow: &Escrow,
    id: &DeploymentId,
    depositor: Address,
    coin: &Coin,
) -> Result<Vec<LedgerEvent>, LedgerRejection> {
    escrow.deposit(id, coin, vec![own(depositor, coin)], BlockHeight::new(1), None)
}

fn apply_all(escrow: &mut Escrow, events: Result<Vec<LedgerEvent>, LedgerRejection>) {
    apply(escrow, &events.unwrap());
}

fn apply(escrow: &mut Escrow, events: &[LedgerEvent]) {
    for event in events {
        escrow.apply(event).unwrap();
    }
}

fn paid(events: &[LedgerEvent]) -> Vec<u128> {
    let coins = events.iter().filter_map(|event| match event {
        LedgerEvent::Withdrawn { coin, .. } => Some(coin.amount.to_micro()),
        _ => None,
    });
    coins.collect()
}

#[test]
fn five_act_at_2259_894629_last_2212_blocks() {
    let mut escrow = opened(&[5_000_000]);
    apply(&mut escrow, &[lease(lease_id(1, 1), "2259.894629", 8)]);
    let id = deployment(1);
    assert_eq!(escrow.ends_at(&id), Some(BlockHeight::new(2220)));
    assert_eq!(escrow.runway(&id, BlockHeight::new(8)), Some(BlockSpan::from_blocks(2212)));
    assert_eq!(escrow.due(BlockHeight::new(2220)).collect::<Vec<_>>(), [id]);
    assert_eq!(escrow.due(BlockHeight::new(2219)).count(), 0);
}

#[test]
fn withdrawing_often_or_once_pays_the_same() {
    // chain.md E9 and E10, where the original loses fractions
    for (rate, blocks, total) in [("0.7", 10, 7), ("2.5", 6, 15), ("123.456789", 1000, 123_456)] {
        for step in [1, 3, blocks] {
            let mut escrow = opened(&[1_000_000]);
            let id = lease_id(1, 1);
            apply(&mut escrow, &[lease(id, rate, 0)]);
            let mut sum = 0;
            for height in (1..=blocks).filter(|height| height % step == 0 || *height == blocks) {
                let events = escrow.withdraw(&id, BlockHeight::new(height)).unwrap();
                sum += paid(&events).iter().sum::<u128>();
                apply(&mut escrow, &events);
            }
            assert_eq!(sum, total, "rate {rate}, every {step} blocks");
        }
    }
}

#[test]
fn second_withdrawal_in_one_block_moves_nothing() {
    let mut escrow = opened(&[1000]);
    let id = lease_id(1, 1);
    apply(&mut escrow, &[lease(id, "30", 0)]);
    let first = escrow.withdraw(&id, BlockHeight::new(10)).unwrap();
    assert_eq!(paid(&first), [300]);
    apply(&mut escrow, &first);
    assert_eq!(escrow.withdraw(&id, BlockHeight::new(10)), Ok(vec![]), "chain.md E13");
}

#[test]
fn closing_pays_providers_and_refunds_in_order_of_deposit() {
    // chain.md E12
    let mut escrow = opened(&[100, 50, 200]);
    apply(&mut escrow, &[lease(lease_id(1, 1), "7", 0), lease(lease_id(1, 2), "5", 0)]);
    let at = BlockHeight::new(10);
    let events = escrow.close_account(&deployment(1), at, LeaseEndReason::Tenant).unwrap();
    assert_eq!(paid(&events), [70, 50]);
    let Some(LedgerEvent::AccountClosed { refunds, .. }) = events.last() else { panic!() };
    let refunds: Vec<u128> = refunds.iter().map(|refund| refund.coin.amount.to_micro()).collect();
    assert_eq!(refunds, [30, 200]);
    apply(&mut escrow, &events);
    assert_eq!(escrow.ends_at(&deployment(1)), None);
    let again = escrow.close_account(&deployment(1), at, LeaseEndReason::Tenant);
    assert_eq!(again, Err(LedgerRejection::AccountClosed { id: deployment(1) }));
}

#[test]
fn a_lease_that_cannot_be_paid_for_one_block_is_not_recorded() {
    let escrow = opened(&[100]);
    let rate = |text: &str| text.parse::<PricePerBlock>().unwrap();
    let account = escrow.account(&deployment(1)).unwrap();
    let affords = |text| account.affords_one_block(&rate(text), BlockHeight::new(3));
    assert!(affords("100uact"));
    assert!(affords("100.9uact"), "the first block costs 100 whole micro-units");
    assert!(!affords("101uact") && !affords("1uakt"));
}

#[test]
fn deposits_of_nothing_too_much_or_another_denom_are_refused() {
    let escrow = opened(&[100]);
    let code = |coin: &str| {
        let refused = deposit(&escrow, &deployment(1), Address::FIRST, &coin.parse().unwrap());
        refused.unwrap_err().code().as_str()
    };
    assert_eq!(code("0uact"), "ESC001");
    assert_eq!(code("340282366920938463463374607431768211455uact"), "ESC002");
    assert_eq!(code("5uusd"), "ESC003");
}

#[test]
fn strangers_cannot_flood_an_account_and_its_tenant_can_always_add() {
    let mut escrow = opened(&[100]);
    let coin = Coin::uact(1);
    let stranger = |number: usize| Address::of_module(&format!("stranger {number}"));
    for number in 1..DEPOSITS_MAX {
        let events = deposit(&escrow, &deployment(1), stranger(number), &coin);
        apply_all(&mut escrow, events);
    }
    let refused = deposit(&escrow, &deployment(1), stranger(DEPOSITS_MAX), &coin);
    assert!(matches!(refused, Err(LedgerRejection::TooManyDeposits { .. })), "{refused:?}");
    let again = deposit(&escrow, &deployment(1), stranger(DEPOSITS_MAX - 1), &coin);
    assert!(again.is_ok(), "adds to the last deposit, which is the stranger's own");
    for _ in 0..3 {
        let own = deposit(&escrow, &deployment(1), deployment(1).tenant.0, &coin);
        apply_all(&mut escrow, own);
    }
    assert_eq!(escrow.account(&deployment(1)).unwrap().deposits.len(), DEPOSITS_MAX + 1);
}

/// A lease of group `gseq` at `rate` from block 0, a fifth of which goes to the community pool.
fn taxed(gseq: u32, rate: &str) -> LedgerEvent {
    let LedgerEvent::LeaseSigned(mut signed) = lease(lease_id(1, gseq), rate, 0) else { panic!() };
    signed.terms.take_rate_bps = 2_000;
    LedgerEvent::LeaseSigned(signed)
}

#[test]
fn fees_are_the_same_however_often_a_provider_withdraws() {
    let totals = |every: usize| {
        let mut escrow = opened(&[1_000_000]);
        apply(&mut escrow, &[taxed(1, "3.7")]);
        let (mut coins, mut fees) = (0, 0);
        for height in (1..=101).step_by(every) {
            let events = escrow.withdraw(&lease_id(1, 1), BlockHeight::new(height)).unwrap();
            for event in &events {
                if let LedgerEvent::Withdrawn { coin, fee, .. } = event {
                    coins += coin.amount.to_micro();
                    fees += fee.to_micro();
                }
            }
            apply(&mut escrow, &events);
        }
        (coins, fees)
    };
    // floor(3.7 x 101) = 373; a fifth of it, rounded up, is 75.
    for every in [1, 4, 50, 100] {
        assert_eq!(totals(every), (298, 75), "every {every} blocks");
    }
}

fn act_at(usd_per_akt: &str) -> OraclePrice {
    let published_at = BlockTime::from_unix_seconds(0);
    OraclePrice { usd_per_akt: usd_per_akt.parse().unwrap(), published_at }
}

#[test]
fn who_pays_in_two_denoms_by_turns_does_not_make_the_account_longer_each_time() {
    let mut escrow = opened(&[5]);
    for coin in [Coin::uakt(1), Coin::uact(2)].into_iter().cycle().take(100) {
        let events = deposit(&escrow, &deployment(1), Address::FIRST, &coin).unwrap();
        apply(&mut escrow, &events);
    }
    let account = escrow.account(&deployment(1)).unwrap();
    let left: Vec<String> = account.deposits.iter().map(|one| one.coin.to_string()).collect();
    assert_eq!(left, ["5uact", "50uakt", "100uact"]);
}

#[test]
fn uakt_pays_block_by_block_while_no_act_can_be_minted() {
    // chain.md E18 and E19: the original leaves a negative balance, or dust that ends the lease.
    let mut escrow = opened(&[1000]);
    let events = deposit(&escrow, &deployment(1), Address::FIRST, &Coin::uakt(100));
    apply_all(&mut escrow, events);
    apply(&mut escrow, &[lease(lease_id(1, 1), "30", 0)]);
    let price = act_at("3");
    for height in 33..=43 {
        let at = BlockHeight::new(height);
        assert_eq!(escrow.ends_at(&deployment(1)), Some(at));
        let bridged = escrow.bridge(&deployment(1), at, Some(&price)).unwrap();
        let Some(LedgerEvent::InKindPaid(paid)) = bridged.last() else { break };
        // 10 uact are left of 1000 after 33 blocks: 20 are lacking first, then 30.
        let [share] = &paid.shares[..] else { panic!() };
        let lacks: u128 = if height == 33 { 20 } else { 30 };
        assert_eq!((share.value.to_micro(), share.paid.to_micro()), (lacks, lacks.div_ceil(3)));
        apply(&mut escrow, &bridged);
    }
    // 7 uakt, then 9 times 10; the last 3 do not pay another block.
    assert_eq!(escrow.ends_at(&deployment(1)), Some(BlockHeight::new(43)));
    let account = escrow.account(&deployment(1)).unwrap();
    assert_eq!(account.balance_in(&Denom::uakt()), Amount::from_micro(3));
    assert_eq!(account.balance(), Amount::ZERO);
    let end = escrow.end_lease(&lease_id(1, 1), BlockHeight::new(43), LeaseEndReason::Tenant);
    let end = end.unwrap();
    let Some(LedgerEvent::LeaseEnded { earned, .. }) = end.last() else { panic!() };
    assert_eq!((earned.paid.to_micro(), earned.in_kind.to_micro()), (1000, 290));
}

#[test]
fn what_is_left_is_shared_by_largest_remainder() {
    let mut escrow = opened(&[105]);
    let events = deposit(&escrow, &deployment(1), Address::FIRST, &Coin::uakt(1000));
    apply_all(&mut escrow, events);
    apply(&mut escrow, &[lease(lease_id(1, 1), "7", 0), lease(lease_id(1, 2), "3", 0)]);
    // Ten blocks take 100; 5 are left of the 7 + 3 of the eleventh: 3.5 and 1.5.
    let at = BlockHeight::new(10);
    assert_eq!(escrow.ends_at(&deployment(1)), Some(at));
    let bridged = escrow.bridge(&deployment(1), at, Some(&act_at("2"))).unwrap();
    let Some(LedgerEvent::InKindPaid(paid)) = bridged.last() else { panic!() };
    let shares: Vec<[u128; 3]> = paid
        .shares
        .iter()
        .map(|share| [share.own, share.value, share.paid].map(Amount::to_micro))
        .collect();
    assert_eq!(shares, [[4, 3, 2], [1, 2, 1]], "equal remainders: the first lease");
}

#[test]
fn a_paused_account_costs_nothing_and_a_top_up_revives_it() {
    let mut escrow = Escrow::default();
    let (id, grace) = (deployment(1), BlockSpan::from_blocks(20));
    let at = BlockHeight::GENESIS;
    let opened = LedgerEvent::AccountOpened { id, denom: Denom::uact(), grace, at };
    apply(&mut escrow, &[opened]);
    let events = deposit(&escrow, &id, id.tenant.0, &Coin::uact(100));
    apply_all(&mut escrow, events);
    apply(&mut escrow, &[lease(lease_id(1, 1), "7.5", 0)]);
    let dry = BlockHeight::new(13);
    assert_eq!(escrow.ends_at(&id), Some(dry));
    let paused = escrow.bridge(&id, dry, None).unwrap();
    assert_eq!(paid(&paused), [97], "paid in full up to the pause");
    apply(&mut escrow, &paused);
    assert_eq!(escrow.ends_at(&id), Some(BlockHeight::new(33)), "the end of the grace");
    assert!(matches!(escrow.paying(&id), Err(LedgerRejection::AccountPaused { .. })));

    let top_up = |amount| {
        let coin = Coin::uact(amount);
        let deposits = vec![own(id.tenant.0, &coin)];
        escrow.deposit(&id, &coin, deposits, BlockHeight::new(20), None).unwrap()
    };
    assert_eq!(top_up(4).len(), 1, "the next block costs 8, with 3 there: still paused");
    let revived = top_up(100);
    assert!(matches!(revived.last(), Some(LedgerEvent::AccountResumed { .. })));
    apply(&mut escrow, &revived);
    // 13 blocks before the pause and 14 after: floor(7.5 x 27) = 202.
    assert_eq!(escrow.ends_at(&id), Some(BlockHeight::new(34 - 1)));
    let ended = escrow.end_lease(&lease_id(1, 1), BlockHeight::new(33), LeaseEndReason::Tenant);
    assert_eq!(paid(&ended.unwrap()), [195 - 97]);
}

#[test]
fn ending_one_lease_of_a_paused_account_revives_the_others() {
    let mut escrow = Escrow::default();
    let (id, grace) = (deployment(1), BlockSpan::from_blocks(20));
    let at = BlockHeight::GENESIS;
    let opened = LedgerEvent::AccountOpened { id, denom: Denom::uact(), grace, at };
    apply(&mut escrow, &[opened]);
    let events = deposit(&escrow, &id, id.tenant.0, &Coin::uact(109));
    apply_all(&mut escrow, events);
    apply(&mut escrow, &[lease(lease_id(1, 1), "7", 0), lease(lease_id(1, 2), "3", 0)]);
    let paused = escrow.bridge(&id, BlockHeight::new(10), None);
    apply_all(&mut escrow, paused);
    let at = BlockHeight::new(15);
    let ended = escrow.end_lease(&lease_id(1, 1), at, LeaseEndReason::Tenant).unwrap();
    let [LedgerEvent::LeaseEnded { at: ended_at, .. }, LedgerEvent::AccountResumed { .. }] =
        &ended[..]
    else {
        panic!("{ended:?}")
    };
    assert_eq!(*ended_at, BlockHeight::new(10), "the last block that was paid");
    apply(&mut escrow, &ended);
    assert_eq!(escrow.ends_at(&id), Some(BlockHeight::new(18)), "9 uact are left for 3 a block");
}

#[test]
fn providers_that_promised_notice_have_to_give_it() {
    // chain.md M9 to M13
    let mut escrow = opened(&[1_000_000]);
    let LedgerEvent::LeaseSigned(mut signed) = lease(lease_id(1, 1), "1", 0) else { panic!() };
    signed.terms.reclamation = Some(TimeSpan::from_seconds(24 * 3600));
    apply(&mut escrow, &[LedgerEvent::LeaseSigned(signed), lease(lease_id(1, 2), "1", 0)]);
    let noon = BlockTime::from_unix_seconds(1_780_315_200);
    let (id, free) = (lease_id(1, 1), lease_id(1, 2));
    let code = |checked: Result<(), LedgerRejection>| checked.map_err(|no| no.code().as_str());
    assert_eq!(code(escrow.check_provider_may_end(&id, noon)), Err("ESC020"));
    assert_eq!(code(escrow.check_provider_may_end(&free, noon)), Ok(()));
    let start = |escrow: &Escrow, id| {
        let at = BlockHeight::new(100);
        escrow.start_reclamation(id, at, noon, ProviderReason::DECOMMISSIONED)
    };
    assert_eq!(start(&escrow, &free).unwrap_err().code().as_str(), "ESC019");
    let started = start(&escrow, &id).unwrap();
    apply(&mut escrow, &[started]);
    let deadline = BlockTime::from_unix_seconds(1_780_401_600);
    let state = escrow.lease(&id).unwrap().state;
    assert!(matches!(state, LeaseState::Reclaiming { deadline: found, .. } if found == deadline));
    assert_eq!(start(&escrow, &id).unwrap_err().code().as_str(), "ESC018");
    let before = BlockTime::from_unix_nanos(deadline.to_unix_nanos() - 1);
    assert_eq!(code(escrow.check_provider_may_end(&id, before)), Err("ESC021"));
    assert_eq!(code(escrow.check_provider_may_end(&id, deadline)), Ok(()));
}

#[test]
fn money_that_lasts_beyond_the_last_block_has_no_end() {
    let mut escrow = opened(&[1 << 60]);
    apply(&mut escrow, &[lease(lease_id(1, 1), "0.5", 0)]);
    assert_eq!(escrow.ends_at(&deployment(1)), None);
    let account = escrow.account(&deployment(1)).unwrap();
    let rate: PricePerBlock = "1uact".parse().unwrap();
    assert!(!account.affords_one_block(&rate, BlockHeight::MAX), "there is no next block");
    assert!(!account.pays_next_block(BlockHeight::MAX));
    assert_eq!(account.pay_in_kind(BlockHeight::MAX, &act_at("1")), Ok(None));
    let most = PricePerBlock::new(Denom::uact(), Decimal::from_atoms(u128::MAX));
    assert!(!account.affords_one_block(&most, BlockHeight::new(1)));
    assert_eq!(account.withdrawable(&lease_id(1, 2)), Ok(None), "no such lease");
}

#[test]
fn an_account_in_akt_has_nothing_else_to_pay_with() {
    let (id, at) = (deployment(1), BlockHeight::GENESIS);
    let account = EscrowAccount::new(id, Denom::uakt(), BlockSpan::default(), at);
    assert!(account.takes(&Denom::uakt()) && !account.takes(&Denom::uact()));
    let usd = EscrowAccount::new(id, "uusd".parse().unwrap(), BlockSpan::default(), at);
    assert!(!usd.takes(&Denom::uakt()));
    assert_eq!(usd.pay_in_kind(at, &act_at("1")), Ok(None));
}

#[test]
fn events_that_no_rule_made_do_not_fit() {
    let mut escrow = opened(&[1000]);
    let (id, lease_1) = (deployment(1), lease_id(1, 1));
    apply(&mut escrow, &[lease(lease_1, "10", 0)]);
    let settled = escrow.withdraw(&lease_1, BlockHeight::new(10)).unwrap();
    apply(&mut escrow, &settled[..1]);
    let at = BlockHeight::new(10);
    let (denom, grace) = (Denom::uact(), BlockSpan::default());
    let refund = Refund { to: Address::FIRST, drawn_by: None, coin: Coin::uact(1) };
    let share = |micro| Share { lease: lease_1, amount: Amount::from_micro(micro) };
    let settle = |shares| Settlement { account: id, from: at, to: BlockHeight::new(11), shares };
    let earned = |paid| Earned { paid: Amount::from_micro(paid), ..Earned::default() };
    let ended = |earned| LedgerEvent::LeaseEnded {
        id: lease_1,
        at,
        reason: LeaseEndReason::Tenant,
        earned,
    };
    let paid = |micro| LedgerEvent::Withdrawn {
        lease: lease_1,
        coin: Coin::uact(micro),
        fee: Amount::ZERO,
    };
    let rows = [
        ("opened twice", LedgerEvent::AccountOpened { id, denom, grace, at }),
        ("a lease again", lease(lease_1, "1", 10)),
        ("more than there is", LedgerEvent::Settled(settle(vec![share(901)]))),
        ("less than was earned", paid(99)),
        ("more than was earned", paid(101)),
        ("the end before the pay", ended(earned(100))),
        ("a close with a lease", LedgerEvent::AccountClosed { id, refunds: vec![] }),
        ("no pause", LedgerEvent::AccountResumed { id, at }),
        ("another account", LedgerEvent::AccountPaused { id: deployment(9), since: at, until: at }),
    ];
    for (name, event) in rows {
        assert!(escrow.clone().apply(&event).is_err(), "{name}");
    }
    apply(&mut escrow, &[paid(100)]);
    assert!(escrow.clone().apply(&ended(earned(99))).is_err(), "told another sum");
    apply(&mut escrow, &[ended(earned(100))]);
    assert!(escrow.clone().apply(&ended(earned(100))).is_err(), "ended twice");
    let short = LedgerEvent::AccountClosed { id, refunds: vec![refund] };
    assert!(escrow.apply(&short).is_err(), "a refund of something else");
}

#[test]
fn an_account_streams_to_as_many_leases_as_it_can_hold() {
    let mut escrow = opened(&[1_000_000]);
    for gseq in 1..=u32::try_from(crate::account::PAYMENTS_MAX).unwrap() {
        apply(&mut escrow, &[lease(lease_id(1, gseq), "1", 0)]);
    }
    assert!(escrow.apply(&lease(lease_id(1, 999), "1", 0)).is_err());
}

#[derive(Clone, Debug)]
enum Step {
    Deposit { account: u64, amount: u128, is_akt: bool },
    Start { account: u64, group: u32, rate_atoms: u128 },
    Withdraw { account: u64, group: u32 },
    End { account: u64, group: u32 },
    Blocks(u64),
    Halt(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let (account, group) = (1_u64..3, 1_u32..4);
    prop_oneof![
        (account.clone(), 1_u128..5_000, prop::bool::weighted(0.3))
            .prop_map(|(account, amount, is_akt)| Step::Deposit { account, amount, is_akt }),
        (account.clone(), group.clone(), 1_u128..40_000).prop_map(|(account, group, milli)| {
            // A fraction that never ends, so that every block has a remainder.
            let rate_atoms =
                milli.saturating_mul(1_000_000_000_000_000).saturating_add(333_333_333_333_333);
            Step::Start { account, group, rate_atoms }
        }),
        (account.clone(), group.clone())
            .prop_map(|(account, group)| Step::Withdraw { account, group }),
        (account, group).prop_map(|(account, group)| Step::End { account, group }),
        (1_u64..40).prop_map(Step::Blocks),
        any::<bool>().prop_map(Step::Halt),
    ]
}

/// The lazy escrow and the eager plain one, side by side.
struct Pair {
    lazy: Escrow,
    plain: plain::Ledger,
    height: BlockHeight,
    is_halted: bool,
}

impl Pair {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Deposit { account, amount, is_akt } => {
                let coin = if *is_akt { Coin::uakt(*amount) } else { Coin::uact(*amount) };
                let (id, deposit) = (deployment(*account), own(Address::FIRST, &coin));
                let price = self.is_halted.then(|| act_at("1.7"));
                let deposits = vec![deposit.clone()];
                let events = self.lazy.deposit(&id, &coin, deposits, self.height, price.as_ref());
                let Ok(events) = events else { return };
                self.plain.deposit(id, &deposit);
                if let Some(LedgerEvent::AccountResumed { .. }) = events.last() {
                    self.plain.set_paused(&id, false);
                }
                apply(&mut self.lazy, &events);
            }
            Step::Start { account, group, rate_atoms } => {
                let (id, rate) = (lease_id(*account, *group), Decimal::from_atoms(*rate_atoms));
                let price = PricePerBlock::new(Denom::uact(), rate);
                let fresh = self.lazy.lease(&id).is_none();
                let account = self.lazy.paying(&deployment(*account));
                let paid_for =
                    account.is_ok_and(|account| account.affords_one_block(&price, self.height));
                if fresh && paid_for {
                    let event = lease(id, &rate.to_string(), self.height.to_u64());
                    self.lazy.apply(&event).unwrap();
                    self.plain.start(id, rate);
                }
            }
            Step::Withdraw { account, group } => {
                if let Ok(events) = self.lazy.withdraw(&lease_id(*account, *group), self.height) {
                    apply(&mut self.lazy, &events);
                }
            }
            Step::End { account, group } => {
                let id = lease_id(*account, *group);
                let ended = self.lazy.end_lease(&id, self.height, LeaseEndReason::Tenant);
                if let Ok(events) = ended {
                    apply(&mut self.lazy, &events);
                    self.plain.stop(&id);
                    if let Some(LedgerEvent::AccountResumed { .. }) = events.last() {
                        self.plain.set_paused(&id.deployment(), false);
                    }
                }
            }
            Step::Blocks(blocks) => (0..*blocks).for_each(|_| self.block()),
            Step::Halt(is_halted) => self.is_halted = *is_halted,
        }
    }

    /// Ends a block, whose commands came before, and serves the next one.
    fn block(&mut self) {
        self.close_due();
        self.height = self.height.next().unwrap();
        assert_eq!(self.plain.settle_block(self.height), [], "the plain ledger went into debt");
    }

    /// The prediction and the plain ledger, which tries the next block, name the same accounts.
    fn close_due(&mut self) {
        let due: Vec<DeploymentId> = self.lazy.due(self.height).collect();
        let is_paused = |id: &DeploymentId| self.plain.accounts[id].is_paused;
        let dry: Vec<DeploymentId> = due.iter().filter(|id| !is_paused(id)).copied().collect();
        assert_eq!(dry, self.plain.cannot_pay_after(self.height), "at {}", self.height);
        let price = self.is_halted.then(|| act_at("1.7"));
        for id in due {
            let bridged = self.lazy.bridge(&id, self.height, price.as_ref()).unwrap();
            apply(&mut self.lazy, &bridged);
            match bridged.last() {
                Some(LedgerEvent::InKindPaid(paid)) => assert!(self.plain.pay_in_kind(paid)),
                Some(LedgerEvent::AccountPaused { .. }) => self.plain.set_paused(&id, true),
                _ => self.close(id),
            }
        }
    }

    fn close(&mut self, id: DeploymentId) {
        let reason = LeaseEndReason::FundsExhausted;
        let events = self.lazy.close_account(&id, self.height, reason).unwrap();
        let Some(LedgerEvent::AccountClosed { refunds, .. }) = events.last() else { panic!() };
        let left = |denom: &Denom| -> u128 {
            let of_denom = refunds.iter().filter(|refund| refund.coin.denom == *denom);
            of_denom.map(|refund| refund.coin.amount.to_micro()).sum()
        };
        let plain = self.plain.accounts.remove(&id).unwrap();
        for denom in [Denom::uact(), Denom::uakt()] {
            assert_eq!(left(&denom), plain.balance(&denom), "refund");
        }
        apply(&mut self.lazy, &events);
        for (lease, stream) in plain.streams {
            let state = self.lazy.lease(&lease).unwrap().state;
            let LeaseState::Ended { earned, .. } = state else { panic!("{state:?}") };
            let paid = earned.paid.plus(earned.in_kind).unwrap();
            assert_eq!(paid.to_micro(), stream.earned);
        }
    }
}

proptest! {
    #[test]
    fn lazy_and_eager_pay_and_end_alike(steps in prop::collection::vec(step(), 1..60)) {
        let (mut lazy, mut plain) = (Escrow::default(), plain::Ledger::default());
        for dseq in 1..3 {
            let (id, at) = (deployment(dseq), BlockHeight::GENESIS);
            // The second one waits for a top-up when its money ends.
            let grace = BlockSpan::from_blocks(if dseq == 2 { 30 } else { 0 });
            lazy.apply(&LedgerEvent::AccountOpened { id, denom: Denom::uact(), grace, at }).unwrap();
            plain.open(id, Denom::uact());
        }
        let (height, is_halted) = (BlockHeight::GENESIS, false);
        let mut pair = Pair { lazy, plain, height, is_halted };
        for step in &steps {
            pair.take(step);
        }
    }
}
