//! How much of the hub's time the watches of a caller may take.
//!
//! All watchers wait for the hub, and a filter that asks about other records makes it ask the store at each change: many such watches, or one that
//! searches among very many records, would hold up the events and the withdrawn rights of everybody else. So what is asked is paid for by
//! those for whom it is asked, and who has nothing left is told and dropped.

use super::Ended;
use super::seat::Seat;
use crate::{Code, Error};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// What a caller's watches have taken of the hub's time lately, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Purse {
    spent_us: AtomicU64,
}

/// How much may be spent at once.
const MAX_SPENT: Duration = Duration::from_millis(500);
/// A caller may take this part of the time, in the long run.
const SHARE: u32 = 4;
/// How long one question may take: rights are withdrawn within a second, also behind it.
const MAX_QUESTION: Duration = Duration::from_millis(300);

impl Purse {
    fn spend(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.spent_us.fetch_add(micros, Ordering::Relaxed);
    }

    fn is_empty(&self) -> bool {
        Duration::from_micros(self.spent_us.load(Ordering::Relaxed)) > MAX_SPENT
    }

    /// Gives back what time has brought. Answers whether all of it is there again.
    pub(super) fn refill(&self, elapsed: Duration) -> bool {
        let micros = u64::try_from((elapsed / SHARE).as_micros()).unwrap_or(u64::MAX);
        let less = |spent: u64| Some(spent.saturating_sub(micros));
        let before = self.spent_us.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        before.is_ok_and(|before| before <= micros)
    }
}

/// Asks something for these watches, which pay for it in equal parts. `None` when there is nobody left to ask it for: who cannot pay, or for whom
/// it takes too long, is ended.
///
/// # Errors
/// What the store failed with, unless it ran out of time.
pub(super) async fn paid<T>(
    seats: Vec<Arc<Seat>>,
    asking: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, Error> {
    let payers: Vec<_> = seats.into_iter().filter(|seat| seat.is_taken() && can_pay(seat)).collect();
    if payers.is_empty() {
        return Ok(None);
    }
    let count = u32::try_from(payers.len()).unwrap_or(u32::MAX);
    let started = Instant::now();
    let asked = timeout(MAX_QUESTION, asking).await;
    let part = started.elapsed() / count;
    payers.iter().for_each(|seat| seat.purse.spend(part));
    match asked {
        Ok(Err(error)) if error.code != Code::QueryTimeout => Err(error),
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(_)) | Err(_) => {
            payers.iter().for_each(|seat| seat.end(Ended::TooCostly));
            Ok(None)
        }
    }
}

fn can_pay(seat: &Seat) -> bool {
    let can_pay = !seat.purse.is_empty();
    if !can_pay {
        seat.end(Ended::TooCostly);
    }
    can_pay
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::watch::seat::Login;
    use std::future::pending;
    use tokio::time::{pause, sleep};

    fn seats(count: usize) -> Vec<Arc<Seat>> {
        (0..count).map(|_| Arc::new(Seat::new(Login::default(), Arc::default()))).collect()
    }

    async fn takes(seats: &[Arc<Seat>], millis: u64) -> Option<()> {
        let asking = async {
            sleep(Duration::from_millis(millis)).await;
            Ok(())
        };
        paid(seats.to_vec(), asking).await.unwrap()
    }

    #[tokio::test]
    async fn who_has_spent_it_all_is_ended_and_can_come_back_later() {
        pause();
        let seats = seats(1);
        for millis in [200, 200, 290] {
            assert!(takes(&seats, millis).await.is_some());
        }
        assert!(takes(&seats, 200).await.is_none());
        assert_eq!(seats[0].ended(), Some(Ended::TooCostly));
        let again = [Arc::new(Seat::new(Login::default(), seats[0].purse.clone()))];
        assert!(!again[0].purse.refill(Duration::from_secs(1)));
        assert!(takes(&again, 1).await.is_some());
        assert!(again[0].purse.refill(Duration::from_secs(4)));
    }

    #[tokio::test]
    async fn many_pay_together_and_only_who_cannot_is_ended() {
        pause();
        let seats = seats(4);
        for _ in 0..6 {
            takes(&seats, 200).await.unwrap();
        }
        takes(&seats[..1], 250).await.unwrap();
        assert!(takes(&seats, 1).await.is_some(), "for the other three");
        let ended: Vec<_> = seats.iter().map(|seat| seat.ended().is_some()).collect();
        assert_eq!(ended, [true, false, false, false]);
    }

    #[tokio::test]
    async fn a_question_that_takes_too_long_ends_those_for_whom_it_is_asked() {
        pause();
        let seats = seats(2);
        assert!(paid(seats.clone(), pending::<Result<(), Error>>()).await.unwrap().is_none());
        let slow = async { Err::<(), _>(Error::new(Code::QueryTimeout, "")) };
        let others = [Arc::new(Seat::new(Login::default(), Arc::default()))];
        assert!(paid(others.to_vec(), slow).await.unwrap().is_none());
        let failed = async { Err::<(), _>(Error::new(Code::Busy, "")) };
        let third = [Arc::new(Seat::new(Login::default(), Arc::default()))];
        assert_eq!(paid(third.to_vec(), failed).await.unwrap_err().code, Code::Busy);
        let ended = |seats: &[Arc<Seat>]| seats.iter().map(|seat| seat.ended()).collect::<Vec<_>>();
        assert_eq!(ended(&seats), [Some(Ended::TooCostly); 2]);
        assert_eq!((ended(&others), ended(&third)), (vec![Some(Ended::TooCostly)], vec![None]));
    }
}
