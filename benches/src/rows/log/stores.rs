//! Stores that others made: a number and a frame for each record, one durable commit a block.
//!
//! They keep what they are given under a key and can look it up again, which an append-only log
//! cannot; they hash nothing. Each is asked for what its own word for "on the disk" is.

use std::path::Path;
use std::time::Duration;

use redb::ReadableDatabase as _;

use crate::blocks::{Block, empty_folder};
use crate::clock::timed;
use crate::contest::Contest;

/// The contest with all of them.
pub(super) fn all<'a>(contest: Contest<'a>, folder: &'a Path, blocks: &'a [Block]) -> Contest<'a> {
    contest
        .peer("redb 4.5", || redb(&empty_folder(folder, "redb"), blocks))
        .peer("fjall 3.1", || fjall(&empty_folder(folder, "fjall"), blocks))
        .peer("sqlite 3 (rusqlite 0.41)", || sqlite(&empty_folder(folder, "sqlite"), blocks))
}

fn redb(folder: &Path, blocks: &[Block]) -> Duration {
    const LOG: redb::TableDefinition<'_, u64, &[u8]> = redb::TableDefinition::new("log");
    let store = redb::Database::create(folder.join("log.redb")).expect("a new store");
    let mut number = 0;
    let time = timed(|| {
        for block in blocks {
            // Durable at once unless asked otherwise.
            let write = store.begin_write().expect("nobody else writes");
            {
                let mut log = write.open_table(LOG).expect("the table is there");
                for frame in block.each() {
                    log.insert(number, frame).expect("there is room");
                    number += 1;
                }
            }
            write.commit().expect("the disk works");
        }
    });
    let read = store.begin_read().expect("it can be read");
    let log = read.open_table(LOG).expect("the table is there");
    let last = log.get(number - 1).expect("it can be read").expect("all is there");
    assert_eq!(Some(last.value()), blocks.last().and_then(|block| block.each().last()));
    time
}

fn fjall(folder: &Path, blocks: &[Block]) -> Duration {
    let store = fjall::Database::builder(folder).open().expect("a new store");
    let log = store.keyspace("log", fjall::KeyspaceCreateOptions::default).expect("a keyspace");
    let mut number = 0_u64;
    let time = timed(|| {
        for block in blocks {
            let mut batch = store.batch().durability(Some(fjall::PersistMode::SyncData));
            for frame in block.each() {
                batch.insert(&log, number.to_be_bytes(), frame);
                number += 1;
            }
            batch.commit().expect("the disk works");
        }
    });
    let last = log.get((number - 1).to_be_bytes()).expect("it can be read").expect("all is there");
    assert_eq!(Some(&last[..]), blocks.last().and_then(|block| block.each().last()));
    time
}

fn sqlite(folder: &Path, blocks: &[Block]) -> Duration {
    let mut store = rusqlite::Connection::open(folder.join("log.sqlite")).expect("a new store");
    let options = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        CREATE TABLE log (number INTEGER PRIMARY KEY, frame BLOB NOT NULL);";
    store.execute_batch(options).expect("the options are known");
    let mut number = 0_i64;
    let time = timed(|| {
        for block in blocks {
            let write = store.transaction().expect("nobody else writes");
            {
                let insert = write.prepare_cached("INSERT INTO log VALUES (?1, ?2)");
                let mut insert = insert.expect("the statement is sound");
                for frame in block.each() {
                    insert.execute((number, frame)).expect("there is room");
                    number += 1;
                }
            }
            write.commit().expect("the disk works");
        }
    });
    let last: Vec<u8> = store
        .query_row("SELECT frame FROM log WHERE number = ?1", [number - 1], |row| row.get(0))
        .expect("all is there");
    assert_eq!(Some(&last[..]), blocks.last().and_then(|block| block.each().last()));
    time
}
