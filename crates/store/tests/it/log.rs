//! A small log to write and to compare with.

use std::sync::Arc;

use undercut_ledger::log::{Chain, Entry, Head, Seal};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockHeight, Digest};
use undercut_store::{Options, Reading, SharedDisk, SimulatedDisk, StoreError};

/// Something that happens in a log that is no market's.
#[derive(Clone, Debug, PartialEq, Eq, Canonical)]
pub(crate) enum Event {
    Said(Vec<u8>),
    Sealed(Seal),
}

impl Entry for Event {
    fn from_seal(seal: Seal) -> Self {
        Self::Sealed(seal)
    }

    fn as_seal(&self) -> Option<&Seal> {
        match self {
            Self::Sealed(seal) => Some(seal),
            Self::Said(_) => None,
        }
    }
}

/// Whole blocks, each with the head after it.
pub(crate) struct Blocks {
    pub(crate) blocks: Vec<Vec<u8>>,
    pub(crate) heads: Vec<Head>,
    pub(crate) chains: Vec<Chain>,
}

impl Blocks {
    /// The heads after 0, 1, … blocks.
    pub(crate) fn new(count: usize) -> Self {
        let mut chain = Chain::EMPTY;
        let mut made =
            Self { blocks: Vec::new(), heads: vec![Head::EMPTY], chains: vec![Chain::EMPTY] };
        for number in 0..count {
            let height = BlockHeight::new(u64::try_from(number).unwrap());
            let mut block = Vec::new();
            for event in 0..number % 4 {
                let said = Event::Said(vec![u8::try_from(number).unwrap(); 40 * event]);
                block.extend(chain.append(height, said).unwrap().1);
            }
            block.extend(chain.seal::<Event>(height, Digest::ZERO).unwrap().1);
            made.blocks.push(block);
            made.heads.push(chain.head());
            made.chains.push(chain.clone());
        }
        made
    }

    /// How many blocks lead to a head.
    pub(crate) fn until(&self, head: Head) -> Option<usize> {
        self.heads.iter().position(|known| *known == head)
    }

    pub(crate) fn bytes(&self, blocks: usize) -> Vec<u8> {
        self.blocks[..blocks].concat()
    }
}

pub(crate) fn shared(disk: &SimulatedDisk) -> SharedDisk {
    Arc::new(disk.clone())
}

/// Segments of a few blocks.
pub(crate) fn options() -> Options {
    Options::small(14_000)
}

/// The frames of a log, verified, and how it ended.
pub(crate) fn read(disk: &SimulatedDisk) -> (Vec<u8>, Result<Head, StoreError>) {
    let mut bytes = Vec::new();
    let mut reading = match Reading::open(shared(disk)) {
        Ok(reading) => reading,
        Err(error) => return (bytes, Err(error)),
    };
    loop {
        match reading.next() {
            Ok(Some(record)) => {
                let body = record.frame.body;
                bytes.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
                bytes.extend(undercut_ledger::log::checksum(body).to_le_bytes());
                bytes.extend(body);
            }
            Ok(None) => return (bytes, Ok(reading.chain().head())),
            Err(error) => return (bytes, Err(error)),
        }
    }
}
