use super::*;
use crate::fit::{Dimension, Nearest};
use crate::fixture::{GIB, gpu, group, leased_ip, order, ram_volume, row_6, unit, volume};
use proptest::prelude::*;
use undercut_bidding::offer_covers;
use undercut_primitives::ResourceUnit;

/// Nodes `a`, `b`, … as users write them.
fn inventory(texts: &[&str]) -> Inventory {
    let named = |(name, text): (char, &&str)| Node::parse(name, text).unwrap();
    Inventory::new(('a'..).zip(texts).map(named).collect()).unwrap()
}

/// The four nodes of `provider.md` 3.5.
fn four_nodes() -> Inventory {
    inventory(&[
        "68.780 cpu, 1Ti, 1Ti disk",
        "68.800 cpu, 1Ti, 1Ti disk",
        "119.525 cpu, 1Ti, 1Ti disk",
        "119.495 cpu, 1Ti, 1Ti disk",
    ])
}

fn replicas(count: u32, cpu_milli: u64) -> GroupSpec {
    let mut service = unit(1, count, cpu_milli, 16 * GIB);
    service.resources.volumes = vec![volume("disk", 8 * GIB, "")];
    group(vec![service])
}

fn gpus(count: u32, gpus: u64, models: &[&str]) -> ResourceUnit {
    let mut train = unit(1, count, 1_000, GIB);
    train.resources.gpus = gpus;
    train.resources.gpu_attributes = models.iter().map(|model| gpu(model)).collect();
    train
}

fn models(inventory: &Inventory, units: Vec<ResourceUnit>) -> Result<Vec<String>, NoFit> {
    let spec = group(units);
    let reservation = inventory.plan(&spec)?;
    assert_eq!(offer_covers(&spec, &reservation.offer), Ok(()));
    let key = |offer: &ResourceOffer| offer.resources.gpu_attributes[0].key.clone();
    let model = |key: String| key.replace("vendor/nvidia/model/", "");
    Ok(reservation.offer.iter().map(key).map(model).collect())
}

#[test]
fn replicas_fit_as_in_the_reference() {
    // provider.md 3.5
    for (count, cpu, fits) in [
        (2, 100_000, true),
        (4, 68_780, true),
        (3, 68_800, true),
        (2, 119_495, true),
        (4, 70_000, false),
        (3, 100_000, false),
        (2, 119_525, false),
    ] {
        let planned = four_nodes().plan(&replicas(count, cpu));
        assert_eq!(planned.is_ok(), fits, "{count} × {cpu}: {planned:?}");
    }
}

#[test]
fn a_refusal_names_the_node_that_came_closest() {
    let no_fit = four_nodes().plan(&replicas(3, 119_000)).unwrap_err();
    assert_eq!(
        no_fit.to_string(),
        "no node has 119 cpu and 16Gi free together: b has 68.8 of 119 cpu left \
         (unit 1, 2 of 3 replicas placed)"
    );
    let nearest =
        Nearest { node: "b".into(), dimension: Dimension::Cpu, free: 68_800, needed: 119_000 };
    assert!(matches!(no_fit, NoFit::Nodes { nearest: Some(found), .. } if found == nearest));
}

#[test]
fn a_node_short_of_one_thing_is_closer_than_one_short_of_two() {
    // Node a lacks a little of two, node b much of one.
    let h100 = "1x nvidia/h100/80Gi/sxm";
    let (a, b) = (format!("15.9 cpu, 127Gi, {h100}"), format!("9.5 cpu, 256Gi, {h100}"));
    let two = inventory(&[&a, &b]);
    let no_fit = two.plan(&row_6()).unwrap_err().to_string();
    assert!(no_fit.contains("b has 9.5 of 16 cpu left"), "{no_fit}");
    let none = Inventory::new(vec![]).unwrap();
    let no_fit = none.plan(&row_6()).unwrap_err().to_string();
    assert!(no_fit.contains("there is no node"), "{no_fit}");
}

#[test]
fn each_dimension_can_be_the_one_that_lacks() {
    let node = inventory(&["16 cpu, 64Gi, 100Gi disk, 1x nvidia/h100, class beta2"]);
    let node = node.with_pool("beta2", 10 * GIB);
    let with = |change: fn(&mut ResourceUnit)| {
        let mut service = unit(1, 1, 1_000, GIB);
        change(&mut service);
        let spec = group(vec![service]);
        node.plan(&spec).map_or_else(|no_fit| no_fit.to_string(), |_| "fits".into())
    };
    type Change = fn(&mut ResourceUnit);
    let rows: [(Change, &str); 11] = [
        (|_| {}, "fits"),
        (|u| u.resources.cpu_milli = 16_001, "a has 16 of 16.001 cpu left"),
        (|u| u.resources.memory_bytes = 65 * GIB, "a has 64Gi of 65Gi memory left"),
        (|u| u.resources.gpus = 2, "a has 1 of 2 such gpu left"),
        (
            |u| {
                u.resources.gpus = 1;
                u.resources.gpu_attributes = vec![gpu("a100")];
            },
            "no node has 1 a100, 1 cpu and 1Gi free together: a has 0 of 1 such gpu left",
        ),
        (|u| u.resources.volumes = vec![volume("v", 101 * GIB, "")], "100Gi of 101Gi disk left"),
        (|u| u.resources.volumes = vec![ram_volume("v", 63 * GIB)], "fits"),
        (|u| u.resources.volumes = vec![ram_volume("v", 64 * GIB)], "64Gi of 65Gi memory left"),
        (
            |u| u.resources.volumes = vec![volume("v", 11 * GIB, "beta2")],
            "unit 1: storage class beta2 has 10Gi of 11Gi left",
        ),
        (
            |u| u.resources.volumes = vec![volume("v", 1, "beta3")],
            "a has no storage of class beta3",
        ),
        (|u| u.resources.endpoints = vec![leased_ip(1)], "0 of 1 leased IPs left"),
    ];
    for (row, (change, expected)) in rows.into_iter().enumerate() {
        let found = with(change);
        assert!(found.contains(expected), "row {row}: {found}");
    }
    let no_class = with(|u| {
        u.resources.volumes = vec![volume("v", 1, "ram")];
    });
    assert_eq!(no_class, "unit 1: volume `v` is persistent and has no storage class");
}

#[test]
fn units_are_placed_from_last_to_first() {
    let two = inventory(&["4 cpu, 64Gi", "8 cpu, 64Gi"]);
    // From the front, unit 1 would take node a and leave unit 2 no room on it; both fit so.
    let spec = group(vec![unit(1, 1, 8_000, GIB), unit(2, 2, 2_000, GIB)]);
    let reservation = two.plan(&spec).unwrap();
    let placed: Vec<(u32, &str, u64)> =
        reservation.placements.iter().map(|p| (p.unit, p.node.as_str(), p.replicas)).collect();
    assert_eq!(placed, [(2, "a", 2), (1, "b", 1)]);
    assert!(two.plan(&group(vec![unit(1, 2, 2_000, GIB), unit(2, 1, 8_001, GIB)])).is_err());
}

#[test]
fn a_taken_gpu_matches_nothing() {
    // provider.md 12, Q3: on a mixed node the reference promises the taken model again.
    let mut mixed = inventory(&["64 cpu, 256Gi, 1x nvidia/a100, 1x nvidia/h100"]);
    let wanted = group(vec![gpus(1, 1, &["a100"])]);
    mixed.try_reserve(order(1), &wanted).unwrap();
    assert!(mixed.try_reserve(order(2), &wanted).is_err());
    assert_eq!(models(&mixed, vec![gpus(1, 1, &["*"])]).unwrap(), ["h100"]);
    mixed.release(&order(1));
    assert_eq!(models(&mixed, vec![gpus(1, 1, &["*"])]).unwrap(), ["a100"]);
}

#[test]
fn a_wildcard_is_narrowed_only_where_the_rest_fits_too() {
    // provider.md 12, Q2: node a has a GPU but no memory; the reference would insist on its model.
    let two = inventory(&["64 cpu, 512Mi, 1x nvidia/a100", "64 cpu, 64Gi, 1x nvidia/h100"]);
    assert_eq!(models(&two, vec![gpus(1, 1, &["*"])]).unwrap(), ["h100"]);
    // The first node with room decides, not the first node with a GPU.
    let more = inventory(&[
        "64 cpu, 512Mi, 1x nvidia/a100",
        "64 cpu, 64Gi, 1x nvidia/h100",
        "64 cpu, 64Gi, 1x nvidia/a100",
    ]);
    assert_eq!(models(&more, vec![gpus(1, 1, &["*"])]).unwrap(), ["h100"]);
}

#[test]
fn a_refusal_tells_of_the_model_that_came_closest() {
    let two = inventory(&["64 cpu, 64Gi, 1x nvidia/a100, 3x nvidia/h100, 2x nvidia/t4"]);
    let no_fit = two.plan(&group(vec![gpus(4, 1, &["*"])])).unwrap_err();
    assert_eq!(
        no_fit.to_string(),
        "no node has 1 gpu, 1 cpu and 1Gi free together: a has 0 of 1 such gpu left \
         (unit 1, 3 of 4 replicas placed)"
    );
}

#[test]
fn one_service_never_mixes_models() {
    let two =
        inventory(&["64 cpu, 64Gi, 1x nvidia/a100, 1x nvidia/h100", "64 cpu, 64Gi, nvidia/h100"]);
    assert!(models(&two, vec![gpus(1, 2, &["*"])]).is_err(), "two on one node");
    // The a100 comes first and has no second one; the h100 has.
    assert_eq!(models(&two, vec![gpus(2, 1, &["*"])]).unwrap(), ["h100"]);
    assert!(models(&two, vec![gpus(3, 1, &["*"])]).is_err());
    assert_eq!(models(&two, vec![gpus(1, 1, &["h100", "a100"])]).unwrap(), ["a100"]);
}

#[test]
fn memory_and_interface_are_kept_when_asked_for() {
    let node = inventory(&["64 cpu, 64Gi, 1x nvidia/h100/80Gi/pcie, 1x nvidia/h100/94Gi/sxm5"]);
    let rows: [(&[&str], Option<&str>); 7] = [
        (&["h100"], Some("h100")),
        (&["*"], Some("h100")),
        (&["h100/ram/94Gi"], Some("h100/ram/94Gi")),
        (&["h100/interface/sxm"], Some("h100/interface/sxm")),
        (&["*/ram/80Gi"], Some("h100/ram/80Gi")),
        (&["h100/ram/94Gi/interface/pcie"], None),
        (&["h100/ram/40Gi", "h100/ram/80Gi/interface/pcie"], Some("h100/ram/80Gi/interface/pcie")),
    ];
    for (wanted, expected) in rows {
        let found = models(&node, vec![gpus(1, 1, wanted)]).ok();
        assert_eq!(found.as_ref().map(|found| found[0].as_str()), expected, "{wanted:?}");
    }
    assert_eq!(models(&node, vec![gpus(1, 1, &[])]).unwrap(), ["h100"], "any will do");
}

#[test]
fn pools_and_ips_are_shared_by_the_cluster_and_come_back() {
    let nodes = inventory(&["8 cpu, 64Gi, class beta2", "8 cpu, 64Gi, class beta2"]);
    let mut nodes = nodes.with_pool("beta2", 30 * GIB).with_leased_ips(1);
    let fresh = nodes.clone();
    let mut spec = replicas(2, 8_000);
    spec.units[0].resources.volumes = vec![volume("data", 10 * GIB, "beta2")];
    spec.units[0].resources.endpoints = vec![leased_ip(1), leased_ip(1)];
    let held = nodes.try_reserve(order(1), &spec).unwrap();
    assert_eq!((held.pools["beta2"], held.leased_ips), (20 * GIB, 1));

    let pool = NoFit::Pool {
        unit: 1,
        class: "beta2".into(),
        needed_bytes: 40 * GIB,
        free_bytes: 30 * GIB,
    };
    spec.units[0].resources.volumes = vec![volume("data", 20 * GIB, "beta2")];
    spec.units[0].resources.cpu_milli = 1_000;
    assert_eq!(fresh.plan(&spec), Err(pool));
    spec.units[0].resources.cpu_milli = 8_000;
    let pool = NoFit::Pool {
        unit: 1,
        class: "beta2".into(),
        needed_bytes: 20 * GIB,
        free_bytes: 10 * GIB,
    };
    assert_eq!(fresh.plan(&spec), Err(pool), "the second node draws from the same pool");
    assert_eq!(nodes.plan(&spec), Err(NoFit::LeasedIps { needed: 1, free: 0 }));
    assert_eq!(nodes.try_reserve(order(1), &spec), Err(NoFit::AlreadyHeld { order: order(1) }));
    assert_eq!(nodes.release(&order(1)), Some(held));
    assert_eq!(nodes, fresh);
}

#[test]
fn what_is_held_is_the_request_over_the_factor() {
    // percent, requested, held; provider.md 12, Q1: 50 means 1.5
    for (percent, requested, held) in [
        (0, 1_000, 1_000),
        (50, 1_000, 667),
        (100, 1_000, 500),
        (100, 1, 1),
        (300, 1, 1),
        (100, 3, 2),
        (50, 0, 0),
        (u32::MAX, u64::MAX, 429_496_719_700),
        (0, u64::MAX, u64::MAX),
    ] {
        let found = Overcommit::committed(requested, percent);
        assert_eq!(found, held, "{requested} at {percent} %");
    }
}

#[test]
fn overcommit_promises_the_request_and_holds_less() {
    let overcommit = Overcommit { cpu_percent: 100, ..Overcommit::default() };
    let node = inventory(&["4 cpu, 64Gi"]).with_overcommit(overcommit);
    let spec = replicas(2, 4_000);
    let reservation = node.plan(&spec).unwrap();
    assert_eq!(reservation.allocated[0].resources.cpu_milli, 2_000);
    assert_eq!(reservation.offer, spec.exact_offer());
    assert!(node.plan(&replicas(3, 4_000)).is_err());
}

#[test]
fn readers_count_what_is_held() {
    let nodes = ["32 cpu, 256Gi, 4x nvidia/h100/80Gi/sxm", "64 cpu, 1Ti, 8x nvidia/h100/80Gi/sxm"];
    let mut nodes = inventory(&nodes);
    nodes.try_reserve(order(1), &row_6()).unwrap();
    let utilisation = nodes.utilisation();
    assert_eq!(utilisation.gpus, Share { used: 1, total: 12 });
    assert_eq!(utilisation.cpu_milli, Share { used: 16_000, total: 96_000 });
    assert_eq!(utilisation.orders, 1);
    let h100 = nodes.gpus_by_model()["h100"];
    assert_eq!((h100.gpus, h100.largest_free_node), (utilisation.gpus, 8));
    let largest = nodes.largest_free_node().unwrap();
    assert_eq!((largest.node.name.as_str(), largest.cpu_milli, largest.gpus), ("b", 64_000, 8));
    assert_eq!(nodes.reservation(&order(1)).unwrap().placements[0].node, "a");
    let equals = inventory(&["1 cpu, 1Gi", "1 cpu, 2Gi", "1 cpu, 2Gi"]);
    assert_eq!(equals.largest_free_node().unwrap().node.name, "b");
}

#[test]
fn nodes_that_make_no_inventory_are_refused() {
    let node = |name: &str| Node::parse(name, "1 cpu, 1Gi").unwrap();
    let code = |nodes| Inventory::new(nodes).unwrap_err().code().to_string();
    assert_eq!(code(vec![node("a"), node("b"), node("a")]), "INV002");
    assert_eq!(code(vec![node("a"); NODES_MAX + 1]), "INV001");
    assert_eq!(code(vec![Node { cpu_milli: u64::MAX, ..node("a") }]), "NOD005");
}

#[test]
fn a_number_beyond_all_nodes_ends_at_once() {
    let mut spec = group(vec![unit(1, u32::MAX, 0, 0)]);
    assert!(inventory(&["1 cpu, 1Gi"]).plan(&spec).is_ok(), "nothing fits without end");
    spec.units[0].resources.memory_bytes = u64::MAX;
    spec.units[0].resources.volumes = vec![ram_volume("v", u64::MAX)];
    assert!(inventory(&["1 cpu, 1Gi"]).plan(&spec).is_err());
}

/// One replica at a time, exactly as `provider.md` 3.3 tells it, for CPU and memory.
fn plain_fits(nodes: &[(u64, u64)], units: &[(u32, u64, u64)]) -> bool {
    let mut free = nodes.to_vec();
    for (count, cpu, memory) in units.iter().rev() {
        let mut left = *count;
        for node in &mut free {
            while left > 0 && node.0 >= *cpu && node.1 >= *memory {
                *node = (node.0 - cpu, node.1 - memory);
                left -= 1;
            }
        }
        if left > 0 {
            return false;
        }
    }
    true
}

proptest! {
    #[test]
    fn many_at_once_and_one_by_one_agree(
        nodes in proptest::collection::vec((1_u64..20, 1_u64..20), 1..5),
        units in proptest::collection::vec((0_u32..6, 1_u64..8, 1_u64..8), 1..4),
    ) {
        let node = |(index, (cpu, memory)): (usize, &(u64, u64))| {
            Node::parse(format!("n{index}"), &format!("{cpu} cpu, {memory}Gi")).unwrap()
        };
        let inventory = Inventory::new(nodes.iter().enumerate().map(node).collect()).unwrap();
        let of = |(id, (count, cpu, memory)): (u32, &(u32, u64, u64))| {
            unit(id, *count, cpu * 1_000, memory * GIB)
        };
        let spec = group((1..).zip(&units).map(of).collect());
        prop_assert_eq!(inventory.plan(&spec).is_ok(), plain_fits(&nodes, &units));
    }

    #[test]
    fn reserving_and_releasing_restores_everything(
        orders in proptest::collection::vec((1_u32..4, 1_u64..40, 0_u64..3, any::<bool>()), 1..12),
        percent in 0_u32..200,
    ) {
        let texts = ["16 cpu, 64Gi, 2x nvidia/h100, class beta2", "32 cpu, 64Gi, 4x nvidia/a100"];
        let overcommit = Overcommit { cpu_percent: percent, memory_percent: percent, storage_percent: percent };
        let fresh = inventory(&texts).with_pool("beta2", 8 * GIB).with_overcommit(overcommit);
        let mut used = fresh.clone();
        for (oseq, (count, memory, number, is_persistent)) in (1..).zip(&orders) {
            let mut service = gpus(*count, *number, &["*"]);
            service.resources.memory_bytes = memory * GIB;
            service.resources.volumes = vec![volume("v", GIB, if *is_persistent { "beta2" } else { "" })];
            let before = used.clone();
            match used.try_reserve(order(oseq), &group(vec![service])) {
                Ok(reservation) => prop_assert_eq!(used.reservation(&order(oseq)), Some(&reservation)),
                Err(_) => prop_assert_eq!(&used, &before),
            }
            check_free_and_held(&used)?;
        }
        let held: Vec<OrderId> = used.reservations().keys().copied().collect();
        for order in held {
            prop_assert!(used.release(&order).is_some());
            check_free_and_held(&used)?;
        }
        prop_assert_eq!(used, fresh);
    }
}

/// On every node and in every pool: free + held = total, and no GPU is held twice.
fn check_free_and_held(inventory: &Inventory) -> Result<(), TestCaseError> {
    for (site, free) in inventory.sites.iter().zip(&inventory.free.nodes) {
        let held = inventory.held.values().flat_map(|held| &held.placements);
        let here: Vec<&Placement> = held.filter(|p| p.node == site.node.name).collect();
        let sum = |each: fn(&Placement) -> u64| here.iter().map(|p| each(p)).sum::<u64>();
        prop_assert_eq!(free.cpu_milli + sum(|p| p.cpu_milli), site.node.cpu_milli);
        prop_assert_eq!(free.memory_bytes + sum(|p| p.memory_bytes), site.node.memory_bytes);
        prop_assert_eq!(
            free.ephemeral_bytes + sum(|p| p.ephemeral_bytes),
            site.node.ephemeral_bytes
        );
        let mut taken: Vec<usize> = here.iter().flat_map(|p| p.gpus.clone()).collect();
        taken.sort_unstable();
        let not_free: Vec<usize> =
            (0..).zip(&free.gpus).filter(|(_, f)| !**f).map(|(i, _)| i).collect();
        prop_assert_eq!(taken, not_free);
    }
    for (class, total) in &inventory.pools {
        let held: u64 = inventory.held.values().filter_map(|held| held.pools.get(class)).sum();
        prop_assert_eq!(inventory.free.pools[class] + held, *total);
    }
    Ok(())
}
