//! The worked numbers of `docs/concepts/` that no other test plays: pauses, blocks paid in uakt,
//! fees, allowances, lowered bids, announced ends, groups, auditors' words.

use undercut::{Command, Event, Params};
use undercut_bidding::{BidClosedReason, BidState, Registration};
use undercut_ledger::oracle::OraclePrice;
use undercut_ledger::{
    AccountState, Deposit, Earned, Escrow, LeaseEndReason, LeaseState, LeaseTerms, LedgerEvent,
    NewAccount, NewAllowance, ProviderReason, SignedLease,
};
use undercut_orderbook::{GroupState, NewDeployment, OrderState};
use undercut_primitives::{
    Amount, Attribute, BlockHeight, BlockSpan, BlockTime, Coin, Consent, Contribution, Denom,
    Digest, LeaseId, OrderId, TimeSpan,
};
use undercut_tests::chain::{
    BID_DEPOSIT, Chain, START, address, bid, bid_id, deployment, deployment_id, key, lease_id,
    order_id, provider,
};

const HOUR: TimeSpan = TimeSpan::from_seconds(3_600);

/// One lease of alice's with p1 from block 6, at `price` a block, with a window of an hour.
fn leased(params: Params, price: &str, change: impl Fn(&mut NewDeployment)) -> Chain {
    let mut chain = Chain::with(params);
    chain.register(&["p1", "p2"]);
    let mut new = deployment(1, &[("west", "100000uact")], "1ACT");
    change(&mut new);
    chain.must("alice", Command::CreateDeployment(new));
    let mut new = bid(west(), price);
    new.reclamation = Some(HOUR);
    chain.must("p1", Command::CreateBid(new));
    chain.end_at(6);
    assert_eq!(lease(&chain), LeaseState::Active);
    chain
}

fn west() -> OrderId {
    order_id("alice", 1, 1, 1)
}

fn lease(chain: &Chain) -> LeaseState {
    chain.state().escrow().lease(&lease_id(west(), "p1")).expect("the lease exists").state
}

fn account_state(chain: &Chain) -> AccountState {
    chain.state().escrow().account(&deployment_id("alice", 1)).expect("it has one").state
}

fn ends_at(chain: &Chain) -> Option<u64> {
    chain.state().escrow().ends_at(&deployment_id("alice", 1)).map(BlockHeight::to_u64)
}

fn refused(chain: &mut Chain, name: &str, command: Command) -> &'static str {
    chain.send(name, command).expect_err("it is refused").code().as_str()
}

fn ten_blocks_of_grace(new: &mut NewDeployment) {
    new.grace = BlockSpan::from_blocks(10);
}

#[test]
fn a_top_up_within_the_grace_moves_the_end_by_the_pause() {
    // 1,000,000 ÷ 80,000 = 12.5: blocks 7 to 18 are paid, 960,000 in all, 40,000 are left.
    let mut chain = leased(Params::default(), "80000uact", ten_blocks_of_grace);
    assert_eq!(ends_at(&chain), Some(18));
    chain.end_at(18);
    let (since, until) = (BlockHeight::new(18), BlockHeight::new(28));
    assert_eq!(account_state(&chain), AccountState::Paused { since, until });
    assert_eq!(chain.uact("p1"), START + 960_000, "paid out at the pause");
    chain.end_at(22);
    chain.must("alice", Command::deposit(deployment_id("alice", 1), Coin::uakt(1_000_000)));
    assert_ne!(account_state(&chain), AccountState::Open, "uakt ends no pause");
    chain.must("bob", Command::deposit(deployment_id("alice", 1), Coin::uact(200_000)));
    assert_eq!(account_state(&chain), AccountState::Open);
    // 240,000 pay blocks 24, 25 and 26; nothing is owed for 19 to 23.
    assert_eq!(ends_at(&chain), Some(26));
}

#[test]
fn without_a_top_up_the_end_comes_with_the_grace_and_names_the_last_paid_block() {
    let mut chain = leased(Params::default(), "80000uact", ten_blocks_of_grace);
    chain.end_at(27);
    assert_eq!(lease(&chain), LeaseState::Active);
    chain.end();
    let paid = Amount::from_micro(960_000);
    let earned = Earned { paid, ..Earned::default() };
    let (at, reason) = (BlockHeight::new(18), LeaseEndReason::FundsExhausted);
    assert_eq!(lease(&chain), LeaseState::Ended { at, reason, earned });
    assert_eq!(chain.uact("alice"), START - 960_000);
}

#[test]
fn fees_are_rounded_up_once_over_the_lease() {
    // 80,250.25 × 3 = 240,750 in three blocks; 3.33 % of it are 8,016.975, so 8,017.
    let mut params = Params::default();
    params.ledger.take_rates_bps = vec![(Denom::uact(), 333)];
    for heights in [vec![9], vec![7, 8, 9]] {
        let mut chain = leased(params.clone(), "80250.25uact", |_| {});
        for height in heights {
            if chain.height() + 1 < height {
                chain.end_at(height - 1);
            }
            chain.must("p1", Command::Withdraw(lease_id(west(), "p1")));
            chain.end();
        }
        assert_eq!(chain.uact("p1"), START + 232_733);
    }
}

/// An escrow of 1,000 uact and 100 uakt that streams 30 uact a block from block 0 on.
fn bridged() -> Escrow {
    let mut escrow = Escrow::default();
    let (id, at) = (deployment_id("alice", 1), BlockHeight::GENESIS);
    let deposit = |coin| Deposit { depositor: address("alice"), drawn_by: None, coin };
    let (denom, grace) = (Denom::uact(), BlockSpan::default());
    let new = NewAccount { id, denom: &denom, deposit: &Coin::uact(1_000), grace, at };
    let mut params = Params::default().ledger;
    params.deposits_min = vec![Coin::uact(1)];
    let opened = escrow.open_account(&new, vec![deposit(Coin::uact(1_000))], &params).unwrap();
    opened.iter().for_each(|event| escrow.apply(event).unwrap());
    let beside = vec![deposit(Coin::uakt(100))];
    let added = escrow.deposit(&id, &Coin::uakt(100), beside, at, None).unwrap();
    added.iter().for_each(|event| escrow.apply(event).unwrap());
    let consent = |name| {
        let (account, command, key) = (address(name), Digest::ZERO, key(name));
        Consent { account, command, key: key.public(), signature: key.sign(&command) }
    };
    let terms = LeaseTerms {
        id: lease_id(west(), "p1"),
        price: "30uact".parse().unwrap(),
        starts_at: at,
        version_hash: Digest::ZERO,
        reclamation: None,
        take_rate_bps: 0,
    };
    let lease = SignedLease { terms, tenant: consent("alice"), provider: consent("p1") };
    let signed = escrow.sign_lease(lease).unwrap();
    escrow.apply(&signed).unwrap();
    escrow
}

#[test]
fn blocks_beyond_the_money_are_paid_in_uakt_and_nothing_stays_owed() {
    // chain.md E18. 33 blocks cost 990. Block 34: 10 uact are left, 20 are worth 6.67 uakt, so 7.
    // Each block after it: 30 uact are worth 10 uakt, and 93 of them pay nine.
    let mut escrow = bridged();
    let id = deployment_id("alice", 1);
    let published_at = BlockTime::from_unix_seconds(0);
    let price = OraclePrice { usd_per_akt: "3".parse().unwrap(), published_at };
    let mut paid = Vec::new();
    let mut height = escrow.ends_at(&id).expect("it ends");
    assert_eq!(height, BlockHeight::new(33));
    loop {
        let events = escrow.bridge(&id, height, Some(&price)).unwrap();
        let Some(LedgerEvent::InKindPaid(block)) = events.last() else { break };
        let share = &block.shares[0];
        paid.push([share.own, share.value, share.paid].map(Amount::to_micro));
        events.iter().for_each(|event| escrow.apply(event).unwrap());
        height = height.next().unwrap();
        assert_eq!(escrow.ends_at(&id), Some(height), "one block at a time");
    }
    assert_eq!(paid[..2], [[10, 20, 7], [0, 30, 10]]);
    assert_eq!((paid.len(), height), (10, BlockHeight::new(43)));
    let reason = LeaseEndReason::FundsExhausted;
    let closed = escrow.close_account(&id, height, reason).unwrap();
    let Some(LedgerEvent::AccountClosed { refunds, .. }) = closed.last() else { panic!() };
    assert_eq!(
        refunds.iter().map(|refund| refund.coin.clone()).collect::<Vec<_>>(),
        [Coin::uakt(3)]
    );
    assert_eq!(escrow.bridge(&id, height, None), Ok(vec![]), "without a price nothing bridges");
}

#[test]
fn a_deposit_drawn_on_an_allowance_comes_back_to_it() {
    let mut chain = Chain::new();
    let limits = vec![Coin::uact(700_000)];
    let (grantee, expires_at) = (address("alice"), Some(BlockHeight::new(1)));
    let new = NewAllowance { grantee, for_deployments: true, for_bids: false, limits, expires_at };
    chain.must("bob", Command::GrantAllowance(new));
    let mut new = deployment(1, &[("west", "10uact")], "1ACT");
    let part =
        |name, micro| Contribution { payer: address(name), amount: Amount::from_micro(micro) };
    new.payers = vec![part("alice", 400_000), part("bob", 600_000)];
    chain.must("alice", Command::CreateDeployment(new));
    assert_eq!((chain.uact("alice"), chain.uact("bob")), (START - 400_000, START - 600_000));
    let left = |chain: &Chain| {
        let (_, allowance) = chain.state().allowances().iter().next().expect("it stands");
        allowance.limits[&Denom::uact()].left.to_micro()
    };
    assert_eq!(left(&chain), 100_000);
    chain.end_at(6);
    assert_eq!((chain.uact("alice"), chain.uact("bob")), (START, START), "nobody bid");
    assert_eq!(left(&chain), 700_000);
    chain.must("alice", Command::CreateDeployment(deployment(2, &[("west", "10uact")], "1ACT")));
    let payers = vec![part("bob", 1)];
    let late =
        Command::Deposit { deployment: deployment_id("alice", 2), coin: Coin::uact(1), payers };
    assert_eq!(refused(&mut chain, "alice", late), "ALW011");
    chain.must("bob", Command::RevokeAllowance { grantee: address("alice") });
    assert_eq!(chain.state().allowances().iter().count(), 0);
}

#[test]
fn a_bid_may_fall_up_to_its_award_and_never_rise() {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2"]);
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "100uact")], "1ACT")));
    chain.bids(west(), &[("p1", "90uact"), ("p2", "80uact")]);
    chain.end_at(5);
    let reprice = |price: &str| {
        let (bid, price) = (bid_id(west(), "p1"), price.parse().unwrap());
        Command::RepriceBid { bid, price }
    };
    assert_eq!(refused(&mut chain, "p1", reprice("90uact")), "BID018");
    assert_eq!(refused(&mut chain, "p2", reprice("10uact")), "CMD006");
    assert_eq!(refused(&mut chain, "p1", Command::CloseBid(bid_id(west(), "p1"))), "BID014");
    chain.must("p1", reprice("79.999999999999999999uact"));
    chain.end_at(6);
    assert_eq!(lease(&chain), LeaseState::Active);
    let signed = &chain.state().escrow().lease(&lease_id(west(), "p1")).unwrap().signed;
    assert_eq!(signed.terms.price.to_string(), "79.999999999999999999uact");
    assert_eq!(signed.verify(), Ok(()), "the consent is that of the last price");
}

#[test]
fn an_announced_end_waits_for_its_window() {
    let mut chain = leased(Params::default(), "10uact", |new| new.reclamation = Some(HOUR));
    let id = lease_id(west(), "p1");
    let close = || Command::CloseLease { lease: id, reason: ProviderReason::DECOMMISSIONED };
    assert_eq!(refused(&mut chain, "p1", close()), "ESC020");
    let reason = ProviderReason::DECOMMISSIONED;
    chain.must("p1", Command::StartReclamation { lease: id, reason });
    let (announced, now) = (chain.height(), chain.state().context().time);
    let LeaseState::Reclaiming { deadline, .. } = lease(&chain) else { panic!("not announced") };
    assert_eq!(deadline, now.checked_add(HOUR).unwrap());
    // Blocks of 6 s: 599 later it is too early by 6 s, 600 later it is the time.
    chain.end_at(announced + 598);
    assert_eq!(refused(&mut chain, "p1", close()), "ESC021");
    chain.end();
    chain.must("p1", close());
    let LeaseState::Ended { reason, earned, .. } = lease(&chain) else { panic!("it runs on") };
    assert_eq!(reason, LeaseEndReason::Provider(ProviderReason::DECOMMISSIONED));
    assert_eq!(earned.paid.to_micro(), 10 * u128::from(announced + 600 - 6), "paid all the time");
    let group = chain.state().book().group(&west().group).unwrap();
    assert_eq!(group.state, GroupState::Paused);
}

#[test]
fn a_paused_group_is_started_again_and_the_last_closed_one_ends_the_deployment() {
    let mut chain = leased(Params::default(), "80250.25uact", |_| {});
    chain.must("alice", Command::PauseGroup(west().group));
    assert_eq!(chain.uact("p1"), START + 80_250, "block 7 was served");
    assert_eq!(chain.uakt("p1"), START, "the bid's deposit is back");
    chain.end();
    assert_eq!(refused(&mut chain, "alice", Command::PauseGroup(west().group)), "ORD018");
    chain.must("alice", Command::StartGroup(west().group));
    let again = chain.state().book().order(&order_id("alice", 1, 1, 2)).unwrap();
    assert_eq!((again.state, again.due_at), (OrderState::Open, BlockHeight::new(13)));
    chain.must("alice", Command::CloseGroup(west().group));
    chain.end();
    assert_eq!(chain.uact("alice"), START - 80_250, "the rest is back");
    assert_eq!(refused(&mut chain, "alice", Command::StartGroup(west().group)), "ORD017");
    assert!(chain.state().book().active_deployment(&deployment_id("alice", 1)).is_err());
}

#[test]
fn an_auditors_word_counts_up_to_its_last_block_and_not_at_a_later_award() {
    let mut chain = Chain::new();
    chain.register(&["p1"]);
    let attributes = vec![Attribute::new("region", "us-west")];
    let attest = |expires_at| Command::AttestProvider {
        provider: provider("p1"),
        attributes: attributes.clone(),
        expires_at: Some(BlockHeight::new(expires_at)),
    };
    let mut new = deployment(1, &[("west", "100uact")], "1ACT");
    new.groups[0].requirements.attributes = attributes.clone();
    new.groups[0].requirements.signed_by.all_of = vec!["auditor".into()];
    chain.must("alice", Command::CreateDeployment(new));
    assert_eq!(refused(&mut chain, "auditor", attest(0)), "REG004");
    chain.must("auditor", attest(2));
    chain.bids(west(), &[("p1", "10uact")]);
    chain.end();
    let last = chain.end();
    assert!(last.iter().any(|event| matches!(event, Event::AttestationEnded { .. })), "{last:?}");
    chain.end_at(6);
    let bid = chain.state().bids().bid(&bid_id(west(), "p1")).unwrap();
    assert_eq!(bid.state, BidState::Closed(BidClosedReason::NoLongerEligible));
    assert_eq!(chain.uakt("p1"), START);
}

#[test]
fn a_provider_leaves_when_no_lease_runs() {
    let mut chain = leased(Params::default(), "10uact", |_| {});
    assert_eq!(refused(&mut chain, "p1", Command::DeregisterProvider), "REG003");
    assert_eq!(refused(&mut chain, "p1", Command::RegisterProvider(at_home())), "REG001");
    chain.must("p1", Command::UpdateProvider(at_home()));
    let id: LeaseId = lease_id(west(), "p1");
    chain.must("alice", Command::close_lease(id));
    assert_eq!(chain.uakt("p1"), START);
    chain.must("p1", Command::DeregisterProvider);
    chain.end();
    assert!(chain.state().provider(&provider("p1")).is_none());
    chain.bids(order_id("alice", 1, 1, 2), &[("p2", "10uact")]);
    assert_eq!(chain.uakt("p2"), START - BID_DEPOSIT);
    chain.end();
}

fn at_home() -> Registration {
    Registration::new("https://provider.example:8443", vec![Attribute::new("region", "eu")])
}
