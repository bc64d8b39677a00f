//! [`TABLE`]: every operation that is measured, with what it measures.

pub mod alloc;
pub mod bid;
pub mod block;
pub mod clock;
pub mod codec;
pub mod escrow;
pub mod latency;
pub mod lease;
pub mod log;
pub mod matching;
mod mixed;
pub mod sdl;
pub mod settlement;
pub mod signatures;
pub mod state;

use crate::row::Row;
use crate::settings::{Settings, is_asked};

/// An operation that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name: area, `/`, operation.
    pub name: &'static str,
    /// What it measures, in one sentence.
    pub says: &'static str,
    /// Plays it: one row for each workload as it is finished, all of them under [`Entry::name`].
    /// Panics when two contestants disagree, or one fails; what was finished by then holds.
    pub rows: fn(&Settings, &mut Vec<Row>),
}

/// All operations, in the order in which they are played and printed.
pub const TABLE: &[Entry] = &[
    // First, because it looks at what the whole process holds.
    Entry {
        name: "state/bytes",
        says: "What a running lease takes in memory, with everything that belongs to it.",
        rows: state::bytes,
    },
    Entry {
        name: "clock/read",
        says: "Reading the clock, which every latency of an open loop includes twice.",
        rows: clock::read,
    },
    Entry {
        name: "match/book",
        says: "A bid in an auction: placed, perhaps repriced or taken back, until the winner is named.",
        rows: matching::book,
    },
    Entry {
        name: "match/habitat",
        says: "An event in one long book of 10,000 bids, where order books of others are at home.",
        rows: matching::long_book,
    },
    Entry {
        name: "match/latency",
        says: "An event of an auction from the time it was due, in an open loop.",
        rows: latency::latency,
    },
    Entry { name: "alloc/bid", says: "What a bid takes of the heap.", rows: alloc::bid },
    Entry {
        name: "bid/logged",
        says: "A bid from bytes through decoding, deciding and recording into a sealed block.",
        rows: bid::logged,
    },
    Entry {
        name: "bid/signed",
        says: "The same with its signature checked, and written into the page cache.",
        rows: signatures::signed,
    },
    Entry {
        name: "bid/bundle16",
        says: "The same, a bid of a bundle: one command and one signature for sixteen of one provider.",
        rows: signatures::bundle16,
    },
    Entry {
        name: "bid/bundle64",
        says: "The same with one signature for sixty-four.",
        rows: signatures::bundle64,
    },
    Entry {
        name: "lease/record",
        says: "A lease into a signed log, beside the bare signature of whoever keeps it.",
        rows: lease::record,
    },
    Entry {
        name: "scale/orders",
        says: "The same with few and with many orders open.",
        rows: bid::orders,
    },
    Entry {
        name: "block/full",
        says: "A block with all that a busy market does at once, kept on disk.",
        rows: block::full,
    },
    Entry {
        name: "block/mixed",
        says: "A block of 10,000 commands of all kinds on a market of 10,000 leases.",
        rows: block::mixed,
    },
    Entry {
        name: "settle/idle",
        says: "A block of 2^20 leases that nobody touches.",
        rows: settlement::idle,
    },
    Entry {
        name: "settle/touch",
        says: "Settling one account of 2^20, adding to it and filing its end anew.",
        rows: settlement::touch,
    },
    Entry {
        name: "settle/withdraw",
        says: "A withdrawal by rule and events, with accounts and leases looked up by id.",
        rows: escrow::withdraw,
    },
    Entry {
        name: "settle/end",
        says: "The end of an account by rule and events: paid, ended, refunded.",
        rows: escrow::ends,
    },
    Entry {
        name: "codec/lease",
        says: "The byte form of a signed lease, written and read.",
        rows: codec::lease,
    },
    Entry {
        name: "log/append",
        says: "Records of 256 to 299 bytes into a log that lasts, so many a commit.",
        rows: log::append,
    },
    Entry {
        name: "log/verify",
        says: "Every hash of a kept log computed again.",
        rows: log::verify,
    },
    Entry {
        name: "replay/records",
        says: "Opening a kept log to go on: everything verified.",
        rows: log::records,
    },
    Entry {
        name: "replay/commands",
        says: "Every command of a log decided again.",
        rows: log::commands,
    },
    Entry {
        name: "sdl/check",
        says: "A manifest from text to groups and version hash.",
        rows: sdl::check,
    },
];

/// The operations that the settings ask for.
///
/// # Errors
///
/// The first name of the filter that is neither an operation nor an area.
pub fn asked(settings: &Settings) -> Result<Vec<Entry>, String> {
    let is_known = |asked: &String| TABLE.iter().any(|entry| is_asked(asked, entry.name));
    match settings.filter.iter().find(|asked| !is_known(asked)) {
        Some(unknown) => Err(unknown.clone()),
        None => Ok(TABLE.iter().copied().filter(|entry| settings.asks_for(entry.name)).collect()),
    }
}

/// The names of all operations.
#[must_use]
pub fn names() -> Vec<&'static str> {
    TABLE.iter().map(|entry| entry.name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_have_an_area() {
        let unique: BTreeSet<&str> = names().into_iter().collect();
        assert_eq!(unique.len(), TABLE.len());
        for entry in TABLE {
            assert_eq!(entry.name.split('/').count(), 2, "{}", entry.name);
            assert!(entry.says.ends_with('.'), "{}", entry.name);
        }
    }

    #[test]
    fn areas_and_operations_can_be_asked_for_and_nothing_else() {
        let asked = |name: &str| {
            let settings = Settings { filter: vec![name.to_owned()], ..Settings::quick() };
            super::asked(&settings).map(|entries| entries.len())
        };
        assert_eq!(asked("clock/read"), Ok(1));
        assert_eq!(asked("clock"), Ok(1));
        assert_eq!(asked("clo"), Err("clo".to_owned()));
        assert_eq!(super::asked(&Settings::quick()).map(|all| all.len()), Ok(TABLE.len()));
    }
}
