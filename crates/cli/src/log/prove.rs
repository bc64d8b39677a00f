//! `undercut log prove…` and `check-proof`: what is in a log, for who kept its head and nothing
//! else.

use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use undercut::proof::{EntryProof, LeasePaid, LeaseProof};
use undercut::replay::Replay;
use undercut::{
    BlockContext, Event, Genesis, Params, PendingParams, ProviderRecord, State, StateEntryProof,
    StateKey,
};
use undercut_ledger::log::proof::{
    Anchor, Extension, History, Proof, ProofRefused, Prover, RecordProof, SealRecord,
};
use undercut_ledger::{LeaseState, LedgerEvent};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockHeight, Digest, LeaseId};

use super::json_line;
use super::source::{Entry, Log};
use super::words::words;
use crate::args;
use crate::exit::{Exit, Failure};
use crate::file::{open_regular, read_up_to};
use crate::print;
use crate::progress::{Progress, Show};
use crate::typed::short;

const SCHEMA: &str = "undercut.proof/1";

/// More than a proof has: its largest part, an entry of the state of 4 MiB, in hex.
const PROOF_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A proof in a file: one JSON object.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paper {
    schema: String,
    /// The head that the proof is for. The checker has its own and does not take this one.
    head: Digest,
    proof: Shown,
}

/// What is shown.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shown {
    Record(RecordProof),
    Seal(Anchor),
    Lease(LeaseProof),
    Entry(EntryProof),
    Extension(Extension),
}

/// Proves a record.
pub(super) fn record(args: &args::Prove) -> Result<Exit, Failure> {
    let log = Log::open(&args.dir)?;
    let mut prover = Prover::new(args.sequence);
    let mut progress = Progress::start("prove", log.bytes(), args.progress.progress);
    let walk = log.walk(&mut progress, |entry| {
        prover.observe_record(&entry.record);
        Ok(())
    })?;
    let shown = match prover.finish() {
        Some(Proof::Record(proof)) => Shown::Record(proof),
        Some(Proof::Seal(anchor)) => Shown::Seal(anchor),
        None => {
            return Err(super::inspect::no_record(
                args.sequence,
                walk.head.records.saturating_sub(1),
            ));
        }
    };
    hand_over(walk.head.hash, shown)
}

/// Proves what a lease was paid.
pub(super) fn lease(args: &args::ProveLease) -> Result<Exit, Failure> {
    let (at, show) = (args.height, args.progress.progress);
    let (head, anchor, (lease, account)) = at_height(&args.dir, at, show, |state, leases| {
        let id = lease_id(&args.lease, leases)?;
        let height = state.height();
        let missing = || {
            let lease = short(&args.lease);
            Failure::new(
                Exit::Usage,
                format!("LOG054: there is no lease `{lease}` at block {height}"),
            )
        };
        state.prove_lease(&id).ok_or_else(missing)
    })?;
    hand_over(head, Shown::Lease(LeaseProof { lease, account, anchor }))
}

/// Proves an entry of the state.
pub(super) fn entry(args: &args::ProveState) -> Result<Exit, Failure> {
    let key = state_key(&args.kind, args.id.as_deref())?;
    let (at, show) = (args.height, args.progress.progress);
    let (head, anchor, entry) = at_height(&args.dir, at, show, |state, _| {
        let height = state.height();
        let missing = || {
            let (kind, id) = (short(&args.kind), short(args.id.as_deref().unwrap_or_default()));
            let sentence = format!("LOG054: the state has no {kind} `{id}` at block {height}");
            Failure::new(Exit::Usage, sentence)
        };
        state.prove(&key).ok_or_else(missing)
    })?;
    hand_over(head, Shown::Entry(EntryProof { entry, anchor }))
}

/// Proves that an older head is the start of the log.
pub(super) fn extension(args: &args::ProveExtension) -> Result<Exit, Failure> {
    let old = digest("--old", &args.old)?;
    let log = Log::open(&args.dir)?;
    let (mut history, mut found) = (History::default(), None);
    let mut progress = Progress::start("prove", log.bytes(), args.progress.progress);
    let walk = log.walk(&mut progress, |entry| {
        history.observe_record(&entry.record);
        if entry.record.hash == old {
            found = SealRecord::of_record(&entry.record);
        }
        Ok(())
    })?;
    let extension = found.and_then(|seal| history.extension(seal));
    let Some(extension) = extension else {
        let sentence = format!(
            "{}: LOG055: no seal of this log has the hash {old}: that head is of another log, or newer",
            log.name()
        );
        return Err(Failure::new(Exit::No, sentence));
    };
    hand_over(walk.head.hash, Shown::Extension(extension))
}

/// Folds the log up to the wanted block, or to the last, asks its state, and reads on to the head.
/// `ask` also gets the leases that were signed so far, in order.
fn at_height<T>(
    dir: &Path,
    wanted: Option<u64>,
    show: Show,
    ask: impl FnOnce(&mut State, &[LeaseId]) -> Result<T, Failure>,
) -> Result<(Digest, Anchor, T), Failure> {
    let log = Log::open(dir)?;
    let name = log.name();
    let wanted = wanted.map(BlockHeight::new);
    let (mut replay, mut history, mut leases) = (Replay::default(), History::default(), Vec::new());
    let mut seal = None;
    let mut progress = Progress::start("prove", log.bytes(), show);
    let walk = log.walk(&mut progress, |Entry { record, .. }| {
        history.observe_record(record);
        if wanted.is_some_and(|wanted| record.height > wanted) {
            return Ok(());
        }
        if let Event::Ledger(LedgerEvent::LeaseSigned(signed)) = &record.event {
            leases.push(signed.terms.id);
        }
        seal = SealRecord::of_record(record).or(seal);
        replay.apply(record).map_err(|diverged| {
            Failure::new(Exit::No, format!("{name}: {}: {diverged}", diverged.code()))
        })
    })?;
    let is_there = |seal: &SealRecord| wanted.is_none_or(|wanted| seal.height == wanted);
    let (Some(seal), Some(state)) = (seal.filter(is_there), replay.state()) else {
        let wanted = wanted.unwrap_or_default();
        let sentence =
            format!("LOG056: the log has no block {wanted}; its last one is {}", walk.height);
        return Err(Failure::new(Exit::Usage, sentence));
    };
    // Proving hashes what changed, so it works on a state of its own.
    let answer = ask(&mut state.clone(), &leases)?;
    let anchor =
        history.anchor(seal).ok_or_else(|| bug("a seal of the log has no way to its head"))?;
    Ok((walk.head.hash, anchor, answer))
}

fn bug(sentence: &str) -> Failure {
    Failure::new(Exit::Bug, sentence.to_owned())
}

/// A lease by its id, or by its number in the log: `l3`.
fn lease_id(text: &str, leases: &[LeaseId]) -> Result<LeaseId, Failure> {
    let number = text.strip_prefix('l').filter(|digits| !digits.starts_with('0'));
    let number = number.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let shown = short(text);
    match number.and_then(|digits| digits.parse::<usize>().ok()) {
        Some(number) => {
            let lease = number.checked_sub(1).and_then(|place| leases.get(place));
            lease.copied().ok_or_else(|| {
                let count = leases.len();
                let sentence =
                    format!("LOG054: there is no lease `{shown}` up to that block; {count} were signed");
                Failure::new(Exit::Usage, sentence)
            })
        }
        None => text.parse::<undercut_primitives::BidId>().map(LeaseId).map_err(|error| {
            let sentence = format!(
                "LOG057: `{shown}` is no lease: {error}; write tenant/dseq/gseq/oseq/provider, or l1 for the first of the log"
            );
            Failure::new(Exit::Usage, sentence)
        }),
    }
}

/// The name of an entry, out of its kind and its id.
fn state_key(kind: &str, id: Option<&str>) -> Result<StateKey, Failure> {
    use undercut_primitives::{Address, BidId, DeploymentId, GroupId, OrderId};
    let wrong = |why: String| {
        Failure::new(Exit::Usage, format!("LOG057: {why}; see `undercut log prove-state --help`"))
    };
    let kind_shown = short(kind);
    let text = || id.ok_or_else(|| wrong(format!("an entry of kind `{kind_shown}` has an id")));
    fn read<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
        text.parse().map_err(|error| format!("`{}` is no id: {error}", short(text)))
    }
    let bare = |key| match id {
        None => Ok(key),
        Some(_) => Err(wrong(format!("the entry `{kind_shown}` has no id"))),
    };
    let address = || read::<Address>(text()?).map_err(wrong);
    Ok(match kind {
        "genesis" => bare(StateKey::Genesis)?,
        "block" => bare(StateKey::Block)?,
        "vault" => bare(StateKey::Vault)?,
        "params" => bare(StateKey::Params)?,
        "burn" => StateKey::Burn(read(text()?).map_err(wrong)?),
        "price-source" => StateKey::PriceSource(address()?),
        "nonce" => StateKey::Nonce(address()?),
        "key" => StateKey::Key(address()?),
        "allowance" => {
            let (grantee, granter) = text()?.split_once('/').unwrap_or_default();
            let (grantee, granter) = (read(grantee).map_err(wrong)?, read(granter).map_err(wrong)?);
            StateKey::Allowance(undercut_ledger::AllowanceId { grantee, granter })
        }
        "provider" => StateKey::Provider(undercut_primitives::Provider(address()?)),
        "deployment" => StateKey::Deployment(read::<DeploymentId>(text()?).map_err(wrong)?),
        "group" => StateKey::Group(read::<GroupId>(text()?).map_err(wrong)?),
        "order" => StateKey::Order(read::<OrderId>(text()?).map_err(wrong)?),
        "bid" => StateKey::Bid(read::<BidId>(text()?).map_err(wrong)?),
        "account" => StateKey::Account(read::<DeploymentId>(text()?).map_err(wrong)?),
        "lease" => StateKey::Lease(LeaseId(read::<BidId>(text()?).map_err(wrong)?)),
        _ => return Err(wrong(format!("there is no kind of entry `{kind_shown}`"))),
    })
}

fn hand_over(head: Digest, proof: Shown) -> Result<Exit, Failure> {
    print(&json_line(&Paper { schema: SCHEMA.to_owned(), head, proof })?)?;
    Ok(Exit::Done)
}

fn digest(flag: &str, text: &str) -> Result<Digest, Failure> {
    text.parse().map_err(|error| {
        Failure::new(Exit::Usage, format!("LOG057: {flag}: `{}` is no head: {error}", short(text)))
    })
}

/// Checks a proof against a head that the caller kept.
pub(super) fn check(args: &args::CheckProof) -> Result<Exit, Failure> {
    let head = digest("--head", &args.head)?;
    let old = args.old.as_deref().map(|old| digest("--old", old)).transpose()?;
    let paper = read(&args.file)?;
    let refused = |refused: ProofRefused| {
        let sentence = format!("{}: {}: {refused}", args.file.display(), refused.code());
        Failure::new(Exit::No, sentence)
    };
    let is_extension = matches!(paper.proof, Shown::Extension(_));
    if is_extension != old.is_some() {
        let sentence = if is_extension {
            "LOG057: a proof of an extension is checked against two heads; pass --old too"
        } else {
            "LOG057: --old is for proofs of extensions; this one has one head"
        };
        return Err(Failure::new(Exit::Usage, sentence.to_owned()));
    }
    let told = match &paper.proof {
        Shown::Record(proof) => {
            let record = proof.check::<Event>(&head).map_err(refused)?;
            let event = serde_json::to_string_pretty(&record.event)
                .map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
            format!(
                "ok: record {} of block {} is in the log with this head\nhash {}\n\n{}\n\n{}\n",
                record.sequence,
                record.height,
                record.hash,
                words(&record.event),
                crate::style::escaped_json(&event),
            )
        }
        Shown::Seal(anchor) => {
            let SealRecord { sequence, height, seal } = anchor.check(&head).map_err(refused)?;
            format!(
                "ok: record {sequence} seals block {height} in the log with this head\nrecords root {}\nstate root {}\n",
                seal.records_root, seal.state_root,
            )
        }
        Shown::Lease(proof) => paid(&proof.check(&head).map_err(refused)?),
        Shown::Entry(proof) => {
            let seal = proof.check(&head).map_err(refused)?;
            let key = serde_json::to_string(&proof.entry.key)
                .map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
            let value = entry_value(&proof.entry)?;
            format!("ok: after block {} the state held {key}\n\n{value}\n", seal.height)
        }
        Shown::Extension(proof) => {
            proof.check(&old.unwrap_or_default(), &head).map_err(refused)?;
            format!(
                "ok: the log of {} records with the older head is the start of the log of {} records with this head\n",
                proof.old.sequence.saturating_add(1),
                proof.new.sequence.saturating_add(1),
            )
        }
    };
    print(&told)?;
    Ok(Exit::Done)
}

/// The value of an entry as indented JSON; as hex where it is none of its kind, which a state could
/// hold all the same.
fn entry_value(entry: &StateEntryProof) -> Result<String, Failure> {
    fn read<T: Canonical + Serialize>(
        entry: &StateEntryProof,
    ) -> Option<serde_json::Result<String>> {
        entry.decode::<T>().ok().map(|value| serde_json::to_string_pretty(&value))
    }
    let text = match entry.key {
        StateKey::Genesis => read::<Genesis>(entry),
        StateKey::Block => read::<BlockContext>(entry),
        StateKey::Vault => read::<undercut_ledger::bme::VaultBooks>(entry),
        StateKey::Params => read::<(Params, Option<PendingParams>)>(entry),
        StateKey::Burn(_) => read::<undercut_ledger::bme::BurnRequest>(entry),
        StateKey::PriceSource(_) => read::<Vec<undercut_ledger::oracle::PricePoint>>(entry),
        StateKey::Nonce(_) => read::<u64>(entry),
        StateKey::Key(_) => read::<undercut_primitives::PublicKey>(entry),
        StateKey::Allowance(_) => read::<undercut_ledger::Allowance>(entry),
        StateKey::Provider(_) => read::<ProviderRecord>(entry),
        StateKey::Deployment(_) => read::<undercut_orderbook::Deployment>(entry),
        StateKey::Group(_) => read::<undercut_orderbook::Group>(entry),
        StateKey::Order(_) => read::<undercut_orderbook::Order>(entry),
        StateKey::Bid(_) => read::<undercut_bidding::Bid>(entry),
        StateKey::Account(_) => read::<undercut_ledger::EscrowAccount>(entry),
        StateKey::Lease(_) => read::<undercut_ledger::Lease>(entry),
    };
    let hex = || format!("bytes {}", undercut_primitives::hex::text::of(&entry.value));
    match text {
        Some(text) => {
            let text = text.map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
            Ok(crate::style::escaped_json(&text))
        }
        None => Ok(hex()),
    }
}

/// What a lease was paid, for people.
fn paid(paid: &LeasePaid) -> String {
    let LeasePaid { lease, price, height, earned, withdrawn, state } = paid;
    let denom = &price.denom;
    let stands = match state {
        LeaseState::Active => "it runs".to_owned(),
        LeaseState::Reclaiming { .. } => "it runs, and its provider announced its end".to_owned(),
        LeaseState::Ended { at, .. } => format!("it ended, block {at} was the last paid"),
    };
    format!(
        "ok: lease {lease}\nprice {price} a block\nearned {earned}{denom} up to block {height}, of which {withdrawn}{denom} were paid out\n{stands}\n"
    )
}

/// Reads a proof; one that is written otherwise than [`hand_over`] writes it is refused, so that
/// nothing in the file goes unread.
fn read(file: &Path) -> Result<Paper, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::Unreadable, format!("FIL001: {}: {error}", file.display()))
    };
    let bytes = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(PROOF_BYTES_MAX).read_to_end(&mut bytes).map(|_| bytes)
    } else {
        open_regular(file).and_then(|open| read_up_to(open, PROOF_BYTES_MAX))
    };
    let bytes = bytes.map_err(unreadable)?;
    let no_proof = |why: String| {
        Failure::new(Exit::No, format!("{}: LOG058: this is no proof: {why}", file.display()))
    };
    let paper: Paper =
        serde_json::from_slice(&bytes).map_err(|error| no_proof(error.to_string()))?;
    if paper.schema != SCHEMA {
        return Err(no_proof(format!("its schema is `{}`, not {SCHEMA}", short(&paper.schema))));
    }
    // Another order, a field twice, blanks: readers could take them for something else.
    if json_line(&paper)?.trim_end().as_bytes() == bytes.trim_ascii_end() {
        Ok(paper)
    } else {
        Err(no_proof("it is not written as `undercut log prove` writes it".to_owned()))
    }
}
