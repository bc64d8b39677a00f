//! The market on which authority is tried: who is there, and deployments of one tenant in every
//! state.

use undercut::{Command, Params, rotation_digest};
use undercut_bidding::NewBid;
use undercut_ledger::oracle::PricePoint;
use undercut_ledger::{NewAllowance, bank};
use undercut_orderbook::{AwardMode, NewDeployment};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{Address, Attribute, BlockTime, Coin, GroupId, OrderId, TimeSpan};
use undercut_tests::chain::{
    CHAIN_ID, Chain, START, address, bid, bid_id, deployment, deployment_id, genesis, key,
    order_id, provider,
};

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Signer {
    Tenant,
    OtherTenant,
    Provider,
    OtherProvider,
    Auditor,
    /// A source of the oracle's prices.
    Source,
    /// Who may change parameters.
    Authority,
    /// Whose money the grantee may spend.
    Granter,
    /// A provider who may spend the granter's money.
    Grantee,
    /// Whose burn waits.
    Burner,
    StrangerWithMoney,
    StrangerWithout,
    /// A stranger in the name of the account of the escrow.
    Escrow,
    /// The same of the vault.
    Vault,
    /// The same of the community pool.
    Community,
}

pub(crate) use Signer::{
    Auditor, Authority, Burner, Community, Escrow, Grantee, Granter, OtherProvider, OtherTenant,
    Provider, Source, StrangerWithMoney, StrangerWithout, Tenant, Vault,
};

/// Everyone who asks.
pub(crate) const SIGNERS: [Signer; 15] = [
    Tenant,
    OtherTenant,
    Provider,
    OtherProvider,
    Auditor,
    Source,
    Authority,
    Granter,
    Grantee,
    Burner,
    StrangerWithMoney,
    StrangerWithout,
    Escrow,
    Vault,
    Community,
];

impl Signer {
    /// The name by which [`key`] makes the signer's first key.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Tenant => "alice",
            OtherTenant => "bob",
            Provider => "p1",
            OtherProvider => "p2",
            Auditor => "auditor",
            Source => "feed",
            Authority => "governor",
            Granter => "carol",
            Grantee => "dave",
            Burner => "erin",
            StrangerWithMoney => "frank",
            StrangerWithout | Escrow | Vault | Community => "nobody",
        }
    }

    /// In whose name the signer asks.
    pub(crate) fn account(self) -> Address {
        match self {
            Escrow => bank::escrow_address(),
            Vault => bank::vault_address(),
            Community => bank::community_address(),
            _ => address(self.name()),
        }
    }
}

/// The key that someone changes to.
pub(crate) fn second_key(name: &str) -> KeyPair {
    key(&format!("{name}'s second"))
}

/// How far what a command names has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It was never there.
    Absent,
    /// An order is open, with bids.
    Open,
    /// A lease runs that anyone of the two may end at once.
    Active,
    /// A lease runs whose provider has to announce its end.
    Noticed,
    /// The group is paused.
    Paused,
    /// All is over.
    Closed,
}

/// All states.
pub(crate) const STATES: [State; 6] =
    [State::Absent, State::Open, State::Active, State::Noticed, State::Paused, State::Closed];

impl State {
    /// The tenant's deployment that stands so.
    pub(crate) const fn dseq(self) -> u64 {
        match self {
            Self::Absent => 99,
            Self::Open => 1,
            Self::Active => 2,
            Self::Noticed => 3,
            Self::Paused => 4,
            Self::Closed => 5,
        }
    }

    pub(crate) fn order(self) -> OrderId {
        order_id("alice", self.dseq(), 1, 1)
    }

    pub(crate) fn group(self) -> GroupId {
        GroupId { deployment: deployment_id("alice", self.dseq()), gseq: 1 }
    }
}

/// The shortest notice that an end may want.
const NOTICE: TimeSpan = TimeSpan::from_seconds(3_600);

/// Who has money besides those of [`genesis`].
const MORE: [&str; 5] = ["feed", "governor", "dave", "erin", "frank"];

/// Parameters in which everyone of [`SIGNERS`] is who the name says.
pub(crate) fn params() -> Params {
    let mut params = Params::default();
    params.governance.authority = Some(address("governor"));
    params.oracle.sources = vec![address("feed")];
    params
}

/// A chain with these parameters in its first block, two providers and the grantee registered.
pub(crate) fn chain(params: Params) -> Chain {
    let mut genesis = genesis(params);
    for name in MORE {
        let coins = [Coin::uact(START), Coin::uakt(START)];
        genesis.balances.extend(coins.map(|coin| (address(name), coin)));
    }
    let mut chain = Chain::of(&genesis);
    chain.register(&["p1", "p2", "p3", "dave"]);
    chain
}

/// The market, in an open block. Everyone has sent a command, so that nonces are used.
pub(crate) fn base() -> Chain {
    let mut chain = chain(params());
    for signer in SIGNERS {
        chain.must(signer.name(), Command::WithdrawAll { from: None });
    }
    let (provider, attributes) = (provider("p1"), vec![Attribute::new("region", "eu")]);
    chain.must("auditor", Command::AttestProvider { provider, attributes, expires_at: None });
    chain.must("carol", Command::GrantAllowance(allowance("dave")));
    for state in [State::Active, State::Noticed, State::Paused, State::Closed] {
        let reclamation = (state == State::Noticed).then_some(NOTICE);
        let new = deployment(state.dseq(), &[("west", "100uact"), ("east", "100uact")], "1ACT");
        let new = NewDeployment { reclamation, ..new };
        chain.must("alice", Command::CreateDeployment(new));
        for (name, price) in [("p1", "80uact"), ("p3", "85uact")] {
            let new = NewBid { reclamation, ..bid(state.order(), price) };
            chain.must(name, Command::CreateBid(new));
        }
    }
    let window = chain.state().params().order.bid_window.to_blocks();
    chain.end_at(chain.height() + window);
    chain.must("alice", Command::PauseGroup(State::Paused.group()));
    let closed = deployment_id("alice", State::Closed.dseq());
    chain.must("alice", Command::CloseDeployment(closed));
    let groups = [("west", "100uact"), ("east", "100uact")];
    let mut open = deployment(State::Open.dseq(), &groups, "1ACT");
    open.award = AwardMode::TenantChooses;
    chain.must("alice", Command::CreateDeployment(open));
    chain.end();
    chain.begin();
    chain.bids(State::Open.order(), &[("p1", "80uact"), ("p3", "85uact")]);
    chain.must("feed", Command::PostPrice(price_at(chain.state().context().time)));
    chain.must("erin", Command::Burn(Coin::uakt(20_000_000)));
    chain
}

/// The same market after everyone changed their key, in the same block.
pub(crate) fn with_second_keys(base: &Chain) -> Chain {
    let mut chain = base.clone();
    for signer in SIGNERS {
        // Three ask in the name of others, with the key of the stranger without money.
        if signer.account() == address(signer.name()) {
            chain.must(signer.name(), rotation(signer.account(), &second_key(signer.name())));
        }
    }
    chain
}

/// The change of an account to a key that agrees.
pub(crate) fn rotation(account: Address, to: &KeyPair) -> Command {
    let proof = to.sign(&rotation_digest(CHAIN_ID, &account, &to.public()));
    Command::RotateKey { key: to.public(), proof }
}

/// One AKT is one dollar, at a time.
pub(crate) fn price_at(published_at: BlockTime) -> PricePoint {
    PricePoint { usd_per_akt: "1".parse().expect("a price"), published_at }
}

/// What the granter allows: 10 ACT and 10 AKT, for everything.
pub(crate) fn allowance(grantee: &str) -> NewAllowance {
    NewAllowance {
        grantee: address(grantee),
        for_deployments: true,
        for_bids: true,
        limits: vec![Coin::uact(10_000_000), Coin::uakt(10_000_000)],
        expires_at: None,
    }
}

/// Another command than this, for a signature that is moved.
pub(crate) fn other(command: &Command, state: State) -> Command {
    let burn = Command::Burn(Coin::uakt(20_000_001));
    if *command == burn { Command::CloseBid(bid_id(state.order(), "p1")) } else { burn }
}
