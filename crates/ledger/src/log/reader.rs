//! [`Reader`]: records out of bytes, verified and decoded.

use core::marker::PhantomData;

use super::{Chain, Entry, Head, LogBroken, Record, next_frame};

/// Reads and verifies the records of a log in bytes, one after the other.
///
/// Ends with the first [`LogBroken`]; everything before it is verified, up to the last seal against
/// everything. Never reads beyond the bytes, and allocates no more than one record.
#[derive(Clone, Debug)]
pub struct Reader<'a, E> {
    rest: &'a [u8],
    offset: u64,
    chain: Chain,
    /// The chain's, as of the last record that was handed out.
    head: Head,
    has_ended: bool,
    event: PhantomData<E>,
}

impl<'a, E: Entry> Reader<'a, E> {
    /// A reader at the start of a log.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::at(Chain::EMPTY, bytes)
    }

    /// A reader of what comes after `chain`.
    #[must_use]
    pub fn at(chain: Chain, bytes: &'a [u8]) -> Self {
        let head = chain.head();
        Self { rest: bytes, offset: 0, chain, head, has_ended: false, event: PhantomData }
    }

    /// The head after the records read so far.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Where the log stands after the records read so far; of no use after a failure.
    #[must_use]
    pub const fn reached(&self) -> &Chain {
        &self.chain
    }

    /// Where the next record starts, in bytes from where the reader started.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    fn record(&mut self) -> Result<Option<Record<E>>, LogBroken> {
        let (offset, sequence) = (self.offset, self.head.records);
        let frame = next_frame(self.rest);
        let frame = frame.map_err(|source| LogBroken::Frame { offset, sequence, source })?;
        let Some((frame, used)) = frame else {
            if self.chain.is_between_blocks() {
                return Ok(None);
            }
            let records = self.chain.open_records();
            return Err(LogBroken::Unsealed { offset, sequence, records });
        };
        let hash = frame.hash();
        let accepted = self.chain.accept(&frame, hash);
        accepted.map_err(|source| LogBroken::Unfit { offset, sequence, source })?;
        let event = frame.event();
        let event = event.map_err(|source| LogBroken::Event { offset, sequence, source })?;
        self.rest = self.rest.get(used..).unwrap_or_default();
        self.offset = offset.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        self.head = self.chain.head();
        Ok(Some(Record { sequence, height: frame.height, event, hash }))
    }
}

impl<E: Entry> Iterator for Reader<'_, E> {
    type Item = Result<Record<E>, LogBroken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let record = self.record().transpose();
        self.has_ended = !matches!(record, Some(Ok(_)));
        record
    }
}
