//! The table: every command, with whose money or consent where that differs, and who may.

use undercut::Command;
use undercut_bidding::{NewBid, Registration};
use undercut_ledger::ProviderReason;
use undercut_orderbook::NewDeployment;
use undercut_primitives::{Amount, Coin, Contribution, OrderId, crypto};
use undercut_tests::chain::{
    BID_DEPOSIT, Chain, address, bid, bid_id, deployment, deployment_id, key, lease_id, order_id,
    provider,
};

use super::market::{
    Auditor, Authority, Burner, Grantee, Granter, OtherProvider, OtherTenant, Provider, Signer,
    Source, State, StrangerWithMoney, StrangerWithout, Tenant, allowance, price_at, rotation,
};

/// For what a command is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell<'a> {
    pub(crate) base: &'a Chain,
    pub(crate) state: State,
    pub(crate) signer: Signer,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct May {
    /// What is asked for; the first word is the command.
    pub(crate) row: &'static str,
    /// Who may, in the words of the table on `undercut::Command`.
    pub(crate) who: &'static str,
    /// Who that is here: each of them is accepted in some state, and nobody else in any.
    pub(crate) may: &'static [Signer],
    /// The command.
    pub(crate) make: fn(Cell<'_>) -> Command,
}

impl May {
    /// The command's name.
    pub(crate) fn command(&self) -> &'static str {
        self.row.split('-').next().unwrap_or_default()
    }
}

/// Everyone who has a key.
const ANYONE: &[Signer] = &[
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
];

/// Everyone who has money.
const MONEYED: &[Signer] = ANYONE.split_at(ANYONE.len() - 1).0;

/// Everyone who is no provider yet.
const UNREGISTERED: &[Signer] = &[
    Tenant,
    OtherTenant,
    Auditor,
    Source,
    Authority,
    Granter,
    Burner,
    StrangerWithMoney,
    StrangerWithout,
];

const THEMSELVES: &str = "anyone, for themselves";
const FUNDED: &str = "anyone, with money of their own or allowed to them";
const OWNER: &str = "the deployment's tenant";
const BIDDER: &str = "the bid's or lease's provider";
const OVER: &str = "anyone, over their own money";
const CONSENTED: &str = "anyone, for themselves, with the consent of the new key";

/// Who may ask for what. Those who may but cannot, as a provider that registers again, are left
/// out.
pub(crate) const MAY: [May; 35] = [
    May {
        row: "RegisterProvider",
        who: THEMSELVES,
        may: UNREGISTERED,
        make: |_| Command::RegisterProvider(registration()),
    },
    May {
        row: "UpdateProvider",
        who: THEMSELVES,
        may: &[Provider, OtherProvider, Grantee],
        make: |_| Command::UpdateProvider(registration()),
    },
    May {
        // The provider has a lease that runs.
        row: "DeregisterProvider",
        who: THEMSELVES,
        may: &[OtherProvider, Grantee],
        make: |_| Command::DeregisterProvider,
    },
    May {
        row: "AttestProvider",
        who: "an auditor of the genesis",
        may: &[Auditor],
        make: |cell| {
            let name = if cell.state == State::Absent { "frank" } else { "p1" };
            let (provider, attributes) = (provider(name), vec![]);
            Command::AttestProvider { provider, attributes, expires_at: None }
        },
    },
    May {
        row: "RevokeAttestation",
        who: "an auditor of the genesis",
        may: &[Auditor],
        make: |cell| {
            let name = if cell.state == State::Absent { "p2" } else { "p1" };
            Command::RevokeAttestation { provider: provider(name), keys: vec![] }
        },
    },
    May {
        row: "CreateDeployment",
        who: THEMSELVES,
        may: MONEYED,
        make: |cell| Command::CreateDeployment(create(cell.state)),
    },
    May {
        row: "CreateDeployment-by-allowance",
        who: THEMSELVES,
        may: &[Granter, Grantee],
        make: |cell| {
            let payers = granters(1_000_000);
            Command::CreateDeployment(NewDeployment { payers, ..create(cell.state) })
        },
    },
    May {
        row: "UpdateDeployment",
        who: OWNER,
        may: &[Tenant],
        make: |cell| {
            let id = deployment_id("alice", cell.state.dseq());
            Command::UpdateDeployment { id, version_hash: crypto::sha256(b"another") }
        },
    },
    May {
        row: "CloseDeployment",
        who: OWNER,
        may: &[Tenant],
        make: |cell| Command::CloseDeployment(deployment_id("alice", cell.state.dseq())),
    },
    May {
        row: "PauseGroup",
        who: OWNER,
        may: &[Tenant],
        make: |cell| Command::PauseGroup(cell.state.group()),
    },
    May {
        row: "StartGroup",
        who: OWNER,
        may: &[Tenant],
        make: |cell| Command::StartGroup(cell.state.group()),
    },
    May {
        row: "CloseGroup",
        who: OWNER,
        may: &[Tenant],
        make: |cell| Command::CloseGroup(cell.state.group()),
    },
    May {
        row: "Deposit",
        who: FUNDED,
        may: MONEYED,
        make: |cell| {
            let deployment = deployment_id("alice", cell.state.dseq());
            Command::deposit(deployment, Coin::uact(1_000))
        },
    },
    May {
        row: "Deposit-by-allowance",
        who: FUNDED,
        may: &[Granter, Grantee],
        make: |cell| {
            let deployment = deployment_id("alice", cell.state.dseq());
            let (coin, payers) = (Coin::uact(1_000), granters(1_000));
            Command::Deposit { deployment, coin, payers }
        },
    },
    May {
        // The provider has bid for everything.
        row: "CreateBid",
        who: THEMSELVES,
        may: &[OtherProvider, Grantee],
        make: |cell| Command::CreateBid(bid(cell.state.order(), "90uact")),
    },
    May {
        row: "CreateBid-by-allowance",
        who: THEMSELVES,
        may: &[Grantee],
        make: |cell| {
            let payers = granters(BID_DEPOSIT);
            Command::CreateBid(NewBid { payers, ..bid(cell.state.order(), "90uact") })
        },
    },
    May {
        row: "CreateBids",
        who: THEMSELVES,
        may: &[OtherProvider, Grantee],
        make: |cell| Command::CreateBids(both(cell.state).map(|order| bid(order, "90uact")).into()),
    },
    May {
        row: "CreateBids-by-allowance",
        who: THEMSELVES,
        may: &[Grantee],
        make: |cell| {
            let payers = granters(BID_DEPOSIT);
            let drawn = |order| NewBid { payers: payers.clone(), ..bid(order, "90uact") };
            Command::CreateBids(both(cell.state).map(drawn).into())
        },
    },
    May {
        row: "RepriceBid",
        who: BIDDER,
        may: &[Provider],
        make: |cell| {
            let price = "70uact".parse().expect("a price");
            Command::RepriceBid { bid: bid_id(cell.state.order(), "p1"), price }
        },
    },
    May {
        row: "CloseBid",
        who: BIDDER,
        may: &[Provider],
        make: |cell| Command::CloseBid(bid_id(cell.state.order(), "p1")),
    },
    May {
        row: "CreateLease",
        who: OWNER,
        may: &[Tenant],
        make: |cell| Command::CreateLease(bid_id(cell.state.order(), "p1")),
    },
    May {
        row: "CloseLease",
        who: "the lease's tenant or provider",
        may: &[Tenant, Provider],
        make: |cell| Command::close_lease(lease_id(cell.state.order(), "p1")),
    },
    May {
        row: "StartReclamation",
        who: BIDDER,
        may: &[Provider],
        make: |cell| {
            let lease = lease_id(cell.state.order(), "p1");
            Command::StartReclamation { lease, reason: ProviderReason::UNSTABLE }
        },
    },
    May {
        row: "Withdraw",
        who: BIDDER,
        may: &[Provider],
        make: |cell| Command::Withdraw(lease_id(cell.state.order(), "p1")),
    },
    May {
        row: "WithdrawAll",
        who: "anyone, for the leases that they serve",
        may: ANYONE,
        make: |cell| {
            let from = lease_id(cell.state.order(), "p1");
            Command::WithdrawAll { from: (cell.state != State::Absent).then_some(from) }
        },
    },
    May {
        row: "GrantAllowance",
        who: OVER,
        may: ANYONE,
        make: |_| Command::GrantAllowance(allowance("somebody")),
    },
    May {
        row: "RevokeAllowance",
        who: OVER,
        may: &[Granter],
        make: |_| Command::RevokeAllowance { grantee: address("dave") },
    },
    May {
        row: "Burn",
        who: "anyone, with money of their own",
        may: MONEYED,
        make: |_| Command::Burn(Coin::uakt(20_000_000)),
    },
    May {
        row: "CancelBurn",
        who: "who asked for the burn",
        may: &[Burner],
        make: |cell| Command::CancelBurn(if cell.state == State::Absent { 99 } else { 1 }),
    },
    May {
        row: "FundVault",
        who: "anyone, with money of their own",
        may: MONEYED,
        make: |_| Command::FundVault(Coin::uakt(1_000)),
    },
    May {
        row: "PostPrice",
        who: "a source of the oracle's parameters",
        may: &[Source],
        make: |cell| Command::PostPrice(price_at(cell.base.state().context().time)),
    },
    May {
        row: "ChangeParams",
        who: "the authority of the parameters",
        may: &[Authority],
        make: |cell| {
            let mut params = cell.base.state().params().clone();
            params.bid.bids_max += 1;
            // Whoever asks wants to stay in charge.
            params.governance.authority = Some(cell.signer.account());
            Command::ChangeParams(Box::new(params))
        },
    },
    May {
        row: "RotateKey",
        who: CONSENTED,
        may: ANYONE,
        make: |cell| {
            let third = key(&format!("{}'s third", cell.signer.name()));
            rotation(cell.signer.account(), &third)
        },
    },
    May {
        row: "RotateKey-of-the-tenant",
        who: CONSENTED,
        may: &[Tenant],
        make: |_| rotation(address("alice"), &key("alice's third")),
    },
    May {
        row: "RotateKey-not-agreed",
        who: CONSENTED,
        may: &[],
        make: |cell| {
            let mut command = rotation(cell.signer.account(), &key("the thief's"));
            if let Command::RotateKey { key: to, .. } = &mut command {
                *to = key("the victim's").public();
            }
            command
        },
    },
];

fn registration() -> Registration {
    Registration::new("https://elsewhere.example", vec![])
}

/// A deployment whose number is free for everyone, or that the tenant has used.
fn create(state: State) -> NewDeployment {
    deployment(state.dseq(), &[("west", "100uact")], "1ACT")
}

/// The orders of both groups of the tenant's deployment.
fn both(state: State) -> [OrderId; 2] {
    [1, 2].map(|gseq| order_id("alice", state.dseq(), gseq, 1))
}

fn granters(micro: u128) -> Vec<Contribution> {
    vec![Contribution { payer: address("carol"), amount: Amount::from_micro(micro) }]
}
