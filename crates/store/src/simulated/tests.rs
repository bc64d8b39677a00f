use super::*;

fn after(disk: &SimulatedDisk, writes: LostWrites, names: LostNames) -> SimulatedDisk {
    disk.crash(u64::MAX, PowerLoss { writes, names })
}

#[test]
fn what_is_synced_survives_every_loss() {
    let disk = SimulatedDisk::new();
    let file = disk.create("a").unwrap();
    assert_eq!(file.write_at(&[7; 2000], 0).unwrap(), 2000);
    file.sync_data().unwrap();
    disk.sync_folder().unwrap();
    for writes in LostWrites::each(1) {
        assert_eq!(after(&disk, writes, LostNames::All).contents("a"), Some(vec![7; 2000]));
    }
}

#[test]
fn what_is_not_synced_is_lost_as_the_loss_says() {
    let disk = SimulatedDisk::new();
    disk.put("a", vec![1; 1000]);
    let file = disk.open("a", Access::Write).unwrap();
    file.write_at(&[2; 1000], 500).unwrap();
    let left = |writes| after(&disk, writes, LostNames::None).contents("a").unwrap();
    assert_eq!(left(LostWrites::All), [1; 1000]);
    assert_eq!(left(LostWrites::None), [[1; 500].as_slice(), &[2; 1000]].concat());
    assert_eq!(left(LostWrites::Zeroed), [[1; 500].as_slice(), &[0; 1000]].concat());
    assert_eq!(left(LostWrites::AfterLength), [[1; 1000].as_slice(), &[0; 500]].concat());
    let (mut prefixes, mut sectors) = (Vec::new(), Vec::new());
    for seed in 0..100 {
        prefixes.push(left(LostWrites::AfterPrefix { seed }));
        sectors.push(left(LostWrites::Sectors { seed }));
    }
    prefixes.sort();
    prefixes.dedup();
    sectors.sort();
    sectors.dedup();
    assert!(prefixes.len() > 30, "{}", prefixes.len());
    // Three sectors, there or not, and two lengths, of which some look alike.
    assert!(sectors.len() > 8, "{}", sectors.len());
}

#[test]
fn a_name_lasts_when_the_folder_is_synced() {
    let disk = SimulatedDisk::new();
    disk.create("a").unwrap().sync_all().unwrap();
    assert_eq!(after(&disk, LostWrites::None, LostNames::All).names(), [""; 0]);
    disk.sync_folder().unwrap();
    disk.rename("a", "b").unwrap();
    assert_eq!(after(&disk, LostWrites::None, LostNames::All).names(), ["a"]);
    assert_eq!(after(&disk, LostWrites::None, LostNames::None).names(), ["b"]);
    disk.remove("b").unwrap();
    disk.sync_folder().unwrap();
    assert_eq!(after(&disk, LostWrites::None, LostNames::All).names(), [""; 0]);
}

#[test]
fn the_history_has_an_image_at_every_operation() {
    let disk = SimulatedDisk::new();
    let file = disk.create("a").unwrap();
    file.write_at(b"x", 0).unwrap();
    file.sync_data().unwrap();
    disk.sync_folder().unwrap();
    assert_eq!(disk.operations(), 4);
    let loss = PowerLoss { writes: LostWrites::All, names: LostNames::None };
    let contents = |operation| disk.crash(operation, loss).contents("a");
    let expected = [None, Some(vec![]), Some(vec![]), Some(vec![b'x']), Some(vec![b'x'])];
    assert_eq!([0, 1, 2, 3, 4].map(contents), expected);
}

#[test]
fn a_failed_sync_may_drop_what_it_should_have_kept() {
    for (dirty, left) in [(Dirty::Kept, vec![5; 4]), (Dirty::Dropped, vec![])] {
        let disk = SimulatedDisk::new();
        disk.put("a", Vec::new());
        let file = disk.open("a", Access::Write).unwrap();
        disk.fail_at(0, Fault::FailedSync(dirty), Times::Once);
        file.write_at(&[5; 4], 0).unwrap();
        assert!(file.sync_data().is_err());
        assert!(file.sync_data().is_ok());
        assert_eq!(disk.contents("a"), Some(vec![5; 4]), "a reader still sees it");
        let lost = after(&disk, LostWrites::None, LostNames::None);
        assert_eq!(lost.contents("a"), Some(left), "{dirty:?}");
    }
}

#[test]
fn faults_strike_where_they_can_and_as_often_as_they_should() {
    let disk = SimulatedDisk::new();
    disk.put("a", Vec::new());
    let file = disk.open("a", Access::Write).unwrap();
    disk.fail_at(1, Fault::NoSpace, Times::Once);
    assert!(file.sync_data().is_ok());
    assert!(file.sync_data().is_ok(), "a sync needs no room");
    let full = file.write_at(b"abcd", 0).unwrap_err();
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    assert_eq!(file.write_at(b"abcd", 0).unwrap(), 4);
    disk.fail_at(0, Fault::ShortWrite, Times::Forever);
    assert_eq!(file.write_at(b"abcd", 4).unwrap(), 2);
    assert_eq!(file.write_at(b"abcd", 6).unwrap(), 2);
    assert_eq!(disk.contents("a"), Some(b"abcdabab".to_vec()));
    assert!(disk.killed().open("a", Access::Write).unwrap().write_at(b"x", 0).is_ok());
}

#[test]
fn one_holds_a_lock_at_a_time() {
    let disk = SimulatedDisk::new();
    let lock = disk.lock("LOCK").unwrap();
    assert!(lock.is_some());
    assert!(disk.lock("LOCK").unwrap().is_none());
    drop(lock);
    assert!(disk.lock("LOCK").unwrap().is_some());
}

#[test]
fn a_flipped_bit_is_one_bit() {
    let disk = SimulatedDisk::new();
    disk.put("a", vec![0, 0]);
    disk.flip_bit("a", 9);
    assert_eq!(disk.contents("a"), Some(vec![0, 2]));
}
