//! Failed logins: how they are counted when somebody means harm.

use crate::support::{App, PASSWORD, nobody};
use futures::FutureExt;
use futures::future::join_all;
use mainstay_engine::{Caller, Code, Login};
use std::time::Duration;

async fn login_from(app: &App, address: &str, email: &str, password: &str) -> Option<Code> {
    let caller = Caller { address: address.parse().ok(), ..nobody() };
    let login = Login { email: email.to_owned(), password: password.to_owned() };
    app.engine.login(&caller, login).await.err().map(|error| error.code)
}

async fn login(app: &App, email: &str, password: &str) -> Option<Code> {
    login_from(app, "192.0.2.1", email, password).await
}

fn count(outcomes: &[Option<Code>], code: Code) -> usize {
    outcomes.iter().filter(|outcome| **outcome == Some(code)).count()
}

/// The limit of the tests' settings: 3 for an account, 6 for an address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_guesses_that_are_sent_at_once_no_more_are_tried_than_are_free() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    let guesses = (0..40).map(|_| login(&app, "ann@example.org", "wrong horse"));
    let outcomes = join_all(guesses).await;
    assert_eq!(
        (count(&outcomes, Code::InvalidCredentials), count(&outcomes, Code::TooManyFailures)),
        (3, 37)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_guesses_from_one_address_no_more_are_tried_than_are_free() {
    let app = App::chat();
    let emails: Vec<String> = (0..40).map(|number| format!("guess{number}@example.org")).collect();
    let outcomes = join_all(emails.iter().map(|email| login(&app, email, "wrong horse"))).await;
    assert_eq!(
        (count(&outcomes, Code::InvalidCredentials), count(&outcomes, Code::TooManyFailures)),
        (6, 34)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_know_the_password_get_in_at_once() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    let outcomes = join_all((0..40).map(|_| login(&app, "ann@example.org", PASSWORD))).await;
    assert_eq!(outcomes, [None; 40]);
}

#[tokio::test]
async fn a_flood_of_logins_of_one_account_is_turned_away() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    let outcomes = join_all((0..200).map(|_| login(&app, "ann@example.org", PASSWORD))).await;
    let busy = count(&outcomes, Code::Busy);
    assert!(busy > 50, "{busy}");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_none()).count(), 200 - busy);
}

#[tokio::test]
async fn a_guess_that_was_given_up_gives_its_place_to_others() {
    // A password that takes so long that it can be given up meanwhile.
    let app = App::with("[accounts.password]\nmemory_kib = 19456\niterations = 2\n", &[]);
    app.account("ann@example.org", &[]).await;
    for _ in 0..10 {
        assert_eq!(login(&app, "ann@example.org", "wrong horse").now_or_never(), None);
    }
    assert_eq!(login(&app, "ann@example.org", PASSWORD).await, None);
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_address() {
    let app = App::chat();
    for host in 1..=6 {
        let address = format!("2001:db8:1:2::{host}");
        let guess = login_from(&app, &address, &format!("guess{host}@example.org"), "wrong horse").await;
        assert_eq!(guess, Some(Code::InvalidCredentials), "{host}");
    }
    let more = "guess@example.org";
    let same = login_from(&app, "2001:db8:1:2:ffff::9", more, "wrong horse").await;
    let other = login_from(&app, "2001:db8:1:3::1", more, "wrong horse").await;
    assert_eq!((same, other), (Some(Code::TooManyFailures), Some(Code::InvalidCredentials)));
}

#[tokio::test]
async fn a_delay_outlives_a_restart() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    for _ in 0..3 {
        login(&app, "ann@example.org", "wrong horse").await;
    }
    let restarted = app.restarted();
    assert_eq!(login(&restarted, "ann@example.org", PASSWORD).await, Some(Code::TooManyFailures));
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(login(&restarted, "ann@example.org", PASSWORD).await, None);
}

#[tokio::test]
async fn a_clock_that_jumps_back_locks_nobody_out() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    for _ in 0..3 {
        login(&app, "ann@example.org", "wrong horse").await;
    }
    assert_eq!(login(&app, "ann@example.org", PASSWORD).await, Some(Code::TooManyFailures));
    app.clock.set(1_795_249_800_000_000 - 86_400_000_000);
    // One guess, and there is a delay by the clock as it is now.
    assert_eq!(login(&app, "ann@example.org", "wrong horse").await, Some(Code::InvalidCredentials));
    assert_eq!(login(&app, "ann@example.org", PASSWORD).await, Some(Code::TooManyFailures));
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(login(&app, "ann@example.org", PASSWORD).await, None);
}

#[tokio::test]
async fn counts_that_say_nothing_any_more_are_removed() {
    let app = App::chat();
    login(&app, "guess@example.org", "wrong horse").await;
    app.clock.advance(Duration::from_secs(3_600));
    assert_eq!(app.engine.maintain().await.unwrap().sessions, 0);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(
        app.engine.maintain().await.unwrap().sessions,
        2,
        "the count of the account and of the address"
    );
}
