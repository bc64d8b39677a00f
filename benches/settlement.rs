//! Escrow: paying every lease every block, and knowing when the money ends.
//!
//! `settlement::blocks`: 1,000 accounts with one lease each live through 100 blocks. Rates are
//! drawn up to 3,000 uact per block with fractions; the money lasts 5 to 10,000 blocks, so a few
//! accounts run out on the way and are closed. In every block some accounts are touched: a provider
//! withdraws or a tenant deposits, one as often as the other. Seed 1. Compared are
//!
//! | by | what it is |
//! | --- | --- |
//! | `ours` | [`Escrow`]: rules, events and [`Escrow::apply`] |
//! | `plain` | [`plain::Ledger`]: every account settled and asked in every block |
//! | `floor` | [`Floor`]: touches and ends in columns, filed on a ring with a slot for every block |
//!
//! Equal before timing: which accounts ended in which block and with what left, and for the first two
//! what every other account still holds at the end and its lease has earned.
//!
//! `settlement::predict`: the block at which one account's money ends, some 1,000 blocks ahead.
//! `by=ours` is [`EscrowAccount::ends_at`], `by=halving` its twin [`plain::depletes_at`], `by=plain`
//! asks the plain ledger block by block, and `by=floor` is one division by the sum of the rates: exact
//! for a single lease, and a bound for several, whose payments are rounded one by one.
//!
//! `settle::idle`, `settle::touch`, `settle::withdraw` and `settle::end` are the rows of these names of
//! `undercut bench`: [`undercut_benches::rows::settlement`] says who plays.
//!
//! What to expect. The plain ledger visits 1,000 map entries twice per block and multiplies two
//! 128-bit numbers each time: some 100 us per block. A lazy block without a touch looks into one slot
//! of the wheel, some 10 ns. A touch by rule makes two events and looks the account up for each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use undercut_benches::settlement::{self, End, Floor, Tenancies};
use undercut_benches::{Generator, deployment_id, order_id, provider, unsigned};
use undercut_ledger::{
    Deposit, Escrow, EscrowAccount, LeaseEndReason, LeaseTerms, LedgerEvent, SignedLease, plain,
};
use undercut_primitives::{
    Address, BlockHeight, BlockSpan, Coin, Decimal, Denom, DeploymentId, Digest, LeaseId,
    PricePerBlock,
};

const ACCOUNTS: u64 = 1_000;
const BLOCKS: u64 = 100;
const TOUCHES_PER_BLOCK: [usize; 3] = [0, 10, 100];
const ONE: u128 = 1_000_000_000_000_000_000;

fn main() {
    undercut_benches::run(&[blocks, predict, rows]);
}

fn rows(criterion: &mut Criterion) {
    let operations = ["settle/idle", "settle/touch", "settle/withdraw", "settle/end"];
    undercut_benches::contests(criterion, &operations);
}

fn own(depositor: Address, micro: u128) -> Deposit {
    Deposit { depositor, drawn_by: None, coin: Coin::uact(micro) }
}

/// One lease with its account.
struct Tenancy {
    lease: LeaseId,
    rate: Decimal,
    deposit: u128,
}

impl Tenancy {
    fn new(number: u64, gseq: u32, runway: u64, generator: &mut Generator) -> Self {
        // Six digits after the point, as prices from an SDL have.
        let rate_micro = u128::from(1 + generator.below(3_000_000_000));
        let rate = Decimal::from_atoms(rate_micro * (ONE / 1_000_000));
        let deposit = rate_micro * u128::from(runway) / 1_000_000 + 1;
        Self { lease: LeaseId(order_id(number, gseq).bid(provider(number))), rate, deposit }
    }

    const fn account(&self) -> DeploymentId {
        self.lease.deployment()
    }

    fn depositor(&self) -> Address {
        self.account().tenant.0
    }

    fn deposited(&self) -> LedgerEvent {
        let deposit = own(self.depositor(), self.deposit);
        LedgerEvent::Deposited { account: self.account(), deposit }
    }

    fn signed(&self) -> LedgerEvent {
        let price = PricePerBlock::new(Denom::uact(), self.rate);
        let terms = LeaseTerms::new(self.lease, price, BlockHeight::GENESIS, Digest::ZERO);
        LedgerEvent::LeaseSigned(
            SignedLease { terms, tenant: unsigned(), provider: unsigned() }.into(),
        )
    }
}

/// What someone does to an account, by its place.
#[derive(Clone, Copy)]
enum Touch {
    Withdraw(usize),
    Deposit(usize, u128),
}

struct Workload {
    tenancies: Vec<Tenancy>,
    /// By block, the first at height 1.
    touches: Vec<Vec<Touch>>,
}

impl Workload {
    fn new(touches_per_block: usize) -> Self {
        let mut generator = Generator::new(1);
        let mut tenancy = |number| {
            let runway = 5 + generator.below(9_995);
            Tenancy::new(number, 1, runway, &mut generator)
        };
        let tenancies: Vec<Tenancy> = (0..ACCOUNTS).map(&mut tenancy).collect();
        let mut touch = |_| {
            let place = generator.place(tenancies.len());
            if generator.one(2) {
                Touch::Withdraw(place)
            } else {
                Touch::Deposit(place, u128::from(1 + generator.below(1_000)))
            }
        };
        let touches = (0..BLOCKS).map(|_| (0..touches_per_block).map(&mut touch).collect());
        Self { touches: touches.collect(), tenancies }
    }

    fn heights(&self) -> impl Iterator<Item = (BlockHeight, &[Touch])> {
        (1..).map(BlockHeight::new).zip(self.touches.iter().map(Vec::as_slice))
    }
}

/// Accounts that ran out of money, by the block, and what was left of each, in uact.
type Ends = BTreeMap<(BlockHeight, DeploymentId), u128>;

/// What open accounts still hold and what their leases have earned, in uact.
type Books = BTreeMap<DeploymentId, (u128, u128)>;

fn apply(escrow: &mut Escrow, events: &[LedgerEvent]) {
    for event in events {
        escrow.apply(event).expect("the event is the escrow's own");
    }
}

fn open_escrow(workload: &Workload) -> Escrow {
    let mut escrow = Escrow::default();
    for tenancy in &workload.tenancies {
        let (id, at) = (tenancy.account(), BlockHeight::GENESIS);
        let grace = BlockSpan::default();
        let opened = LedgerEvent::AccountOpened { id, denom: Denom::uact(), grace, at };
        apply(&mut escrow, &[opened, tenancy.deposited(), tenancy.signed()]);
    }
    escrow
}

/// What went back to depositors.
fn refunded(events: &[LedgerEvent]) -> u128 {
    let refunds = events.iter().filter_map(|event| match event {
        LedgerEvent::AccountClosed { refunds, .. } => Some(refunds),
        _ => None,
    });
    refunds.flatten().map(|refund| refund.coin.amount.to_micro()).sum()
}

fn run_lazily(workload: &Workload, mut escrow: Escrow) -> (Escrow, Ends) {
    let mut ends = Ends::new();
    for (height, touches) in workload.heights() {
        for touch in touches {
            // Both refuse an account that has ended.
            match *touch {
                Touch::Withdraw(place) => {
                    let lease = &workload.tenancies[place].lease;
                    let events = escrow.withdraw(lease, height).unwrap_or_default();
                    apply(&mut escrow, &events);
                }
                Touch::Deposit(place, amount) => {
                    let tenancy = &workload.tenancies[place];
                    let (id, from) = (tenancy.account(), tenancy.depositor());
                    let (coin, deposit) = (Coin::uact(amount), vec![own(from, amount)]);
                    let events = escrow.deposit(&id, &coin, deposit, height, None);
                    apply(&mut escrow, &events.unwrap_or_default());
                }
            }
        }
        let due: Vec<DeploymentId> = escrow.due(height).collect();
        for id in due {
            let closed = escrow.close_account(&id, height, LeaseEndReason::FundsExhausted);
            let closed = closed.expect("a due account is open");
            apply(&mut escrow, &closed);
            ends.insert((height, id), refunded(&closed));
        }
    }
    (escrow, ends)
}

/// Settles what is open up to the last block.
fn books_of_escrow(mut escrow: Escrow) -> Books {
    let last = BlockHeight::new(BLOCKS);
    let open: Vec<EscrowAccount> =
        escrow.accounts().filter(|a| a.is_open()).map(Cow::into_owned).collect();
    for account in open {
        if let Some(settlement) = account.settle(last).expect("the amounts are small") {
            apply(&mut escrow, &[LedgerEvent::Settled(settlement)]);
        }
    }
    let book = |account: Cow<EscrowAccount>| {
        let earned = account.payments.values().map(|payment| payment.earned.to_micro()).sum();
        (account.id, (account.balance().to_micro(), earned))
    };
    escrow.accounts().filter(|account| account.is_open()).map(book).collect()
}

fn open_plainly(workload: &Workload) -> plain::Ledger {
    let mut ledger = plain::Ledger::default();
    for tenancy in &workload.tenancies {
        ledger.open(tenancy.account(), Denom::uact());
        ledger.deposit(tenancy.account(), &own(tenancy.depositor(), tenancy.deposit));
        ledger.start(tenancy.lease, tenancy.rate);
    }
    ledger
}

fn run_plainly(workload: &Workload, mut ledger: plain::Ledger) -> (plain::Ledger, Ends) {
    let mut ends = Ends::new();
    for (height, touches) in workload.heights() {
        for touch in touches {
            // What a lease has earned is known at any time, so that a withdrawal changes nothing.
            let Touch::Deposit(place, amount) = *touch else { continue };
            let tenancy = &workload.tenancies[place];
            if ledger.accounts[&tenancy.account()].streams[&tenancy.lease].is_open {
                ledger.deposit(tenancy.account(), &own(tenancy.depositor(), amount));
            }
        }
        assert_eq!(ledger.settle_block(height), [], "nobody owes what is not there");
        for id in ledger.cannot_pay_after(height) {
            let streams = ledger.accounts[&id].streams.keys().copied().collect::<Vec<_>>();
            streams.iter().for_each(|lease| ledger.stop(lease));
            ends.insert((height, id), ledger.accounts[&id].balance(&Denom::uact()));
        }
    }
    (ledger, ends)
}

/// The accounts in millionths, which their rates are whole in.
fn floor_of(workload: &Workload) -> Floor {
    let tenancy = |one: &Tenancy| settlement::Tenancy {
        rate: u64::try_from(one.rate.to_atoms() / (ONE / 1_000_000)).expect("rates are small"),
        deposit: u64::try_from(one.deposit).expect("deposits are small"),
    };
    Floor::new(&Tenancies::of(workload.tenancies.iter().map(tenancy).collect(), 1))
}

fn run_floor(workload: &Workload, mut floor: Floor) -> Vec<End> {
    let mut ends = Vec::new();
    for (_, touches) in workload.heights() {
        for touch in touches {
            match *touch {
                Touch::Withdraw(place) => drop(black_box(floor.withdraw(place))),
                Touch::Deposit(place, amount) => {
                    let amount = u64::try_from(amount).expect("the amounts are small");
                    floor.touch(settlement::Touch { place, amount });
                }
            }
        }
        floor.block(&mut ends);
    }
    ends
}

fn ends_of_floor(workload: &Workload, ends: &[End]) -> Ends {
    let end = |(place, height, left): &End| {
        let account = workload.tenancies[*place].account();
        ((BlockHeight::new(*height), account), u128::from(left / 1_000_000))
    };
    ends.iter().map(end).collect()
}

fn books_of_plain(ledger: &plain::Ledger) -> Books {
    let runs = |account: &plain::Account| account.streams.values().any(|stream| stream.is_open);
    let book = |(id, account): (&DeploymentId, &plain::Account)| {
        let earned = account.streams.values().map(|stream| stream.earned).sum();
        (*id, (account.balance(&Denom::uact()), earned))
    };
    ledger.accounts.iter().filter(|(_, account)| runs(account)).map(book).collect()
}

/// One account at a time, so that a difference is shown alone.
fn assert_same(lazy: &Books, plain: &Books) {
    assert_eq!(lazy.len(), plain.len());
    for (lazy, plain) in lazy.iter().zip(plain) {
        assert_eq!(lazy, plain);
    }
}

fn blocks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("settlement::blocks");
    group.throughput(Throughput::Elements(BLOCKS));
    for touches in TOUCHES_PER_BLOCK {
        let workload = Workload::new(touches);
        let (escrow, ledger) = (open_escrow(&workload), open_plainly(&workload));
        let (lazy, lazy_ends) = run_lazily(&workload, escrow.clone());
        let (plain, plain_ends) = run_plainly(&workload, ledger.clone());
        assert!(!plain_ends.is_empty(), "some accounts run out of money");
        assert_eq!(lazy_ends, plain_ends);
        let floor = floor_of(&workload);
        assert_eq!(ends_of_floor(&workload, &run_floor(&workload, floor.clone())), plain_ends);
        assert_same(&books_of_escrow(lazy), &books_of_plain(&plain));

        let name = format!("accounts={ACCOUNTS} touches={touches}");
        group.bench_function(format!("{name} by=ours"), |bencher| {
            let escrow = || escrow.clone();
            bencher.iter_batched(escrow, |e| run_lazily(&workload, e), BatchSize::LargeInput);
        });
        group.bench_function(format!("{name} by=plain"), |bencher| {
            let ledger = || ledger.clone();
            bencher.iter_batched(ledger, |l| run_plainly(&workload, l), BatchSize::LargeInput);
        });
        group.bench_function(format!("{name} by=floor"), |bencher| {
            let floor = || floor.clone();
            bencher.iter_batched(floor, |f| run_floor(&workload, f), BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// One account with this many leases, each with money for some 1,000 blocks, in both forms.
fn account(leases: u32) -> (EscrowAccount, plain::Ledger) {
    let mut generator = Generator::new(1);
    let (id, grace, at) = (deployment_id(1), BlockSpan::default(), BlockHeight::GENESIS);
    let mut account = EscrowAccount::new(id, Denom::uact(), grace, at);
    let mut ledger = plain::Ledger::default();
    ledger.open(id, Denom::uact());
    for gseq in 1..=leases {
        let tenancy = Tenancy::new(1, gseq, 1_000, &mut generator);
        for event in [tenancy.deposited(), tenancy.signed()] {
            account.apply(&event).expect("the event is of this account");
        }
        ledger.deposit(tenancy.account(), &own(tenancy.depositor(), tenancy.deposit));
        ledger.start(tenancy.lease, tenancy.rate);
    }
    (account, ledger)
}

fn depletes_plainly(ledger: &plain::Ledger) -> Option<BlockHeight> {
    let (mut ledger, mut height) = (ledger.clone(), BlockHeight::GENESIS);
    while ledger.cannot_pay_after(height).is_empty() {
        height = height.next()?;
        assert!(ledger.settle_block(height).is_empty(), "what can be paid is paid");
    }
    Some(height)
}

/// The greatest `n` with `rates * n < balance + spare`, from genesis on. With a spare micro-unit for each
/// lease no later block can be paid, and with one for all of them none is promised too much.
fn depletes_by_division(account: &EscrowAccount, spare: u128) -> Option<BlockHeight> {
    let rates: u128 = account.payments.values().map(|payment| payment.rate.value.to_atoms()).sum();
    let below = (account.balance().to_micro() + spare).checked_mul(ONE)?;
    Some(BlockHeight::new(u64::try_from((below - 1).checked_div(rates)?).ok()?))
}

fn predict(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("settlement::predict");
    for leases in [1, 4, 16] {
        let (account, ledger) = account(leases);
        let expected = depletes_plainly(&ledger);
        assert!(expected.is_some_and(|height| height.to_u64() >= 1_000));
        assert_eq!(account.ends_at(), expected);

        group.bench_function(format!("leases={leases} by=ours"), |bencher| {
            bencher.iter(|| black_box(&account).ends_at());
        });
        assert_eq!(plain::depletes_at(&account), expected);
        group.bench_function(format!("leases={leases} by=halving"), |bencher| {
            bencher.iter(|| plain::depletes_at(black_box(&account)));
        });
        group.bench_function(format!("leases={leases} by=plain"), |bencher| {
            bencher.iter(|| depletes_plainly(black_box(&ledger)));
        });
        let bounds = [1, leases.into()].map(|spare| depletes_by_division(&account, spare));
        assert!(bounds[0] <= expected && expected <= bounds[1], "{bounds:?}");
        group.bench_function(format!("leases={leases} by=floor"), |bencher| {
            bencher.iter(|| depletes_by_division(black_box(&account), 1));
        });
    }
    group.finish();
}
