//! What makes bodies smaller: the codings zstd (RFC 8878), brotli (RFC 7932) and gzip (RFC 1952).

use crate::Accept;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::io::{self, Read, Write};

/// A coding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// zstd.
    Zstd,
    /// brotli.
    Brotli,
    /// gzip.
    Gzip,
}

/// Why a body could not be expanded.
#[derive(Debug, PartialEq, Eq)]
pub enum Expanding {
    /// It is larger than it may be. No more of it was expanded.
    TooLarge,
    /// It is broken.
    Broken(String),
}

/// Of those that a client likes alike, the first is taken.
const ALL: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

/// The levels at which an answer is there soon: a megabyte of records took zstd 2 ms, gzip 16 and brotli 23, and became a seventh.
const ZSTD_LEVEL: i32 = 3;
const BROTLI_LEVEL: i32 = 4;
const GZIP_LEVEL: u32 = 5;
/// As 2 to the power of this, the most of what it has seen that the compressor looks back on.
const BROTLI_WINDOW: i32 = 20;
/// The same where something is expanded: what RFC 9659 lets zstd have on the web, 8 MiB.
const ZSTD_WINDOW: u32 = 23;
const BUFFER_BYTES: usize = 4 << 10;

impl Coding {
    /// Its name in `Content-Encoding`.
    pub fn as_str(self) -> &'static str {
        match self {
            Coding::Zstd => "zstd",
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
        }
    }

    /// The coding with this name, in any case. `x-gzip` is an old name of gzip (RFC 9110, 8.4.1.3).
    pub fn of(name: &str) -> Option<Self> {
        let is_old = name.eq_ignore_ascii_case("x-gzip");
        ALL.into_iter()
            .find(|coding| coding.as_str().eq_ignore_ascii_case(name))
            .or(is_old.then_some(Coding::Gzip))
    }

    /// The coding that a client likes best, by its `Accept-Encoding`; `None` where it likes the body better as it is.
    pub fn liked(accept: &Accept<'_>) -> Option<Self> {
        let weight = |coding: &Coding| accept.coding(coding.as_str());
        let best =
            ALL.iter().rev().max_by_key(|coding| weight(coding)).filter(|coding| weight(coding) > 0)?;
        (weight(best) >= accept.named("identity")).then_some(*best)
    }

    /// Makes a body smaller.
    ///
    /// # Errors
    /// What the compressor failed with, as when there is no memory.
    pub fn compress(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Coding::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL),
            Coding::Brotli => {
                let params = brotli::enc::BrotliEncoderParams {
                    quality: BROTLI_LEVEL,
                    lgwin: BROTLI_WINDOW,
                    size_hint: bytes.len(),
                    ..Default::default()
                };
                let mut out = Vec::new();
                brotli::BrotliCompress(&mut &*bytes, &mut out, &params).map(|_| out)
            }
            Coding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
                encoder.write_all(bytes)?;
                encoder.finish()
            }
        }
    }

    /// Makes a body as large as it was, up to `limit` bytes: one that would become larger is given up there.
    ///
    /// # Errors
    /// [`Expanding`].
    pub fn expand(self, bytes: &[u8], limit: usize) -> Result<Vec<u8>, Expanding> {
        match self {
            Coding::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(bytes).map_err(broken)?;
                decoder.window_log_max(ZSTD_WINDOW).map_err(broken)?;
                read(decoder, limit)
            }
            Coding::Brotli => expand_brotli(bytes, limit),
            Coding::Gzip => read(MultiGzDecoder::new(bytes), limit),
        }
    }
}

/// The decoder tells of bytes behind the end only when it is asked for more, and not at all where it has not fetched them.
fn expand_brotli(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Expanding> {
    let mut decoder = brotli::Decompressor::new(bytes, BUFFER_BYTES);
    let out = read(&mut decoder, limit)?;
    let is_end = decoder.read(&mut [0]).is_ok_and(|count| count == 0) && decoder.get_ref().is_empty();
    if is_end { Ok(out) } else { Err(Expanding::Broken("something follows its end".to_owned())) }
}

fn read(decoder: impl Read, limit: usize) -> Result<Vec<u8>, Expanding> {
    let mut out = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(most).read_to_end(&mut out).map_err(broken)?;
    if out.len() > limit { Err(Expanding::TooLarge) } else { Ok(out) }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn broken(error: io::Error) -> Expanding {
    Expanding::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_coding_that_is_liked_best_is_chosen() {
        let check = |accept: &str, expected: Option<&str>| {
            let liked = Coding::liked(&Accept::new([accept].into_iter()));
            assert_eq!(liked.map(Coding::as_str), expected, "{accept}");
        };
        check("gzip, deflate, br, zstd", Some("zstd"));
        check("gzip, deflate, br", Some("br"));
        check("gzip", Some("gzip"));
        check("GZIP;q=0.5, br;q=0.1", Some("gzip"));
        check("*", Some("zstd"));
        check("zstd;q=0, *", Some("br"));
        check("deflate", None);
        check("", None);
        check("identity", None);
        check("gzip;q=0", None);
        check("identity, gzip;q=0.5", None);
        check("identity;q=0.2, gzip;q=0.5", Some("gzip"));
        check("*;q=0", None);
    }

    #[test]
    fn what_was_compressed_is_expanded_again() {
        for coding in ALL {
            for text in [String::new(), "a".to_owned(), "0123456789".repeat(10_000)] {
                let small = coding.compress(text.as_bytes()).unwrap();
                assert!(text.len() < 100 || small.len() < text.len() / 10, "{coding:?}");
                assert_eq!(coding.expand(&small, text.len()).unwrap(), text.as_bytes(), "{coding:?}");
                assert_eq!(Coding::of(&coding.as_str().to_uppercase()), Some(coding));
            }
        }
        assert_eq!((Coding::of("x-gzip"), Coding::of("deflate")), (Some(Coding::Gzip), None));
    }

    #[test]
    fn a_bomb_is_given_up_at_the_limit() {
        for coding in ALL {
            let bomb = coding.compress(&vec![0; 64 << 20]).unwrap();
            assert!(bomb.len() < 100_000, "{coding:?}: {}", bomb.len());
            assert_eq!(coding.expand(&bomb, 1_000), Err(Expanding::TooLarge), "{coding:?}");
        }
    }

    #[test]
    fn what_is_broken_is_refused() {
        for coding in ALL {
            let small = coding.compress(&[7; 1_000]).unwrap();
            let cut = &small[..small.len() - 1];
            let (longer, longest) = ([&small[..], b"x"].concat(), [&small[..], &[7; 10_000]].concat());
            for bytes in [b"no such thing".as_slice(), cut, b"\xff", &longer, &longest] {
                let expanded = coding.expand(bytes, 10_000);
                assert!(matches!(expanded, Err(Expanding::Broken(_))), "{coding:?} {bytes:?}: {expanded:?}");
            }
        }
    }
}
