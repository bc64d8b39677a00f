//! What one process plays: twenty logs, told a line each. The table starts it as
//! `gauntlet play THREADS SHUFFLE SEED`, in every build and on every machine alike.

use std::fmt::{self, Write as _};

use undercut_ledger::MemoryBank;
use undercut_ledger::merkle::StateTree;
use undercut_primitives::Digest;
use undercut_primitives::crypto::sha256;
use undercut_simulation::{Scenario, World};

use super::auctions;
use super::order::Order;

/// Logs of one process.
pub(super) const LOGS: u64 = 20;

/// Blocks of a market of the simulation.
const BLOCKS: u64 = 150;

/// Providers of every fourth market of the simulation; the others have five.
const MANY_PROVIDERS: u32 = 12;

/// Entries of the tree that is filled and half emptied after each log.
const ENTRIES: u64 = 256;

/// What a log came to. Equal however it was played, but for the head of a shuffled auction: the log
/// holds commands in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Played {
    /// Scenario and seed.
    pub(super) name: String,
    /// The head of the log: number of records and hash of the last.
    pub(super) head: String,
    /// The digest of the state roots of all blocks.
    pub(super) roots: String,
    /// The digest of all balances at the end.
    pub(super) money: String,
    /// The root of a tree of made-up entries.
    pub(super) tree: String,
    /// Whether commands came in another order than their senders gave them.
    pub(super) is_reordered: bool,
}

impl Played {
    /// What stands in the golden file.
    pub(super) fn golden(&self) -> String {
        format!("{} {} {} {}", self.head, self.roots, self.money, self.tree)
    }

    /// Whether another log of the same name agrees in all that its order leaves open.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let same_head = self.head == other.head || self.is_reordered != other.is_reordered;
        same_head
            && (&self.name, &self.roots, &self.money, &self.tree)
                == (&other.name, &other.roots, &other.money, &other.tree)
    }

    /// Reads a line of [`told`].
    pub(super) fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, head, roots, money, tree, order] = words[..] else { return None };
        let [name, head, roots, money, tree] = [name, head, roots, money, tree].map(str::to_owned);
        Some(Self { name, head, roots, money, tree, is_reordered: order == "reordered" })
    }
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.is_reordered { "reordered" } else { "as-sent" };
        write!(f, "{} {} {order}", self.name, self.golden())
    }
}

/// Plays what `gauntlet play` is asked for, and says it.
///
/// # Errors
///
/// A sentence on words that mean nothing, or on a market that stopped.
pub(crate) fn told(words: &[String]) -> Result<String, String> {
    let numbers: Vec<u64> = words.iter().map_while(|word| word.parse().ok()).collect();
    let [threads, shuffle, seed] = numbers[..] else {
        return Err("play wants threads, shuffle and seed".into());
    };
    let threads = usize::try_from(threads).map_err(|_| "too many threads")?;
    let mut text = String::new();
    for played in logs(threads, shuffle, seed)? {
        writeln!(text, "{played}").map_err(|error| error.to_string())?;
    }
    Ok(text)
}

/// All logs of a seed: markets of the simulation, and every fourth an auction house.
fn logs(threads: usize, shuffle: u64, seed: u64) -> Result<Vec<Played>, String> {
    let play = |at: u64| {
        let seed = seed.saturating_add(at);
        let mut order = Order::new(shuffle, seed);
        match at % 4 {
            3 => Ok(auctions::play(seed, &mut order)),
            2 => market(&Scenario::first_market_with(seed, MANY_PROVIDERS), threads, order),
            _ => market(&Scenario::first_market(seed), threads, order),
        }
    };
    (0..LOGS).map(play).collect()
}

fn market(scenario: &Scenario, threads: usize, order: Order) -> Result<Played, String> {
    let (seed, providers) = (scenario.seed, scenario.providers.len());
    let mut world = World::new(scenario).map_err(|error| error.to_string())?;
    let signatures = order.signatures(threads);
    let mut roots = Vec::new();
    for _ in 0..BLOCKS {
        let step = world.step(&signatures).map_err(|error| error.to_string())?;
        roots.push(step.outcome.state_root);
    }
    let head = world.engine().head();
    Ok(Played {
        name: format!("market-of-{providers}-seed-{seed}"),
        head: format!("{}:{}", head.records, head.hash),
        roots: digest(&roots),
        money: money(world.bank()),
        tree: tree(&roots, order),
        is_reordered: false,
    })
}

/// The digest of digests.
pub(super) fn digest(parts: &[Digest]) -> String {
    let bytes: Vec<u8> = parts.iter().flat_map(|part| *part.as_bytes()).collect();
    sha256(&bytes).to_string()
}

/// The digest of everybody's balances.
pub(super) fn money(bank: &MemoryBank) -> String {
    let mut text = String::new();
    for (denom, owner, amount) in bank.balances() {
        let _ = writeln!(text, "{denom} {owner} {}", amount.to_micro());
    }
    sha256(text.as_bytes()).to_string()
}

/// Fills a tree with made-up entries, takes every second out again, each in this order, and returns
/// its root.
pub(super) fn tree(values: &[Digest], mut order: Order) -> String {
    let key = |at: u64| sha256(&at.to_le_bytes());
    let value =
        |at: u64| sha256(&[key(at).as_bytes().as_slice(), digest(values).as_bytes()].concat());
    let mut tree = StateTree::default();
    for at in order.of((0..ENTRIES).collect()) {
        tree.set(key(at), Some(value(at)));
    }
    for at in order.of((0..ENTRIES).step_by(2).collect()) {
        tree.set(key(at), None);
    }
    tree.root().to_string()
}

/// Whether shuffled plays of these logs are of another order at all.
pub(super) fn is_shuffled(plain: &[Played], shuffled: &[Played]) -> bool {
    let mut pairs = plain.iter().zip(shuffled).filter(|(_, other)| other.is_reordered);
    pairs.any(|(one, other)| one.head != other.head)
}
