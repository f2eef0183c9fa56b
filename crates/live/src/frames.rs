//! Whether a client is in the middle of a message. The library tells of messages once they are complete, and keeps what there is of others.

use mainstay_api::Stream as Io;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// A connection whose frames are followed as they are read.
pub(crate) struct Followed {
    stream: Box<dyn Io>,
    frames: Frames,
}

impl Followed {
    /// `read` was read of it already.
    pub(crate) fn new(stream: Box<dyn Io>, read: &[u8]) -> Self {
        let mut frames = Frames::default();
        frames.follow(read);
        Followed { stream, frames }
    }

    /// Since when the client is in the middle of a message.
    pub(crate) fn begun(&self) -> Option<Instant> {
        self.frames.begun
    }

    /// Counts the time anew, after some in which nothing was read.
    pub(crate) fn count_anew(&mut self) {
        self.frames.begun = self.frames.begun.map(|_| Instant::now());
    }
}

/// Where a client is in its frames (RFC 6455, 5.2).
#[derive(Default)]
struct Frames {
    head: [u8; 14],
    /// How many bytes of the head there are.
    known: usize,
    /// How many bytes of the payload are still to come.
    left: u64,
    /// Whether a message goes on in the next frame.
    goes_on: bool,
    begun: Option<Instant>,
}

impl Frames {
    fn follow(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.known < self.head_length() {
                self.head[self.known] = *first;
                self.known += 1;
                self.left = self.payload_length();
                bytes = rest;
            } else {
                let passed = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= passed as u64;
                bytes = &bytes[passed..];
            }
            if self.known == self.head_length() && self.left == 0 {
                self.end_frame();
            }
        }
        if self.known > 0 || self.goes_on {
            self.begun.get_or_insert_with(Instant::now);
        }
    }

    /// Control frames come between those of a message, and change nothing about it.
    fn end_frame(&mut self) {
        let (is_control, is_last) = (self.head[0] & 0x08 != 0, self.head[0] & 0x80 != 0);
        self.goes_on = if is_control { self.goes_on } else { !is_last };
        self.known = 0;
        if !self.goes_on {
            self.begun = None;
        }
    }

    /// How long the head is, as far as it is known.
    fn head_length(&self) -> usize {
        if self.known < 2 {
            return 2;
        }
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        match self.head[1] & 0x7f {
            126 => 4 + mask,
            127 => 10 + mask,
            _ => 2 + mask,
        }
    }

    fn payload_length(&self) -> u64 {
        let extended = |length: usize| {
            self.head[2..2 + length].iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
        };
        match self.head[1] & 0x7f {
            126 => extended(2),
            127 => extended(8),
            length => u64::from(length),
        }
    }
}

impl AsyncRead for Followed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.frames.follow(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Followed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the client is in the middle of a message after these bytes, in whatever pieces they come.
    #[track_caller]
    fn check(bytes: &[u8], expected: bool) {
        for size in [1, 3, bytes.len()] {
            let mut frames = Frames::default();
            bytes.chunks(size).for_each(|piece| frames.follow(piece));
            assert_eq!(frames.begun.is_some(), expected, "{bytes:x?} by {size}");
        }
    }

    #[test]
    fn what_is_not_complete_is_known() {
        let (text, ping) = (*b"\x81\x82\0\0\0\0{}", *b"\x89\x80\0\0\0\0");
        let (begin, end) = (*b"\x01\x81\0\0\0\0{", *b"\x80\x81\0\0\0\0}");
        check(&text, false);
        check(&text[..1], true);
        check(&text[..7], true);
        check(&ping, false);
        check(&ping[..4], true);
        check(&begin, true);
        check(&[&begin[..], &ping].concat(), true);
        check(&[&begin[..], &ping, &end].concat(), false);
        check(&[&text[..], &begin].concat(), true);
        let long = |head: &[u8], length: usize| [head, &[0; 4], &vec![b' '; length]].concat();
        check(&long(b"\x81\xfe\x01\x00", 256), false);
        check(&long(b"\x81\xfe\x01\x00", 255), true);
        check(&long(b"\x82\xff\0\0\0\0\0\x01\0\0", 65_536), false);
        check(&long(b"\x82\xff\0\0\0\0\0\x01\0\0", 65_535), true);
    }
}
