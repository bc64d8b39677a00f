//! Both stores keep the promises of a store, and a store that does not is found out.

use std::ops::ControlFlow;

use undercut_ledger::log::{Chain, Frame, Head};
use undercut_store::{
    FileStore, MemoryStore, SimulatedDisk, Snapshot, Store, StoreError, Writer, conformance,
    read_all, verify,
};

use crate::log::{Blocks, options, read, shared};

fn open(disk: &SimulatedDisk) -> FileStore {
    FileStore::open(shared(disk), options()).unwrap().0
}

#[test]
fn a_store_in_memory_conforms() {
    assert_eq!(conformance::check(MemoryStore::new, |store| store), Ok(()));
}

#[test]
fn a_store_in_files_conforms_closed_or_killed() {
    let mut disks = vec![SimulatedDisk::new()];
    let disks = std::cell::RefCell::new(&mut disks);
    let make = || {
        let disk = SimulatedDisk::new();
        disks.borrow_mut().push(disk.clone());
        open(&disk)
    };
    let last = || disks.borrow().last().unwrap().clone();
    let closed = conformance::check(make, |store| {
        store.close().unwrap();
        open(&last())
    });
    assert_eq!(closed, Ok(()));
    let killed = conformance::check(make, |store| {
        drop(store);
        let disk = last().killed();
        disks.borrow_mut().push(disk.clone());
        open(&disk)
    });
    assert_eq!(killed, Ok(()));
}

/// Acknowledges before it has what it acknowledges, as a store without syncs does.
struct Forgetful(MemoryStore, MemoryStore);

impl Store for Forgetful {
    type Error = StoreError;

    fn append(&mut self, blocks: &[u8]) -> Result<(), StoreError> {
        self.0.append(blocks)
    }

    fn commit(&mut self) -> Result<Head, StoreError> {
        self.0.commit()
    }

    fn flush(&mut self) -> Result<Head, StoreError> {
        self.0.flush()
    }

    fn acknowledged(&self) -> Head {
        self.0.acknowledged()
    }

    fn chain(&self) -> &Chain {
        self.0.chain()
    }

    fn frames_from(
        &self,
        sequence: u64,
        each: &mut dyn FnMut(&Frame<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.0.frames_from(sequence, each)
    }

    fn save_snapshot(&mut self, payload: &[u8]) -> Result<Head, StoreError> {
        self.0.save_snapshot(payload)
    }

    fn newest_snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        self.0.newest_snapshot()
    }
}

#[test]
fn a_store_that_forgets_is_found_out() {
    let empty = || Forgetful(MemoryStore::new(), MemoryStore::new());
    let broken = conformance::check(empty, |store| Forgetful(store.1, MemoryStore::new()));
    assert_eq!(broken.unwrap_err().promise, "what is acknowledged stays");
}

fn closed(log: &Blocks) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let (mut writer, _) = Writer::open(shared(&disk), options()).unwrap();
    for block in &log.blocks {
        writer.append(block).unwrap();
        writer.commit().unwrap();
    }
    writer.close().unwrap();
    disk
}

#[test]
fn any_number_of_threads_finds_the_same_log() {
    let log = Blocks::new(60);
    let disk = closed(&log);
    for threads in [0, 1, 2, 5] {
        let mut last = None;
        let whole = verify(&shared(&disk), threads, &mut |progress| last = Some(progress));
        let whole = whole.unwrap();
        assert_eq!((whole.head, whole.tail), (log.heads[60], None));
        assert_eq!(whole.chain, log.chains[60]);
        let last = last.unwrap();
        assert_eq!(last.bytes, last.bytes_total);
        assert_eq!(last.records, log.heads[60].records);
    }
}

#[test]
fn any_number_of_threads_finds_the_same_damage() {
    let log = Blocks::new(16);
    let disk = closed(&log);
    let segments = disk.names().into_iter().filter(|name| name.ends_with(".seg"));
    for name in segments {
        let length = u64::try_from(disk.contents(&name).unwrap().len()).unwrap();
        for byte in (12_288..length).step_by(13) {
            let image = disk.killed();
            image.flip_bit(&name, byte * 8 + byte % 8);
            let expected = read(&image).1.unwrap_err();
            let found = verify(&shared(&image), 2, &mut |_| {}).unwrap_err();
            assert_eq!(found, expected, "{name}, byte {byte}");
        }
    }
}

#[test]
fn records_are_handed_out_in_order_from_any_block_on() {
    let log = Blocks::new(30);
    let disk = closed(&log);
    for (blocks, chain) in log.chains.iter().enumerate() {
        let mut next = log.heads[blocks].records;
        let each = &mut |record: undercut_store::Verified<'_>| {
            assert_eq!(record.frame.sequence, next);
            next += 1;
            Ok::<(), StoreError>(())
        };
        let whole = read_all(&shared(&disk), chain.clone(), 2, &mut |_| {}, each).unwrap();
        assert_eq!((whole.head, next), (log.heads[30], log.heads[30].records));
    }
    let stop = &mut |_: undercut_store::Verified<'_>| Err(StoreError::NoLog);
    let stopped = read_all(&shared(&disk), Chain::EMPTY, 2, &mut |_| {}, stop);
    assert_eq!(stopped.unwrap_err(), StoreError::NoLog);
}
