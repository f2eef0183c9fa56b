//! The binary form of messages (protobuf.dev, "Encoding"): numbers of fields with their values, one after the other.

use std::str;

/// Appends a number in the form that is shorter for small ones.
pub fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number as u8) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends an integer of 64 bits.
pub fn int(number: u32, value: i64, out: &mut Vec<u8>) {
    key(number, VARINT, out);
    varint(value.cast_unsigned(), out);
}

/// Appends a truth value.
pub fn bool(number: u32, value: bool, out: &mut Vec<u8>) {
    int(number, value.into(), out);
}

/// Appends a double.
pub fn double(number: u32, value: f64, out: &mut Vec<u8>) {
    key(number, FIXED_64, out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends bytes.
pub fn bytes(number: u32, value: &[u8], out: &mut Vec<u8>) {
    key(number, LENGTH, out);
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// Appends a text.
pub fn text(number: u32, value: &str, out: &mut Vec<u8>) {
    bytes(number, value.as_bytes(), out);
}

/// Appends a text unless it is empty, which is what one that is not there means.
pub fn some_text(number: u32, value: &str, out: &mut Vec<u8>) {
    if !value.is_empty() {
        text(number, value, out);
    }
}

/// Appends a message, or whatever else has its length in front.
pub fn nested(number: u32, out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    key(number, LENGTH, out);
    out.push(0);
    let start = out.len();
    content(out);
    let length = out.len() - start;
    if length < 0x80 {
        out[start - 1] = length as u8;
        return;
    }
    // Most messages are short, so that there is room for their length already; this one moves.
    let mut prefix = Vec::with_capacity(5);
    varint(length as u64, &mut prefix);
    out.splice(start - 1..start, prefix);
}

fn key(number: u32, wire_type: u32, out: &mut Vec<u8>) {
    varint(u64::from(number << 3 | wire_type), out);
}

const VARINT: u32 = 0;
const FIXED_64: u32 = 1;
const LENGTH: u32 = 2;
const FIXED_32: u32 = 5;

/// Bytes that are not the message which they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// A value as it stands in a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wire<'a> {
    /// An integer or truth value.
    Varint(u64),
    /// A double.
    Fixed64(u64),
    /// A text, bytes, a message, or several numbers in one piece.
    Bytes(&'a [u8]),
    /// Nothing here has this form.
    Fixed32(u32),
}

impl<'a> Wire<'a> {
    /// The integer.
    ///
    /// # Errors
    /// When it is something else; so do the others.
    pub fn int(self) -> Result<i64, Malformed> {
        if let Wire::Varint(value) = self { Ok(value.cast_signed()) } else { Err(Malformed) }
    }

    /// The truth value.
    ///
    /// # Errors
    /// As [`Wire::int`].
    pub fn bool(self) -> Result<bool, Malformed> {
        self.int().map(|value| value != 0)
    }

    /// The double.
    ///
    /// # Errors
    /// As [`Wire::int`].
    pub fn double(self) -> Result<f64, Malformed> {
        if let Wire::Fixed64(bits) = self { Ok(f64::from_bits(bits)) } else { Err(Malformed) }
    }

    /// The bytes, which may be a message.
    ///
    /// # Errors
    /// As [`Wire::int`].
    pub fn bytes(self) -> Result<&'a [u8], Malformed> {
        if let Wire::Bytes(bytes) = self { Ok(bytes) } else { Err(Malformed) }
    }

    /// The text.
    ///
    /// # Errors
    /// As [`Wire::int`], and for what is not UTF-8.
    pub fn text(self) -> Result<&'a str, Malformed> {
        str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }
}

/// Reads a message field by field.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// The numbers that stand in one piece behind each other.
    ///
    /// # Errors
    /// When they are cut off.
    pub fn packed(mut self, doubles: bool) -> Result<Vec<Wire<'a>>, Malformed> {
        let mut values = Vec::new();
        while !self.rest.is_empty() {
            values.push(if doubles { self.fixed_64()? } else { Wire::Varint(self.varint()?) });
        }
        Ok(values)
    }

    fn field(&mut self) -> Result<(u32, Wire<'a>), Malformed> {
        let key = u32::try_from(self.varint()?).map_err(|_| Malformed)?;
        let wire = match key & 7 {
            VARINT => Wire::Varint(self.varint()?),
            FIXED_64 => self.fixed_64()?,
            LENGTH => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Wire::Bytes(self.take(length)?)
            }
            FIXED_32 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            // Groups were given up before proto3.
            _ => return Err(Malformed),
        };
        if key >> 3 == 0 { Err(Malformed) } else { Ok((key >> 3, wire)) }
    }

    fn fixed_64(&mut self) -> Result<Wire<'a>, Malformed> {
        Ok(Wire::Fixed64(u64::from_le_bytes(self.array()?)))
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f).checked_shl(index as u32 * 7).unwrap_or_default();
            if byte & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<(u32, Wire<'a>), Malformed>;

    /// The next field. Nothing is read behind what is malformed.
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut out = Vec::new();
        int(1, -1, &mut out);
        double(2, 0.5, &mut out);
        nested(3, &mut out, |out| text(1, &"x".repeat(300), out));
        bool(1000, true, &mut out);
        let fields: Vec<_> = Reader::new(&out).collect::<Result<_, _>>().unwrap();
        assert_eq!(fields[0], (1, Wire::Varint(u64::MAX)));
        assert_eq!(fields[1].1.double(), Ok(0.5));
        let inner: Vec<_> = Reader::new(fields[2].1.bytes().unwrap()).collect::<Result<_, _>>().unwrap();
        assert_eq!(inner[0].1.text(), Ok("x".repeat(300).as_str()));
        assert_eq!(fields[3], (1000, Wire::Varint(1)));
    }

    #[test]
    fn what_is_cut_off_or_is_none_is_malformed() {
        let check = |bytes: &[u8]| {
            assert_eq!(Reader::new(bytes).next(), Some(Err(Malformed)), "{bytes:?}");
        };
        check(&[0x08]);
        check(&[0x08, 0x80]);
        check(&[0x0a, 0x05, b'a']);
        check(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        check(&[0x00, 0x01]);
        check(&[0x0b]);
        check(&[0xff; 11]);
    }
}
