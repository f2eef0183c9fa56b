//! Who is not let in is told so, by kind, and without the password.

use crate::support::{KINDS, open, start, tell_until_heard, try_to_open};
use mainstay_scaleout::wake::Trouble;
use mainstay_services::broker::Setup;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_lets_in_and_another_does_not() {
    for kind in KINDS {
        let server = start(kind, &Setup::default().password("correct"));
        let (one, other) = (open(kind, &server.url()), open(kind, &server.url()));
        assert_eq!(one.check().await, Ok(()));
        let mut heard = other.listen();
        tell_until_heard(one.as_ref(), &mut heard, "in").await;
        let wrong = server.url().replace("correct", "guessed");
        let without = format!("{}{}", &wrong[..wrong.find("://").unwrap() + 3], server.address());
        for url in [&wrong, &without] {
            let trouble = open(kind, url).check().await.unwrap_err();
            assert!(matches!(trouble, Trouble::Refused(_)), "{kind:?}: {trouble:?}");
            assert!(!trouble.to_string().contains("guessed"), "{trouble}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_there_is_no_refusal() {
    for kind in KINDS {
        let mut server = start(kind, &Setup::default().password("correct"));
        server.stop();
        let trouble = open(kind, &server.url()).check().await.unwrap_err();
        assert!(matches!(trouble, Trouble::Unreachable(_)), "{kind:?}: {trouble:?}");
        assert!(!trouble.to_string().contains("correct"), "{trouble}");
        let nonsense = try_to_open(kind, "postgres://ann:correct@localhost").map(drop).unwrap_err();
        assert!(matches!(nonsense, Trouble::BadUrl(_)) && !nonsense.to_string().contains("correct"));
    }
}
