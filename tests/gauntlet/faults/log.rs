//! [`Blocks`]: a log that is known in advance, block by block, to compare what is on a disk with.

use undercut_ledger::log::{Chain, Entry, Head, Seal, checksum};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockHeight, Digest};
use undercut_simulation::Stream;
use undercut_store::{Reading, SharedDisk, StoreError};

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

/// Appends the block that follows in the log of `seed`: the same for everyone who is there.
pub(crate) fn next_block(seed: u64, chain: &mut Chain, bytes_max: u64) -> Vec<u8> {
    let index = chain.seals();
    let mut rng = Stream::new(seed.wrapping_mul(1_000_003).wrapping_add(index), "block");
    let height = BlockHeight::new(index);
    let mut block = Vec::new();
    for _ in 0..rng.between(0, 4) {
        let length = rng.between(0, bytes_max);
        let byte = u8::try_from(rng.between(0, 255)).unwrap_or_default();
        let said = Event::Said(vec![byte; usize::try_from(length).unwrap_or_default()]);
        block.extend(chain.append(height, said).expect("a short event has a byte form").1);
    }
    let state = Digest::from_bytes([u8::try_from(index % 251).unwrap_or_default(); 32]);
    block.extend(chain.seal::<Event>(height, state).expect("a seal has a byte form").1);
    block
}

/// Whole blocks, and the heads after 0, 1, … of them.
#[derive(Debug)]
pub(crate) struct Blocks {
    pub(crate) blocks: Vec<Vec<u8>>,
    pub(crate) heads: Vec<Head>,
}

impl Blocks {
    pub(crate) fn new(seed: u64, count: usize, bytes_max: u64) -> Self {
        let mut chain = Chain::EMPTY;
        let mut log = Self { blocks: Vec::new(), heads: vec![Head::EMPTY] };
        for _ in 0..count {
            log.blocks.push(next_block(seed, &mut chain, bytes_max));
            log.heads.push(chain.head());
        }
        log
    }

    /// How many blocks lead to a head.
    pub(crate) fn until(&self, head: Head) -> Option<usize> {
        self.heads
            .binary_search_by_key(&head.records, |known| known.records)
            .ok()
            .filter(|at| self.heads.get(*at) == Some(&head))
    }

    /// The frames of the first blocks.
    pub(crate) fn bytes(&self, blocks: usize) -> Vec<u8> {
        self.blocks.get(..blocks).unwrap_or(&self.blocks).concat()
    }
}

/// The frames of the log on a disk, verified, up to its watermark.
pub(crate) fn read(disk: &SharedDisk) -> Result<(Vec<u8>, Head), StoreError> {
    let mut bytes = Vec::new();
    let mut reading = Reading::open(disk.clone())?;
    while let Some(record) = reading.next()? {
        let body = record.frame.body;
        bytes.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(checksum(body).to_le_bytes());
        bytes.extend(body);
    }
    Ok((bytes, reading.chain().head()))
}
