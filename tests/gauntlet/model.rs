//! [`Model`]: the market once more, plain, eager and obviously right, to compare the engine with.
//!
//! Money is bare `u128`. Every running lease is paid in every block, in exact multiples of
//! 10^-18; bids stand in a list that is searched when an order is awarded; refunds and supply are
//! sums. Nothing is predicted, queued or cached. The model is fed with the commands that were
//! accepted, never with the engine's events: who wins, who is paid how much and when money ends is
//! its own word. It takes ids and the records' plain data from the crates, and of their code only
//! the vault's plain twin, which shares nothing with the vault.
//!
//! | file | holds |
//! | --- | --- |
//! | `model.rs` | what there is, and how a block begins |
//! | `model/verdict.rs` | whether a command may be accepted |
//! | `model/fits.rs` | whether groups, profiles, offers and parameters are what they may be |
//! | `model/money.rs` | deposits, allowances, payments, fees, payment in uakt |
//! | `model/accept.rs` | what an accepted command does |
//! | `model/end.rs` | what the end of a block does |
//! | `model/oracle.rs` | what AKT is worth |

mod accept;
mod end;
mod fits;
mod money;
mod oracle;
mod verdict;

use std::collections::BTreeMap;

use undercut::{BlockContext, Genesis, Params};
use undercut_ledger::bank::{escrow_address, vault_address};
use undercut_ledger::bme::plain::PlainVault;
use undercut_primitives::{
    Address, Attribute, BidId, Denom, DeploymentId, Digest, GroupId, GroupSpec, LeaseId, OrderId,
    Provider, PublicKey,
};

pub(crate) use money::{Allowance, Deposit};

/// 10^-18 micro-units are one atom of a price.
pub(crate) const ATOMS: u128 = 1_000_000_000_000_000_000;

/// The two denoms that move in these markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Money {
    /// `uakt`.
    Akt,
    /// `uact`.
    Act,
}

impl Money {
    /// The money of a denom; `None` for every other denom.
    pub(crate) fn of(denom: &Denom) -> Option<Self> {
        match denom.as_str() {
            "uakt" => Some(Self::Akt),
            "uact" => Some(Self::Act),
            _ => None,
        }
    }

    /// The denom.
    pub(crate) fn denom(self) -> Denom {
        match self {
            Self::Akt => Denom::uakt(),
            Self::Act => Denom::uact(),
        }
    }
}

/// Where a bid stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BidIs {
    Open,
    Won,
    Evicted,
    Over,
}

/// A bid.
#[derive(Clone, Debug)]
pub(crate) struct Bid {
    pub(crate) provider: Provider,
    pub(crate) price: u128,
    pub(crate) tie: [u8; 32],
    pub(crate) money: Money,
    /// Who paid how much of the deposit.
    pub(crate) payers: Vec<(Address, u128)>,
    /// The reclamation window offered, in nanoseconds.
    pub(crate) window: Option<u64>,
    pub(crate) is: BidIs,
}

/// A lease that runs.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) id: LeaseId,
    pub(crate) rate: u128,
    /// In atoms of a micro-unit, block by block.
    pub(crate) accrued: u128,
    /// Whole micro-units of it, taken from the deposits or paid in uakt.
    pub(crate) earned: u128,
    /// What part of it was paid in uakt.
    pub(crate) in_kind: u128,
    /// The uakt that were paid for that, fees included.
    pub(crate) kind_uakt: u128,
    /// What the provider was paid, in uact.
    pub(crate) paid: u128,
    /// What the community pool was paid, in uact.
    pub(crate) fees: u128,
    pub(crate) take_bps: u32,
    /// How long before an early end its provider announces it, in nanoseconds.
    pub(crate) window: Option<u64>,
    /// From when on the provider may end it, once announced.
    pub(crate) deadline: Option<i64>,
}

/// How a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Tenant,
    Provider,
    Funds,
}

/// A lease that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) at: u64,
    pub(crate) cause: Cause,
    pub(crate) paid: u128,
    pub(crate) fees: u128,
    pub(crate) in_kind: u128,
}

/// The order of a group that is not over.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) due_at: u64,
    pub(crate) entropy: [u8; 32],
    pub(crate) bids: Vec<Bid>,
    /// The worst open bid when the block began, if all places were taken then.
    pub(crate) bar: Option<(u128, [u8; 32])>,
    pub(crate) lease: Option<Lease>,
}

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupIs {
    Open,
    Paused,
    Closed,
}

/// A group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) spec: GroupSpec,
    pub(crate) ceiling: u128,
    pub(crate) is: GroupIs,
    pub(crate) auctions: u32,
    pub(crate) order: Option<Order>,
}

/// A pause of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause {
    /// The last block that was paid.
    pub(crate) since: u64,
    /// The block at whose end it closes.
    pub(crate) until: u64,
}

/// A deployment with its account, while it is open.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    pub(crate) chooses: bool,
    pub(crate) opened_at: u64,
    pub(crate) hash: Digest,
    /// The reclamation window that bids have to offer at least, in nanoseconds.
    pub(crate) window: Option<u64>,
    pub(crate) grace: u64,
    pub(crate) groups: Vec<Group>,
    /// What is left of each deposit, oldest first.
    pub(crate) deposits: Vec<Deposit>,
    pub(crate) paused: Option<Pause>,
    /// The last block that is paid, where that is ahead of the present one.
    pub(crate) paid_to: u64,
}

impl Deployment {
    /// What no provider has earned yet.
    pub(crate) fn balance(&self, money: Money) -> u128 {
        let own = self.deposits.iter().filter(|deposit| deposit.money == money);
        own.map(|deposit| deposit.amount).sum()
    }

    /// The leases that run.
    pub(crate) fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.groups.iter().filter_map(|group| group.order.as_ref()?.lease.as_ref())
    }

    fn leases_mut(&mut self) -> impl Iterator<Item = &mut Lease> {
        self.groups.iter_mut().filter_map(|group| group.order.as_mut()?.lease.as_mut())
    }

    /// What the next block costs.
    pub(crate) fn next_block(&self) -> u128 {
        self.leases().map(Lease::next_block).sum()
    }

    /// Whether the money ends with the present block.
    pub(crate) fn money_ends(&self) -> bool {
        self.paused.is_none() && self.next_block() > self.balance(Money::Act)
    }
}

impl Lease {
    /// What the next block costs.
    fn next_block(&self) -> u128 {
        (self.accrued + self.rate) / ATOMS - self.earned
    }
}

/// What an auditor says of a provider, and the last block for which it counts.
pub(crate) type Word = (Vec<Attribute>, Option<u64>);

/// What a provider says, and what auditors say of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    pub(crate) own: Vec<Attribute>,
    pub(crate) audits: BTreeMap<String, Word>,
}

/// A price of AKT, in atoms of a dollar, and when it was published, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quote {
    pub(crate) atoms: u128,
    pub(crate) nanos: i64,
}

/// The market once more.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) params: Params,
    /// Parameters that wait, and the first block in which they hold.
    pub(crate) pending: Option<(Params, u64)>,
    pub(crate) auditors: Vec<(String, Address)>,
    pub(crate) height: u64,
    pub(crate) nanos: i64,
    /// What came in with the block.
    pub(crate) quote: Option<Quote>,
    /// All that sources have posted.
    pub(crate) posts: BTreeMap<Address, Vec<Quote>>,
    pub(crate) entropy: [u8; 32],
    pub(crate) balances: BTreeMap<(Money, Address), u128>,
    pub(crate) allowances: BTreeMap<(Address, Address), Allowance>,
    pub(crate) nonces: BTreeMap<Address, u64>,
    /// Keys of accounts that changed theirs.
    pub(crate) keys: BTreeMap<Address, PublicKey>,
    pub(crate) providers: BTreeMap<Provider, Profile>,
    /// The open ones.
    pub(crate) deployments: BTreeMap<DeploymentId, Deployment>,
    /// The numbers that were used, by tenant: never again.
    pub(crate) used: BTreeMap<DeploymentId, ()>,
    /// Leases that are over.
    pub(crate) ended: BTreeMap<LeaseId, Ended>,
    /// Leases that began or ended in this block, for comparing.
    pub(crate) changed: Vec<LeaseId>,
    pub(crate) vault: PlainVault,
    /// Whether burns of this block's end have changed whether mints of it may be, for the marks.
    pub(crate) has_crossed: bool,
}

impl Model {
    /// The market right after genesis.
    pub(crate) fn new(genesis: &Genesis) -> Self {
        let mut model = Self {
            params: genesis.params.clone(),
            pending: None,
            auditors: genesis.auditors.clone(),
            height: 0,
            nanos: genesis.time.to_unix_nanos(),
            quote: None,
            posts: BTreeMap::new(),
            entropy: [0; 32],
            balances: BTreeMap::new(),
            allowances: BTreeMap::new(),
            nonces: BTreeMap::new(),
            keys: BTreeMap::new(),
            providers: BTreeMap::new(),
            deployments: BTreeMap::new(),
            used: BTreeMap::new(),
            ended: BTreeMap::new(),
            changed: Vec::new(),
            vault: PlainVault::default(),
            has_crossed: false,
        };
        for (owner, coin) in &genesis.balances {
            let money = Money::of(&coin.denom).expect("these markets have two denoms");
            model.gain(money, *owner, coin.amount.to_micro());
        }
        let collateral = genesis.vault_uakt.to_micro();
        model.gain(Money::Akt, vault_address(), collateral);
        model.vault = PlainVault::new(collateral, model.supply(Money::Act), &model.params.bme);
        model
    }

    /// What someone has.
    pub(crate) fn balance(&self, money: Money, owner: Address) -> u128 {
        self.balances.get(&(money, owner)).copied().unwrap_or_default()
    }

    /// All that exists: the sum of what everyone has.
    pub(crate) fn supply(&self, money: Money) -> u128 {
        self.balances.iter().filter(|((of, _), _)| *of == money).map(|(_, amount)| amount).sum()
    }

    fn gain(&mut self, money: Money, owner: Address, amount: u128) {
        *self.balances.entry((money, owner)).or_default() += amount;
    }

    fn lose(&mut self, money: Money, owner: Address, amount: u128) {
        let balance = self.balances.entry((money, owner)).or_default();
        *balance = balance.checked_sub(amount).expect("the model pays only what is there");
    }

    fn pay(&mut self, money: Money, from: Address, to: Address, amount: u128) {
        self.lose(money, from, amount);
        self.gain(money, to, amount);
    }

    fn lock(&mut self, money: Money, from: Address, amount: u128) {
        self.pay(money, from, escrow_address(), amount);
    }

    fn unlock(&mut self, money: Money, to: Address, amount: u128) {
        self.pay(money, escrow_address(), to, amount);
    }

    /// A block begins: parameters that waited hold, and every running lease is paid for it.
    pub(crate) fn begin(&mut self, context: &BlockContext) {
        self.height = context.height.to_u64();
        self.nanos = context.time.to_unix_nanos();
        self.entropy = *context.entropy.as_bytes();
        self.quote = context.price.map(|price| Quote {
            atoms: price.usd_per_akt.to_atoms(),
            nanos: price.published_at.to_unix_nanos(),
        });
        self.changed.clear();
        self.raise_bars();
        if let Some((params, _)) = self.pending.take_if(|(_, at)| *at <= self.height) {
            self.params = params;
        }
        for deployment in self.deployments.values_mut() {
            if deployment.paused.is_some() || deployment.paid_to >= self.height {
                continue;
            }
            let mut owed = 0;
            for lease in deployment.leases_mut() {
                lease.accrued += lease.rate;
                let whole = lease.accrued / ATOMS;
                owed += whole - lease.earned;
                lease.earned = whole;
            }
            money::spend(&mut deployment.deposits, Money::Act, owed);
        }
    }

    /// Notes the worst bid of every order whose places are all taken.
    fn raise_bars(&mut self) {
        let places = self.params.bid.bids_max as usize;
        for deployment in self.deployments.values_mut() {
            for order in deployment.groups.iter_mut().filter_map(|group| group.order.as_mut()) {
                let open = order.bids.iter().filter(|bid| bid.is == BidIs::Open);
                let ranks: Vec<_> = open.map(|bid| (bid.price, bid.tie)).collect();
                let worst = ranks.iter().max().copied();
                order.bar = worst.filter(|_| ranks.len() >= places);
            }
        }
    }

    /// An order that is not over.
    pub(crate) fn order(&self, id: &OrderId) -> Option<&Order> {
        let group = self.group(&id.group)?;
        group.order.as_ref().filter(|order| order.id == *id)
    }

    /// A group of an open deployment.
    pub(crate) fn group(&self, id: &GroupId) -> Option<&Group> {
        let index = usize::try_from(id.gseq).ok()?.checked_sub(1)?;
        self.deployments.get(&id.deployment)?.groups.get(index)
    }

    fn group_mut(&mut self, id: &GroupId) -> &mut Group {
        let index = usize::try_from(id.gseq).expect("a group number is small") - 1;
        let deployment = self.deployments.get_mut(&id.deployment);
        let deployment = deployment.expect("the deployment was found before");
        deployment.groups.get_mut(index).expect("the group was found before")
    }

    fn order_mut(&mut self, id: &OrderId) -> &mut Order {
        self.group_mut(&id.group).order.as_mut().expect("the order was found before")
    }

    /// An open bid.
    pub(crate) fn open_bid(&self, id: &BidId) -> Option<&Bid> {
        let bids = &self.order(&id.order)?.bids;
        bids.iter().find(|bid| bid.provider == id.provider && bid.is == BidIs::Open)
    }

    /// A running lease.
    pub(crate) fn lease(&self, id: &LeaseId) -> Option<&Lease> {
        self.order(&id.order())?.lease.as_ref().filter(|lease| lease.id == *id)
    }

    /// All orders that are not over.
    pub(crate) fn orders(&self) -> impl Iterator<Item = &Order> {
        let groups = self.deployments.values().flat_map(|deployment| &deployment.groups);
        groups.filter_map(|group| group.order.as_ref())
    }

    /// All groups that are not closed.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (GroupId, &Group)> {
        let each = self.deployments.iter().flat_map(|(id, deployment)| {
            let groups = (1..).zip(&deployment.groups);
            groups.map(|(gseq, group)| (GroupId { deployment: *id, gseq }, group))
        });
        each.filter(|(_, group)| group.is != GroupIs::Closed)
    }

    /// All running leases.
    pub(crate) fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.deployments.values().flat_map(Deployment::leases)
    }
}
