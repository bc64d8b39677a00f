//! A market of some size, and a block of commands of all kinds for it.

use std::collections::{BTreeMap, BTreeSet};

use undercut::{Command, Params};
use undercut_ledger::ProviderReason;
use undercut_primitives::codec::Canonical as _;
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{
    Address, BidId, BlockSpan, Coin, Decimal, Denom, DeploymentId, GroupId, LeaseId, OrderId,
    PricePerBlock, Provider, Tenant,
};

use crate::fixture::{Generator, PRICE_MAX, digest};
use crate::market::{Market, keys, new_bid, new_deployment, signed};

/// The market and the mix, in words.
pub(super) const PARAMS: &str =
    "leases=10000 deployments=8000 groups=9000 providers=500 commands=10000";

const TENANTS: usize = 2_000;
const DEPLOYMENTS: usize = 8_000;
/// So many of them have two groups, the others one.
const TWO_GROUPS: usize = 1_000;
const PROVIDERS: usize = 500;
/// Leases that ended before, and whose groups have another.
const ENDED: usize = 1_000;
/// Orders that are open, each with [`PLACED`] bids.
const OPEN: usize = 200;
const PLACED: usize = 10;
const WINDOW: u64 = 5;

/// 10,000 leases on 9,000 groups of 8,000 deployments, 200 more orders that take bids, 500 providers;
/// and 10,000 signed commands as bytes:
///
/// | commands | what |
/// | --- | --- |
/// | 3,000 | bids for open orders |
/// | 1,000 | lower prices |
/// | 500 | bids taken back |
/// | 1,500 | deployments |
/// | 1,500 | deposits |
/// | 1,500 | withdrawals |
/// | 500 | ends of leases |
/// | 500 | new manifests |
#[derive(Debug)]
pub(super) struct Mixed {
    /// The market.
    pub(super) market: Market,
    /// The commands, in the order in which they come in.
    pub(super) commands: Vec<Vec<u8>>,
}

struct Maker {
    market: Market,
    tenants: Vec<KeyPair>,
    providers: Vec<KeyPair>,
    nonces: BTreeMap<Address, u64>,
    generator: Generator,
}

impl Mixed {
    /// The market and the commands of a seed.
    #[must_use]
    pub(super) fn new(seed: u64) -> Self {
        let mut maker = Maker::new(seed);
        let groups = maker.reference_state();
        let open = maker.open_orders();
        maker.check();
        let commands = maker.commands(&groups, &open);
        assert_eq!(commands.len(), 10_000);
        Self { market: maker.market, commands }
    }
}

fn numbers(count: usize) -> u64 {
    u64::try_from(count).expect("there are few")
}

impl Maker {
    fn new(seed: u64) -> Self {
        let (tenants, providers) =
            (keys("tenant", numbers(TENANTS)), keys("provider", numbers(PROVIDERS)));
        let mut params = Params::default();
        params.order.bid_window = BlockSpan::from_blocks(WINDOW);
        params.bid.bids_max = 64;
        let accounts = providers.iter().chain(&tenants).map(KeyPair::address);
        let mut market = Market::new(params, accounts, None);
        market.begin();
        market.register(&providers);
        market.end();
        Self {
            market,
            tenants,
            providers,
            nonces: BTreeMap::new(),
            generator: Generator::new(seed),
        }
    }

    /// The tenant and the number of a deployment.
    fn deployment(&self, number: usize) -> (&KeyPair, u64) {
        (&self.tenants[number % TENANTS], 1 + numbers(number / TENANTS))
    }

    fn id(&self, number: usize) -> DeploymentId {
        let (tenant, dseq) = self.deployment(number);
        DeploymentId { tenant: Tenant(tenant.address()), dseq }
    }

    /// Returns the groups, each with a running lease.
    fn reference_state(&mut self) -> Vec<GroupId> {
        self.market.begin();
        let (mut groups, mut created) = (Vec::new(), Vec::new());
        for number in 0..DEPLOYMENTS {
            let count = 1 + u32::from(number < TWO_GROUPS);
            let deployment = self.id(number);
            groups.extend((1..=count).map(|gseq| GroupId { deployment, gseq }));
            created.push((number, new_deployment(deployment.dseq, count)));
        }
        for (number, command) in created {
            let tenant = &self.tenants[number % TENANTS];
            self.market.send(tenant, command);
        }
        self.market.end();
        self.award(groups.iter().map(|group| group.order(1)).collect());
        self.market.begin();
        let ended: Vec<LeaseId> = self
            .running()
            .into_iter()
            .filter(|lease| lease.order().oseq == 1)
            .take(ENDED)
            .collect();
        for lease in &ended {
            let close = Command::CloseLease { lease: *lease, reason: ProviderReason::UNSPECIFIED };
            let tenant = self.tenants.iter().find(|key| key.address() == lease.order().tenant().0);
            self.market.send(tenant.expect("the tenant is one of ours"), close);
        }
        self.market.end();
        self.award(ended.iter().map(|lease| lease.order().group.order(2)).collect());
        groups
    }

    /// One bid for each order by the providers in turn, and the blocks up to the award.
    fn award(&mut self, orders: Vec<OrderId>) {
        self.market.begin();
        for (order, provider) in orders.into_iter().zip(self.providers.iter().cycle()) {
            self.market.send(provider, new_bid(order, 1));
        }
        self.market.end();
        self.market.wait_until(self.market.height() + WINDOW);
    }

    fn running(&self) -> Vec<LeaseId> {
        let leases = self.market.engine.state().escrow().leases();
        leases.filter(|lease| lease.state.is_running()).map(|lease| lease.signed.terms.id).collect()
    }

    /// Orders of further deployments, with the first bids.
    fn open_orders(&mut self) -> Vec<OrderId> {
        let ids: Vec<DeploymentId> =
            (DEPLOYMENTS..DEPLOYMENTS + OPEN).map(|number| self.id(number)).collect();
        self.market.begin();
        for (id, tenant) in ids.iter().zip(&self.tenants) {
            self.market.send(tenant, new_deployment(id.dseq, 1));
        }
        self.market.end();
        let orders = ids.into_iter().map(|deployment| GroupId { deployment, gseq: 1 }.order(1));
        let orders: Vec<OrderId> = orders.collect();
        self.market.begin();
        for order in &orders {
            for provider in self.providers.iter().take(PLACED) {
                let price = PRICE_MAX / 2 + self.generator.below(PRICE_MAX / 2);
                self.market.send(provider, new_bid(*order, price));
            }
        }
        self.market.end();
        orders
    }

    /// That the market is the one which the parameters say.
    fn check(&self) {
        let state = self.market.engine.state();
        let leases = state.escrow().leases().count();
        assert_eq!((leases, self.running().len()), (10_000, 9_000));
        assert_eq!(state.book().deployments().count(), DEPLOYMENTS + OPEN);
        assert_eq!(state.providers().count(), PROVIDERS);
    }

    /// All commands, shuffled, each signed as its account's next.
    fn commands(&mut self, groups: &[GroupId], open: &[OrderId]) -> Vec<Vec<u8>> {
        let mut asked = self.bids(open);
        asked.extend(self.tenants_commands(groups));
        asked.extend(self.ends_and_withdrawals());
        for place in (1..asked.len()).rev() {
            asked.swap(place, self.generator.place(place + 1));
        }
        let by_address: BTreeMap<Address, &KeyPair> =
            self.tenants.iter().chain(&self.providers).map(|key| (key.address(), key)).collect();
        let state = self.market.engine.state();
        let mut commands = Vec::new();
        for (account, command) in asked {
            let nonce = self.nonces.entry(account).or_insert_with(|| state.nonce(&account));
            *nonce += 1;
            let command = signed(by_address[&account], *nonce, command);
            commands.push(command.encode().expect("the command is small"));
        }
        commands
    }

    /// 3,000 bids by providers that have none, 1,000 lower prices, 500 bids taken back.
    fn bids(&mut self, open: &[OrderId]) -> Vec<(Address, Command)> {
        let mut asked = Vec::new();
        for (turn, order) in open.iter().cycle().take(3_000).enumerate() {
            let provider = self.providers[PLACED + turn / open.len()].address();
            let price = 1 + self.generator.below(PRICE_MAX);
            asked.push((provider, new_bid(*order, price)));
        }
        let placed: Vec<BidId> = open
            .iter()
            .flat_map(|order| {
                let placed = self.providers.iter().take(PLACED);
                placed.map(|provider| order.bid(Provider(provider.address())))
            })
            .collect();
        for (place, bid) in placed.iter().enumerate().take(1_500) {
            let value = Decimal::from_whole(1 + self.generator.below(PRICE_MAX / 2 - 1));
            let price = PricePerBlock::new(Denom::uact(), value);
            let command = match place % 3 {
                0 => Command::CloseBid(*bid),
                _ => Command::RepriceBid { bid: *bid, price },
            };
            asked.push((bid.provider.0, command));
        }
        asked
    }

    /// 1,500 deployments, 1,500 deposits, 500 new manifests.
    fn tenants_commands(&mut self, groups: &[GroupId]) -> Vec<(Address, Command)> {
        let mut asked = Vec::new();
        for number in 0..1_500 {
            let tenant = self.tenants[number].address();
            asked.push((tenant, new_deployment(1_000, 1)));
            let deployment = groups[self.generator.place(groups.len())].deployment;
            asked.push((tenant, Command::deposit(deployment, Coin::uact(1_000_000))));
        }
        for number in 0..500 {
            let id = self.id(DEPLOYMENTS - 1 - number);
            let version_hash = digest(2);
            asked.push((id.tenant.0, Command::UpdateDeployment { id, version_hash }));
        }
        asked
    }

    /// 500 ends of leases by their tenants, 1,500 withdrawals from others.
    fn ends_and_withdrawals(&mut self) -> Vec<(Address, Command)> {
        let mut running = self.running();
        let (mut asked, mut drawn) = (Vec::new(), BTreeSet::new());
        while drawn.len() < 2_000 {
            let lease = running.swap_remove(self.generator.place(running.len()));
            drawn.insert(lease);
        }
        for (place, lease) in drawn.into_iter().enumerate() {
            asked.push(if place % 4 == 0 {
                let reason = ProviderReason::UNSPECIFIED;
                (lease.order().tenant().0, Command::CloseLease { lease, reason })
            } else {
                (lease.provider().0, Command::Withdraw(lease))
            });
        }
        asked
    }
}
