//! Little-endian numbers and digests out of bytes, for headers that are checked before they are
//! believed.

use undercut_primitives::Digest;

/// The part of `bytes` of that length at `at`; shorter when there are fewer.
pub(crate) fn part(bytes: &[u8], at: usize, length: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.get(..length).unwrap_or(rest)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    part(bytes, at, 4).first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    part(bytes, at, 8).first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

pub(crate) fn digest_at(bytes: &[u8], at: usize) -> Digest {
    part(bytes, at, 32).first_chunk().map_or(Digest::ZERO, |bytes| Digest::from_bytes(*bytes))
}

/// The first byte from `from` up to `to` that is not zero.
pub(crate) fn first_not_zero(bytes: &[u8], from: usize, to: usize) -> Option<(usize, u8)> {
    let padding = part(bytes, from, to.saturating_sub(from));
    let found = padding.iter().position(|byte| *byte != 0)?;
    Some((from.saturating_add(found), padding.get(found).copied().unwrap_or_default()))
}

/// A length as the format writes it. No machine has more memory than that.
pub(crate) fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A length that fits into memory, or the most that could.
pub(crate) fn to_usize(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
