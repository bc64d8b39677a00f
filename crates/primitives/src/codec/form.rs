//! [`Encode`] and [`Decode`], and the bytes they write to and read from.

/// A type whose values can be written in canonical form. Every value takes at least one byte.
pub trait Encode {
    /// How many bytes every value takes, when all take the same. A block of such fields is checked
    /// for room once.
    const FIXED: Option<usize>;

    /// How many bytes this value takes.
    fn byte_length(&self) -> usize;

    /// Writes exactly [`Encode::byte_length`] bytes.
    fn write_to(&self, out: &mut Writer<'_>);

    /// Writes many values one after the other. For bytes, a copy.
    fn write_all(values: &[Self], out: &mut Writer<'_>)
    where
        Self: Sized,
    {
        values.iter().for_each(|value| value.write_to(out));
    }

    /// How many bytes many values take.
    fn length_of_all(values: &[Self]) -> usize
    where
        Self: Sized,
    {
        match Self::FIXED {
            Some(bytes) => bytes.saturating_mul(values.len()),
            None => values.iter().fold(0, |sum, value| sum.saturating_add(value.byte_length())),
        }
    }
}

/// A type whose values can be read from their canonical form.
pub trait Decode: Encode + Sized {
    /// Reads one value off the front.
    ///
    /// # Errors
    ///
    /// [`NoValue`] when the bytes end too early or hold a value that cannot exist. Bytes that make
    /// a value with another canonical form are reported to [`Reader::refuse_form`].
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue>;

    /// Reads `count` values one after the other. For bytes, a copy.
    ///
    /// # Errors
    ///
    /// As [`Decode::read_from`].
    fn read_all(count: usize, from: &mut Reader<'_>) -> Result<alloc::vec::Vec<Self>, NoValue> {
        // A count is a claim: what is set aside for it is bounded before the values are seen.
        const AHEAD_BYTES: usize = 1024 * 1024;
        let ahead = AHEAD_BYTES.checked_div(size_of::<Self>()).unwrap_or_default();
        let mut values = alloc::vec::Vec::with_capacity(count.min(ahead));
        for _ in 0..count {
            values.push(Self::read_from(from)?);
        }
        Ok(values)
    }
}

/// The bytes end too early, or hold a value that cannot exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoValue;

/// Room of exactly the size that a value needs.
#[derive(Debug)]
pub struct Writer<'a> {
    rest: &'a mut [u8],
    is_short: bool,
}

impl<'a> Writer<'a> {
    pub(super) const fn new(room: &'a mut [u8]) -> Self {
        Self { rest: room, is_short: false }
    }

    /// Whether all room was needed, and was enough.
    pub(super) const fn is_full(&self) -> bool {
        self.rest.is_empty() && !self.is_short
    }

    /// Writes a number's bytes.
    #[inline]
    pub fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        match core::mem::take(&mut self.rest).split_first_chunk_mut::<N>() {
            Some((head, rest)) => {
                *head = *bytes;
                self.rest = rest;
            }
            None => self.is_short = true,
        }
    }

    /// Writes bytes as they are.
    #[inline]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        match core::mem::take(&mut self.rest).split_at_mut_checked(bytes.len()) {
            Some((head, rest)) => {
                head.copy_from_slice(bytes);
                self.rest = rest;
            }
            None => self.is_short = true,
        }
    }

    /// The next `bytes` bytes of the room; none when there are fewer.
    #[inline]
    fn cut(&mut self, bytes: usize) -> Self {
        match core::mem::take(&mut self.rest).split_at_mut_checked(bytes) {
            Some((head, rest)) => {
                self.rest = rest;
                Self::new(head)
            }
            None => {
                self.is_short = true;
                Self::new(&mut [])
            }
        }
    }
}

/// Bytes that are being read.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    is_canonical: bool,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, is_canonical: true }
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) const fn is_canonical(&self) -> bool {
        self.is_canonical
    }

    /// Says that what was read has another form that is the canonical one. Reading goes on, so that
    /// bytes that are no value at all are still called that.
    pub const fn refuse_form(&mut self) {
        self.is_canonical = false;
    }

    /// The bytes of a number.
    ///
    /// # Errors
    ///
    /// [`NoValue`] when fewer are left.
    #[inline]
    pub fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], NoValue> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(NoValue)?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    ///
    /// [`NoValue`] when fewer are left.
    #[inline]
    pub fn take_slice(&mut self, count: usize) -> Result<&'a [u8], NoValue> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(NoValue)?;
        self.rest = rest;
        Ok(head)
    }

    /// The length of a list, map or text. As every element takes at least one byte, none is longer
    /// than what is left.
    ///
    /// # Errors
    ///
    /// [`NoValue`] for a length beyond that.
    #[inline]
    pub fn length(&mut self) -> Result<usize, NoValue> {
        let length = u64::from_le_bytes(*self.take()?);
        usize::try_from(length).ok().filter(|length| *length <= self.rest.len()).ok_or(NoValue)
    }

    /// A text, where it lies.
    ///
    /// # Errors
    ///
    /// [`NoValue`] when it is cut off or no UTF-8.
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, NoValue> {
        let length = self.length()?;
        core::str::from_utf8(self.take_slice(length)?).map_err(|_| NoValue)
    }
}

/// The sum of the fields' lengths, when each has one.
#[must_use]
pub const fn sum_of_fixed(mut fields: &[Option<usize>]) -> Option<usize> {
    let mut sum: usize = 0;
    while let [field, rest @ ..] = fields {
        fields = rest;
        sum = match *field {
            Some(bytes) => sum.saturating_add(bytes),
            None => return None,
        };
    }
    Some(sum)
}

/// Writes fields, after one look at the room when they are of fixed length: behind it the compiler
/// knows every place.
#[inline]
pub fn write_block(
    fixed: Option<usize>,
    out: &mut Writer<'_>,
    fields: impl FnOnce(&mut Writer<'_>),
) {
    match fixed {
        Some(bytes) => fields(&mut out.cut(bytes)),
        None => fields(out),
    }
}

/// Reads fields, as [`write_block`] writes them.
///
/// # Errors
///
/// [`NoValue`] of the fields, or when fewer bytes are left than they take.
#[inline]
pub fn read_block<T>(
    fixed: Option<usize>,
    from: &mut Reader<'_>,
    fields: impl FnOnce(&mut Reader<'_>) -> Result<T, NoValue>,
) -> Result<T, NoValue> {
    let Some(bytes) = fixed else { return fields(from) };
    let mut block = Reader::new(from.take_slice(bytes)?);
    // Handed on as it is: to unwrap it would move the value once more.
    let value = fields(&mut block);
    from.is_canonical &= block.is_canonical;
    value
}
