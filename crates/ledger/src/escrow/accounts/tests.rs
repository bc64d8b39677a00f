//! Lean and whole accounts beside a map of whole ones, event by event.

use alloc::format;
use alloc::vec;

use proptest::prelude::*;
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{Address, BlockTime, Coin, Consent, Decimal, Digest, Provider, Tenant};

use super::*;
use crate::escrow::draft::Draft;
use crate::oracle::OraclePrice;
use crate::{LeaseEndReason, LeaseTerms, SignedLease, plain};

#[derive(Clone, Debug)]
enum Step {
    Deposit { who: u8, denom: u8, amount: u128 },
    Sign { gseq: u32, rate: u128, later: u64, bps: u32, denom: u8 },
    Settle { by: i8 },
    Withdraw { gseq: u32, by: i8 },
    InKind,
    End { gseq: u32 },
    Pause { blocks: u64 },
    Resume,
    Close,
    Blocks(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let amount = prop_oneof![6 => 0_u128..3_000, 1 => Just(u128::from(u64::MAX) - 500), 1 => Just(18_446_744_073_709 - 500), 1 => 0_u128..1 << 90];
    let rate = prop_oneof![
        (1_u128..40_000).prop_map(|milli| milli * (account::ONE / 1_000) + 333_333_333_333_333),
        (0_u128..40).prop_map(|whole| whole * account::ONE),
        1_u128..1 << 100,
        1_u128..1 << 80,
        (1_u128..3_000_000_000).prop_map(|millionths| millionths * (account::ONE / 1_000_000)),
    ];
    let denom = prop_oneof![8 => Just(0_u8), 2 => Just(1_u8), 1 => Just(2_u8)];
    let by = prop_oneof![8 => Just(0_i8), 1 => -1_i8..2];
    let later = prop_oneof![4 => Just(0_u64), 1 => 0_u64..9, 1 => Just(1_u64 << 48)];
    prop_oneof![
        5 => (0_u8..4, denom.clone(), amount)
            .prop_map(|(who, denom, amount)| Step::Deposit { who, denom, amount }),
        3 => (0_u32..3, rate, later, 0_u32..3, denom)
            .prop_map(|(gseq, rate, later, bps, denom)| Step::Sign { gseq, rate, later, bps: bps * 700, denom }),
        6 => by.clone().prop_map(|by| Step::Settle { by }),
        5 => (0_u32..3, by).prop_map(|(gseq, by)| Step::Withdraw { gseq, by }),
        1 => Just(Step::InKind),
        2 => (0_u32..3).prop_map(|gseq| Step::End { gseq }),
        1 => (0_u64..30).prop_map(|blocks| Step::Pause { blocks }),
        1 => Just(Step::Resume),
        1 => Just(Step::Close),
        6 => prop_oneof![1_u64..30, Just(1_u64 << 40)].prop_map(Step::Blocks),
    ]
}

fn id() -> DeploymentId {
    DeploymentId { tenant: Tenant(Address::of_module("alice")), dseq: 1 }
}

fn lease(gseq: u32) -> LeaseId {
    let order = GroupId { deployment: id(), gseq }.order(1);
    LeaseId(order.bid(Provider(Address::of_module("p1"))))
}

fn denom(number: u8) -> Denom {
    match number {
        0 => Denom::uact(),
        1 => Denom::uakt(),
        _ => "uusd".parse().unwrap(),
    }
}

fn signed(step: (u32, u128, BlockHeight, u32, u8)) -> LedgerEvent {
    let (gseq, rate, starts_at, take_rate_bps, number) = step;
    let key = KeyPair::insecure(1, "anyone");
    let (account, command) = (key.address(), Digest::ZERO);
    let consent = Consent { account, command, key: key.public(), signature: key.sign(&command) };
    let price = PricePerBlock::new(denom(number), Decimal::from_atoms(rate));
    let terms = LeaseTerms::new(lease(gseq), price, starts_at, Digest::ZERO);
    let terms = LeaseTerms { take_rate_bps, ..terms };
    LedgerEvent::LeaseSigned(SignedLease { terms, tenant: consent, provider: consent }.into())
}

fn shifted(amount: Amount, by: i8) -> Amount {
    Amount::from_micro(amount.to_micro().saturating_add_signed(by.into()))
}

/// The event of a step, as the rules make it of the account, or a little beside that.
fn event(step: &Step, account: &EscrowAccount, at: BlockHeight) -> Option<LedgerEvent> {
    Some(match *step {
        Step::Deposit { who, denom: number, amount } => {
            let people = [id().tenant.0, Address::FIRST, Address::LAST, Address::LAST];
            let (depositor, drawn_by) =
                (people[usize::from(who)], (who == 3).then_some(id().tenant.0));
            let coin = Coin::new(denom(number), Amount::from_micro(amount));
            LedgerEvent::Deposited { account: id(), deposit: Deposit { depositor, drawn_by, coin } }
        }
        Step::Sign { gseq, rate, later, bps, denom } => {
            signed((gseq, rate, BlockHeight::new(at.to_u64() + later), bps, denom))
        }
        Step::Settle { by } => {
            let mut settlement = account.settle(at).ok()??;
            settlement.shares.iter_mut().for_each(|share| share.amount = shifted(share.amount, by));
            LedgerEvent::Settled(settlement)
        }
        Step::Withdraw { gseq, by } => {
            let Payout { paid, fee } = account.withdrawable(&lease(gseq)).ok()??;
            let coin = Coin::new(account.denom.clone(), shifted(paid, by));
            LedgerEvent::Withdrawn { lease: lease(gseq), coin, fee }
        }
        Step::InKind => {
            let published_at = BlockTime::from_unix_seconds(0);
            let price = OraclePrice { usd_per_akt: "1.7".parse().unwrap(), published_at };
            LedgerEvent::InKindPaid(account.pay_in_kind(at, &price).ok()??)
        }
        Step::End { gseq } => {
            let earned = account.payments.get(&lease(gseq))?.received().ok()?;
            LedgerEvent::LeaseEnded { id: lease(gseq), at, reason: LeaseEndReason::Tenant, earned }
        }
        Step::Pause { blocks } => {
            let until = BlockHeight::new(at.to_u64() + blocks);
            LedgerEvent::AccountPaused { id: id(), since: at, until }
        }
        Step::Resume => LedgerEvent::AccountResumed { id: id(), at },
        Step::Close => LedgerEvent::AccountClosed { id: id(), refunds: account.refunds() },
        Step::Blocks(_) => return None,
    })
}

fn payouts_by_draft(
    account: &EscrowAccount,
    leases: &[LeaseId],
    at: BlockHeight,
) -> Result<Vec<LedgerEvent>, LedgerRejection> {
    let mut draft = Draft::of(account.clone());
    draft.settle(at)?;
    leases.iter().try_for_each(|lease| draft.pay(lease))?;
    Ok(draft.events)
}

/// Everything that shows of an account.
fn compare(accounts: &Accounts, twin: &EscrowAccount, at: BlockHeight) {
    let handle = accounts.handle_of(&id()).unwrap();
    assert_eq!(accounts.get(handle).unwrap().as_ref(), twin);
    assert_eq!(accounts.state(handle), Some(twin.state));
    let ends_at = match twin.state {
        AccountState::Open => plain::depletes_at(twin),
        AccountState::Paused { until, .. } => Some(until),
        AccountState::Closed => None,
    };
    assert_eq!(accounts.ends_at(handle), ends_at);
    for height in ends_at.into_iter().chain([at]) {
        let due = if ends_at == Some(height) { vec![id()] } else { vec![] };
        assert_eq!(accounts.due(height), due);
    }
    let leases = [lease(0), lease(1), lease(2)];
    if twin.is_open() {
        let expected = payouts_by_draft(twin, &leases, at);
        assert_eq!(accounts.payouts(handle, &leases, at), expected);
    }
    let mut restored = Accounts::default();
    assert!(restored.insert(twin.clone()) && !restored.insert(twin.clone()));
    let handle = restored.handle_of(&id()).unwrap();
    restored.predict(handle);
    assert_eq!(restored.get(handle).unwrap().as_ref(), twin);
    assert_eq!(restored.ends_at(handle), ends_at);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn lean_and_whole_accounts_are_one(steps in prop::collection::vec(step(), 1..60)) {
        let grace = BlockSpan::from_blocks(40);
        let mut twin = EscrowAccount::new(id(), Denom::uact(), grace, BlockHeight::GENESIS);
        let mut accounts = Accounts::default();
        accounts.insert(twin.clone());
        let handle = accounts.handle_of(&id()).unwrap();
        let mut at = BlockHeight::GENESIS;
        for step in &steps {
            if let Step::Blocks(blocks) = step {
                at = at.checked_add(BlockSpan::from_blocks(*blocks)).unwrap_or(at);
                accounts.advance(at);
            }
            let Some(event) = event(step, &twin, at) else { continue };
            let (mut next, mut others) = (twin.clone(), accounts.clone());
            let (expected, found) = (next.apply(&event), others.apply(handle, &event));
            prop_assert_eq!(&found, &expected, "{:?}", event);
            // What does not fit may leave anything behind.
            if expected.is_ok() {
                (twin, accounts) = (next, others);
                accounts.predict(handle);
                compare(&accounts, &twin, at);
            }
        }
    }
}

#[test]
fn due_accounts_come_by_deployment_and_not_as_they_came() {
    let mut accounts = Accounts::default();
    let grace = BlockSpan::default();
    for number in (0..50_u64).rev() {
        let id =
            DeploymentId { tenant: Tenant(Address::of_module(&format!("t{number}"))), dseq: 1 };
        let mut account = EscrowAccount::new(id, Denom::uact(), grace, BlockHeight::GENESIS);
        let (since, until) = (BlockHeight::GENESIS, BlockHeight::new(7));
        account.state = AccountState::Paused { since, until };
        accounts.insert(account);
        accounts.predict(accounts.handle_of(&id).unwrap());
    }
    let due = accounts.due(BlockHeight::new(7));
    assert!(due.len() == 50 && due.is_sorted());
}
