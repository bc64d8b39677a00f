//! What the engine's memory holds: a million running leases.

use crate::market::Leases;
use crate::row::Row;
use crate::settings::Settings;

/// The whole engine with a million running leases of ten thousand tenants, each with its deployment,
/// group, order, winning bid and escrow account, and the state's root over all of it. Told is what the
/// process grew by, as the system sees it, so play it alone: memory that other rows gave back would
/// be used first. Balances outside escrow are the host's; they are in the figure too. Each lease
/// has of its own: two signatures with the digests that they sign (192 bytes), the manifest's hash (32),
/// and six entries of the state, each with the hash of its leaf and of a branch (384). That is 608 before
/// anything has a name, a price or an index; less only by hashing again what did not change.
pub fn bytes(settings: &Settings, rows: &mut Vec<Row>) {
    let leases = settings.sized(1_000_000, 20_000);
    let before = resident_bytes();
    let Leases { market, .. } = Leases::new(leases / 100, 100, None);
    let running = market.engine.state().escrow().leases().filter(|lease| lease.state.is_running());
    assert_eq!(running.count(), leases, "every deployment has its lease");
    let mut row = Row::new("state/bytes", format!("leases={leases} tenants={}", leases / 100));
    row.ops = u64::try_from(leases).expect("leases are few");
    match (before, resident_bytes()) {
        (Some(before), Some(after)) => {
            row = row.with_figure("bytes_per_lease", (after - before) / leases as f64);
        }
        _ => row = row.with_note("This system does not tell what a process holds."),
    }
    drop(market);
    rows.push(row);
}

/// What the process holds in memory, where the system tells.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}
