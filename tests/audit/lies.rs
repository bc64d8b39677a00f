//! One lie each: the audit refuses the log, by its code, and names what was forged.

use std::sync::Arc;

use undercut::{Command, Event};
use undercut_audit::Finding;
use undercut_bidding::{BidClosedReason, BidEvent};
use undercut_ledger::LedgerEvent;
use undercut_ledger::bme::{MintStatus, VaultEvent};
use undercut_orderbook::{AwardMode, NewDeployment, OrderClosedReason, OrderEvent};
use undercut_primitives::{
    Amount, Attribute, BlockHeight, Coin, Digest, GroupSpec, OrderId, Requirements, Signature,
    SignedBy,
};
use undercut_tests::chain::{Chain, bid_id, deployment, group, order_id, provider};
use undercut_tests::forge::Said;

use crate::forger::{
    award_to, bid, command, found, found_by_audit_alone, place, sign_again, story_up_to, up_to,
};

/// The order with three bids: 90000 of p1, and 80250.25 of p2 and p3, a tie. Awarded in block 7.
fn west() -> OrderId {
    order_id("alice", 1, 1, 1)
}

fn one_more(amount: &mut Amount) {
    *amount = amount.plus(Amount::from_micro(1)).unwrap();
}

/// The finding has this code, at this place, and its sentence names all of `named`.
fn names(finding: &Finding, code: &str, at: usize, named: &[String]) {
    let sentence = finding.to_string();
    assert_eq!(finding.code().as_str(), code, "{sentence}");
    assert_eq!(finding.sequence, u64::try_from(at).unwrap(), "{sentence}");
    for name in named {
        assert!(sentence.contains(name), "{name} is not in: {sentence}");
    }
}

fn won(said: &[Said], order: OrderId) -> usize {
    place(said, |event| matches!(event, Event::Bid(BidEvent::BidWon(won)) if won.order == order))
}

#[test]
fn an_award_to_the_second_lowest_bid_is_found_and_named() {
    let mut said = story_up_to(7);
    let dear = bid_id(west(), "p1");
    let best = award_to(&mut said, west(), dear);
    let at = won(&said, west());
    let finding = found_by_audit_alone(said);
    let named = [west().to_string(), dear.to_string(), best.to_string(), "90000".into()];
    names(&finding, "AUD017", at, &named);
    assert_eq!(finding.height.to_u64(), 7);
}

#[test]
fn a_tie_broken_the_wrong_way_is_found() {
    let mut said = story_up_to(7);
    let [p2, p3] = ["p2", "p3"].map(|name| bid_id(west(), name));
    let at = won(&said, west());
    let other = if said[at].1 == Event::Bid(BidEvent::BidWon(p2)) { p3 } else { p2 };
    let best = award_to(&mut said, west(), other);
    names(&found_by_audit_alone(said), "AUD017", at, &[best.to_string(), other.to_string()]);
}

#[test]
fn a_tie_break_that_is_not_the_digest_of_the_entropy_is_found() {
    let mut said = story_up_to(7);
    let p2 = bid_id(west(), "p2");
    let tie = bid(&said, bid_id(west(), "p3")).tie;
    let at =
        place(&said, |event| matches!(event, Event::Bid(BidEvent::BidPlaced(bid)) if bid.id == p2));
    let Event::Bid(BidEvent::BidPlaced(forged)) = &mut said[at].1 else { panic!() };
    Arc::make_mut(forged).tie = tie;
    names(&found_by_audit_alone(said), "AUD014", at, &[p2.to_string()]);
}

#[test]
fn an_order_with_another_entropy_than_its_blocks_is_found() {
    let mut said = story_up_to(2);
    let at = place(&said, |event| matches!(event, Event::Order(OrderEvent::OrderOpened(_))));
    let Event::Order(OrderEvent::OrderOpened(order)) = &mut said[at].1 else { panic!() };
    order.entropy = Digest::from_bytes([7; 32]);
    let order = order.id;
    names(&found_by_audit_alone(said), "AUD012", at, &[order.to_string(), "entropy".into()]);
}

#[test]
fn a_bid_above_the_ceiling_is_found_though_its_provider_signed_it() {
    let mut said = story_up_to(7);
    let p1 = bid_id(west(), "p1");
    let at =
        place(&said, |event| matches!(event, Event::Bid(BidEvent::BidPlaced(bid)) if bid.id == p1));
    let price: undercut_primitives::PricePerBlock = "100000.5uact".parse().unwrap();
    let consent = sign_again(&mut said, at - 1, "p1", |signed| {
        let Command::CreateBid(new) = &mut signed.command else { panic!() };
        new.price = price.clone();
    });
    let Event::Bid(BidEvent::BidPlaced(forged)) = &mut said[at].1 else { panic!() };
    let forged = Arc::make_mut(forged);
    (forged.price, forged.consent) = (price.clone(), consent);
    names(&found_by_audit_alone(said), "AUD013", at, &[p1.to_string(), price.to_string()]);
}

#[test]
fn a_bid_that_its_provider_did_not_sign_is_found() {
    let mut said = story_up_to(7);
    let p1 = bid_id(west(), "p1");
    let at =
        place(&said, |event| matches!(event, Event::Bid(BidEvent::BidPlaced(bid)) if bid.id == p1));
    let Event::Bid(BidEvent::BidPlaced(forged)) = &mut said[at].1 else { panic!() };
    Arc::make_mut(forged).price = "80000uact".parse().unwrap();
    names(&found_by_audit_alone(said), "AUD005", at, &[p1.to_string()]);
}

#[test]
fn every_flaw_of_a_signed_command_is_found() {
    type Lie = fn(&mut Vec<Said>, usize);
    let rows: [(&str, Lie); 5] = [
        ("AUD010", |said, at| {
            let Event::CommandAccepted(signed) = &mut said[at].1 else { panic!() };
            let mut bytes = signed.signature.to_bytes();
            bytes[3] ^= 1;
            Arc::make_mut(signed).signature = Signature::from_bytes(&bytes);
        }),
        ("AUD007", |said, at| said.insert(at + 2, said[at].clone())),
        ("AUD007", |said, at| {
            sign_again(said, at, "p1", |signed| signed.nonce += 1);
        }),
        ("AUD008", |said, at| {
            sign_again(said, at, "p1", |signed| signed.expires_at = BlockHeight::new(1));
        }),
        ("AUD009", |said, at| {
            sign_again(said, at, "p2", |_| {});
        }),
    ];
    for (code, lie) in rows {
        let mut said = story_up_to(7);
        let at = command(&said, |command| matches!(command, Command::CreateBid(_)));
        lie(&mut said, at);
        let finding = found(said);
        assert_eq!(finding.code().as_str(), code, "{finding}");
    }
}

#[test]
fn consents_that_are_not_the_signatures_on_their_commands_are_found() {
    let said = story_up_to(7);
    let is_lease = |event: &Event| matches!(event, Event::Ledger(LedgerEvent::LeaseSigned(_)));
    let at = place(&said, is_lease);
    let lie = |change: fn(&mut undercut_ledger::SignedLease)| {
        let mut said = said.clone();
        let Event::Ledger(LedgerEvent::LeaseSigned(signed)) = &mut said[at].1 else { panic!() };
        change(signed);
        (signed.terms.id.to_string(), found_by_audit_alone(said))
    };
    let (lease, finding) = lie(|signed| signed.tenant = signed.provider);
    names(&finding, "AUD011", at, &[lease]);
    let (lease, finding) = lie(|signed| signed.provider.signature = signed.tenant.signature);
    names(&finding, "AUD011", at, &[lease]);
    let (lease, finding) = lie(|signed| signed.terms.version_hash = Digest::ZERO);
    names(&finding, "AUD012", at, &[lease, "manifest".into()]);
    let (lease, finding) = lie(|signed| signed.terms.take_rate_bps += 1);
    names(&finding, "AUD012", at, &[lease, "take rate".into()]);
}

#[test]
fn a_payment_off_by_one_is_found() {
    let mut said = story_up_to(12);
    let at = place(
        &said,
        |event| matches!(event, Event::Ledger(LedgerEvent::Settled(done)) if !done.shares.is_empty()),
    );
    let Event::Ledger(LedgerEvent::Settled(done)) = &mut said[at].1 else { panic!() };
    one_more(&mut done.shares[0].amount);
    let lease = done.shares[0].lease.to_string();
    names(&found(said), "AUD027", at, &[lease]);

    let mut said = story_up_to(12);
    let at = place(&said, |event| matches!(event, Event::Ledger(LedgerEvent::Withdrawn { .. })));
    let Event::Ledger(LedgerEvent::Withdrawn { lease, coin, fee }) = &mut said[at].1 else {
        panic!()
    };
    // One micro-unit from the community to the provider: the sum stays.
    one_more(&mut coin.amount);
    *fee = fee.checked_sub(Amount::from_micro(1)).unwrap();
    let lease = lease.to_string();
    names(&found(said), "AUD028", at, &[lease]);
}

#[test]
fn a_mint_off_by_one_is_found() {
    let mut said = story_up_to(40);
    let at = place(&said, |event| {
        matches!(event, Event::Ledger(LedgerEvent::Vault(VaultEvent::BurnMinted(_))))
    });
    let Event::Ledger(LedgerEvent::Vault(VaultEvent::BurnMinted(done))) = &mut said[at].1 else {
        panic!()
    };
    // One micro-unit stays in the vault, as if it were spread.
    done.paid.amount = done.paid.amount.checked_sub(Amount::from_micro(1)).unwrap();
    let (id, owner) = (done.id, done.owner);
    let finding = found_by_audit_alone(said);
    names(&finding, "AUD033", at, &[format!("burn {id}")]);
    assert_ne!(owner, undercut_tests::chain::address("bob"), "bob took his back");
}

#[test]
fn a_mint_status_that_price_and_collateral_do_not_give_is_found() {
    let mut said = story_up_to(100);
    let is_change = |event: &Event| {
        matches!(event, Event::Ledger(LedgerEvent::Vault(VaultEvent::MintStatusChanged { .. })))
    };
    let at = place(&said, is_change);
    let height = said[at].0;
    let Event::Ledger(LedgerEvent::Vault(VaultEvent::MintStatusChanged { to, .. })) =
        &mut said[at].1
    else {
        panic!()
    };
    assert_ne!(*to, MintStatus::Warning);
    *to = MintStatus::Warning;
    let finding = found(said);
    assert_eq!((finding.code().as_str(), finding.height), ("AUD035", height), "{finding}");
}

/// Alice asks for what the auditor vouches for; its word about p1 ends before the award.
fn lapsed() -> (Chain, OrderId) {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2"]);
    for (name, expires_at) in [("p1", Some(BlockHeight::new(4))), ("p2", None)] {
        let (provider, attributes) = (provider(name), vec![Attribute::new("tier", "1")]);
        chain.must("auditor", Command::AttestProvider { provider, attributes, expires_at });
        let mut own = undercut_bidding::Registration::new("https://p.example", vec![]);
        own.attributes = vec![Attribute::new("tier", "1")];
        chain.must(name, Command::UpdateProvider(own));
    }
    let signed_by = SignedBy { all_of: vec!["auditor".into()], any_of: vec![] };
    let attributes = vec![Attribute::new("tier", "1")];
    let requirements = Requirements { attributes, signed_by };
    let groups = vec![GroupSpec { requirements, ..group("tiered", "1000uact") }];
    let new = NewDeployment { groups, ..deployment(1, &[], "1ACT") };
    chain.must("alice", Command::CreateDeployment(new));
    chain.end();
    let order = order_id("alice", 1, 1, 1);
    chain.bids(order, &[("p1", "500uact"), ("p2", "600uact")]);
    chain.end_at(6);
    (chain, order)
}

#[test]
fn an_ineligible_winner_is_found() {
    let (chain, order) = lapsed();
    let mut said = up_to(&chain, 6);
    let p1 = bid_id(order, "p1");
    let dropped = place(&said, |event| {
        let reason = BidClosedReason::NoLongerEligible;
        matches!(event, Event::Bid(BidEvent::BidClosed { id, reason: why, .. }) if (*id, *why) == (p1, reason))
    });
    // p1 is not dropped but wins, and p2 loses.
    said.remove(dropped);
    let at = won(&said, order);
    let p2 = bid(&said, bid_id(order, "p2"));
    let (refund, payers) = (p2.deposit.clone(), p2.payers.clone());
    let lost = Event::Bid(BidEvent::BidLost { id: p1, refund, payers });
    said.insert(at + 1, (BlockHeight::new(6), lost));
    award_to(&mut said, order, p1);
    names(&found_by_audit_alone(said), "AUD016", at, &[p1.to_string()]);
}

#[test]
fn a_bidder_dropped_though_eligible_is_found() {
    let (chain, order) = lapsed();
    let mut said = up_to(&chain, 6);
    // The auditor's word about p1 has no end, in the command and in the record alike.
    let at = command(&said, |command| matches!(command, Command::AttestProvider { .. }));
    sign_again(&mut said, at, "auditor", |signed| {
        let Command::AttestProvider { expires_at, .. } = &mut signed.command else { panic!() };
        *expires_at = None;
    });
    let Event::ProviderAttested { expires_at, .. } = &mut said[at + 1].1 else { panic!() };
    *expires_at = None;
    said.retain(|(_, event)| !matches!(event, Event::AttestationEnded { .. }));
    let p1 = bid_id(order, "p1");
    let at = place(&said, |event| matches!(event, Event::Bid(BidEvent::BidClosed { .. })));
    names(&found_by_audit_alone(said), "AUD022", at, &[p1.to_string()]);
}

#[test]
fn an_order_closed_for_want_of_bids_that_stand_is_found() {
    let mut said = story_up_to(7);
    let start = place(&said, |event| *event == Event::Order(OrderEvent::OrderMatched(west())));
    let is_lease = |event: &Event| matches!(event, Event::Ledger(LedgerEvent::LeaseSigned(signed)) if signed.terms.id.order() == west());
    let end = place(&said, is_lease);
    let height = said[start].0;
    let bids = ["p1", "p2", "p3"].map(|name| bid(&said, bid_id(west(), name)));
    let best = bids.iter().min_by_key(|bid| bid.rank()).unwrap().id;
    let closed = bids.iter().map(|bid| {
        let (id, refund, payers) = (bid.id, bid.deposit.clone(), bid.payers.clone());
        let reason = BidClosedReason::OrderClosed;
        Event::Bid(BidEvent::BidClosed { id, reason, refund, payers })
    });
    let reason = OrderClosedReason::NoBids;
    let over = OrderEvent::OrderClosed { id: west(), reason };
    let orders = [over, OrderEvent::GroupClosed(west().group)].map(Event::Order);
    let events = closed.chain(orders).map(|event| (height, event)).collect::<Vec<_>>();
    said.splice(start..=end, events);
    let at = place(
        &said,
        |event| matches!(event, Event::Order(OrderEvent::OrderClosed { id, .. }) if *id == west()),
    );
    let named = [west().to_string(), best.to_string()];
    names(&found_by_audit_alone(said), "AUD019", at, &named);
}

#[test]
fn an_auction_that_is_never_decided_is_found() {
    let mut said = story_up_to(7);
    let start = place(&said, |event| *event == Event::Order(OrderEvent::OrderMatched(west())));
    let end = start
        + said[start..]
            .iter()
            .position(|(_, event)| matches!(event, Event::Ledger(LedgerEvent::LeaseSigned(_))))
            .unwrap();
    said.drain(start..=end);
    let at = said.len() - 1;
    names(&found_by_audit_alone(said), "AUD020", at, &[west().to_string()]);
}

#[test]
fn a_choice_that_the_tenant_did_not_make_is_found() {
    let mut said = story_up_to(7);
    let order = order_id("bob", 2, 1, 1);
    award_to(&mut said, order, bid_id(order, "p2"));
    let at = won(&said, order);
    names(&found_by_audit_alone(said), "AUD005", at, &[bid_id(order, "p2").to_string()]);
    assert_eq!(AwardMode::TenantChooses as u8, 1);
}

#[test]
fn a_deposit_that_does_not_come_back_is_found() {
    let said = story_up_to(7);
    let is_lost = |event: &Event| matches!(event, Event::Bid(BidEvent::BidLost { id, .. }) if id.order == west());
    let at = place(&said, is_lost);
    let Event::Bid(BidEvent::BidLost { id, .. }) = said[at].1 else { panic!() };
    let mut lost = said.clone();
    lost.remove(at);
    let finding = found_by_audit_alone(lost);
    assert_eq!(finding.code().as_str(), "AUD024", "{finding}");
    assert!(finding.to_string().contains(&id.to_string()), "{finding}");

    let mut short = said;
    let Event::Bid(BidEvent::BidLost { refund, payers, .. }) = &mut short[at].1 else { panic!() };
    *refund = Coin::uakt(499_999);
    payers[0].amount = Amount::from_micro(499_999);
    names(&found(short), "AUD025", at, &[id.to_string()]);
}

#[test]
fn what_was_left_of_an_account_and_goes_elsewhere_is_found() {
    let mut said = story_up_to(100);
    let at = place(
        &said,
        |event| matches!(event, Event::Ledger(LedgerEvent::AccountClosed { refunds, .. }) if !refunds.is_empty()),
    );
    let Event::Ledger(LedgerEvent::AccountClosed { id, refunds }) = &mut said[at].1 else {
        panic!()
    };
    refunds[0].to = provider("p1").0;
    let id = id.to_string();
    names(&found(said), "AUD032", at, &[id]);
}

#[test]
fn a_deposit_of_more_than_there_is_is_found() {
    let mut said = story_up_to(2);
    let at = command(&said, |command| matches!(command, Command::CreateDeployment(_)));
    let much = Coin::uact(2_000_000_000);
    let consent = sign_again(&mut said, at, "alice", |signed| {
        let Command::CreateDeployment(new) = &mut signed.command else { panic!() };
        new.deposit = much.clone();
    });
    let Event::Order(OrderEvent::DeploymentCreated { deployment, .. }) = &mut said[at + 1].1 else {
        panic!()
    };
    deployment.consent = consent;
    let paid = place(&said, |event| matches!(event, Event::Ledger(LedgerEvent::Deposited { .. })));
    let Event::Ledger(LedgerEvent::Deposited { deposit, .. }) = &mut said[paid].1 else { panic!() };
    deposit.coin = much;
    let alice = undercut_tests::chain::address("alice").to_string();
    names(&found_by_audit_alone(said), "AUD036", paid, &[alice]);
}

#[test]
fn an_end_announced_for_a_sooner_time_than_the_window_gives_is_found() {
    let mut said = story_up_to(100);
    let at = place(&said, |event| {
        matches!(event, Event::Ledger(LedgerEvent::ReclamationStarted { .. }))
    });
    let Event::Ledger(LedgerEvent::ReclamationStarted { id, deadline, .. }) = &mut said[at].1
    else {
        panic!()
    };
    *deadline = undercut_primitives::BlockTime::from_unix_seconds(deadline.to_unix_seconds() - 1);
    let id = id.to_string();
    names(&found_by_audit_alone(said), "AUD030", at, &[id]);
}

#[test]
fn a_pause_of_a_group_that_is_not_there_is_found() {
    let mut said = story_up_to(1_000);
    let at = place(&said, |event| matches!(event, Event::Order(OrderEvent::GroupPaused(_))));
    let Event::Order(OrderEvent::GroupPaused(id)) = &mut said[at].1 else { panic!() };
    id.gseq = 77;
    let id = id.to_string();
    names(&found(said), "AUD004", at, &[id]);
}

#[test]
fn an_epoch_of_another_block_and_a_change_that_is_none_are_found() {
    use undercut_ledger::bme::VaultEvent;
    let genuine = story_up_to(1_000);
    let mut said = genuine.clone();
    let is_epoch = |event: &Event| {
        matches!(event, Event::Ledger(LedgerEvent::Vault(VaultEvent::EpochOpened { .. })))
    };
    let at = place(&said, is_epoch);
    let Event::Ledger(LedgerEvent::Vault(VaultEvent::EpochOpened { at: block, .. })) =
        &mut said[at].1
    else {
        panic!()
    };
    *block = block.next().unwrap();
    names(&found(said), "AUD035", at, &["the block of an epoch".into()]);

    let mut said = genuine;
    let change = place(&said, |event| {
        matches!(event, Event::Ledger(LedgerEvent::Vault(VaultEvent::MintStatusChanged { .. })))
    });
    let mut again = said[change].clone();
    let Event::Ledger(LedgerEvent::Vault(VaultEvent::MintStatusChanged { from, to, .. })) =
        &mut again.1
    else {
        panic!()
    };
    *from = *to;
    said.insert(change + 1, again);
    names(&found(said), "AUD035", change + 1, &["that the status changed".into()]);
}
