//! What an accepted command does in the model.

use undercut::{Command, SignedCommand};
use undercut_bidding::{NewBid, Registration};
use undercut_ledger::NewAllowance;
use undercut_ledger::bank::vault_address;
use undercut_orderbook::{AwardMode, NewDeployment};
use undercut_primitives::{
    Address, BidId, Coin, DeploymentId, GroupId, LeaseId, OrderId, Provider, Tenant, crypto,
};

use super::money::parts;
use super::{
    Allowance, Bid, BidIs, Cause, Deployment, Ended, Group, GroupIs, Lease, Model, Money, Order,
    Profile, Quote,
};

impl Model {
    /// Does what an accepted command asks for.
    pub(crate) fn accept(&mut self, signed: &SignedCommand) {
        let signer = signed.account;
        self.nonces.insert(signer, signed.nonce);
        match &signed.command {
            Command::CreateDeployment(new) => self.create(signer, new),
            Command::UpdateDeployment { id, version_hash } => {
                self.deployments.get_mut(id).expect("it is open").hash = *version_hash;
            }
            Command::CloseDeployment(id) => self.close_deployment(id, Cause::Tenant),
            Command::PauseGroup(id) => self.stop_group(id, GroupIs::Paused),
            Command::CloseGroup(id) => self.close_group(id),
            Command::StartGroup(id) => {
                self.group_mut(id).is = GroupIs::Open;
                self.list(id);
            }
            Command::Deposit { deployment, coin, payers } => {
                self.deposit(signer, deployment, coin, payers);
            }
            Command::CreateBid(new) => self.bid(Provider(signer), new),
            Command::CreateBids(all) => all.iter().for_each(|new| self.bid(Provider(signer), new)),
            Command::RepriceBid { bid, price } => {
                let bids = &mut self.order_mut(&bid.order).bids;
                let bid = bids.iter_mut().find(|other| other.provider == bid.provider);
                bid.expect("the bid is open").price = price.value.to_atoms();
            }
            Command::CloseBid(id) => self.drop_bid(id, BidIs::Over),
            Command::CreateLease(id) => self.award(id),
            Command::CloseLease { lease, .. } => self.close_lease(lease, signer),
            Command::StartReclamation { lease, .. } => self.announce(lease),
            Command::Withdraw(id) => self.withdraw(id),
            Command::WithdrawAll { from } => {
                let own = self.leases().map(|lease| lease.id);
                let own = own.filter(|id| id.provider().0 == signer && Some(*id) >= *from);
                for id in own.collect::<Vec<_>>() {
                    self.withdraw(&id);
                }
            }
            other => self.accept_rest(signer, other),
        }
    }

    /// Commands about anything but deployments, bids and leases.
    fn accept_rest(&mut self, signer: Address, command: &Command) {
        match command {
            Command::RegisterProvider(new) => self.register(signer, new),
            Command::UpdateProvider(new) => {
                self.register(signer, new);
                for bid in self.open_bids_of(&Provider(signer)) {
                    if !self.is_eligible(&bid) {
                        self.drop_bid(&bid, BidIs::Over);
                    }
                }
            }
            Command::DeregisterProvider => {
                for bid in self.open_bids_of(&Provider(signer)) {
                    self.drop_bid(&bid, BidIs::Over);
                }
                self.providers.remove(&Provider(signer));
            }
            Command::AttestProvider { provider, attributes, expires_at } => {
                let last = expires_at.map(undercut_primitives::BlockHeight::to_u64);
                let auditor = self.auditor(signer);
                let profile = self.profile(provider);
                profile.audits.insert(auditor, (attributes.clone(), last));
            }
            Command::RevokeAttestation { provider, keys } => {
                let auditor = self.auditor(signer);
                let profile = self.profile(provider);
                let (said, _) = profile.audits.get_mut(&auditor).expect("it was said");
                said.retain(|attribute| !keys.is_empty() && !keys.contains(&attribute.key));
                if said.is_empty() {
                    profile.audits.remove(&auditor);
                }
            }
            Command::GrantAllowance(new) => self.allow(signer, new),
            Command::RevokeAllowance { grantee } => {
                self.allowances.remove(&(*grantee, signer));
            }
            Command::Burn(coin) => self.burn(signer, coin),
            Command::CancelBurn(id) => self.cancel(*id, signer),
            Command::FundVault(coin) => {
                self.vault.fund(coin.amount.to_micro());
                self.pay(Money::Akt, signer, vault_address(), coin.amount.to_micro());
            }
            Command::PostPrice(point) => {
                let (atoms, nanos) =
                    (point.usd_per_akt.to_atoms(), point.published_at.to_unix_nanos());
                self.posts.entry(signer).or_default().push(Quote { atoms, nanos });
            }
            Command::ChangeParams(params) => {
                let delay = self.params.governance.delay.to_blocks();
                self.pending = Some(((**params).clone(), self.height + delay));
            }
            Command::RotateKey { key, .. } => {
                self.keys.insert(signer, *key);
            }
            _ => unreachable!("every command is in one of the two lists"),
        }
    }

    fn register(&mut self, signer: Address, new: &Registration) {
        let profile = self.providers.entry(Provider(signer)).or_default();
        profile.own.clone_from(&new.attributes);
    }

    fn auditor(&self, signer: Address) -> String {
        let auditor = self.auditors.iter().find(|(_, address)| *address == signer);
        auditor.expect("only auditors attest").0.clone()
    }

    fn profile(&mut self, provider: &Provider) -> &mut Profile {
        self.providers.get_mut(provider).expect("it is registered")
    }

    fn allow(&mut self, granter: Address, new: &NewAllowance) {
        let limits = new.limits.iter();
        let limits: std::collections::BTreeMap<_, _> =
            limits.map(|limit| (limit.denom.clone(), limit.amount.to_micro())).collect();
        let granted = limits.clone();
        let expires_at = new.expires_at.map(undercut_primitives::BlockHeight::to_u64);
        let (for_deployments, for_bids) = (new.for_deployments, new.for_bids);
        let allowance = Allowance { for_deployments, for_bids, limits, granted, expires_at };
        self.allowances.insert((new.grantee, granter), allowance);
    }

    fn burn(&mut self, owner: Address, coin: &Coin) {
        let money = Money::of(&coin.denom).expect("AKT and ACT are burned");
        let (amount, price) = (coin.amount.to_micro(), self.price_or_zero());
        let is_mint = money == Money::Akt;
        let did = self.vault.request(owner, is_mint, amount, price, &self.params.bme);
        assert!(did, "the vault said before that it would");
        self.pay(money, owner, vault_address(), amount);
    }

    fn cancel(&mut self, id: u64, owner: Address) {
        let found = self.vault.requests.iter().find(|request| request.id == id);
        let request = *found.expect("it waits");
        self.vault.cancel(id, owner);
        let money = if request.is_mint { Money::Akt } else { Money::Act };
        self.pay(money, vault_address(), owner, request.burned);
    }

    fn create(&mut self, signer: Address, new: &NewDeployment) {
        let id = DeploymentId { tenant: Tenant(signer), dseq: new.dseq };
        let groups = new.groups.iter().map(|spec| Group {
            ceiling: spec
                .units
                .iter()
                .map(|unit| unit.price.value.to_atoms() * u128::from(unit.count))
                .sum(),
            spec: spec.clone(),
            is: GroupIs::Open,
            auctions: 0,
            order: None,
        });
        let deployment = Deployment {
            chooses: new.award == AwardMode::TenantChooses,
            opened_at: self.height,
            hash: new.version_hash,
            window: new.reclamation.map(undercut_primitives::TimeSpan::to_nanos),
            grace: new.grace.to_blocks(),
            groups: groups.collect(),
            deposits: Vec::new(),
            paused: None,
            paid_to: 0,
        };
        let count = u32::try_from(deployment.groups.len()).expect("groups are few");
        self.used.insert(id, ());
        self.deployments.insert(id, deployment);
        self.deposit(signer, &id, &new.deposit, &new.payers);
        for gseq in 1..=count {
            self.list(&GroupId { deployment: id, gseq });
        }
    }

    /// Puts a group to auction.
    pub(super) fn list(&mut self, id: &GroupId) {
        let chooses = self.deployments[&id.deployment].chooses;
        let params = &self.params.order;
        let window = if chooses { params.choice_window } else { params.bid_window };
        let due_at = self.height + window.to_blocks();
        let entropy = self.entropy;
        let group = self.group_mut(id);
        group.auctions += 1;
        let id = id.order(group.auctions);
        group.order = Some(Order { id, due_at, entropy, bids: Vec::new(), bar: None, lease: None });
    }

    pub(super) fn bid(&mut self, provider: Provider, new: &NewBid) {
        let money = Money::of(&new.deposit.denom).expect("deposits are AKT or ACT");
        let payers = parts(provider.0, &new.deposit, &new.payers);
        for (payer, amount) in &payers {
            self.lock(money, *payer, *amount);
            if *payer != provider.0 {
                self.draw(provider.0, *payer, money, *amount);
            }
        }
        let tie = self.tie(&new.order, provider);
        let price = new.price.value.to_atoms();
        let window = new.reclamation.map(undercut_primitives::TimeSpan::to_nanos);
        let bids = &mut self.order_mut(&new.order).bids;
        bids.retain(|bid| bid.provider != provider);
        bids.push(Bid { provider, price, tie, money, payers, window, is: BidIs::Open });
    }

    /// The open bids of a provider.
    pub(super) fn open_bids_of(&self, provider: &Provider) -> Vec<BidId> {
        let is_own = |bid: &&Bid| bid.provider == *provider && bid.is == BidIs::Open;
        let orders = self.orders().filter(|order| order.bids.iter().any(|bid| is_own(&bid)));
        orders.map(|order| order.id.bid(*provider)).collect()
    }

    /// The digest that decides between equal prices.
    pub(super) fn tie(&self, order: &OrderId, provider: Provider) -> [u8; 32] {
        let entropy = self.order(order).expect("the order is open").entropy;
        let name = b"undercut/tie/v1";
        let length = [u8::try_from(name.len()).expect("the name is short")];
        let bytes = [&length[..], name, &entropy, provider.0.as_bytes()].concat();
        *crypto::sha256(&bytes).as_bytes()
    }

    /// Ends an open or winning bid and returns its deposit to those who paid it.
    pub(super) fn drop_bid(&mut self, id: &BidId, to: BidIs) {
        let bids = &mut self.order_mut(&id.order).bids;
        let bid = bids.iter_mut().find(|bid| bid.provider == id.provider);
        let bid = bid.expect("the bid was found before");
        bid.is = to;
        let (money, provider, payers) = (bid.money, id.provider.0, bid.payers.clone());
        for (payer, amount) in payers {
            self.unlock(money, payer, amount);
            if payer != provider {
                self.restore(provider, payer, money, amount);
            }
        }
    }

    /// A bid wins, every other loses, and a lease starts.
    pub(super) fn award(&mut self, id: &BidId) {
        let take_rates = self.params.ledger.take_rates_bps.iter();
        let take_bps = take_rates.filter(|(denom, _)| denom.as_str() == "uact").map(|rate| rate.1);
        let take_bps = take_bps.sum();
        let order = self.order_mut(&id.order);
        let open = order.bids.iter().filter(|bid| bid.is == BidIs::Open);
        let losers: Vec<Provider> =
            open.map(|bid| bid.provider).filter(|provider| *provider != id.provider).collect();
        let won = order.bids.iter_mut().find(|bid| bid.provider == id.provider);
        let won = won.expect("the bid is open");
        won.is = BidIs::Won;
        let lease = Lease {
            id: LeaseId(*id),
            rate: won.price,
            window: won.window,
            take_bps,
            accrued: 0,
            earned: 0,
            in_kind: 0,
            kind_uakt: 0,
            paid: 0,
            fees: 0,
            deadline: None,
        };
        for provider in losers {
            self.drop_bid(&id.order.bid(provider), BidIs::Over);
        }
        self.changed.push(lease.id);
        self.order_mut(&id.order).lease = Some(lease);
    }

    /// A provider announces that it will end a lease: from a whole second on.
    fn announce(&mut self, id: &LeaseId) {
        let now = self.nanos;
        let lease = self.order_mut(&id.order()).lease.as_mut().expect("the lease runs");
        let window = lease.window.expect("the lease has a window");
        let deadline = now + i64::try_from(window).expect("windows are short");
        lease.deadline = Some(deadline - deadline.rem_euclid(1_000_000_000));
    }

    fn close_lease(&mut self, id: &LeaseId, signer: Address) {
        let order = id.order();
        let by_tenant = signer == order.tenant().0;
        let cause = if by_tenant { Cause::Tenant } else { Cause::Provider };
        let is_taken = self.fits_group(&self.group(&order.group).expect("it is open").spec);
        let account = &self.deployments[&order.deployment()];
        let again = by_tenant && account.paused.is_none() && is_taken.is_ok();
        self.end_lease(id, cause);
        self.resume(&order.deployment(), None);
        let group = self.group_mut(&order.group);
        group.order = None;
        if again {
            self.list(&order.group);
        } else {
            group.is = GroupIs::Paused;
        }
    }

    /// Pays and ends a lease, and returns the deposit of its bid.
    fn end_lease(&mut self, id: &LeaseId, cause: Cause) {
        self.withdraw(id);
        let paused = self.deployments[&id.deployment()].paused;
        let at = paused.map_or(self.height, |pause| pause.since);
        let order = self.order_mut(&id.order());
        let Lease { paid, fees, in_kind, .. } = order.lease.take().expect("the lease runs");
        self.ended.insert(*id, Ended { at, cause, paid, fees, in_kind });
        self.changed.push(*id);
        self.drop_bid(&id.0, BidIs::Over);
    }

    /// Takes a group from the market: its lease ends, its bids go.
    fn stop_group(&mut self, id: &GroupId, to: GroupIs) {
        let order = self.group(id).expect("the group lives").order.as_ref();
        let (order, lease) = (order.map(|order| order.id), order.and_then(|o| o.lease.as_ref()));
        if let Some(lease) = lease.map(|lease| lease.id) {
            self.end_lease(&lease, Cause::Tenant);
            self.resume(&id.deployment, None);
        }
        if let Some(order) = order {
            self.close_order(&order);
        }
        self.group_mut(id).is = to;
    }

    fn close_group(&mut self, id: &GroupId) {
        let others = self.groups().filter(|(other, _)| other.deployment == id.deployment);
        if others.count() == 1 {
            return self.close_deployment(&id.deployment, Cause::Tenant);
        }
        self.stop_group(id, GroupIs::Closed);
    }

    /// Ends the orders, leases and bids of a deployment, and returns what is left.
    pub(super) fn close_deployment(&mut self, id: &DeploymentId, cause: Cause) {
        let leases: Vec<LeaseId> = self.deployments[id].leases().map(|lease| lease.id).collect();
        for lease in leases {
            self.end_lease(&lease, cause);
        }
        let orders = self.deployments[id].groups.iter().filter_map(|group| group.order.as_ref());
        for order in orders.map(|order| order.id).collect::<Vec<_>>() {
            self.close_order(&order);
        }
        let deployment = self.deployments.remove(id).expect("the deployment is open");
        for deposit in deployment.deposits {
            self.unlock(deposit.money, deposit.owner, deposit.amount);
            if let Some(grantee) = deposit.drawn_by {
                self.restore(grantee, deposit.owner, deposit.money, deposit.amount);
            }
        }
    }

    /// Ends an order without a lease, its bids and its group.
    pub(super) fn close_order(&mut self, id: &OrderId) {
        let bids = self.order(id).expect("the order is open").bids.iter();
        let open = bids.filter(|bid| bid.is == BidIs::Open).map(|bid| bid.provider);
        for provider in open.collect::<Vec<_>>() {
            self.drop_bid(&id.bid(provider), BidIs::Over);
        }
        let group = self.group_mut(&id.group);
        group.order = None;
        group.is = GroupIs::Closed;
    }
}
