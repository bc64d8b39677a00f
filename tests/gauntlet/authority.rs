//! The table `authority`: every command, by everyone, with every fault of a signature, on every
//! state of what it names. Whoever is not in [`MAY`] changes nothing.
//!
//! A cell is one command on a copy of the same market. It is refused unless the signature is sound
//! and the signer is in the table; then state root, head and all balances are those of before. So
//! that the table cannot pass by refusing everything, everyone in it is accepted somewhere. All of
//! it is played once with the keys that accounts are made of, and, for the faults that are about
//! keys, once more after everyone changed theirs.

mod fault;
mod limits;
mod market;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use undercut_primitives::Digest;
use undercut_tests::chain::Chain;
use undercut_tests::tree;

use crate::args::Args;
use crate::report::{Table, Verdict};
use fault::{FAULTS, Fault, KEY_FAULTS, sign};
use limits::LIMITS;
use market::{SIGNERS, STATES, Signer};
use table::{Cell, MAY, May};

/// The least cells that the table must have.
const CELLS: u64 = 50_000;

/// A market, and the faults that are tried on it.
struct Ground {
    name: &'static str,
    base: Chain,
    root: Digest,
    faults: &'static [Fault],
}

/// What came of a row.
#[derive(Default)]
struct Outcome {
    asked: u64,
    accepted: BTreeSet<Signer>,
    wrong: Vec<String>,
}

/// Plays the table.
pub(crate) fn run(args: &Args, table: &mut Table) {
    let different = differences_from_the_documentation();
    for text in &different {
        println!("  {text}");
    }
    table.held("documented", MAY.len() as u64, different.is_empty());
    let grounds = grounds();
    let rows: Vec<(&Ground, &May)> = grounds
        .iter()
        .flat_map(|ground| MAY.iter().map(move |may| (ground, may)))
        .filter(|(_, may)| args.wants(may.row) || args.wants(may.command()))
        .collect();
    let mut cells = 0;
    for ((ground, may), outcome) in rows.iter().zip(play_all(&rows, args.threads)) {
        cells += outcome.asked;
        show(table, ground, may, &outcome);
    }
    for (row, check) in LIMITS.iter().filter(|(row, _)| args.wants(row)) {
        let outcome = check();
        if let Err(problem) = &outcome {
            println!("  {row}: {problem}");
        }
        table.held(row, 1, outcome.is_ok());
    }
    table.count("cells", cells, args.only.is_none().then_some(CELLS));
}

/// The market before and after everyone changed their key.
fn grounds() -> [Ground; 2] {
    let base = market::base();
    let changed = market::with_second_keys(&base);
    let ground = |name, base: Chain, faults| {
        let root = base.state().rebuilt_root();
        Ground { name, base, root, faults }
    };
    [ground("first-keys", base, &FAULTS[..]), ground("second-keys", changed, &KEY_FAULTS[..])]
}

fn show(table: &mut Table, ground: &Ground, may: &May, outcome: &Outcome) {
    let row = format!("{}/{}", may.row, ground.name);
    for text in outcome.wrong.iter().take(10) {
        println!("  {row}: {text}");
    }
    let refused = if outcome.wrong.is_empty() { Verdict::Pass } else { Verdict::Fail };
    table.row(refused, &row, outcome.asked, None);
    let expected: BTreeSet<Signer> = may.may.iter().copied().collect();
    let missing: Vec<_> = expected.difference(&outcome.accepted).collect();
    if !missing.is_empty() {
        println!("  {row}: refused to {missing:?} in every state");
    }
    let (accepted, all) = (outcome.accepted.len() as u64, expected.len() as u64);
    let verdict = if missing.is_empty() { Verdict::Pass } else { Verdict::Fail };
    table.row(verdict, &format!("{row}-accepted"), accepted, Some(all));
}

/// Plays rows on several threads; the outcomes come in the order of the rows.
fn play_all(rows: &[(&Ground, &May)], threads: usize) -> Vec<Outcome> {
    let mut outcomes: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
        let play = |first: usize| {
            let own = rows.iter().enumerate().skip(first).step_by(threads);
            own.map(|(at, (ground, may))| (at, play(ground, may))).collect::<Vec<_>>()
        };
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(move || play(first))).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("a row ends")).collect()
    });
    outcomes.sort_by_key(|(at, _)| *at);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

/// All cells of a row on one market.
fn play(ground: &Ground, may: &May) -> Outcome {
    let (base, mut outcome) = (&ground.base, Outcome::default());
    let (mut engine, mut bank) = (base.engine.clone(), base.bank.clone());
    for (state, signer) in STATES.iter().flat_map(|state| SIGNERS.map(|signer| (*state, signer))) {
        let command = (may.make)(Cell { base, state, signer });
        if command.kind() != may.command() {
            outcome.wrong.push(format!("the row makes `{}`", command.kind()));
        }
        for fault in ground.faults {
            outcome.asked += 1;
            let signed = sign(base, command.clone(), signer, *fault, state);
            let answer = engine.execute(&mut bank, &signed);
            let is_same = engine.head() == base.engine.head()
                && bank == base.bank
                && engine.state().rebuilt_root() == ground.root;
            let cell = format!("{state:?}, {signer:?}, {fault:?}");
            let is_allowed = *fault == Fault::None && may.may.contains(&signer);
            match answer {
                Ok(_) if is_allowed => drop(outcome.accepted.insert(signer)),
                Ok(_) => outcome.wrong.push(format!("{cell}: accepted")),
                Err(refused) if !is_same => {
                    let code = refused.code();
                    outcome.wrong.push(format!("{cell}: refused by {code} with a trace"));
                }
                Err(_) => {}
            }
            if !is_same {
                (engine, bank) = (base.engine.clone(), base.bank.clone());
            }
        }
    }
    outcome
}

/// Where [`MAY`], the table on `Command` and its kinds say different things.
fn differences_from_the_documentation() -> Vec<String> {
    let text = tree::read("crates/market/src/command.rs").unwrap_or_default();
    let mut documented: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("/// | `")) {
        let mut cells = line.trim_start_matches("/// |").split(" | ");
        let (Some(commands), Some(who)) = (cells.next(), cells.next()) else { continue };
        let who = who.trim_end_matches('|').trim();
        for command in commands.split(',') {
            let command = command.trim().trim_matches('`').to_owned();
            documented.insert(command, who.to_owned());
        }
    }
    let mut different = Vec::new();
    for may in
        MAY.iter().filter(|may| documented.get(may.command()).is_none_or(|who| who != may.who))
    {
        let who = documented.get(may.command());
        different.push(format!("`{}`: the documentation says {who:?}", may.command()));
    }
    let kinds: BTreeSet<&str> = text.lines().filter_map(kind_of).collect();
    let rows: BTreeSet<&str> = MAY.iter().map(May::command).collect();
    let documented: BTreeSet<&str> = documented.keys().map(String::as_str).collect();
    for (place, names) in [("the table", &rows), ("the documentation", &documented)] {
        if *names != kinds {
            let apart: Vec<_> = kinds.symmetric_difference(names).collect();
            different.push(format!("{place} and the commands differ: {apart:?}"));
        }
    }
    different
}

/// The name of a command, in a line of `Command::kind`.
fn kind_of(line: &str) -> Option<&str> {
    let (_, name) = line.trim().strip_prefix("Self::")?.split_once("=> \"")?;
    name.strip_suffix("\",")
}
