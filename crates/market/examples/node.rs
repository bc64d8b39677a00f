//! A host with blocks, keys and money of its own around the engine: `cargo run -p undercut --example node`.
//!
//! The host keeps all balances in a map, makes a block out of the commands that wait, appends the
//! frames to its log, and checks at the end that the log alone leads to the same state.

use std::collections::BTreeMap;
use std::error::Error;

use undercut::replay::Replay;
use undercut::{BlockContext, Command, Engine, Event, Genesis, Params, SignedCommand};
use undercut_bidding::{NewBid, Registration};
use undercut_ledger::log::Reader;
use undercut_ledger::{Bank, BankRefused, Posting};
use undercut_orderbook::NewDeployment;
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{
    Address, Amount, Attribute, BlockHeight, BlockSpan, BlockTime, Coin, Denom, OrderId,
};
use undercut_sdl::Sdl;

/// The host's money. The engine asks for balances and says what moves; where it lies is ours.
#[derive(Clone, Default)]
struct HostBank(BTreeMap<(Address, Denom), Amount>);

impl HostBank {
    fn take(&mut self, owner: &Address, coin: &Coin) -> Result<(), BankRefused> {
        let balance = self.balance(owner, &coin.denom);
        let refused = || BankRefused { owner: *owner, balance, coin: coin.clone() };
        let rest = balance.checked_sub(coin.amount).ok_or_else(refused)?;
        self.0.insert((*owner, coin.denom.clone()), rest);
        Ok(())
    }

    fn give(&mut self, owner: &Address, coin: &Coin) -> Result<(), BankRefused> {
        let balance = self.balance(owner, &coin.denom);
        let refused = |_| BankRefused { owner: *owner, balance, coin: coin.clone() };
        let sum = balance.plus(coin.amount).map_err(refused)?;
        self.0.insert((*owner, coin.denom.clone()), sum);
        Ok(())
    }
}

impl Bank for HostBank {
    fn balance(&self, owner: &Address, denom: &Denom) -> Amount {
        self.0.get(&(*owner, denom.clone())).copied().unwrap_or_default()
    }

    fn post(&mut self, posting: &Posting) -> Result<(), BankRefused> {
        match posting {
            Posting::Transfer { from, to, coin } => {
                self.take(from, coin)?;
                self.give(to, coin)
            }
            Posting::Mint { to, coin } => self.give(to, coin),
            Posting::Burn { from, coin } => self.take(from, coin),
        }
    }
}

/// Engine, money and log of one host.
struct Host {
    engine: Engine,
    bank: HostBank,
    log: Vec<u8>,
}

impl Host {
    fn new(mut bank: HostBank) -> Result<Self, Box<dyn Error>> {
        let genesis = Genesis {
            chain_id: "example-1".into(),
            time: BlockTime::from_unix_seconds(1_767_225_600),
            params: Params::akash_2026(),
            auditors: Vec::new(),
            // The bank holds the money already, so the genesis mints none.
            balances: Vec::new(),
            vault_uakt: Amount::ZERO,
        };
        let (engine, outcome) = Engine::new(&genesis, &mut bank)?;
        let log = outcome.frames;
        Ok(Self { engine, bank, log })
    }

    /// Signs a command as its owner would. A nonce per account, counted by the engine.
    fn sign(&self, key: &KeyPair, command: Command) -> Result<SignedCommand, Box<dyn Error>> {
        let state = self.engine.state();
        let nonce = state.nonce(&key.address()) + 1;
        let life = BlockSpan::from_blocks(10);
        let expires_at = state.height().checked_add(life).ok_or("the chain ends")?;
        Ok(SignedCommand::sign(key, self.engine.chain_id(), nonce, expires_at, command)?)
    }

    /// One block: what is refused is reported to whoever asked, and leaves no trace.
    fn block(&mut self, commands: &[SignedCommand]) -> Result<(), Box<dyn Error>> {
        let last = *self.engine.state().context();
        let height = last.height.next().ok_or("the chain ends")?;
        let time = BlockTime::from_unix_seconds(last.time.to_unix_seconds() + 6);
        // A chain takes the hash of the last commit, which nobody knew before.
        let entropy = crypto::digest(Namespace("example/entropy"), self.log.as_slice());
        self.engine.begin_block(BlockContext { height, time, price: None, entropy })?;
        for command in commands {
            if let Err(refused) = self.engine.execute(&mut self.bank, command) {
                println!("block {height}: refused, {}: {refused}", refused.code());
            }
        }
        let outcome = self.engine.end_block(&mut self.bank)?;
        self.log.extend_from_slice(&outcome.frames);
        self.engine.reuse(outcome);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let [alice, p1, p2] = ["alice", "p1", "p2"].map(|name| KeyPair::insecure(0, name));
    let mut bank = HostBank::default();
    bank.give(&alice.address(), &"20 ACT".parse()?)?;
    bank.give(&p1.address(), &"100 AKT".parse()?)?;
    bank.give(&p2.address(), &"100 AKT".parse()?)?;
    let mut host = Host::new(bank)?;

    let sdl = Sdl::parse(include_str!("llm.yaml"))?;
    let attributes = vec![Attribute::new("capabilities/gpu/vendor/nvidia/model/rtx4090", "true")];
    let registration = Registration::new("https://provider.example:8443", attributes);
    let register = || Command::RegisterProvider(registration.clone());
    let (groups, deposit) = (sdl.groups().to_vec(), "5 ACT".parse()?);
    let deploy = Command::CreateDeployment(NewDeployment::new(1, groups, sdl.hash(), deposit));
    let first =
        [host.sign(&p1, register())?, host.sign(&p2, register())?, host.sign(&alice, deploy)?];
    host.block(&first)?;

    let order: OrderId = host.engine.state().book().orders().next().ok_or("no order")?.id;
    let offer = sdl.groups().first().ok_or("no group")?.exact_offer();
    let bid = |price: &str| -> Result<Command, Box<dyn Error>> {
        let (price, offer, deposit) = (price.parse()?, offer.clone(), "0.5 AKT".parse()?);
        Ok(Command::CreateBid(NewBid::new(order, price, offer, deposit)))
    };
    let bids = [host.sign(&p1, bid("1200.5uact")?)?, host.sign(&p2, bid("1180uact")?)?];
    host.block(&bids)?;
    while host.engine.state().height() < BlockHeight::new(30) {
        host.block(&[])?;
    }

    let lease = host.engine.state().escrow().leases().next().ok_or("no lease")?;
    let id = lease.signed.terms.id;
    println!("{} is leased at {} a block", id.order(), lease.signed.terms.price);
    assert_eq!(id.provider().0, p2.address(), "lowest price wins");
    let withdraw = host.sign(&p2, Command::Withdraw(id))?;
    host.block(&[withdraw])?;
    println!("p2 has {}uact", host.bank.balance(&p2.address(), &Denom::uact()));

    let mut replay = Replay::default();
    for record in Reader::<Event>::new(&host.log) {
        replay.apply(&record?)?;
    }
    assert_eq!(replay.sealed(), host.engine.head());
    println!("{} seals compared, the log leads to the same state", replay.seals());
    Ok(())
}
