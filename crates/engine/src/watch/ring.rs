//! The frames that wait for the watchers of a class.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// The last frames of a class. Each watcher knows the number of the first one that it has not taken.
#[derive(Debug)]
pub(super) struct Ring {
    frames: VecDeque<Bytes>,
    /// The number of the first frame that is kept.
    first: u64,
    bytes: usize,
    max_bytes: usize,
    /// What was put together lately. Watchers are mostly at the same place, so they want the same.
    merged: VecDeque<Merged>,
}

#[derive(Debug)]
struct Merged {
    from: u64,
    to: u64,
    bytes: Bytes,
}

/// What a watcher gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nothing waits.
    Nothing,
    /// Frames, to be written in one go.
    Frames(Bytes),
    /// Frames were dropped that the watcher has not taken.
    Lost,
}

/// What a frame costs beside its bytes, so that many small ones are bounded too.
const FRAME_OVERHEAD: usize = 64;
/// The most that is put together into one write. Four times as much gains nothing, and each socket that was busy holds as much.
const MERGE_BYTES: usize = 16 << 10;
/// How many writes are remembered.
const MERGED: usize = 4;

impl Ring {
    pub(super) fn new(max_bytes: usize) -> Self {
        Ring { frames: VecDeque::new(), first: 0, bytes: 0, max_bytes, merged: VecDeque::new() }
    }

    /// The number of the next frame.
    pub(super) fn end(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    /// Adds a frame. The oldest ones make room; the new one is always kept.
    pub(super) fn push(&mut self, frame: Bytes) {
        self.bytes += frame.len() + FRAME_OVERHEAD;
        self.frames.push_back(frame);
        while self.bytes > self.max_bytes && self.frames.len() > 1 {
            self.drop_first();
        }
    }

    /// Forgets the frames before this number, which everybody has taken.
    pub(super) fn forget(&mut self, before: u64) {
        while self.first < before && !self.frames.is_empty() {
            self.drop_first();
        }
        self.merged.retain(|merged| merged.to > before);
    }

    fn drop_first(&mut self) {
        if let Some(frame) = self.frames.pop_front() {
            self.bytes -= frame.len() + FRAME_OVERHEAD;
            self.first += 1;
        }
    }

    /// How many bytes are kept, with what frames cost beside theirs.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many frames are kept.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether frames from `next` on were dropped.
    pub(super) fn has_lost(&self, next: u64) -> bool {
        next < self.first
    }

    /// Takes what waits from `next` on, as much as goes into one write, and moves `next` behind it.
    pub(super) fn take(&mut self, next: &mut u64) -> Taken {
        if self.has_lost(*next) {
            return Taken::Lost;
        }
        if *next >= self.end() {
            return Taken::Nothing;
        }
        let from = *next;
        *next = self.write_end(from);
        Taken::Frames(self.merge(from, *next))
    }

    /// The number behind the last frame that goes into one write with those from `from` on.
    fn write_end(&self, from: u64) -> u64 {
        let mut bytes = 0;
        let waiting = self.frames.iter().skip((from - self.first) as usize);
        let fits = waiting.take_while(|frame| {
            bytes += frame.len();
            bytes <= MERGE_BYTES
        });
        from + (fits.count() as u64).max(1)
    }

    fn merge(&mut self, from: u64, to: u64) -> Bytes {
        let start = (from - self.first) as usize;
        if to - from == 1 {
            return self.frames[start].clone();
        }
        if let Some(merged) = self.merged.iter().find(|merged| merged.from == from && merged.to == to) {
            return merged.bytes.clone();
        }
        let frames = self.frames.range(start..start + (to - from) as usize);
        let mut bytes = BytesMut::with_capacity(frames.clone().map(Bytes::len).sum());
        frames.for_each(|frame| bytes.extend_from_slice(frame));
        let bytes = bytes.freeze();
        if self.merged.len() == MERGED {
            self.merged.pop_front();
        }
        self.merged.push_back(Merged { from, to, bytes: bytes.clone() });
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(frames: &[&'static str], max_bytes: usize) -> Ring {
        let mut ring = Ring::new(max_bytes);
        frames.iter().for_each(|frame| ring.push(Bytes::from_static(frame.as_bytes())));
        ring
    }

    fn check(ring: &mut Ring, mut next: u64, expected: &Taken, expected_next: u64) {
        assert_eq!((&ring.take(&mut next), next), (expected, expected_next));
    }

    fn frames(bytes: &'static str) -> Taken {
        Taken::Frames(Bytes::from_static(bytes.as_bytes()))
    }

    #[test]
    fn what_waits_is_taken_in_one_go() {
        let mut ring = ring(&["a", "b", "c"], 1_000);
        check(&mut ring, 0, &frames("abc"), 3);
        check(&mut ring, 1, &frames("bc"), 3);
        check(&mut ring, 2, &frames("c"), 3);
        check(&mut ring, 3, &Taken::Nothing, 3);
        ring.push(Bytes::from_static(b"d"));
        check(&mut ring, 0, &frames("abcd"), 4);
        check(&mut ring, 3, &frames("d"), 4);
    }

    #[test]
    fn those_at_the_same_place_share_the_bytes() {
        let mut ring = ring(&["a", "b"], 1_000);
        let mut take = || match ring.take(&mut 0) {
            Taken::Frames(bytes) => bytes.as_ptr(),
            other => panic!("{other:?}"),
        };
        assert_eq!(take(), take());
    }

    #[test]
    fn who_falls_behind_the_bound_has_lost() {
        let mut ring = ring(&["a", "b", "c"], 2 * (FRAME_OVERHEAD + 1));
        check(&mut ring, 0, &Taken::Lost, 0);
        check(&mut ring, 1, &frames("bc"), 3);
        // A single frame is kept, however large.
        ring.push(Bytes::from(vec![b'x'; 1_000]));
        check(&mut ring, 2, &Taken::Lost, 2);
        let mut next = 3;
        assert!(matches!(ring.take(&mut next), Taken::Frames(bytes) if bytes.len() == 1_000));
    }

    #[test]
    fn a_write_has_a_bound() {
        let mut ring = Ring::new(1 << 20);
        (0..3).for_each(|_| ring.push(Bytes::from(vec![b'x'; MERGE_BYTES / 2])));
        let mut next = 0;
        assert!(matches!(ring.take(&mut next), Taken::Frames(bytes) if bytes.len() == MERGE_BYTES));
        assert_eq!(next, 2);
        ring.push(Bytes::from(vec![b'x'; 2 * MERGE_BYTES]));
        ring.take(&mut next);
        assert!(matches!(ring.take(&mut next), Taken::Frames(bytes) if bytes.len() == 2 * MERGE_BYTES));
        assert_eq!(next, 4);
    }

    #[test]
    fn what_everybody_has_is_forgotten() {
        let mut ring = ring(&["a", "b", "c"], 1_000);
        ring.forget(2);
        assert_eq!((ring.len(), ring.end()), (1, 3));
        check(&mut ring, 2, &frames("c"), 3);
        ring.forget(9);
        assert_eq!((ring.len(), ring.end(), ring.bytes), (0, 3, 0));
        check(&mut ring, 3, &Taken::Nothing, 3);
    }
}
