//! What a planted bug is: replacements in the sources, and who has to notice.

/// Who has to notice a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// The table `invariants`, in a short run.
    Invariants,
    /// A row of the table `authority`.
    Authority(&'static str),
    /// A row of the table `determinism`, of the build that bugs are planted in.
    Determinism(&'static str),
    /// A test in the sources of a package.
    Unit { package: &'static str, name: &'static str },
    /// A test of the whole system, by its file.
    System { file: &'static str, name: &'static str },
    /// A test of the store from outside.
    Store(&'static str),
}

/// A replacement; what is found must stand in the file once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    pub(crate) file: &'static str,
    pub(crate) find: &'static str,
    pub(crate) put: &'static str,
}

/// A bug. A short run asks the first guard, a long one all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bug {
    pub(crate) name: &'static str,
    pub(crate) guards: &'static [Guard],
    pub(crate) edits: &'static [Edit],
}

pub(crate) const ACCOUNT: &str = "crates/ledger/src/account.rs";
pub(crate) const ACCOUNTS: &str = "crates/ledger/src/escrow/accounts.rs";
pub(crate) const PAYMENT: &str = "crates/ledger/src/account/payment.rs";
pub(crate) const ALLOWANCE: &str = "crates/ledger/src/allowance.rs";
pub(crate) const DRAWS: &str = "crates/ledger/src/allowance/draws.rs";
pub(crate) const ESCROW: &str = "crates/ledger/src/escrow.rs";
pub(crate) const MERKLE: &str = "crates/ledger/src/merkle.rs";
pub(crate) const RECLAMATION: &str = "crates/ledger/src/escrow/reclamation.rs";
pub(crate) const STATE_TREE: &str = "crates/ledger/src/merkle/state_tree.rs";
pub(crate) const ORACLE_PARAMS: &str = "crates/ledger/src/oracle/params.rs";
pub(crate) const MINT_STATUS: &str = "crates/ledger/src/bme/status.rs";
pub(crate) const VAULT: &str = "crates/ledger/src/bme/vault.rs";
pub(crate) const BID_BOOK: &str = "crates/bidding/src/book.rs";
pub(crate) const BUNDLE: &str = "crates/bidding/src/book/bundle.rs";
pub(crate) const RANK: &str = "crates/bidding/src/rank.rs";
pub(crate) const AMOUNT: &str = "crates/primitives/src/amount.rs";
pub(crate) const CODEC: &str = "crates/primitives/src/codec.rs";
pub(crate) const COMMAND: &str = "crates/market/src/command.rs";
pub(crate) const DECIDE_BIDS: &str = "crates/market/src/decide/leases.rs";
pub(crate) const DECIDE_MONEY: &str = "crates/market/src/decide/accounts.rs";
pub(crate) const DECIDE_PARAMS: &str = "crates/market/src/decide/governance.rs";
pub(crate) const END_OF_BLOCK: &str = "crates/market/src/end_of_block.rs";
pub(crate) const ENGINE: &str = "crates/market/src/engine.rs";
pub(crate) const ENGINE_MONEY: &str = "crates/market/src/engine/money.rs";
pub(crate) const STATE: &str = "crates/market/src/state.rs";

/// A test of escrow, vault, oracle or log.
pub(crate) const fn ledger(name: &'static str) -> Guard {
    Guard::Unit { package: "undercut-ledger", name }
}

/// A test of values and their bytes.
pub(crate) const fn primitives(name: &'static str) -> Guard {
    Guard::Unit { package: "undercut-primitives", name }
}

/// A test of keeping a log in files.
pub(crate) const fn store(name: &'static str) -> Guard {
    Guard::Store(name)
}

/// The two verifiers held against each other.
pub(crate) const fn second_verifier(name: &'static str) -> Guard {
    Guard::System { file: "second_verifier", name }
}

/// A way in which the engine says no.
pub(crate) const fn rejections(name: &'static str) -> Guard {
    Guard::System { file: "rejections", name }
}

/// What holds of bids that are signed together.
pub(crate) const fn bundles(name: &'static str) -> Guard {
    Guard::System { file: "bundles", name }
}

/// A rule of the market's life.
pub(crate) const fn lifecycle(name: &'static str) -> Guard {
    Guard::System { file: "lifecycle", name }
}

/// The heads of twenty logs are the committed ones.
pub(crate) const GOLDEN: Guard = Guard::Determinism("golden");

/// Twenty logs in which things come in another order.
pub(crate) const SHUFFLED: Guard = Guard::Determinism("debug, 2 threads, shuffled");

/// The order in which bids come in.
pub(crate) const fn order_independence(name: &'static str) -> Guard {
    Guard::System { file: "order_independence", name }
}

/// The reference's edge cases, all of them.
pub(crate) const EDGE_CASES: Guard =
    Guard::System { file: "edge_cases", name: "every_edge_case_comes_out_as_the_table_says" };
