//! Whether a market starts with more money than may exist: the one sum that no command reaches.

use undercut::{Engine, Genesis};
use undercut_ledger::MemoryBank;
use undercut_primitives::{Address, Amount, Coin};

use super::cast::Draw;

const SUPPLY_MAX: u128 = 1 << 100;

/// Balances of uact, and whether a market may start with them.
const ROWS: [(&[u128], bool); 6] = [
    (&[SUPPLY_MAX], true),
    (&[SUPPLY_MAX + 1], false),
    (&[SUPPLY_MAX - 1, 1], true),
    (&[SUPPLY_MAX, 1], false),
    // These sums are 0 and 1 where they wrap.
    (&[u128::MAX, 1], false),
    (&[1 << 127, 1 << 127, 1], false),
];

/// How many rows there are, and the first that is not as it should be.
pub(crate) fn grid() -> (u64, Option<String>) {
    let wrong = ROWS.iter().find_map(|(balances, may)| {
        let did = starts(balances);
        (did != *may).then(|| format!("a market with {balances:?} uact starts: {did}"))
    });
    (ROWS.len() as u64, wrong)
}

fn starts(balances: &[u128]) -> bool {
    let owner = |n: usize| Address::of_module(&format!("owner {n}"));
    let balances = balances.iter().enumerate();
    let balances = balances.map(|(n, amount)| (owner(n), Coin::uact(*amount))).collect();
    let vault_uakt = Amount::ZERO;
    let genesis = Genesis { balances, vault_uakt, ..Draw::new(1).genesis };
    Engine::new(&genesis, &mut MemoryBank::default()).is_ok()
}
