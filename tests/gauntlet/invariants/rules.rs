//! The sixteen invariants, a function each. [`FULL`] is asked every 64 steps and at the end of a
//! market; the others follow the records, commands and blocks as they come.

use std::borrow::Cow;
use std::collections::BTreeMap;

use undercut::{BlockOutcome, Event, State, invariants};
use undercut_bidding::{Bid, BidState};
use undercut_ledger::account::DEPOSITS_MAX;
use undercut_ledger::bank::escrow_address;
use undercut_ledger::bme::{MintStatus, VaultBooks};
use undercut_ledger::log::Chain;
use undercut_ledger::{AccountState, LeaseState, MemoryBank, log};
use undercut_orderbook::{AwardMode, OrderState};
use undercut_primitives::{Address, BidId, Misfit, OrderId};

use super::cast::{Draw, Role, cast};
use super::seen::Seen;
use crate::model::{ATOMS, Model, Money};

/// What did not hold.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) rule: String,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(rule: &str, text: String) -> Self {
        Self { rule: rule.into(), text }
    }
}

/// How often each invariant was asked; the first is at 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checks(pub(crate) [u64; 17]);

impl Checks {
    pub(crate) fn count(&mut self, number: usize) {
        self.0[number] += 1;
    }
}

/// What a rule sees of a market.
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) bank: &'a MemoryBank,
    pub(crate) model: &'a Model,
    pub(crate) seen: &'a Seen,
    pub(crate) draw: &'a Draw,
    /// Whether the price of AKT has been one dollar so far.
    pub(crate) is_constant: bool,
}

/// What a rule answers.
pub(crate) type Held = Result<(), Failure>;

/// A rule about a whole market.
pub(crate) type Rule = fn(&View<'_>) -> Held;

/// The rules that are asked of the whole market.
pub(crate) const FULL: [(usize, Rule); 12] = [
    (1, i01_supply_is_conserved),
    (2, i02_supply_is_genesis_plus_minted_less_burned),
    (3, i03_closed_accounts_hold_nothing),
    (4, i04_a_lease_stands_on_its_order_account_bid_and_provider),
    (5, i05_one_lease_an_order),
    (6, i06_no_bid_is_open_after_the_match),
    (7, i07_a_lease_is_paid_rate_times_blocks_rounded_down_once),
    (8, i08_the_breaker_is_a_pure_function),
    (11, i11_every_index_is_what_a_scan_gives),
    (12, i12_what_is_leased_is_what_its_provider_set_aside),
    (14, i14_queues_are_bounded),
    (15, i15_nobody_gains_at_a_constant_price),
];

/// Names for the table, by number.
pub(crate) const NAMES: [&str; 16] = [
    "i01-supply-is-conserved",
    "i02-supply-is-genesis-plus-minted-less-burned",
    "i03-closed-accounts-hold-nothing",
    "i04-a-lease-stands-on-its-order",
    "i05-one-lease-an-order-and-bids-within-the-cap",
    "i06-no-bid-is-open-after-the-match",
    "i07-paid-is-rate-times-blocks",
    "i08-the-breaker-is-a-pure-function",
    "i09-a-command-is-accepted-once",
    "i10-the-log-is-one-chain",
    "i11-every-index-is-what-a-scan-gives",
    "i12-what-is-leased-was-set-aside",
    "i13-a-refusal-leaves-no-trace",
    "i14-work-is-bounded",
    "i15-nobody-gains-at-a-constant-price",
    "i16-everything-ends",
];

/// Fails with the name of the invariant.
pub(crate) fn must(holds: bool, number: usize, text: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { Err(Failure::new(NAMES[number - 1], text())) }
}

fn ask(number: usize, answer: Result<(), Misfit>) -> Held {
    answer.map_err(|misfit| Failure::new(NAMES[number - 1], misfit.to_string()))
}

/// All balances, escrow and vault included, add up to the supply.
pub(crate) fn i01_supply_is_conserved(view: &View<'_>) -> Held {
    for money in [Money::Akt, Money::Act] {
        let denom = money.denom();
        let held = view.bank.balances().filter(|(of, ..)| **of == denom);
        let sum: u128 = held.map(|(.., amount)| amount.to_micro()).sum();
        let supply = view.bank.supply(&denom).to_micro();
        must(sum == supply, 1, || format!("{sum} {denom} are held, {supply} exist"))?;
    }
    ask(1, invariants::escrow_covers_accounts_and_deposits(view.state, view.bank))?;
    ask(1, invariants::vault_covers_collateral_and_requests(view.state, view.bank))
}

/// Supply = genesis + minted - burned; credit is at most what was burned.
pub(crate) fn i02_supply_is_genesis_plus_minted_less_burned(view: &View<'_>) -> Held {
    let (genesis, vault) = (&view.draw.genesis, view.state.vault().books());
    for (money, minted, burned) in [
        (Money::Akt, vault.minted_uakt.to_micro(), 0),
        (Money::Act, vault.minted_uact.to_micro(), vault.burned_uact.to_micro()),
    ] {
        let denom = money.denom();
        let start = genesis.supply(&denom).unwrap_or_default().to_micro();
        let supply = view.bank.supply(&denom).to_micro();
        must(supply + burned == start + minted, 2, || {
            format!("{supply} {denom} exist; genesis {start}, minted {minted}, burned {burned}")
        })?;
    }
    let (credit, burned) = (vault.remint_credit_uakt, vault.burned_uakt);
    must(credit <= burned, 2, || format!("{credit} uakt of credit for {burned} burned"))
}

/// What was ever burned and minted only grows.
pub(crate) fn i02_totals_only_grow(seen: &mut Seen, vault: &VaultBooks) -> Held {
    let totals = [vault.burned_uakt, vault.minted_uact, vault.burned_uact, vault.minted_uakt];
    let before = std::mem::replace(&mut seen.totals, totals);
    let grew = before.iter().zip(&totals).all(|(before, now)| before <= now);
    must(grew, 2, || format!("the vault's totals went from {before:?} to {totals:?}"))
}

pub(crate) fn i03_closed_accounts_hold_nothing(view: &View<'_>) -> Held {
    ask(3, invariants::closed_accounts_hold_nothing(view.state))?;
    for account in view.state.escrow().accounts() {
        let none_is_zero = account.deposits.iter().all(|deposit| !deposit.coin.amount.is_zero());
        must(none_is_zero, 3, || format!("{} keeps a deposit of zero", account.id))?;
    }
    Ok(())
}

pub(crate) fn i04_a_lease_stands_on_its_order_account_bid_and_provider(view: &View<'_>) -> Held {
    ask(4, invariants::leases_stream_while_they_run(view.state))?;
    let (book, bids) = (view.state.book(), view.state.bids());
    let leases = view.state.escrow().leases();
    for lease in leases.filter(|lease| lease.state.is_running()) {
        let terms = &lease.signed.terms;
        let (id, price) = (terms.id, &terms.price);
        let order = book.order(&id.order());
        let bid = bids.bid(&id.0).filter(|bid| bid.state == BidState::Active);
        let (Some(order), Some(bid)) = (order, bid) else {
            return must(false, 4, || format!("lease {id} has no order or no winning bid"));
        };
        let account = view.state.escrow().account(&id.deployment());
        let stands = order.state == OrderState::Active
            && account.is_some_and(|account| account.is_open())
            && book.active_deployment(&id.deployment()).is_ok()
            && view.state.provider(&id.provider()).is_some()
            && bid.consent == lease.signed.provider
            && bid.price == *price
            && lease.signed.tenant.account == id.order().tenant().0
            && lease.signed.provider.account == id.provider().0;
        must(stands, 4, || format!("lease {id} does not stand on what it names"))?;
        let (asked, most) = (price.value, order.ceiling.value);
        let is_within = asked.to_atoms() <= most.to_atoms() && price.denom == order.ceiling.denom;
        must(is_within, 4, || format!("lease {id} costs {asked}, the ceiling is {most}"))?;
        let lost = |bid: &Cow<'_, Bid>| bid.state == BidState::Lost;
        let lowest =
            bids.bids_of(order.id).filter(lost).map(|bid| bid.price.value.to_atoms()).min();
        let is_minimal = order.award == AwardMode::TenantChooses
            || lowest.is_none_or(|lowest| asked.to_atoms() <= lowest);
        must(is_minimal, 4, || format!("lease {id} costs {asked}, a cheaper bid lost"))?;
    }
    Ok(())
}

pub(crate) fn i05_one_lease_an_order(view: &View<'_>) -> Held {
    ask(5, invariants::one_active_lease_per_matched_order(view.state))
}

/// Between blocks, because the worst bids beyond the cap leave at the end of their block.
pub(crate) fn i05_bids_are_within_the_cap(view: &View<'_>) -> Held {
    let mut open: BTreeMap<OrderId, u32> = BTreeMap::new();
    for bid in view.state.bids().bids().filter(|bid| bid.state == BidState::Open) {
        *open.entry(bid.id.order).or_default() += 1;
    }
    let most = view.state.params().bid.bids_max;
    let above = open.into_iter().find(|(_, count)| *count > most);
    must(above.is_none(), 5, || format!("{above:?} open bids where {most} are allowed"))
}

pub(crate) fn i06_no_bid_is_open_after_the_match(view: &View<'_>) -> Held {
    ask(6, invariants::no_open_bid_without_open_order(view.state))
}

/// Between blocks, the deposits that the records have not returned are those of open and winning
/// bids.
pub(crate) fn i06_losers_have_their_deposits_back(view: &View<'_>) -> Held {
    let held = view.seen.held.len();
    let is_held = |bid: &Cow<'_, Bid>| matches!(bid.state, BidState::Open | BidState::Active);
    let expected = view.state.bids().bids().filter(is_held).count();
    must(held == expected, 6, || format!("{held} deposits are held for {expected} bids"))
}

/// Blocks in which the account was paused count for nothing. The records of the present block have
/// not been seen, so what ends or goes on in it is left to the next time.
pub(crate) fn i07_a_lease_is_paid_rate_times_blocks_rounded_down_once(view: &View<'_>) -> Held {
    let (escrow, now) = (view.state.escrow(), view.state.height());
    for lease in escrow.leases() {
        let terms = &lease.signed.terms;
        let id = terms.id;
        let due = |from: u64, to: u64| {
            terms.price.value.to_atoms() * u128::from(to.saturating_sub(from)) / ATOMS
        };
        let pauses = view.seen.pauses.get(&id).copied().unwrap_or_default();
        let starts_at = terms.starts_at.to_u64() + pauses;
        if let LeaseState::Ended { at, earned, .. } = lease.state {
            let parts = [earned.paid, earned.fees, earned.in_kind];
            let earned: u128 = parts.iter().map(|part| part.to_micro()).sum();
            let due = due(starts_at, at.to_u64());
            must(earned == due || at == now, 7, || {
                format!("lease {id} was paid {earned}, earned {due}")
            })?;
            continue;
        }
        let Some(account) = escrow.account(&id.deployment()) else { continue };
        let Some(payment) = account.payments.get(&id) else { continue };
        let from = payment.starts_at.to_u64();
        must(from == starts_at || account.settled_at >= now, 7, || {
            format!("lease {id} starts at {from}, not {starts_at}")
        })?;
        let (earned, due) = (payment.earned.to_micro(), due(from, account.settled_at.to_u64()));
        must(earned == due, 7, || format!("lease {id} earned {earned}, due is {due}"))?;
    }
    Ok(())
}

/// The status follows from price, books and parameters, and from whether it is halted already.
pub(crate) fn i08_the_breaker_is_a_pure_function(view: &View<'_>) -> Held {
    let (vault, params) = (view.state.vault(), &view.state.params().bme);
    let price = view.state.usable_price();
    let price_atoms = price.map(|price| price.usd_per_akt.to_atoms());
    let expected = view.model.price();
    must(price_atoms == expected, 8, || format!("AKT is worth {price_atoms:?}, not {expected:?}"))?;
    let (found, expected) = (vault.status_at(price.as_ref(), params), view.model.status());
    must(found == expected, 8, || format!("the status is {found:?}, the books say {expected:?}"))
}

/// Between blocks, the recorded status is the one that the books give.
pub(crate) fn i08_the_recorded_status_is_the_breakers(view: &View<'_>) -> Held {
    let (found, expected) = (view.state.vault().books().status, view.model.status());
    must(found == expected, 8, || {
        format!("the recorded status is {found:?}, the books say {expected:?}")
    })
}

/// No gap and no break between records, and the seal names what was sealed.
pub(crate) fn i10_the_log_is_one_chain(seen: &mut Seen, outcome: &BlockOutcome) -> Held {
    let chain = log::verify(&seen.chain, &outcome.records);
    let head = chain.as_ref().map(Chain::head);
    must(head == Ok(outcome.head), 10, || format!("the block's records end at {head:?}"))?;
    seen.chain = chain.unwrap_or_default();
    let Some(Event::BlockSealed(seal)) = outcome.records.last().map(|record| &record.event) else {
        return must(false, 10, || "a block without a seal".into());
    };
    must(seal.state_root == outcome.state_root, 10, || "the seal names another root".into())
}

pub(crate) fn i11_every_index_is_what_a_scan_gives(view: &View<'_>) -> Held {
    let (state, height) = (view.state, view.state.height());
    for account in state.escrow().accounts() {
        let (ends, scan) = (state.escrow().ends_at(&account.id), account.ends_at());
        must(ends == scan, 11, || format!("{} ends at {ends:?}, not {scan:?}", account.id))?;
        let is_queued = scan.is_none_or(|at| state.escrow().due(at).any(|id| id == account.id));
        must(is_queued, 11, || format!("{} is not in the queue of ends", account.id))?;
    }
    for order in state.book().orders() {
        let is_due = state.book().due(order.due_at).any(|id| id == order.id);
        must(is_due == order.is_open(), 11, || format!("{} in the queue: {is_due}", order.id))?;
        let open = state.bids().bids_of(order.id).filter(|bid| bid.state == BidState::Open);
        let ranks: Vec<_> = open.map(|bid| bid.rank()).collect();
        let queue = state.bids().queue(&order.id);
        let queued = queue.map(|queue| (queue.len(), queue.best()));
        let best = ranks.iter().min_by_key(|rank| (rank.price, rank.tie)).copied();
        let scan = best.map(|best| (ranks.len(), Some(best)));
        must(queued == scan, 11, || format!("the queue of {} at {height}", order.id))?;
    }
    Ok(())
}

/// A provider's running leases are its winning bids, and each offered at least what is leased.
pub(crate) fn i12_what_is_leased_is_what_its_provider_set_aside(view: &View<'_>) -> Held {
    let won = view.state.bids().bids().filter(|bid| bid.state == BidState::Active);
    let leased = view.state.escrow().leases().filter(|lease| lease.state.is_running());
    let leased: Vec<BidId> = leased.map(|lease| lease.signed.terms.id.0).collect();
    let won: Vec<Cow<'_, Bid>> = won.collect();
    let same = won.iter().map(|bid| bid.id).eq(leased);
    must(same, 12, || "running leases and winning bids are not the same".into())?;
    for bid in won {
        let group = view.state.book().group(&bid.id.order.group);
        let units = group.as_ref().map_or(&[][..], |group| &group.spec.units);
        let asked: u128 =
            units.iter().map(|u| u128::from(u.resources.cpu_milli) * u128::from(u.count)).sum();
        let offer = bid.offer.iter();
        let held: u128 =
            offer.map(|o| u128::from(o.resources.cpu_milli) * u128::from(o.count)).sum();
        must(held >= asked && asked > 0, 12, || format!("{held} milli-CPU for {asked}"))?;
    }
    Ok(())
}

pub(crate) fn i13_a_refusal_leaves_no_trace(same: bool, code: &str) -> Held {
    must(same, 13, || format!("a command refused by {code} changed something"))
}

/// What strangers can make grow has a limit: deposits of an account, and burns that wait.
pub(crate) fn i14_queues_are_bounded(view: &View<'_>) -> Held {
    // Its tenant may always add one more, of each denom.
    let most = DEPOSITS_MAX + 2;
    for account in view.state.escrow().accounts() {
        let found = account.deposits.len();
        must(found <= most, 14, || format!("{} holds {found} deposits of {most}", account.id))?;
    }
    let (bme, requests) = (&view.draw.genesis.params.bme, view.state.vault().requests().count());
    let is_within = requests <= bme.requests_waiting_max as usize;
    must(is_within, 14, || format!("{requests} burns wait"))
}

/// At one dollar for ever, all of the cast together have no more than at the start, and so has
/// everyone who does nothing but burn.
pub(crate) fn i15_nobody_gains_at_a_constant_price(view: &View<'_>) -> Held {
    if !view.is_constant {
        return Ok(());
    }
    let value = |owner: Address| {
        let has = [Money::Akt, Money::Act].map(|m| view.bank.balance_of(owner, m));
        let waiting = view.state.vault().requests().filter(|r| r.owner == owner);
        has[0] + has[1] + waiting.map(|request| request.burned.amount.to_micro()).sum::<u128>()
    };
    let start = |owner: Address| -> u128 {
        let own = view.draw.genesis.balances.iter().filter(|(to, _)| *to == owner);
        own.map(|(_, coin)| coin.amount.to_micro()).sum()
    };
    let mut all = value(escrow_address());
    let mut all_at_start = 0;
    for actor in cast() {
        let (now, before) = (value(actor.address), start(actor.address));
        (all, all_at_start) = (all + now, all_at_start + before);
        let is_provider = view.model.providers.keys().any(|id| id.0 == actor.address);
        let only_burns = actor.role == Role::Burner && !is_provider;
        must(!only_burns || now <= before, 15, || format!("{} gained", actor.name))?;
    }
    must(all <= all_at_start, 15, || format!("all together have {all}, not {all_at_start}"))
}

/// Between blocks, no auction, pause, epoch's turn, word or change of parameters is overdue.
pub(crate) fn i16_what_was_due_is_over(view: &View<'_>) -> Held {
    let (state, height) = (view.state, view.state.height());
    let auctions = state.book().due(height).count();
    let accounts = state.escrow().due(height).count();
    let words = state.attestations_due(height).count();
    let is_late = state.pending_params().is_some_and(|pending| pending.effective_at <= height);
    must(auctions + accounts + words == 0 && !is_late, 16, || {
        format!("{auctions} auctions, {accounts} accounts and {words} words are overdue")
    })
}

/// With fair weather every order, burn, pause and scheduled change ends within the windows.
pub(crate) fn i16_everything_ends(view: &View<'_>) -> Held {
    let open = view.state.book().orders().filter(|order| order.is_open()).count();
    let waiting = view.state.vault().requests().count();
    let is_paused = |state: AccountState| matches!(state, AccountState::Paused { .. });
    let accounts = view.state.escrow().accounts();
    let paused = accounts.filter(|account| is_paused(account.state)).count();
    let pending = usize::from(view.state.pending_params().is_some());
    let status = view.model.status();
    let is_over = open + waiting + paused + pending == 0;
    must(is_over && status == MintStatus::Healthy, 16, || {
        format!(
            "{open} orders are open, {waiting} burns and {pending} parameters wait, {paused} \
             accounts are paused; the status is {status:?}"
        )
    })
}

trait BalanceOf {
    fn balance_of(&self, owner: Address, money: Money) -> u128;
}

impl BalanceOf for MemoryBank {
    fn balance_of(&self, owner: Address, money: Money) -> u128 {
        undercut_ledger::Bank::balance(self, &owner, &money.denom()).to_micro()
    }
}
