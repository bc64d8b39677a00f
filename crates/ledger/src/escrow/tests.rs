use proptest::prelude::*;
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{Consent, Decimal, Digest, GroupId, PricePerBlock, Provider, Tenant};

use super::*;
use crate::{LeaseTerms, plain};

fn deployment(dseq: u64) -> DeploymentId {
    DeploymentId { tenant: Tenant(Address::of_module("alice")), dseq }
}

fn lease_id(dseq: u64, gseq: u32) -> LeaseId {
    let order = GroupId { deployment: deployment(dseq), gseq }.order(1);
    LeaseId(order.bid(Provider(Address::of_module("p1"))))
}

/// A lease for `apply`, which does not ask for signatures; `sign_lease` does.
fn lease(id: LeaseId, rate: &str, at: u64) -> LedgerEvent {
    let key = KeyPair::insecure(1, "anyone");
    let signature = key.sign(&Digest::ZERO);
    let consent = Consent { command: Digest::ZERO, key: key.public(), signature };
    let price = PricePerBlock::new(Denom::uact(), rate.parse().unwrap());
    let starts_at = BlockHeight::new(at);
    let terms = LeaseTerms { id, price, starts_at, version_hash: Digest::ZERO };
    LedgerEvent::LeaseSigned(SignedLease { terms, tenant: consent, provider: consent })
}

fn opened(deposits: &[u128]) -> Escrow {
    let mut escrow = Escrow::default();
    let id = deployment(1);
    let at = BlockHeight::new(0);
    let mut events = vec![LedgerEvent::AccountOpened { id, denom: Denom::uact(), at }];
    for (number, amount) in (0..).zip(deposits) {
        let depositor = Address::of_module(&format!("depositor {number}"));
        let deposit = Deposit { depositor, amount: Amount::from_micro(*amount) };
        events.push(LedgerEvent::Deposited { account: id, denom: Denom::uact(), deposit });
    }
    apply(&mut escrow, &events);
    escrow
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
    let refunds: Vec<u128> = refunds.iter().map(|refund| refund.amount.to_micro()).collect();
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
        let refused = escrow.deposit(&deployment(1), Address::FIRST, &coin.parse().unwrap());
        refused.unwrap_err().code().as_str()
    };
    assert_eq!(code("0uact"), "ESC001");
    assert_eq!(code("340282366920938463463374607431768211455uact"), "ESC002");
    assert_eq!(code("5uakt"), "ESC003");
}

#[test]
fn strangers_cannot_flood_an_account_and_its_tenant_can_always_add() {
    let mut escrow = opened(&[100]);
    let coin = Coin::uact(1);
    let stranger = |number: usize| Address::of_module(&format!("stranger {number}"));
    for number in 1..DEPOSITS_MAX {
        let event = escrow.deposit(&deployment(1), stranger(number), &coin).unwrap();
        escrow.apply(&event).unwrap();
    }
    let refused = escrow.deposit(&deployment(1), stranger(DEPOSITS_MAX), &coin);
    assert!(matches!(refused, Err(LedgerRejection::TooManyDeposits { .. })), "{refused:?}");
    let again = escrow.deposit(&deployment(1), stranger(DEPOSITS_MAX - 1), &coin);
    assert!(again.is_ok(), "adds to the last deposit, which is the stranger's own");
    for _ in 0..3 {
        let own = escrow.deposit(&deployment(1), deployment(1).tenant.0, &coin).unwrap();
        escrow.apply(&own).unwrap();
    }
    assert_eq!(escrow.account(&deployment(1)).unwrap().deposits.len(), DEPOSITS_MAX + 1);
}

#[derive(Clone, Debug)]
enum Step {
    Deposit { account: u64, amount: u128 },
    Start { account: u64, group: u32, rate_atoms: u128 },
    Withdraw { account: u64, group: u32 },
    End { account: u64, group: u32 },
    Blocks(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (account, group) = (1_u64..3, 1_u32..4);
    prop_oneof![
        (account.clone(), 1_u128..5_000)
            .prop_map(|(account, amount)| Step::Deposit { account, amount }),
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
    ]
}

/// The lazy escrow and the eager plain one, side by side.
struct Pair {
    lazy: Escrow,
    plain: plain::Ledger,
    height: BlockHeight,
}

impl Pair {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Deposit { account, amount } => {
                let coin = Coin::uact(*amount);
                if let Ok(event) = self.lazy.deposit(&deployment(*account), Address::FIRST, &coin) {
                    self.lazy.apply(&event).unwrap();
                    self.plain.deposit(deployment(*account), Address::FIRST, *amount);
                }
            }
            Step::Start { account, group, rate_atoms } => {
                let (id, rate) = (lease_id(*account, *group), Decimal::from_atoms(*rate_atoms));
                let price = PricePerBlock::new(Denom::uact(), rate);
                let fresh = self.lazy.lease(&id).is_none();
                let paid_for = self.lazy.account(&deployment(*account)).is_some_and(|account| {
                    account.is_open && account.affords_one_block(&price, self.height)
                });
                if fresh && paid_for {
                    let event = lease(id, &rate.to_string(), self.height.to_u64());
                    self.lazy.apply(&event).unwrap();
                    self.plain.start(id, rate, self.height);
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
                }
            }
            Step::Blocks(blocks) => (0..*blocks).for_each(|_| self.block()),
        }
    }

    fn block(&mut self) {
        self.height = self.height.next().unwrap();
        assert_eq!(self.plain.settle_block(self.height), [], "the plain ledger went into debt");
        self.close_due();
    }

    /// The prediction and the plain ledger, which tries the next block, name the same accounts.
    fn close_due(&mut self) {
        let due: Vec<DeploymentId> = self.lazy.due(self.height).collect();
        assert_eq!(due, self.plain.cannot_pay_after(self.height), "at {}", self.height);
        for id in due {
            let reason = LeaseEndReason::FundsExhausted;
            let events = self.lazy.close_account(&id, self.height, reason).unwrap();
            let Some(LedgerEvent::AccountClosed { refunds, .. }) = events.last() else { panic!() };
            let left: u128 = refunds.iter().map(|refund| refund.amount.to_micro()).sum();
            let plain = self.plain.accounts.remove(&id).unwrap();
            assert_eq!(left, plain.balance(), "refund");
            apply(&mut self.lazy, &events);
            for (lease, stream) in plain.streams {
                let state = self.lazy.lease(&lease).unwrap().state;
                let LeaseState::Ended { paid, .. } = state else { panic!("{state:?}") };
                assert_eq!(paid.to_micro(), stream.earned);
            }
        }
    }
}

proptest! {
    #[test]
    fn lazy_and_eager_pay_and_end_alike(steps in prop::collection::vec(step(), 1..60)) {
        let mut lazy = Escrow::default();
        for dseq in 1..3 {
            let (id, at) = (deployment(dseq), BlockHeight::GENESIS);
            lazy.apply(&LedgerEvent::AccountOpened { id, denom: Denom::uact(), at }).unwrap();
        }
        let mut pair = Pair { lazy, plain: plain::Ledger::default(), height: BlockHeight::GENESIS };
        for step in &steps {
            pair.take(step);
        }
    }
}
