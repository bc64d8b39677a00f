//! `undercut log diff`: where two logs part, and how.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use undercut::Event;
use undercut_ledger::log::Entry as _;

use super::json_line;
use super::row::Row;
use super::source::{Entry, Log, Records};
use super::words::words;
use crate::args::ShowProgress;
use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::say;
use crate::style::visible;

/// Fields that are shown in text; JSON has all.
const FIELDS_SHOWN: usize = 20;
/// Characters of a value that are shown in text.
const VALUE_SHOWN: usize = 72;
/// How much of what two long values have in common is shown before they differ.
const BEFORE_SHOWN: usize = 8;

/// Tells the first difference between the logs of two folders.
pub(super) fn run(dirs: [&Path; 2], json: bool, progress: &ShowProgress) -> Result<Exit, Failure> {
    let [a, b] = [Log::open(dirs[0])?, Log::open(dirs[1])?];
    let names = dirs.map(|dir| visible(&dir.display().to_string()));
    let mut progress =
        Progress::start("diff", a.bytes().saturating_add(b.bytes()), progress.progress);
    let told = compare(a.records()?, b.records()?, |bytes| progress.at(bytes));
    progress.finish();
    let told = told?;
    say(&if json { json_line(&told.report(&names))? } else { told.page(&names) })?;
    Ok(if matches!(told.relation, Relation::Same) { Exit::Done } else { Exit::No })
}

/// What two logs have in common, and what becomes of them then.
struct Told {
    /// The last record that both have, and the last seal.
    last: Option<Place>,
    seal: Option<Place>,
    relation: Relation,
}

/// A record by its place in the chain.
#[derive(Clone, Serialize)]
struct Place {
    sequence: u64,
    height: u64,
    hash: String,
}

impl Place {
    fn of(entry: &Entry) -> Self {
        let record = &entry.record;
        Self {
            sequence: record.sequence,
            height: record.height.to_u64(),
            hash: record.hash.to_string(),
        }
    }
}

enum Relation {
    Same,
    /// One log ends where the other goes on.
    Prefix {
        longer: usize,
        records: u64,
        height: u64,
    },
    Differ(Box<[Entry; 2]>),
}

/// Reads both logs in step up to the first difference; the longer of two that do not differ to its
/// end, so that damage there is not taken for more records.
fn compare(
    mut a: Records<'_>,
    mut b: Records<'_>,
    mut at: impl FnMut(u64),
) -> Result<Told, Failure> {
    let (mut last, mut seal) = (None, None);
    loop {
        let step = (a.next()?, b.next()?);
        at(a.bytes().saturating_add(b.bytes()));
        let relation = match step {
            (Some(own), Some(other)) if own.record.hash == other.record.hash => {
                if own.record.event.as_seal().is_some() {
                    seal = Some(Place::of(&own));
                }
                last = Some(Place::of(&own));
                continue;
            }
            (Some(own), Some(other)) => {
                // A record is worth what the seal of its block says: damage is no difference.
                to_seal(&own, &mut a)?;
                to_seal(&other, &mut b)?;
                Relation::Differ(Box::new([own, other]))
            }
            (None, None) => {
                a.finish()?;
                b.finish()?;
                Relation::Same
            }
            (Some(_), None) => {
                let shorter = b.finish()?;
                rest(0, a, shorter.head.records, &mut at)?
            }
            (None, Some(_)) => {
                let shorter = a.finish()?;
                rest(1, b, shorter.head.records, &mut at)?
            }
        };
        return Ok(Told { last, seal, relation });
    }
}

/// Reads on to the seal of the block.
fn to_seal(entry: &Entry, records: &mut Records<'_>) -> Result<(), Failure> {
    let mut is_sealed = entry.record.event.as_seal().is_some();
    while !is_sealed {
        let Some(next) = records.next()? else { return Ok(()) };
        is_sealed = next.record.event.as_seal().is_some();
    }
    Ok(())
}

fn rest(
    longer: usize,
    mut records: Records<'_>,
    common: u64,
    at: &mut impl FnMut(u64),
) -> Result<Relation, Failure> {
    let before = records.bytes();
    while records.next()?.is_some() {
        at(before.saturating_add(records.bytes()));
    }
    let walk = records.finish()?;
    let records = walk.head.records.saturating_sub(common);
    Ok(Relation::Prefix { longer, records, height: walk.height.to_u64() })
}

/// A field in which two events differ.
#[derive(Serialize)]
struct Field {
    path: String,
    a: Option<Value>,
    b: Option<Value>,
}

/// All of it for a script.
#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    same: bool,
    relation: &'static str,
    a: &'a str,
    b: &'a str,
    last_common: Option<&'a Place>,
    last_common_seal: Option<&'a Place>,
    /// Of a log that only goes on: how many records more, and up to which block.
    more_records: Option<u64>,
    more_up_to_height: Option<u64>,
    first_different: Option<Different<'a>>,
}

#[derive(Serialize)]
struct Different<'a> {
    sequence: u64,
    a: Row<&'a Event>,
    b: Row<&'a Event>,
    fields: Vec<Field>,
}

impl Told {
    fn report<'a>(&'a self, names: &'a [String; 2]) -> Report<'a> {
        let more = match self.relation {
            Relation::Prefix { records, height, .. } => Some((records, height)),
            _ => None,
        };
        let different = match &self.relation {
            Relation::Differ(pair) => {
                let [a, b] = pair.as_ref();
                Some(Different {
                    sequence: a.record.sequence,
                    a: Row::of(&a.record),
                    b: Row::of(&b.record),
                    fields: fields(a, b),
                })
            }
            _ => None,
        };
        Report {
            schema: "undercut.log-diff/1",
            same: matches!(self.relation, Relation::Same),
            relation: match self.relation {
                Relation::Same => "same",
                Relation::Prefix { longer: 1, .. } => "a-is-prefix",
                Relation::Prefix { .. } => "b-is-prefix",
                Relation::Differ(_) => "differ",
            },
            a: &names[0],
            b: &names[1],
            last_common: self.last.as_ref(),
            last_common_seal: self.seal.as_ref(),
            more_records: more.map(|(records, _)| records),
            more_up_to_height: more.map(|(_, height)| height),
            first_different: different,
        }
    }

    fn page(&self, names: &[String; 2]) -> String {
        let [a, b] = names;
        let common = match &self.last {
            Some(Place { sequence, height, .. }) => {
                format!("identical up to record {sequence} (block {height})")
            }
            None => "nothing in common".to_owned(),
        };
        match &self.relation {
            Relation::Same => {
                let (records, height, head) = self.last.as_ref().map_or((0, 0, ""), |last| {
                    (last.sequence.saturating_add(1), last.height, last.hash.as_str())
                });
                format!(
                    "{a} and {b}: the same {records} records up to block {height}\nhead {head}\n"
                )
            }
            Relation::Prefix { longer, records, height } => {
                let (shorter, longer) = if *longer == 0 { (b, a) } else { (a, b) };
                format!(
                    "{common}\n{shorter} ends there; {longer} goes on for {records} records, up to block {height}\n{shorter} is the start of {longer}\n"
                )
            }
            Relation::Differ(pair) => {
                let seal = self.seal.as_ref().map_or_else(
                    || "no seal in common: these are logs of two markets".to_owned(),
                    |Place { sequence, height, hash }| {
                        format!(
                            "last seal in common: record {sequence}, block {height}, hash {hash}"
                        )
                    },
                );
                format!("{common}\n{seal}\n\n{}", difference(pair, names))
            }
        }
    }
}

fn difference(pair: &[Entry; 2], names: &[String; 2]) -> String {
    let [a, b] = pair;
    let mut text = format!("record {} differs\n", a.record.sequence);
    for (entry, name) in pair.iter().zip(names) {
        let record = &entry.record;
        text.push_str(&format!(
            "  {name}: block {}, {}, {}, offset {}\n    {}\n",
            record.height,
            record.event.kind(),
            entry.place.file,
            entry.place.offset,
            words(&record.event)
        ));
    }
    let fields = fields(a, b);
    if fields.is_empty() {
        return text;
    }
    text.push_str("\nfield by field\n");
    for Field { path, a, b } in fields.iter().take(FIELDS_SHOWN) {
        let [a, b] = short([a.as_ref(), b.as_ref()]);
        text.push_str(&format!("  {}: {a} -> {b}\n", visible(path)));
    }
    if let Some(more) = fields.len().checked_sub(FIELDS_SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("  and {more} more; --json has all\n"));
    }
    text
}

/// Two values, of long ones the part in which they begin to differ.
fn short(values: [Option<&Value>; 2]) -> [String; 2] {
    let texts = values.map(|value| {
        value.map_or_else(|| "(nothing)".to_owned(), |value| visible(&value.to_string()))
    });
    let same = texts[0].chars().zip(texts[1].chars()).take_while(|(a, b)| a == b).count();
    let start = if same < VALUE_SHOWN / 2 { 0 } else { same.saturating_sub(BEFORE_SHOWN) };
    texts.map(|text| {
        let part: String = text.chars().skip(start).take(VALUE_SHOWN).collect();
        let is_cut = text.chars().count() > start.saturating_add(VALUE_SHOWN);
        let (before, after) = (if start > 0 { "..." } else { "" }, if is_cut { "..." } else { "" });
        format!("{before}{part}{after}")
    })
}

/// The fields in which two records differ: their block, and their events where these are of one
/// kind.
fn fields(a: &Entry, b: &Entry) -> Vec<Field> {
    let value = |event: &Event| serde_json::to_value(event).unwrap_or(Value::Null);
    let mut found = Vec::new();
    let heights = [a, b].map(|entry| Value::from(entry.record.height.to_u64()));
    differences("height".to_owned(), Some(&heights[0]), Some(&heights[1]), &mut found);
    if a.record.event.kind() == b.record.event.kind() {
        let (own, other) = (value(&a.record.event), value(&b.record.event));
        differences(String::new(), Some(&own), Some(&other), &mut found);
    }
    found
}

/// Every place below `path` where two values differ.
fn differences(path: String, a: Option<&Value>, b: Option<&Value>, found: &mut Vec<Field>) {
    match (a, b) {
        (a, b) if a == b => {}
        (Some(Value::Object(own)), Some(Value::Object(others))) => {
            let new = others.keys().filter(|key| !own.contains_key(*key));
            for key in own.keys().chain(new) {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                differences(below, own.get(key), others.get(key), found);
            }
        }
        (Some(Value::Array(own)), Some(Value::Array(others))) => {
            for at in 0..own.len().max(others.len()) {
                differences(format!("{path}[{at}]"), own.get(at), others.get(at), found);
            }
        }
        (a, b) => found.push(Field { path, a: a.cloned(), b: b.cloned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_their_place() {
        let a = serde_json::json!({"x": {"y": [1, 2], "z": 0}});
        let b = serde_json::json!({"x": {"y": [1, 3, 4], "w": null}});
        let mut found = Vec::new();
        differences(String::new(), Some(&a), Some(&b), &mut found);
        let told: Vec<String> = found
            .iter()
            .map(|one| {
                format!("{} {}", one.path, short([one.a.as_ref(), one.b.as_ref()]).join(" "))
            })
            .collect();
        assert_eq!(
            told,
            ["x.y[1] 2 3", "x.y[2] (nothing) 4", "x.z 0 (nothing)", "x.w (nothing) null"]
        );
        let long = |end: &str| serde_json::json!("a".repeat(200) + end);
        assert_eq!(
            short([Some(&long("b")), Some(&long("c"))]),
            ["...aaaaaaaab\"".to_owned(), "...aaaaaaaac\"".to_owned()]
        );
        found.clear();
        differences(String::new(), Some(&a), Some(&a), &mut found);
        assert!(found.is_empty());
    }

    #[test]
    fn long_values_are_cut() {
        let long = Value::from("\u{e4}".repeat(200));
        assert_eq!(short([Some(&long), None])[0].chars().count(), VALUE_SHOWN + 3);
    }
}
