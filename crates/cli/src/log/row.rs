//! [`Row`]: a record as one row of a table, for programs that know nothing of the log.
//!
//! The columns are documented in `docs/cli.md`; one that is added goes before `event`.

use serde::Serialize;
use undercut::{Command, Event};
use undercut_bidding::BidEvent;
use undercut_ledger::LedgerEvent;
use undercut_ledger::bme::VaultEvent;
use undercut_ledger::log::Record;
use undercut_ledger::oracle::OracleEvent;
use undercut_orderbook::OrderEvent;
use undercut_primitives::{
    Address, BidId, Coin, Decimal, DeploymentId, LeaseId, OrderId, PricePerBlock,
};

/// The names of the columns, in order.
pub(crate) const COLUMNS: [&str; 15] = [
    "sequence",
    "height",
    "kind",
    "hash",
    "command",
    "deployment",
    "order",
    "bid",
    "lease",
    "account",
    "denom",
    "amount",
    "price_denom",
    "price",
    "event",
];

/// A record as one row. `E` is the event in the form of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Row<E> {
    pub(crate) sequence: u64,
    pub(crate) height: u64,
    pub(crate) kind: &'static str,
    pub(crate) hash: String,
    pub(crate) command: Option<&'static str>,
    pub(crate) deployment: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) bid: Option<String>,
    pub(crate) lease: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) denom: Option<String>,
    pub(crate) amount: Option<String>,
    pub(crate) price_denom: Option<String>,
    pub(crate) price: Option<String>,
    pub(crate) event: E,
}

impl<'a> Row<&'a Event> {
    /// The row of a record.
    pub(crate) fn of(record: &'a Record<Event>) -> Self {
        let about = About::event(&record.event);
        let (price_denom, price) = match about.price {
            Some(Price::PerBlock(price)) => {
                (Some(price.denom.to_string()), Some(price.value.to_string()))
            }
            Some(Price::UsdPerAkt(price)) => (Some("usd".to_owned()), Some(price.to_string())),
            None => (None, None),
        };
        let command = match &record.event {
            Event::CommandAccepted(signed) => Some(signed.command.kind()),
            _ => None,
        };
        Self {
            sequence: record.sequence,
            height: record.height.to_u64(),
            kind: record.event.kind(),
            hash: record.hash.to_string(),
            command,
            deployment: about.deployment.map(|id| id.to_string()),
            order: about.order.map(|id| id.to_string()),
            bid: about.bid.map(|id| id.to_string()),
            lease: about.lease.map(|id| id.to_string()),
            account: about.account.map(|id| id.to_string()),
            denom: about.coin.as_ref().map(|coin| coin.denom.to_string()),
            amount: about.coin.as_ref().map(|coin| coin.amount.to_string()),
            price_denom,
            price,
            event: &record.event,
        }
    }

    /// The same with the event as one line of JSON.
    pub(crate) fn flat(self) -> Result<Row<String>, serde_json::Error> {
        Ok(Row {
            event: serde_json::to_string(self.event)?,
            sequence: self.sequence,
            height: self.height,
            kind: self.kind,
            hash: self.hash,
            command: self.command,
            deployment: self.deployment,
            order: self.order,
            bid: self.bid,
            lease: self.lease,
            account: self.account,
            denom: self.denom,
            amount: self.amount,
            price_denom: self.price_denom,
            price: self.price,
        })
    }
}

impl Row<String> {
    /// What a column of text holds, by its name.
    pub(crate) fn text(&self, column: &str) -> Option<&str> {
        match column {
            "kind" => Some(self.kind),
            "hash" => Some(&self.hash),
            "command" => self.command,
            "deployment" => self.deployment.as_deref(),
            "order" => self.order.as_deref(),
            "bid" => self.bid.as_deref(),
            "lease" => self.lease.as_deref(),
            "account" => self.account.as_deref(),
            "denom" => self.denom.as_deref(),
            "amount" => self.amount.as_deref(),
            "price_denom" => self.price_denom.as_deref(),
            "price" => self.price.as_deref(),
            "event" => Some(&self.event),
            _ => None,
        }
    }
}

enum Price {
    PerBlock(PricePerBlock),
    UsdPerAkt(Decimal),
}

/// Whom and what an event is about, where that is one.
#[derive(Default)]
struct About {
    deployment: Option<DeploymentId>,
    order: Option<OrderId>,
    bid: Option<BidId>,
    lease: Option<LeaseId>,
    account: Option<Address>,
    coin: Option<Coin>,
    price: Option<Price>,
}

impl About {
    fn deployment(id: DeploymentId) -> Self {
        Self { deployment: Some(id), ..Self::default() }
    }

    fn order(id: OrderId) -> Self {
        Self { order: Some(id), ..Self::deployment(id.deployment()) }
    }

    fn bid(id: BidId) -> Self {
        Self { bid: Some(id), account: Some(id.provider.0), ..Self::order(id.order) }
    }

    fn lease(id: LeaseId) -> Self {
        Self { lease: Some(id), account: Some(id.provider().0), ..Self::order(id.0.order) }
    }

    fn account(id: Address) -> Self {
        Self { account: Some(id), ..Self::default() }
    }

    fn with_account(self, id: Address) -> Self {
        Self { account: Some(id), ..self }
    }

    fn with_coin(self, coin: &Coin) -> Self {
        Self { coin: Some(coin.clone()), ..self }
    }

    fn with_price(self, price: &PricePerBlock) -> Self {
        Self { price: Some(Price::PerBlock(price.clone())), ..self }
    }

    fn with_usd(self, price: Decimal) -> Self {
        Self { price: Some(Price::UsdPerAkt(price)), ..self }
    }

    fn event(event: &Event) -> Self {
        match event {
            Event::Genesis(_)
            | Event::BlockOpened(_)
            | Event::ParamsScheduled { .. }
            | Event::ParamsChanged
            | Event::BlockSealed(_) => Self::default(),
            Event::CommandAccepted(signed) => {
                Self::command(&signed.command, signed.account).with_account(signed.account)
            }
            Event::ProviderRegistered { provider, .. }
            | Event::ProviderUpdated { provider, .. }
            | Event::ProviderDeregistered(provider)
            | Event::ProviderAttested { provider, .. }
            | Event::AttestationEnded { provider, .. } => Self::account(provider.0),
            Event::KeyRotated { account, .. } => Self::account(*account),
            Event::Oracle(OracleEvent::PricePosted { source, point }) => {
                Self::account(*source).with_usd(point.usd_per_akt)
            }
            Event::Order(event) => Self::order_event(event),
            Event::Bid(event) => Self::bid_event(event),
            Event::Ledger(event) => Self::ledger_event(event),
        }
    }

    fn command(command: &Command, signer: Address) -> Self {
        match command {
            Command::RegisterProvider(_)
            | Command::UpdateProvider(_)
            | Command::DeregisterProvider
            | Command::AttestProvider { .. }
            | Command::RevokeAttestation { .. }
            | Command::WithdrawAll { .. }
            | Command::GrantAllowance(_)
            | Command::RevokeAllowance { .. }
            | Command::CancelBurn(_)
            | Command::ChangeParams(_)
            | Command::RotateKey { .. }
            | Command::CreateBids(_) => Self::default(),
            Command::CreateDeployment(new) => {
                let tenant = undercut_primitives::Tenant(signer);
                Self::deployment(DeploymentId { tenant, dseq: new.dseq }).with_coin(&new.deposit)
            }
            Command::UpdateDeployment { id, .. } | Command::CloseDeployment(id) => {
                Self::deployment(*id)
            }
            Command::PauseGroup(id) | Command::StartGroup(id) | Command::CloseGroup(id) => {
                Self::deployment(id.deployment)
            }
            Command::Deposit { deployment, coin, .. } => {
                Self::deployment(*deployment).with_coin(coin)
            }
            Command::CreateBid(new) => {
                let provider = undercut_primitives::Provider(signer);
                let bid = Self::bid(BidId { order: new.order, provider });
                bid.with_coin(&new.deposit).with_price(&new.price)
            }
            Command::RepriceBid { bid, price } => Self::bid(*bid).with_price(price),
            Command::CloseBid(bid) | Command::CreateLease(bid) => Self::bid(*bid),
            Command::CloseLease { lease, .. }
            | Command::StartReclamation { lease, .. }
            | Command::Withdraw(lease) => Self::lease(*lease),
            Command::Burn(coin) | Command::FundVault(coin) => Self::default().with_coin(coin),
            Command::PostPrice(point) => Self::default().with_usd(point.usd_per_akt),
        }
    }

    fn order_event(event: &OrderEvent) -> Self {
        match event {
            OrderEvent::DeploymentCreated { deployment, .. } => Self::deployment(deployment.id),
            OrderEvent::DeploymentUpdated { id, .. } | OrderEvent::DeploymentClosed(id) => {
                Self::deployment(*id)
            }
            OrderEvent::OrderOpened(order) => Self::order(order.id).with_price(&order.ceiling),
            OrderEvent::OrderMatched(id) | OrderEvent::OrderClosed { id, .. } => Self::order(*id),
            OrderEvent::GroupPaused(id)
            | OrderEvent::GroupStarted(id)
            | OrderEvent::GroupClosed(id) => Self::deployment(id.deployment),
        }
    }

    fn bid_event(event: &BidEvent) -> Self {
        match event {
            BidEvent::BidPlaced(bid) => {
                Self::bid(bid.id).with_coin(&bid.deposit).with_price(&bid.price)
            }
            BidEvent::BidRepriced { id, price, .. } => Self::bid(*id).with_price(price),
            BidEvent::BidWon(id) => Self::bid(*id),
            BidEvent::BidLost { id, refund, .. } | BidEvent::BidClosed { id, refund, .. } => {
                Self::bid(*id).with_coin(refund)
            }
        }
    }

    fn ledger_event(event: &LedgerEvent) -> Self {
        match event {
            LedgerEvent::AccountOpened { id, .. }
            | LedgerEvent::AccountPaused { id, .. }
            | LedgerEvent::AccountResumed { id, .. }
            | LedgerEvent::AccountClosed { id, .. } => Self::deployment(*id),
            LedgerEvent::Deposited { account, deposit } => {
                Self::deployment(*account).with_account(deposit.depositor).with_coin(&deposit.coin)
            }
            LedgerEvent::LeaseSigned(signed) => {
                Self::lease(signed.terms.id).with_price(&signed.terms.price)
            }
            LedgerEvent::Settled(settlement) => Self::deployment(settlement.account),
            LedgerEvent::Withdrawn { lease, coin, .. } => Self::lease(*lease).with_coin(coin),
            LedgerEvent::InKindPaid(paid) => Self::deployment(paid.account),
            LedgerEvent::ReclamationStarted { id, .. } | LedgerEvent::LeaseEnded { id, .. } => {
                Self::lease(*id)
            }
            LedgerEvent::AllowanceGranted { id, .. } | LedgerEvent::AllowanceRevoked(id) => {
                Self::account(id.granter)
            }
            LedgerEvent::Vault(event) => Self::vault_event(event),
        }
    }

    fn vault_event(event: &VaultEvent) -> Self {
        match event {
            VaultEvent::BurnRequested(request) | VaultEvent::BurnCancelled { request, .. } => {
                Self::account(request.owner).with_coin(&request.burned)
            }
            VaultEvent::BurnMinted(done) => Self::account(done.owner).with_coin(&done.paid),
            VaultEvent::VaultFunded { owner, coin } => Self::account(*owner).with_coin(coin),
            VaultEvent::BurnRetried { .. }
            | VaultEvent::RedeemCapReached { .. }
            | VaultEvent::EpochOpened { .. }
            | VaultEvent::MintStatusChanged { .. } => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use undercut::SignedCommand;
    use undercut_bidding::NewBid;
    use undercut_primitives::{BlockHeight, Digest, GroupId, PublicKey, Signature, Tenant};

    use super::*;

    #[test]
    fn a_bundle_is_its_signers_and_about_no_one_order() {
        let account = Address::of_module("p1");
        let deployment = DeploymentId { tenant: Tenant(Address::of_module("alice")), dseq: 1 };
        let order = GroupId { deployment, gseq: 1 }.order(1);
        let bid = NewBid::new(order, "1uact".parse().unwrap(), vec![], Coin::uakt(1));
        let (signer, signature) = (PublicKey::from_bytes([1; 32]), Signature::from_bytes(&[2; 64]));
        let (nonce, expires_at) = (1, BlockHeight::new(9));
        let command = Command::CreateBids(vec![bid; 2]);
        let signed = SignedCommand { account, signer, nonce, expires_at, command, signature };
        let (height, event) = (BlockHeight::new(2), Event::CommandAccepted(signed.into()));
        let record = Record { sequence: 7, height, event, hash: Digest::ZERO };
        let row = Row::of(&record).flat().unwrap();
        assert_eq!(row.text("command"), Some("CreateBids"));
        assert_eq!(row.text("account"), Some(&account.to_string()[..]));
        for column in ["deployment", "order", "bid", "denom", "amount", "price"] {
            assert_eq!(row.text(column), None, "{column}");
        }
        assert!(row.event.contains(&order.to_string()), "{}", row.event);
        let words = crate::log::words::words(&record.event);
        assert!(words.ends_with("asks for 2 bids at once (its command 1)"), "{words}");
    }
}
