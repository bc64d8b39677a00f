//! `undercut log export`.

use std::fs::{self, File};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use crate::{Folder, run};

const COLUMNS: &str = "sequence,height,kind,hash,command,deployment,order,bid,lease,account,denom,amount,price_denom,price,event";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows as they stand in a line of JSON, with the event as text.
fn flat(row: &Value) -> Vec<Option<String>> {
    let cell = |name: &str| match &row[name] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    COLUMNS.split(',').filter(|name| *name != "event").map(cell).collect()
}

/// Plays a market that is long enough for leases, settlements and burns.
fn long_log(folder: &Folder) -> String {
    let dir = folder.file("long").to_str().unwrap().to_owned();
    assert_eq!(run(&["demo", "--blocks", "400", "--log", &dir, "--json"]).code, 0);
    dir
}

#[test]
fn all_three_formats_hold_the_same_rows() {
    let folder = Folder::new();
    let dir = long_log(&folder);
    let jsonl = run(&["log", "export", &dir, "--format", "jsonl"]);
    assert_eq!((jsonl.code, jsonl.err.as_str()), (0, ""), "a short run is silent");
    let rows = lines(&jsonl.out);
    let records = run(&["log", "inspect", &dir, "--json"]).json()["records"].as_u64().unwrap();
    assert_eq!(rows.len() as u64, records);

    let ran = run(&["log", "export", &dir, "--format", "csv"]);
    let mut csv = csv::Reader::from_reader(ran.out.as_bytes());
    assert_eq!(csv.headers().unwrap(), COLUMNS.split(',').collect::<Vec<_>>());
    let mut count = 0;
    for (found, row) in csv.records().zip(&rows) {
        let found = found.unwrap();
        let cells = found.iter().map(|cell| (!cell.is_empty()).then(|| cell.to_owned()));
        assert_eq!(cells.take(14).collect::<Vec<_>>(), flat(row));
        assert_eq!(serde_json::from_str::<Value>(&found[14]).unwrap(), row["event"]);
        count += 1;
    }
    assert_eq!(count, rows.len());

    let out = folder.file("market.parquet");
    let ran = run(&["log", "export", &dir, "--format", "parquet", "--out", out.to_str().unwrap()]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    let file = SerializedFileReader::new(File::open(&out).unwrap()).unwrap();
    let about = file.metadata().file_metadata().key_value_metadata().unwrap();
    assert_eq!(about[0].value.as_deref(), Some("undercut.log-rows/1"));
    let mut count = 0;
    for (found, row) in file.get_row_iter(None).unwrap().zip(&rows) {
        let found = found.unwrap();
        let cells: Vec<(&String, Option<String>)> = found
            .get_column_iter()
            .map(|(name, field)| {
                let text = match field {
                    Field::Null => None,
                    Field::Str(text) => Some(text.clone()),
                    Field::ULong(number) => Some(number.to_string()),
                    other => panic!("{name} is {other:?}"),
                };
                (name, text)
            })
            .collect();
        assert_eq!(
            cells.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(","),
            COLUMNS
        );
        let texts: Vec<_> = cells.into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts[..14], flat(row));
        let event: Value = serde_json::from_str(texts[14].as_ref().unwrap()).unwrap();
        assert_eq!(event, row["event"]);
        count += 1;
    }
    assert_eq!(count, rows.len());
}

#[test]
fn columns_name_what_an_event_is_about() {
    let folder = Folder::new();
    let dir = long_log(&folder);
    let ran = run(&["log", "export", &dir, "--format", "jsonl"]);
    let rows = lines(&ran.out);
    let first = |kind: &str| rows.iter().find(|row| row["kind"] == kind).unwrap();
    let bid = first("BidPlaced");
    let inner = &bid["event"]["Bid"]["BidPlaced"];
    assert_eq!(bid["bid"], inner["id"]);
    assert_eq!(bid["price"], inner["price"]["value"]);
    assert_eq!(
        (&bid["denom"], &bid["amount"]),
        (&inner["deposit"]["denom"], &inner["deposit"]["amount"])
    );
    let order = bid["order"].as_str().unwrap();
    assert!(bid["bid"].as_str().unwrap().starts_with(order));
    assert!(order.starts_with(bid["deployment"].as_str().unwrap()));
    assert_eq!(bid["lease"], Value::Null);
    let lease = first("LeaseSigned");
    assert_eq!(lease["lease"], lease["event"]["Ledger"]["LeaseSigned"]["terms"]["id"]);
    assert_eq!(lease["bid"], Value::Null);
    let paid = first("Withdrawn");
    assert!(paid["amount"].as_str().unwrap().parse::<u128>().unwrap() > 0, "{paid}");
    let command = first("CommandAccepted");
    assert!(command["command"].is_string());
    assert_eq!(command["account"], command["event"]["CommandAccepted"]["account"]);
}

/// Every list of numbers below a value that is long enough for an address or a digest.
fn long_lists(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(values) => {
            if values.len() >= 20 && values.iter().all(Value::is_number) {
                found.push(value.to_string());
            }
            values.iter().for_each(|value| long_lists(value, found));
        }
        Value::Object(values) => values.values().for_each(|value| long_lists(value, found)),
        _ => {}
    }
}

#[test]
fn no_event_has_bytes_as_numbers_or_money_as_a_number() {
    let folder = Folder::new();
    let ran = run(&["log", "export", &long_log(&folder), "--format", "jsonl"]);
    for row in lines(&ran.out) {
        let mut found = Vec::new();
        long_lists(&row, &mut found);
        assert_eq!(found, [""; 0], "{row}");
        for key in ["amount", "price"] {
            assert!(!row[key].is_number(), "{row}");
        }
    }
}

#[test]
fn ranges_and_kinds_choose_records() {
    let folder = Folder::new();
    let dir = folder.log();
    let export = |more: &[&str]| {
        let ran = run(&[&["log", "export", &dir, "--format", "jsonl"], more].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        lines(&ran.out)
    };
    let numbers = |rows: Vec<Value>| {
        rows.iter().map(|row| row["sequence"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(numbers(export(&["--from", "5", "--to", "8"])), [5, 6, 7, 8]);
    assert_eq!(numbers(export(&["--to", "0"])), [0]);
    let kinds = export(&["--kind", "bidplaced", "--kind", "LeaseSigned", "--to", "200"]);
    assert!(kinds.len() > 1);
    assert!(kinds.iter().all(|row| row["kind"] == "BidPlaced" || row["kind"] == "LeaseSigned"));
    let ran = run(&["log", "export", &dir, "--format", "csv", "--kind", "Nothing"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 1));
    assert!(ran.err.contains("no record is asked for"), "{ran:?}");
    let ran = run(&["log", "export", &dir, "--format", "csv", "--from", "9", "--to", "8"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_file_is_whole_or_not_there_and_never_overwritten_by_chance() {
    let folder = Folder::new();
    let dir = folder.log();
    let out = folder.file("out.csv");
    let export = |more: &[&str]| {
        let out = out.to_str().unwrap();
        run(&[&["log", "export", &dir, "--format", "csv", "--out", out], more].concat())
    };
    let ran = export(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let whole = fs::read(&out).unwrap();
    assert!(ran.err.contains("wrote 279 rows"), "{ran:?}");
    fs::write(&out, "mine").unwrap();
    let ran = export(&[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("FIL004"), "{ran:?}");
    assert_eq!(fs::read(&out).unwrap(), b"mine");
    assert_eq!(export(&["--force"]).code, 0);
    assert_eq!(fs::read(&out).unwrap(), whole);

    // Damage in the middle: nothing is left behind, not even the file in the making.
    fs::remove_file(&out).unwrap();
    damage(&folder);
    let ran = export(&[]);
    assert_eq!(ran.code, 6, "{ran:?}");
    let mut names: Vec<String> = fs::read_dir(&folder.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["market"]);
}

/// Changes a byte in the middle of the log `market`.
fn damage(folder: &Folder) {
    let path = crate::log::records_file(folder, "market");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
}

#[test]
fn two_exports_of_a_log_are_the_same_bytes() {
    let folder = Folder::new();
    let dir = folder.log();
    for format in ["csv", "jsonl", "parquet"] {
        let outs = ["a", "b"].map(|name| folder.file(&format!("{name}.{format}")));
        for out in &outs {
            let ran =
                run(&["log", "export", &dir, "--format", format, "--out", out.to_str().unwrap()]);
            assert_eq!(ran.code, 0, "{ran:?}");
        }
        assert_eq!(fs::read(&outs[0]).unwrap(), fs::read(&outs[1]).unwrap(), "{format}");
    }
}

#[test]
fn progress_is_told_when_it_is_asked_for() {
    let folder = Folder::new();
    let dir = folder.log();
    // Verifying tells once for each MiB, and this log has less.
    for (verb, lines) in [("verify", 1), ("audit", 10)] {
        let ran = run(&["log", verb, &dir, "--progress", "always"]);
        let start = format!("undercut: {verb} ");
        assert_eq!(
            ran.err.lines().filter(|line| line.starts_with(&start)).count(),
            lines,
            "{ran:?}"
        );
    }
    let ran = run(&["log", "replay", &dir, "--commands", "--progress", "json"]);
    let told: Vec<Value> = lines(&ran.err);
    assert_eq!(told.len(), 10, "{ran:?}");
    assert_eq!(told[9]["done_bytes"], told[9]["total_bytes"]);
    assert_eq!(told[0]["schema"], "undercut.progress/1");
    let ran = run(&["log", "diff", &dir, &dir, "--progress", "never"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}
