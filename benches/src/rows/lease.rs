//! Recording leases: what it costs beside the signature of whoever keeps the log.
//!
//! | row | ours | floor |
//! | --- | --- | --- |
//! | `lease/record` `seal=single` | every lease framed, checksummed, hashed, its hash signed, written in groups of 256 | one bare signature a lease |
//! | `lease/record` `seal=block` | the same with one signature for the Merkle root of a thousand | the same |

use std::fs::File;
use std::hint::black_box;
use std::io::{Seek as _, Write as _};
use std::time::Duration;

use undercut::Event;
use undercut_ledger::log::write_frame_into;
use undercut_ledger::merkle::Peaks;
use undercut_ledger::{LeaseTerms, LedgerEvent, SignedLease};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{BlockHeight, Consent, Decimal, Denom, Digest, LeaseId, PricePerBlock};

use crate::clock::cpu_timed;
use crate::contest::Contest;
use crate::row::Row;
use crate::settings::Settings;
use crate::{digest, order_id, provider, unsigned};

/// Leases that are written together.
const GROUP: usize = 256;
/// Leases of one block.
const BLOCK: usize = 1_000;
const HEIGHT: BlockHeight = BlockHeight::new(1_000_000);

/// Leases signed one by one, and by block.
pub fn record(settings: &Settings, rows: &mut Vec<Row>) {
    let leases = leases(settings.sized(100_000, 5_000));
    let key = KeyPair::insecure(5, "keeper");
    let path = settings.folder.join(format!("undercut-leases-{}", std::process::id()));
    let mut file = File::create(&path).expect("the folder takes a file");
    for (seal, per_seal) in [("seal=single", 1), ("seal=block", BLOCK)] {
        let file = &mut file;
        let contest = Contest::new("lease/record", format!("{seal} leases={}", leases.len()))
            .operations(leases.len())
            .ours(|| recorded(&leases, per_seal, &key, file))
            .floor(|| signed(leases.len(), &key));
        rows.push(contest.run(settings));
    }
    // What is left in a folder for such files harms nobody.
    let _ = std::fs::remove_file(&path);
}

fn leases(count: usize) -> Vec<Event> {
    let price = PricePerBlock::new(Denom::uact(), Decimal::from_whole(7));
    let lease = |number: u64| {
        let id = LeaseId(order_id(number, 1).bid(provider(number % 64)));
        let terms = LeaseTerms::new(id, price.clone(), HEIGHT, digest(number));
        let tenant = Consent { command: digest(2), ..unsigned() };
        let provider = Consent { command: digest(3), ..unsigned() };
        Event::Ledger(LedgerEvent::LeaseSigned(SignedLease { terms, tenant, provider }.into()))
    };
    (0..u64::try_from(count).expect("leases are few")).map(lease).collect()
}

/// Every lease into the file, and a signature for each `per_seal` of them.
fn recorded(leases: &[Event], per_seal: usize, key: &KeyPair, file: &mut File) -> Duration {
    file.rewind().and_then(|()| file.set_len(0)).expect("the file can be emptied");
    cpu_timed(|| {
        let (mut frames, mut peaks) = (Vec::new(), Peaks::EMPTY);
        for (number, lease) in (0..).zip(leases) {
            let sequence = u64::try_from(number).expect("leases are few");
            let hash = write_frame_into(&mut frames, sequence, HEIGHT, lease);
            peaks.push(hash.expect("a lease is small"));
            if (number + 1) % per_seal == 0 {
                frames.extend(key.sign(&peaks.root()).to_bytes());
                peaks = Peaks::EMPTY;
            }
            if (number + 1) % GROUP == 0 {
                file.write_all(&frames).expect("the file takes a group");
                frames.clear();
            }
        }
        file.write_all(&frames).expect("the file takes the rest");
    })
}

fn signed(count: usize, key: &KeyPair) -> Duration {
    let digests: Vec<Digest> =
        (0..u64::try_from(count).expect("leases are few")).map(digest).collect();
    cpu_timed(|| {
        for digest in &digests {
            black_box(key.sign(digest));
        }
    })
}
