//! What a forger does to a log: other events, signed again where a party helps, chained again.

use std::sync::Arc;

use undercut::replay::Replay;
use undercut::{Command, Event, SignedCommand};
use undercut_audit::Finding;
use undercut_bidding::{Bid, BidEvent};
use undercut_ledger::LedgerEvent;
use undercut_primitives::{BidId, Consent, LeaseId, OrderId};
use undercut_tests::chain::{CHAIN_ID, Chain, key};
use undercut_tests::forge::{Said, reseal, unchain};
use undercut_tests::story::story;

/// What the story's records say up to the seal of a block.
pub(crate) fn story_up_to(height: u64) -> Vec<Said> {
    up_to(&story(), height)
}

/// What a chain's records say up to the seal of a block.
pub(crate) fn up_to(chain: &Chain, height: u64) -> Vec<Said> {
    let said = unchain(&chain.records).into_iter();
    said.take_while(|(at, _)| at.to_u64() <= height).collect()
}

/// What the audit finds in forged records, whose hashes and roots all fit.
pub(crate) fn found(said: Vec<Said>) -> Finding {
    let (records, _) = reseal(said);
    super::audit(&records).expect_err("the lie is found")
}

/// [`found`], for lies that a fold of the records into a state takes for the truth.
pub(crate) fn found_by_audit_alone(said: Vec<Said>) -> Finding {
    let (records, _) = reseal(said.clone());
    let mut replay = Replay::default();
    for record in &records {
        replay.apply(record).expect("the state follows from the forged records");
    }
    found(said)
}

/// The place of the first event for which `is_it` holds.
pub(crate) fn place(said: &[Said], is_it: impl Fn(&Event) -> bool) -> usize {
    said.iter().position(|(_, event)| is_it(event)).expect("the story tells of it")
}

/// The place of the command `is_it`, and of the event behind it.
pub(crate) fn command(said: &[Said], is_it: impl Fn(&Command) -> bool) -> usize {
    place(said, |event| matches!(event, Event::CommandAccepted(signed) if is_it(&signed.command)))
}

/// Signs the command at a place again, after `change`, with the key of whoever is called `name`.
pub(crate) fn sign_again(
    said: &mut [Said],
    at: usize,
    name: &str,
    change: impl FnOnce(&mut SignedCommand),
) -> Consent {
    let Event::CommandAccepted(signed) = &mut said[at].1 else { panic!("no command") };
    let signed = Arc::make_mut(signed);
    change(signed);
    let SignedCommand { account, nonce, expires_at, command, .. } = signed.clone();
    let again =
        SignedCommand::sign_for(account, &key(name), CHAIN_ID, nonce, expires_at, command).unwrap();
    *signed = again.clone();
    again.verify(CHAIN_ID).unwrap().consent()
}

/// A bid as it stood when the order was awarded.
pub(crate) fn bid(said: &[Said], id: BidId) -> Bid {
    let mut found = None;
    for (_, event) in said {
        match event {
            Event::Bid(BidEvent::BidPlaced(bid)) if bid.id == id => found = Some((**bid).clone()),
            Event::Bid(BidEvent::BidRepriced { id: other, price, consent }) if *other == id => {
                let bid = found.as_mut().expect("it was placed before");
                (bid.price, bid.consent) = (price.clone(), *consent);
            }
            _ => {}
        }
    }
    found.expect("the bid was placed")
}

/// Lets another bid win an order: the winner loses in its place, and the lease is the other's.
pub(crate) fn award_to(said: &mut [Said], order: OrderId, id: BidId) -> BidId {
    let winner = bid(said, id);
    let at = place(
        said,
        |event| matches!(event, Event::Bid(BidEvent::BidWon(won)) if won.order == order),
    );
    let Event::Bid(BidEvent::BidWon(before)) = said[at].1 else { panic!("no award") };
    let loser = bid(said, before);
    said[at].1 = Event::Bid(BidEvent::BidWon(id));
    for (_, event) in &mut said[at + 1..] {
        match event {
            Event::Bid(BidEvent::BidLost { id: lost, refund, payers }) if *lost == id => {
                *lost = before;
                (*refund, *payers) = (loser.deposit.clone(), loser.payers.clone());
            }
            Event::Ledger(LedgerEvent::LeaseSigned(signed))
                if signed.terms.id == LeaseId(before) =>
            {
                signed.terms.id = LeaseId(id);
                signed.terms.price = winner.price.clone();
                signed.terms.reclamation = winner.reclamation;
                signed.provider = winner.consent;
                return before;
            }
            _ => {}
        }
    }
    panic!("the order has no lease");
}
