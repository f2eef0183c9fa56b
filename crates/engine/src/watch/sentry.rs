//! Looking again at who watches: tokens end, sessions are ended, roles are taken.

use super::Ended;
use super::seat::Seat;
use crate::{Code, Engine};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use uuid::Uuid;

/// How often. What is withdrawn ends a watch within a second, so this leaves room for being late.
const EVERY: Duration = Duration::from_millis(400);
/// How often in a row a token may not be checked before its watches end.
const MAX_FAILURES: u32 = 2;

/// Looks at everybody's token, for ever.
pub(super) async fn look_again(engine: &Engine) {
    let (mut failures, mut socket_failures) = (HashMap::new(), HashMap::new());
    loop {
        sleep(EVERY).await;
        look(engine, engine.hub().lobby.seats(), &mut failures).await;
        look_at_sockets(engine, &mut socket_failures).await;
    }
}

/// Looks at the tokens of an account that has just changed.
pub(super) async fn look_at(engine: &Engine, user: Uuid) {
    let mut seats = engine.hub().lobby.seats();
    seats.retain(|seat| seat.user() == Some(user));
    look(engine, seats, &mut HashMap::new()).await;
}

/// Looks at each token once, however many watch with it.
async fn look(engine: &Engine, seats: Vec<Arc<Seat>>, failures: &mut HashMap<Arc<str>, u32>) {
    let by_token = by_token(seats);
    failures.retain(|token, _| by_token.contains_key(token));
    for (token, seats) in by_token {
        let ended = verdict(engine, &token, failures).await;
        // One that goes on with another token meanwhile is looked at the next time.
        let seats = seats.iter().map(|seat| (seat, seat.login()));
        let seats = seats.filter(|(_, login)| login.token.as_ref() == Some(&token));
        match ended {
            Ok(identity) => {
                let other = seats.filter(|(_, login)| login.identity.as_ref() != Some(&identity));
                other.for_each(|(seat, _)| seat.end(Ended::RightsChanged));
            }
            Err(Some(reason)) => seats.for_each(|(seat, _)| seat.end(reason)),
            Err(None) => {}
        }
    }
}

/// Ends the sockets whose tokens do not count any more. What other roles mean to what is watched over them is seen there.
async fn look_at_sockets(engine: &Engine, failures: &mut HashMap<Arc<str>, u32>) {
    let by_token = by_token(engine.hub().sockets.seats());
    failures.retain(|token, _| by_token.contains_key(token));
    for (token, seats) in by_token {
        if let Err(Some(reason)) = verdict(engine, &token, failures).await {
            let of_token = seats.iter().filter(|seat| seat.login().token.as_ref() == Some(&token));
            of_token.for_each(|seat| seat.end(reason));
        }
    }
}

fn by_token(seats: Vec<Arc<Seat>>) -> HashMap<Arc<str>, Vec<Arc<Seat>>> {
    let mut by_token: HashMap<Arc<str>, Vec<Arc<Seat>>> = HashMap::new();
    for seat in seats {
        if let Some(token) = seat.login().token {
            by_token.entry(token).or_default().push(seat);
        }
    }
    by_token
}

/// The account behind a token, or why its watches end; `Err(None)` while that is not known.
async fn verdict(
    engine: &Engine,
    token: &Arc<str>,
    failures: &mut HashMap<Arc<str>, u32>,
) -> Result<Arc<crate::Identity>, Option<Ended>> {
    match engine.authenticate(token).await {
        Ok(identity) => {
            failures.remove(token);
            Ok(identity)
        }
        Err(error) if error.code == Code::InvalidToken => Err(Some(Ended::Unauthenticated)),
        Err(_) => {
            let count = failures.entry(token.clone()).or_default();
            *count += 1;
            Err((*count >= MAX_FAILURES).then_some(Ended::Unavailable))
        }
    }
}
