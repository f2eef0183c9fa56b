//! Texts in pieces of a size that their carrier takes.
//!
//! Texts that are told at once are a stream, `length:text` one after the other, and that is cut. A piece begins with who tells it, its number and whether the stream begins
//! with it: `0192…:17:b:`. So small texts share a piece, large ones have several, and after one that was missed one waits for the next beginning.

use std::collections::HashMap;
use uuid::Uuid;

/// The fewest bytes of a piece, whatever a carrier says of itself: its beginning takes some 60.
const MIN_PIECE_BYTES: usize = 256;
/// The most who are remembered. Each connection that tells is somebody else.
const MAX_SENDERS: usize = 1_000;

/// Cuts texts into pieces.
pub(crate) struct Cutter {
    sender: Uuid,
    number: u64,
}

impl Default for Cutter {
    fn default() -> Self {
        Cutter { sender: Uuid::now_v7(), number: 0 }
    }
}

impl Cutter {
    /// The pieces of these texts, of at most so many bytes each.
    pub(crate) fn cut(&mut self, texts: &[String], piece_bytes: usize) -> Vec<String> {
        let piece_bytes = piece_bytes.max(MIN_PIECE_BYTES);
        let stream: String = texts.iter().map(|text| format!("{}:{text}", text.len())).collect();
        let (mut rest, mut pieces) = (stream.as_str(), Vec::new());
        while !rest.is_empty() {
            self.number += 1;
            let mark = if pieces.is_empty() { 'b' } else { 'c' };
            let mut piece = format!("{}:{}:{mark}:", self.sender.simple(), self.number);
            let (part, behind) = rest.split_at(rest.floor_char_boundary(piece_bytes - piece.len()));
            piece.push_str(part);
            pieces.push(piece);
            rest = behind;
        }
        pieces
    }
}

/// Puts pieces together.
#[derive(Default)]
pub(crate) struct Joiner {
    senders: HashMap<Uuid, Sender>,
}

struct Sender {
    number: u64,
    /// What is not yet a whole text; `None` while a beginning is waited for.
    stream: Option<String>,
}

impl Joiner {
    /// The texts that are whole with this piece.
    pub(crate) fn join(&mut self, piece: &str) -> Vec<String> {
        let Some((sender, number, is_begin, part)) = read(piece) else { return Vec::new() };
        if self.senders.len() >= MAX_SENDERS {
            self.senders.clear();
        }
        let known = self.senders.entry(sender).or_insert(Sender { number: 0, stream: None });
        let follows = known.number + 1 == number;
        known.number = number;
        let stream = match (is_begin, &mut known.stream) {
            (true, stream) => stream.insert(String::new()),
            (false, Some(stream)) if follows => stream,
            (false, stream) => {
                *stream = None;
                return Vec::new();
            }
        };
        stream.push_str(part);
        take_whole(stream)
    }
}

fn read(piece: &str) -> Option<(Uuid, u64, bool, &str)> {
    let mut parts = piece.splitn(4, ':');
    let (sender, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((sender, number, parts.next()? == "b", parts.next()?))
}

/// Takes the texts that are there in full.
fn take_whole(stream: &mut String) -> Vec<String> {
    let (mut rest, mut texts) = (stream.as_str(), Vec::new());
    while let Some((length, behind)) = rest.split_once(':') {
        let text = length.parse().ok().and_then(|length: usize| behind.get(..length));
        let Some(text) = text else { break };
        texts.push(text.to_owned());
        rest = &behind[text.len()..];
    }
    *stream = rest.to_owned();
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: usize = 7_900;

    fn texts() -> Vec<String> {
        vec!["a".to_owned(), String::new(), "ä€😀:7:".repeat(3_000), "b:c".to_owned()]
    }

    #[test]
    fn what_is_cut_is_put_together() {
        let (mut cutter, mut joiner) = (Cutter::default(), Joiner::default());
        for _ in 0..2 {
            let pieces = cutter.cut(&texts(), PIECE);
            assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() <= PIECE));
            let joined: Vec<String> = pieces.iter().flat_map(|piece| joiner.join(piece)).collect();
            assert_eq!(joined, texts());
        }
    }

    #[test]
    fn what_was_missed_spoils_nothing_behind_it() {
        let (mut cutter, mut joiner) = (Cutter::default(), Joiner::default());
        let pieces = cutter.cut(&texts(), PIECE);
        let joined: Vec<String> = pieces.iter().skip(1).flat_map(|piece| joiner.join(piece)).collect();
        assert!(joined.is_empty(), "{joined:?}");
        assert_eq!(joiner.join(&pieces[0]), ["a", ""]);
        assert!(pieces.iter().skip(2).flat_map(|piece| joiner.join(piece)).next().is_none());
        assert!(joiner.join("nonsense").is_empty());
        let next = cutter.cut(&["next".to_owned()], PIECE);
        assert_eq!(joiner.join(&next[0]), ["next"]);
    }
}
