//! Trimming the feed.

use super::Open;
use super::world::World;
use crate::{Changes, Position};
use mainstay_expr::Value;

/// Trims until nothing is left to trim.
async fn trim(world: &World, before_micros: i64, max_bytes: u64) -> u64 {
    let mut sum = 0;
    loop {
        match world.store.trim_feed(before_micros, max_bytes).await.unwrap() {
            0 => return sum,
            count => sum += count,
        }
    }
}

async fn samples(world: &World, count: i64) -> Vec<Position> {
    let mut positions = vec![world.position().await];
    for number in 0..count {
        world.made("sample", &[("number", Value::Int(number))]).await;
        positions.push(world.position().await);
    }
    positions
}

async fn is_reset(world: &World, position: Position) -> bool {
    matches!(world.store.changes(position, 10).await.unwrap(), Changes::Reset { .. })
}

pub async fn old_changes_are_trimmed(open: Open) {
    let world = World::open(open);
    let positions = samples(&world, 3).await;
    let third = world.now();
    assert_eq!(trim(&world, i64::MIN, u64::MAX).await, 0);
    assert!(!is_reset(&world, positions[0]).await);
    assert_eq!(trim(&world, third, u64::MAX).await, positions[2].offset);
    assert!(is_reset(&world, positions[1]).await, "a change behind it is gone");
    assert!(!is_reset(&world, positions[2]).await, "all behind it is there");
    assert_eq!(world.changes_after(positions[2]).await.len(), 1);
    assert_eq!(world.position().await, positions[3]);
}

pub async fn a_large_feed_is_trimmed(open: Open) {
    let world = World::open(open);
    let positions = samples(&world, 100).await;
    let trimmed = trim(&world, i64::MIN, 4_096).await;
    assert!((50..100).contains(&trimmed), "{trimmed} of 100 changes trimmed to keep 4 KiB");
    assert_eq!(trim(&world, i64::MIN, 0).await, positions[100].offset - trimmed);
    assert!(is_reset(&world, positions[99]).await);
    assert_eq!(world.changes_after(positions[100]).await, []);
}

pub async fn numbers_go_on_behind_a_trimmed_feed(open: Open) {
    let world = World::open(open);
    let positions = samples(&world, 3).await;
    trim(&world, i64::MIN, 0).await;
    assert_eq!(world.position().await, positions[3]);
    samples(&world, 1).await;
    let changes = world.changes_after(positions[3]).await;
    assert_eq!(changes.len(), 1);
    assert!(changes[0].offset > positions[3].offset);
}

pub async fn a_clock_that_was_ahead_keeps_changes_longer(open: Open) {
    let world = World::open(open);
    let now = world.now();
    samples(&world, 1).await;
    world.set_now(now + 3_600_000_000);
    samples(&world, 1).await;
    world.set_now(now);
    samples(&world, 1).await;
    // The feed has no gaps, so what is behind the one that seems young stays with it; its size is bounded all the same.
    assert_eq!(trim(&world, now + 1_800_000_000, u64::MAX).await, 1);
    assert_eq!(trim(&world, i64::MIN, 0).await, 2);
}
