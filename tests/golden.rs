//! Byte forms that must never change by accident.
//!
//! Each file under `golden/` is a table from a name to what the code gives today: encodings in
//! hexadecimal, digests, heads of logs. A row that differs means that logs, signatures or roots
//! made before do not fit any more: a change of the format, which is made on purpose or not at all.
//! To make it on purpose, say so in the changelog and write the files anew:
//!
//! ```text
//! UNDERCUT_BLESS=1 cargo test -p undercut-tests --test golden
//! ```

use std::fmt::Write as _;
use std::{env, fs};

use undercut::prelude::*;
use undercut::{Command, Genesis, SignedCommand, StateKey, rotation_digest, signing_digest};
use undercut_bidding::{NewBid, Registration, TieBreak};
use undercut_ledger::bank::{community_address, escrow_address, vault_address};
use undercut_ledger::merkle::{self, StateTree};
use undercut_ledger::oracle::PricePoint;
use undercut_ledger::{NewAllowance, ProviderReason};
use undercut_orderbook::{AwardMode, NewDeployment};
use undercut_primitives::codec::Canonical;
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{
    Address, Amount, Attribute, BidId, BlockTime, Contribution, Decimal, Denom, DeploymentId,
    Digest, Endpoint, EndpointKind, GroupId, GroupSpec, LeaseId, Provider, Requirements,
    ResourceUnit, Resources, SignedBy, Tenant, TimeSpan, Volume,
};
use undercut_tests::chain::{genesis, key};
use undercut_tests::story::{self, story};
use undercut_tests::tree;

type Rows = Vec<(String, String)>;

/// Compares rows with the file of this name, or writes it when told to.
fn check(file: &str, rows: &Rows) {
    let path = tree::root().join("tests/golden").join(file);
    if env::var_os("UNDERCUT_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, text(rows)).expect("the file can be written");
        return;
    }
    let found = fs::read_to_string(&path).expect("the file exists; see this file's first lines");
    let table: toml::Table = found.parse().expect("the file is TOML");
    let changed = differences(&table, rows);
    assert!(
        changed.is_empty(),
        "golden/{file}: the format has changed. Logs and signatures made before do not fit any \
         more. If that is the purpose, say so in the changelog and bless the file as described at \
         the top of golden.rs; if not, the code is wrong.\n{}",
        changed.join("\n")
    );
}

fn text(rows: &Rows) -> String {
    let mut text =
        String::from("# Written by tests/golden.rs; changing a row changes the format.\n");
    for (name, value) in rows {
        writeln!(text, "\"{name}\" = \"{value}\"").expect("a string takes what is written");
    }
    text
}

fn differences(table: &toml::Table, rows: &Rows) -> Vec<String> {
    let mut changed = Vec::new();
    for (name, now) in rows {
        match table.get(name).and_then(toml::Value::as_str) {
            Some(before) if before == now => {}
            Some(before) => changed.push(format!("{name}:\n  was {before}\n  now {now}")),
            None => changed.push(format!("{name}: not in the file\n  now {now}")),
        }
    }
    let is_known = |name: &&String| rows.iter().any(|(known, _)| known == *name);
    let gone = table.keys().filter(|name| !is_known(name));
    changed.extend(gone.map(|name| format!("{name}: in the file, but computed no more")));
    changed
}

fn hex<T: Canonical>(value: &T) -> String {
    let bytes = value.encode().expect("the value is small");
    let mut text = String::new();
    for byte in &bytes {
        write!(text, "{byte:02x}").expect("a string takes what is written");
    }
    let limit = undercut_primitives::codec::ENCODED_BYTES_MAX;
    let again = T::decode(&bytes, limit).and_then(|value| {
        value.encode().map_err(|_| undercut_primitives::codec::DecodeError::NotCanonical)
    });
    assert_eq!(again, Ok(bytes), "what is written reads back");
    text
}

fn row(name: &str, value: &impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

fn order() -> OrderId {
    let deployment = DeploymentId { tenant: Tenant(Address::of_module("tenant")), dseq: 7 };
    GroupId { deployment, gseq: 2 }.order(3)
}

fn bid_id() -> BidId {
    order().bid(Provider(Address::of_module("provider")))
}

/// A group in which every field holds something.
fn group() -> GroupSpec {
    let volume = Volume {
        name: "data".into(),
        size_bytes: 1 << 40,
        attributes: vec![Attribute::new("class", "beta2"), Attribute::new("persistent", "true")],
    };
    let kinds = [EndpointKind::SharedHttp, EndpointKind::RandomPort, EndpointKind::LeasedIp];
    let endpoints = kinds.into_iter().zip(0..).map(|(kind, sequence)| Endpoint { kind, sequence });
    let resources = Resources {
        cpu_milli: 8_000,
        cpu_attributes: vec![Attribute::new("arch", "amd64")],
        memory_bytes: 32 << 30,
        volumes: vec![volume],
        gpus: 2,
        gpu_attributes: vec![Attribute::new("vendor/nvidia/model/h100/ram/80Gi", "true")],
        endpoints: endpoints.collect(),
    };
    let signed_by = SignedBy { all_of: vec!["first".into()], any_of: vec!["second".into()] };
    let price = "1234.567890123456789012uact".parse().expect("a price");
    GroupSpec {
        name: "west".into(),
        requirements: Requirements {
            attributes: vec![Attribute::new("region", "us-west")],
            signed_by,
        },
        units: vec![ResourceUnit { id: 1, resources, count: 3, price }],
    }
}

fn new_bid() -> NewBid {
    let price = "1180.5uact".parse().expect("a price");
    let bid = NewBid::new(order(), price, group().exact_offer(), Coin::uakt(500_000));
    let payers = vec![contribution("granter", 200_000), contribution("p1", 300_000)];
    NewBid { payers, reclamation: Some(TimeSpan::from_seconds(86_400)), ..bid }
}

fn second_bid() -> NewBid {
    let price = "7uact".parse().expect("a price");
    let order = order().group.order(4);
    NewBid::new(order, price, group().exact_offer(), Coin::uact(500_000))
}

fn new_deployment(award: AwardMode) -> NewDeployment {
    let hash = crypto::sha256(b"manifest");
    let new = NewDeployment::new(7, vec![group()], hash, Coin::uact(5_000_000));
    let reclamation = Some(TimeSpan::from_seconds(3_600));
    NewDeployment { award, reclamation, grace: BlockSpan::from_blocks(600), ..new }
}

fn contribution(name: &str, micro: u128) -> Contribution {
    Contribution { payer: Address::of_module(name), amount: Amount::from_micro(micro) }
}

fn new_allowance() -> NewAllowance {
    NewAllowance {
        grantee: Address::of_module("grantee"),
        for_deployments: true,
        for_bids: false,
        limits: vec![Coin::uact(5_000_000), Coin::uakt(1)],
        expires_at: Some(BlockHeight::new(1_000)),
    }
}

/// One command of every variant. A new variant breaks the build here on purpose.
fn commands() -> Vec<(&'static str, Command)> {
    let attributes = vec![Attribute::new("region", "us-west")];
    let provider = bid_id().provider;
    let registration = Registration {
        email: "ops@provider.example".into(),
        website: "https://www.provider.example/about".into(),
        ..Registration::new("https://provider.example:8443", attributes.clone())
    };
    let (lease, group) = (LeaseId(bid_id()), order().group);
    let alice = key("alice");
    let published_at = BlockTime::from_unix_nanos(1_767_225_600_123_456_789);
    let commands = [
        Command::RegisterProvider(registration.clone()),
        Command::UpdateProvider(registration),
        Command::DeregisterProvider,
        Command::AttestProvider { provider, attributes, expires_at: Some(BlockHeight::new(99)) },
        Command::RevokeAttestation { provider, keys: vec!["region".into()] },
        Command::CreateDeployment(new_deployment(AwardMode::LowestPrice)),
        Command::CreateDeployment(new_deployment(AwardMode::TenantChooses)),
        Command::UpdateDeployment { id: group.deployment, version_hash: crypto::sha256(b"new") },
        Command::CloseDeployment(group.deployment),
        Command::PauseGroup(group),
        Command::StartGroup(group),
        Command::CloseGroup(group),
        Command::deposit(group.deployment, Coin::uact(1)),
        Command::CreateBid(new_bid()),
        Command::RepriceBid { bid: bid_id(), price: "1180uact".parse().expect("a price") },
        Command::CloseBid(bid_id()),
        Command::CreateLease(bid_id()),
        Command::CloseLease { lease, reason: ProviderReason::UNSTABLE },
        Command::StartReclamation { lease, reason: ProviderReason::DECOMMISSIONED },
        Command::Withdraw(lease),
        Command::WithdrawAll { from: Some(lease) },
        Command::GrantAllowance(new_allowance()),
        Command::RevokeAllowance { grantee: Address::of_module("grantee") },
        Command::Burn(Coin::uakt(100_000_000)),
        Command::CancelBurn(17),
        Command::FundVault(Coin::uakt(5)),
        Command::PostPrice(PricePoint { usd_per_akt: Decimal::ONE, published_at }),
        Command::ChangeParams(Box::new(Params::akash_2026())),
        Command::RotateKey { key: alice.public(), proof: alice.sign(&Digest::ZERO) },
        Command::CreateBids(vec![new_bid(), second_bid()]),
    ];
    let name = |command: &Command| match command {
        Command::CreateDeployment(new) if new.award == AwardMode::TenantChooses => {
            "CreateDeployment, tenant chooses"
        }
        other => other.kind(),
    };
    commands.into_iter().map(|command| (name(&command), command)).collect()
}

fn signed(command: Command) -> SignedCommand {
    let last = BlockHeight::new(77);
    SignedCommand::sign(&key("alice"), "undercut-golden", 5, last, command).expect("it is small")
}

#[test]
fn values_are_encoded_as_ever() {
    let price: PricePerBlock = "2259.894629uact".parse().unwrap();
    let ibc: Denom = "ibc/170C677610AC31DF0904FFE09CD3B5C6".parse().unwrap();
    let mut rows = vec![
        row("coin of 5,000,000 uact", &hex(&Coin::uact(5_000_000))),
        row("coin of 2^128 - 1 uakt", &hex(&Coin::uakt(u128::MAX))),
        row("coin of a long denom", &hex(&Coin::new(ibc, Coin::uact(1).amount))),
        row("price per block", &hex(&price)),
        row("order id", &hex(&order())),
        row("bid id", &hex(&bid_id())),
        row("state key of a lease", &hex(&StateKey::Lease(LeaseId(bid_id())))),
        row("group", &hex(&group())),
        row("new bid", &hex(&new_bid())),
        row("parameters", &hex(&Params::akash_2026())),
    ];
    let encoded =
        |(name, command): (&str, Command)| row(&format!("command {name}"), &hex(&command));
    rows.extend(commands().into_iter().map(encoded));
    let burn = signed(Command::Burn(Coin::uakt(100_000_000)));
    rows.push(row("signed command Burn", &hex(&burn)));
    check("encoding.toml", &rows);
}

#[test]
fn digests_addresses_and_roots_are_as_ever() {
    let alice = key("alice");
    let leaf = |n: u8| crypto::digest(Namespace("undercut/golden/v1"), &[n]);
    let leaves: Vec<Digest> = (0..7).map(leaf).collect();
    let mut tree = StateTree::default();
    for pair in leaves.windows(2) {
        tree.set(pair[0], Some(pair[1]));
    }
    let burn = Command::Burn(Coin::uakt(100_000_000));
    let (account, public, last) = (alice.address(), alice.public(), BlockHeight::new(77));
    let digest = signing_digest("undercut-golden", &account, &public, 5, last, &burn);
    let entropy = leaf(0);
    let mut rows = vec![
        row("public key of insecure(1, alice)", &alice.public()),
        row("address of that key", &alice.address()),
        row("module escrow", &escrow_address()),
        row("module vault", &vault_address()),
        row("name-spaced digest of one zero byte", &leaf(0)),
        row("module community", &community_address()),
        row("signing digest of a burn", &digest.unwrap()),
        row("rotation digest", &rotation_digest("undercut-golden", &account, &public)),
        row("tie-break", &hex(&TieBreak::of(&entropy, &bid_id()))),
        row("state root of 6 entries", &tree.root()),
    ];
    let root = |n: usize| row(&format!("merkle root of {n}"), &merkle::root(&leaves[..n]));
    rows.extend((0..=7).map(root));
    check("digests.toml", &rows);
}

#[test]
fn a_tie_has_the_winner_it_always_had() {
    let winner = |entropy: u8| {
        let entropy = Digest::from_bytes([entropy; 32]);
        let tie =
            |name: &&str| TieBreak::of(&entropy, &order().bid(Provider(Address::of_module(name))));
        ["p1", "p2", "p3", "p4"].into_iter().min_by_key(tie).expect("there are four")
    };
    let rows = (0..8).map(|n| row(&format!("entropy {n}"), &winner(n)));
    check("ties.toml", &rows.collect());
}

const SDL: &str = r#"version: "2.0"
services:
  web:
    image: nginx:1.29
    expose:
      - port: 80
        to:
          - global: true
profiles:
  compute:
    web:
      resources:
        cpu:
          units: 1
        memory:
          size: 1Gi
        storage:
          size: 1Gi
  placement:
    west:
      pricing:
        web:
          denom: uact
          amount: 2000
deployment:
  web:
    west:
      profile: web
      count: 2
"#;

#[test]
fn a_market_played_by_the_handle_has_the_log_it_always_had() {
    let mut market = Market::in_memory(Params::akash_2026());
    let alice = market.fund("alice", "20 ACT").unwrap();
    let p1 = market.provider("p1").node("16 cpu, 64Gi").register().unwrap();
    let p2 = market.provider("p2").attribute("region", "west").node("8 cpu, 32Gi").register();
    let order = market.post(alice, &Sdl::parse(SDL).unwrap(), "5 ACT").unwrap();
    market.bid(p1, order, "1200.5 uact").unwrap();
    market.bid(p2.unwrap(), order, "1180 uact").unwrap();
    market.advance(market.params().bid_window).unwrap();
    market.advance(100).unwrap();
    let lease = market.lease_of(order).unwrap().unwrap();
    market.submit(lease.provider.0, Command::Withdraw(lease.id)).unwrap();
    market.submit(alice.0, Command::CloseDeployment(order.deployment())).unwrap();
    market.advance(1).unwrap();
    let head = market.log().verify().unwrap();
    let rows = vec![
        row("records", &head.records),
        row("bytes", &market.log().bytes().len()),
        row("head", &head.hash),
        row("state root", &market.state().rebuilt_root()),
        row("balance of alice", &market.balance(alice.0, &Denom::uact())),
        row("balance of the winner", &market.balance(lease.provider.0, &Denom::uact())),
    ];
    check("handle.toml", &rows);
}

#[test]
fn the_story_has_the_log_it_always_had() {
    let chain = story();
    let encoded = hex::<Genesis>(&genesis(story::params()));
    let rows = vec![
        row("genesis", &crypto::sha256(encoded.as_bytes())),
        row("records", &chain.engine.head().records),
        row("bytes", &chain.log.len()),
        row("log", &crypto::sha256(&chain.log)),
        row("head", &chain.engine.head().hash),
        row("state root", &chain.state_root()),
    ];
    check("story.toml", &rows);
}

#[test]
fn a_changed_row_is_shown_with_both_values() {
    let table: toml::Table = "a = \"1\"\nb = \"2\"\nd = \"4\"".parse().unwrap();
    let rows = vec![row("a", &1), row("b", &3), row("c", &3)];
    let expected = [
        "b:\n  was 2\n  now 3",
        "c: not in the file\n  now 3",
        "d: in the file, but computed no more",
    ];
    assert_eq!(differences(&table, &rows), expected);
    let again: toml::Table = text(&rows).parse().unwrap();
    assert_eq!(differences(&again, &rows), Vec::<String>::new());
}
