//! Filters come from strangers: whatever they write, checking it neither panics nor takes long.
//!
//! A stream of random texts from the language's own fragments, and of mutations of sound ones. `MAINSTAY_FUZZ_CASES` sets how many,
//! `MAINSTAY_FUZZ_SEED` where the stream begins.

mod fixture;

use fixture::{Chat, MESSAGE};
use mainstay_expr::{Context, Frame, Mentioned, Use, Vars, compile, rewrite_filter};
use std::time::{Duration, Instant};

const FRAGMENTS: [&str; 88] = [
    "likes",
    "text",
    "room",
    "author",
    "replies",
    "draft",
    "tags",
    "price",
    "sent",
    "meta",
    "pin",
    "note",
    "kind",
    "auth",
    "request",
    "now",
    "old",
    "new",
    "m",
    "allow",
    "mine",
    "is_owner",
    "chicken",
    "members",
    ".id",
    ".name",
    ".owner",
    ".room",
    ".allow.read",
    ".allow.update",
    ".exists(m, ",
    ".all(m, ",
    ".map(m, ",
    ".filter(m, ",
    ".exists_one(m, ",
    ".startsWith(",
    ".contains(",
    ".matches(",
    ".size()",
    ".lowerAscii()",
    "has(",
    "size(",
    "timestamp(",
    "duration(",
    "decimal(",
    "uuid(",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "?",
    ":",
    "&&",
    "||",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    " in ",
    "0",
    "1",
    "1.5",
    "1u",
    "0x7f",
    "9223372036854775808",
    "1e999",
    "'a'",
    "\"\"\"é\"\"\"",
    "'\\u0000'",
    "b'\\xff'",
    "r'\\'",
    "null",
    "true",
    "false",
    "`",
    "\u{1f600}",
];

const SOUND: [&str; 8] = [
    "likes > 1 && (text.startsWith('a') || price in [1, 2.5])",
    "room.members.exists(m, m.user == auth.id && m.room.owner != null)",
    "replies.all(r, r.replies.exists(s, s.author == r.author))",
    "now - sent < duration('24h') ? draft : !draft",
    "room.allow.read || author.allow.read || mine",
    "has(room.owner) && size(tags) >= 2 && 'x' in tags",
    "kind in ['plain', 'poll'] || title.lowerAscii().contains('é') // x",
    "price == decimal('1.50') && key == '0189c0de-0000-7000-8000-000000000001'",
];

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"): small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

fn case(random: &mut Random) -> String {
    match random.below(4) {
        0 => joined(random),
        1 => repeated(random),
        _ => mutated(random),
    }
}

fn joined(random: &mut Random) -> String {
    (0..random.below(40)).map(|_| random.pick(&FRAGMENTS)).collect::<Vec<_>>().join(random.pick(&["", " "]))
}

fn repeated(random: &mut Random) -> String {
    let (a, b) = (random.pick(&FRAGMENTS), random.pick(&FRAGMENTS));
    let count = random.below(900);
    let middle = random.pick(&SOUND);
    format!("{}{middle}{}", a.repeat(count), b.repeat(random.below(count + 1)))
}

fn mutated(random: &mut Random) -> String {
    let mut text = random.pick(&SOUND).to_owned();
    for _ in 0..=random.below(4) {
        let (a, b) = (place(&text, random), place(&text, random));
        let (start, end) = (a.min(b), a.max(b));
        match random.below(4) {
            0 => text.replace_range(start..end, ""),
            1 => text.insert_str(start, random.pick(&FRAGMENTS)),
            2 => text.replace_range(start..end, random.pick(&FRAGMENTS)),
            _ => text = format!("{}{}", &text[..end], &text[start..]),
        }
    }
    text
}

fn place(text: &str, random: &mut Random) -> usize {
    text.floor_char_boundary(random.below(text.len() + 1))
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Checks a text in every use, and reduces what comes of it; every fault lies within the text.
fn check(source: &str, chat: &Chat) {
    for usage in [Use::Filter, Use::Rule, Use::UpdateRule, Use::Check, Use::Default] {
        match compile(source, Context { model: Some(MESSAGE), usage }, chat) {
            Ok(compiled) => {
                let frame = Frame { vars: Some(&Vars::default()), ..Frame::default() };
                let reduced = compiled.predicate.reduce(&frame);
                assert_eq!(reduced.reduce(&frame), reduced, "not a normal form: {source}");
            }
            Err(faults) => {
                assert!(!faults.is_empty(), "refused without a fault: {source}");
                let marked = faults.iter().all(|fault| source.get(fault.span.clone()).is_some());
                assert!(marked, "a fault outside of the text: {source}: {faults:#?}");
            }
        }
    }
}

/// Says a text in other names: in the same names it is the same text, and in new ones each place that has a name is found.
fn check_rewriting(source: &str, chat: &Chat) {
    let same = rewrite_filter(source, MESSAGE, chat, &|_| Ok(None));
    let context = Context { model: Some(MESSAGE), usage: Use::Filter };
    if compile(source, context, chat).is_ok() {
        assert_eq!(same.as_deref(), Ok(source));
    }
    let renamed = rewrite_filter(source, MESSAGE, chat, &|mentioned| match mentioned {
        Mentioned::Member(_, name) => Ok(Some(format!("the_{name}"))),
        Mentioned::Value(..) | Mentioned::Text(_) => Ok(None),
    });
    if let Ok(renamed) = renamed {
        assert_eq!(renamed.replace("the_", ""), source);
    }
}

#[test]
fn random_texts_are_checked_or_refused() {
    let cases = setting("MAINSTAY_FUZZ_CASES", 20_000);
    let seed = setting("MAINSTAY_FUZZ_SEED", 0x4d61_696e_7374_6179);
    let chat = Chat::new();
    for number in 0..cases {
        let seed = seed.wrapping_add(number);
        let source = case(&mut Random(seed));
        let start = Instant::now();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            check(&source, &chat);
            check_rewriting(&source, &chat);
        }));
        assert!(outcome.is_ok(), "panicked: MAINSTAY_FUZZ_SEED={seed} MAINSTAY_FUZZ_CASES=1, {source:?}");
        assert!(start.elapsed() < Duration::from_secs(5), "slow: MAINSTAY_FUZZ_SEED={seed}, {source:?}");
    }
}

/// Texts that are hard on a parser or a checker, within and beyond the bounds, on a thread with a small stack.
#[test]
fn what_is_hard_on_the_stack_is_refused() {
    let texts = [
        "(".repeat(4_000),
        "[".repeat(4_000),
        "{".repeat(4_000),
        "!".repeat(4_000),
        "-".repeat(4_000) + "1",
        "!-".repeat(2_000) + "1",
        format!("{}true{}", "(".repeat(2_000), ")".repeat(2_000)),
        "a".to_owned() + &".b".repeat(2_000),
        "a".to_owned() + &"[0]".repeat(1_300),
        "a?b:".repeat(1_000) + "c",
        "a?".repeat(1_000) + "b" + &":c".repeat(1_000),
        "a".to_owned() + &"+a".repeat(2_000),
        "a".to_owned() + &"==a".repeat(1_300),
        "a".to_owned() + &".exists(m,m".repeat(300) + &")".repeat(300),
        "a".to_owned() + &"{}".repeat(2_000),
        "f(".repeat(1_000) + &")".repeat(1_000),
        "'".to_owned() + &"\\".repeat(4_000),
        "/".repeat(4_000),
        "`".repeat(4_000),
    ];
    let thread = std::thread::Builder::new().stack_size(768 << 10).spawn(move || {
        let chat = Chat::new();
        for text in &texts {
            let context = Context { model: Some(MESSAGE), usage: Use::Filter };
            assert!(compile(text, context, &chat).is_err(), "{}…", &text[..20]);
        }
    });
    let outcome = thread.expect("a thread can be started").join();
    assert!(outcome.is_ok());
}

/// The deepest texts that pass still fit a small stack.
#[test]
fn the_deepest_that_is_allowed_fits_a_small_stack() {
    let texts = [
        format!("{}draft{}", "(".repeat(23), ")".repeat(23)),
        format!("{}draft{}", "!(".repeat(11), ")".repeat(11)),
        format!("{}draft", "draft ? true : ".repeat(20)),
        format!("likes{} > 1", " + 1".repeat(20)),
        vec!["draft"; 500].join("||"),
        vec!["likes == 1 && draft"; 170].join(" || "),
    ];
    let thread = std::thread::Builder::new().stack_size(768 << 10).spawn(move || {
        let chat = Chat::new();
        for text in &texts {
            let context = Context { model: Some(MESSAGE), usage: Use::Filter };
            assert!(compile(text, context, &chat).is_ok(), "{text}");
        }
    });
    let outcome = thread.expect("a thread can be started").join();
    assert!(outcome.is_ok());
}
