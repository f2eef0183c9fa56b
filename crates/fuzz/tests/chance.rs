//! The seeds again, and what becomes of them by chance: a second for each target, and a minute when `MAINSTAY_LONG` is set.
//!
//! No coverage guides these; `cargo xtask fuzz` has libFuzzer for that. What it finds becomes a seed, so that it is tried here ever after.

#![allow(clippy::unwrap_used, reason = "a test may end at once where it is surprised")]

use mainstay_fuzz::Target;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What inputs consist of, for mutations that get past the first check.
const WORDS: [&str; 34] = [
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "1e400",
    "\\u0000",
    "\\ud800",
    "room",
    "text",
    "author",
    "==",
    "&&",
    "||",
    ".exists(m, m.user == auth.id)",
    "timestamp('2026-01-01T00:00:00Z')",
    "(",
    ")",
    "\n",
    "...",
    "@skip(if: true)",
    "$room: UUID!",
    "fragment F on Message",
    "{ nodes { id } }",
    "first: 1",
    "\"id\": 1",
    "\"of\": 1",
    "watch",
    "\x00",
];

fn corpus(target: Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target.name())
}

fn seeds(target: Target) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(corpus(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A seed with a few changes.
fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.of(seeds).clone();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(16)).min(bytes.len());
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, random.of(&WORDS).bytes())),
            3 => {
                let repeated = bytes[at..end].repeat(1 + random.below(40));
                drop(bytes.splice(at..at, repeated));
            }
            _ => {
                let other = random.of(seeds);
                let from = random.below(other.len() + 1);
                bytes.splice(at..end, other[from..(from + 32).min(other.len())].iter().copied());
            }
        }
    }
    bytes
}

/// What a stranger sends keeps the program busy for less than this, on a machine that does much else and in a build that is not optimised.
const BOUND: Duration = Duration::from_secs(10);

/// Tries an input, and says which it was when it fails.
fn check(target: Target, bytes: &[u8], origin: &str) {
    let started = Instant::now();
    let ended = catch_unwind(AssertUnwindSafe(|| target.run(bytes)));
    assert!(
        ended.is_ok() && started.elapsed() < BOUND,
        "{} fails with {origin}: {:?}",
        target.name(),
        String::from_utf8_lossy(bytes)
    );
}

fn explore(target: Target) {
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "{} has no seeds", target.name());
    seeds.iter().for_each(|seed| check(target, seed, "a seed"));
    let is_long = std::env::var_os("MAINSTAY_LONG").is_some();
    let until = Instant::now() + Duration::from_secs(if is_long { 60 } else { 1 });
    let start = u64::from(std::process::id());
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ start);
    while Instant::now() < until {
        check(target, &mutated(&seeds, &mut random), &format!("start {start}"));
    }
}

#[test]
fn filters() {
    explore(Target::Filter);
}

#[test]
fn cursors() {
    explore(Target::Cursor);
}

#[test]
fn bodies() {
    explore(Target::Body);
}

#[test]
fn batches() {
    explore(Target::Batch);
}

#[test]
fn contents() {
    explore(Target::Content);
}

#[test]
fn last_event_ids() {
    explore(Target::LastEventId);
}

#[test]
fn documents_of_graphql() {
    explore(Target::Graphql);
}

#[test]
fn messages_of_grpc() {
    explore(Target::Grpc);
}

#[test]
fn what_is_said_on_the_socket() {
    explore(Target::Live);
}

#[test]
fn projects() {
    explore(Target::Project);
}

#[test]
fn all_targets_have_seeds_and_all_seeds_a_target() {
    let mut folders: Vec<String> = std::fs::read_dir(corpus(Target::Filter).parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let mut names = Target::ALL.map(|target| target.name().to_owned());
    names.sort();
    assert_eq!(folders, names);
}
