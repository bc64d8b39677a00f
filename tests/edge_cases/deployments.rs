//! Deployments and groups: D1 to D11.

use undercut::{Command, Params, Rejection};
use undercut_bidding::{ProfileRejection, ProviderProfile};
use undercut_ledger::{AccountState, LeaseEndReason, ProviderReason};
use undercut_orderbook::{GroupRejection, GroupState, NewDeployment, OrderRejection, OrderState};
use undercut_primitives::{Attribute, BlockSpan, GroupId, ResourceUnit, TimeSpan, crypto};
use undercut_tests::cases::Case;
use undercut_tests::chain::{Chain, coin, deployment, deployment_id, group, lease_id, order_id};

use crate::play::{chosen, ended, group_state, lease, lease_state, outcome};

pub(crate) const CASES: &[Case] = &[
    Case::same("D1", d1),
    Case::same("D2", d2),
    Case::same("D3", d3),
    Case::on_purpose("D4", d4),
    Case::on_purpose("D5", d5),
    Case::on_purpose("D6", d6),
    Case::same("D7", d7),
    Case::on_purpose("D8", d8),
    Case::same("D9", d9),
    Case::on_purpose("D10", d10),
    Case::same("D11", d11),
];

/// What comes of alice's next deployment, of one small group that the case changes.
fn create(chain: &mut Chain, change: impl FnOnce(&mut NewDeployment)) -> &'static str {
    let dseq = 1 + chain.state().book().deployments().count();
    let dseq = u64::try_from(dseq).expect("few deployments");
    let mut new = deployment(dseq, &[("west", "10uact")], "1ACT");
    change(&mut new);
    outcome(chain, "alice", Command::CreateDeployment(new))
}

/// [`create`] with a change of the one unit.
fn create_unit(chain: &mut Chain, change: impl FnOnce(&mut ResourceUnit)) -> &'static str {
    create(chain, |new| change(&mut new.groups[0].units[0]))
}

fn group_id(dseq: u64, gseq: u32) -> GroupId {
    GroupId { deployment: deployment_id("alice", dseq), gseq }
}

fn d1() {
    let mut chain = Chain::new();
    let (id, unknown) = (deployment_id("alice", 1), deployment_id("alice", 9));
    assert_eq!(create(&mut chain, |_| ()), "ok");
    assert_eq!(create(&mut chain, |new| new.dseq = 1), "ORD002");
    assert_eq!(create(&mut chain, |new| new.groups.clear()), "ORD003");
    let same = crypto::sha256(b"manifest");
    let rows = [
        (Command::UpdateDeployment { id: unknown, version_hash: same }, "ORD008"),
        (Command::UpdateDeployment { id, version_hash: same }, "ORD016"),
        (Command::CloseDeployment(unknown), "ORD008"),
        (Command::CloseDeployment(id), "ok"),
        (Command::CloseDeployment(id), "ORD009"),
    ];
    for (command, expected) in rows {
        let told = format!("{command:?}");
        assert_eq!(outcome(&mut chain, "alice", command), expected, "{told}");
    }
    chain.end();
}

fn d2() {
    let mut chain = Chain::new();
    let rows = [
        ("499999uact", "ESC005"),
        ("500000uact", "ok"),
        ("5000000uakt", "ESC003"),
        ("5000000uusd", "ESC003"),
    ];
    for (deposit, expected) in rows {
        assert_eq!(create(&mut chain, |new| new.deposit = coin(deposit)), expected, "{deposit}");
    }
    chain.end();
}

fn d3() {
    let mut chain = Chain::new();
    for (cpu, expected) in [(9, "ORD005"), (10, "ok"), (384_000, "ok"), (384_001, "ORD005")] {
        assert_eq!(create_unit(&mut chain, |unit| unit.resources.cpu_milli = cpu), expected);
    }
    for (memory, expected) in [(1_048_575, "ORD005"), (1_048_576, "ok")] {
        assert_eq!(create_unit(&mut chain, |unit| unit.resources.memory_bytes = memory), expected);
    }
    for (gpus, expected) in [(24, "ok"), (25, "ORD005")] {
        assert_eq!(create_unit(&mut chain, |unit| unit.resources.gpus = gpus), expected);
    }
    let small = create_unit(&mut chain, |unit| unit.resources.volumes[0].size_bytes = 5_242_879);
    assert_eq!(small, "ORD005");
    let no_gpu = create_unit(&mut chain, |unit| {
        unit.resources.gpu_attributes = vec![Attribute::new("vendor/nvidia/model/*", "true")];
    });
    assert_eq!(no_gpu, "ORD005");
    chain.end();
}

fn d4() {
    let mut chain = Chain::new();
    let mut replicas = |cpu, count| {
        create_unit(&mut chain, |unit| {
            (unit.resources.cpu_milli, unit.count) = (cpu, count);
        })
    };
    assert_eq!(replicas(384_000, 50), "ok");
    assert_eq!(replicas(384_000, 51), "ORD005");
    assert_eq!(replicas(10, 1_000), "ORD005");
    let groups = |count: usize| (0..count).map(|n| group(&format!("g{n}"), "10uact")).collect();
    assert_eq!(create(&mut chain, |new| new.groups = groups(25)), "ORD003");
    assert_eq!(create(&mut chain, |new| new.groups = groups(20)), "ok");
    // The sum is limited as well: one more unit of 10 thousandths.
    let mut new = deployment(9, &[("west", "10uact")], "1ACT");
    let second = ResourceUnit { id: 2, ..new.groups[0].units[0].clone() };
    new.groups[0].units.push(second);
    for (unit, (cpu, count)) in new.groups[0].units.iter_mut().zip([(384_000, 50), (10, 1)]) {
        (unit.resources.cpu_milli, unit.count) = (cpu, count);
    }
    let refused = chain.send("alice", Command::CreateDeployment(new)).unwrap_err();
    let rejection = GroupRejection::GroupQuantity {
        resource: "milli-CPU",
        quantity: 19_200_010,
        max: 19_200_000,
    };
    assert_eq!(refused, Rejection::Order(OrderRejection::Group { gseq: 1, rejection }));
    chain.end();
}

fn d5() {
    let mut chain = Chain::new();
    assert_eq!(create_unit(&mut chain, |unit| unit.count = 0), "ORD005");
    let one_of_two = create(&mut chain, |new| {
        let units = &mut new.groups[0].units;
        units.push(ResourceUnit { id: 2, count: 0, ..units[0].clone() });
    });
    assert_eq!(one_of_two, "ORD005");
    chain.end();
}

fn d6() {
    let mut chain = Chain::new();
    let rows = [
        ("10000000uact", "ok"),
        ("10000000.000000000000000001uact", "ORD005"),
        ("0uact", "ORD005"),
    ];
    for (price, expected) in rows {
        let found = create_unit(&mut chain, |unit| unit.price = price.parse().unwrap());
        assert_eq!(found, expected, "{price}");
    }
    chain.end();
}

fn d7() {
    let mut chain = Chain::new();
    let hour = 3_600;
    let rows = [(hour - 1, "ORD014"), (hour, "ok"), (720 * hour, "ok"), (720 * hour + 1, "ORD014")];
    for (seconds, expected) in rows {
        let window = Some(TimeSpan::from_seconds(seconds));
        assert_eq!(create(&mut chain, |new| new.reclamation = window), expected, "{seconds} s");
    }
    chain.end();
}

/// A market after block 1: alice's deployment 1 has groups 1 and 2, each up to 500,000 uact a
/// block, and p1 serves the first at that price. `deposit` is what she has for it.
fn two_groups(deposit: &str, grace: u64) -> Chain {
    let mut params = Params::default();
    params.order.choice_window = BlockSpan::from_blocks(1_000);
    let mut chain = Chain::with(params);
    chain.register(&["p1", "p2"]);
    let mut new = chosen(1, &[("west", "500000uact"), ("east", "500000uact")], deposit);
    new.grace = BlockSpan::from_blocks(grace);
    chain.must("alice", Command::CreateDeployment(new));
    lease(&mut chain, order_id("alice", 1, 1, 1), "p1", "500000uact");
    chain.end();
    chain
}

fn d8() {
    // Without a grace the deployment is over when its money is.
    let mut chain = two_groups("500000uact", 0);
    chain.must("alice", Command::PauseGroup(group_id(1, 2)));
    chain.end();
    assert_eq!(outcome(&mut chain, "alice", Command::StartGroup(group_id(1, 2))), "ORD017");
    chain.end();
    // With one it waits, and a group starts when there is money for it.
    let mut chain = two_groups("500000uact", 10);
    chain.must("alice", Command::PauseGroup(group_id(1, 2)));
    chain.end();
    let account = chain.state().escrow().account(&deployment_id("alice", 1)).unwrap();
    assert!(matches!(account.state, AccountState::Paused { .. }), "{:?}", account.state);
    assert_eq!(outcome(&mut chain, "alice", Command::StartGroup(group_id(1, 2))), "ESC016");
    assert_eq!(group_state(&chain, group_id(1, 2)), (GroupState::Paused, 1), "no order");
    chain.must("alice", Command::deposit(deployment_id("alice", 1), coin("1ACT")));
    assert_eq!(outcome(&mut chain, "alice", Command::StartGroup(group_id(1, 2))), "ok");
    assert_eq!(group_state(&chain, group_id(1, 2)), (GroupState::Open, 2));
    chain.end();
}

fn d9() {
    let mut chain = two_groups("5ACT", 0);
    let lease = lease_id(order_id("alice", 1, 1, 1), "p1");
    assert!(lease_state(&chain, lease).is_running());
    chain.must("p1", Command::close_lease(lease));
    chain.end();
    let reason = LeaseEndReason::Provider(ProviderReason::UNSPECIFIED);
    assert_eq!(ended(&chain, lease), (2, reason));
    assert_eq!(group_state(&chain, group_id(1, 1)), (GroupState::Paused, 1), "no new order");
    assert_eq!(group_state(&chain, group_id(1, 2)), (GroupState::Open, 1));
    let other = chain.state().book().order(&order_id("alice", 1, 2, 1)).unwrap();
    assert_eq!(other.state, OrderState::Open);
}

fn d10() {
    let mut chain = two_groups("5ACT", 0);
    let (west, east) = (group_id(1, 1), group_id(1, 2));
    let rows = [
        (Command::StartGroup(west), "ORD019"),
        (Command::PauseGroup(west), "ok"),
        (Command::PauseGroup(west), "ORD018"),
        (Command::CloseGroup(east), "ok"),
        (Command::PauseGroup(east), "ORD017"),
        (Command::StartGroup(east), "ORD017"),
        (Command::CloseGroup(east), "ORD017"),
    ];
    for (command, expected) in rows {
        let told = format!("{command:?}");
        assert_eq!(outcome(&mut chain, "alice", command), expected, "{told}");
    }
    chain.end();
    // A group whose money ended is closed, not in a state of its own.
    let mut chain = two_groups("500000uact", 0);
    chain.end();
    assert_eq!(group_state(&chain, west), (GroupState::Closed, 1));
    assert_eq!(outcome(&mut chain, "alice", Command::CloseGroup(west)), "ORD017");
    chain.end();
}

/// What an order asks for is a pattern that is compared and never stored under its key; what a
/// provider and its auditors say has strict keys.
fn d11() {
    let long = "k".repeat(130);
    let (wild, none) = (["key1*", "key1/*"], ["*key1", "key1**", "key1*/", "$", "", &long]);
    let mut chain = Chain::new();
    let mut asked = |keys: &[&str]| {
        create_unit(&mut chain, |unit| {
            let attributes = keys.iter().map(|key| Attribute::new(*key, "true")).collect();
            unit.resources.volumes[0].attributes = attributes;
        })
    };
    for key in wild {
        assert_eq!(asked(&["key1", key]), "ok", "`{key}` in an order");
    }
    for key in none {
        assert_eq!(asked(&["key1", key]), "ORD005", "`{key}` in an order");
    }
    assert_eq!(asked(&["key", "key"]), "ORD005");
    chain.end();
    let advertised = |keys: &[&str]| {
        let attributes = keys.iter().map(|key| Attribute::new(*key, "true")).collect();
        ProviderProfile::new(attributes).check().map_err(|rejection| rejection.code())
    };
    assert_eq!(advertised(&["key1"]), Ok(()));
    for key in wild.into_iter().chain(none) {
        let code = advertised(&[key]).unwrap_err();
        assert_eq!(code.as_str(), "PRF003", "`{key}` of a provider");
    }
    let twice = Attribute::new("key", "true");
    let twice = ProviderProfile::new(vec![twice.clone(), twice]).check();
    assert!(matches!(twice, Err(ProfileRejection::DuplicateKey { .. })));
}
