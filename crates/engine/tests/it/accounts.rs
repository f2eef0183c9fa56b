use crate::support::{App, PASSWORD, code, nobody, user_id};
use mainstay_engine::{Code, Input, NewUser, PasswordChange, Tokens};
use mainstay_testkit::{Call, Fault, Faults};
use serde_json::json;
use std::time::Duration;

fn outcome(result: Result<Tokens, mainstay_engine::Error>) -> Result<(), Code> {
    result.map(drop).map_err(|error| error.code)
}

#[tokio::test]
async fn an_address_is_compared_without_regard_to_case() {
    let app = App::chat();
    app.account("Ann@Example.org", &[]).await;
    assert_eq!(outcome(app.login(" ann@example.ORG ", PASSWORD).await), Ok(()));
    let input = Input::default();
    let again = NewUser { email: "ANN@example.org".to_owned(), password: PASSWORD.to_owned(), input };
    assert_eq!(code(app.engine.register(&nobody(), again).await), Code::UniqueConflict);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answer() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    let wrong = app.login("ann@example.org", "wrong horse").await.err().unwrap();
    let unknown = app.login("eve@example.org", "wrong horse").await.err().unwrap();
    assert_eq!(wrong, unknown);
    assert_eq!(wrong.code, Code::InvalidCredentials);
}

#[tokio::test]
async fn failures_lock_an_account_for_a_time_that_doubles() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    for _ in 0..3 {
        assert_eq!(outcome(app.login("ann@example.org", "wrong horse").await), Err(Code::InvalidCredentials));
    }
    // Even the right password has to wait, else a guesser would learn that it is right.
    let locked = app.login("ann@example.org", PASSWORD).await.err().unwrap();
    assert_eq!((locked.code, locked.retry_after_seconds), (Code::TooManyFailures, Some(1)));
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(outcome(app.login("ann@example.org", "wrong horse").await), Err(Code::InvalidCredentials));
    let locked = app.login("ann@example.org", PASSWORD).await.err().unwrap();
    assert_eq!(locked.retry_after_seconds, Some(2));
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(outcome(app.login("ann@example.org", PASSWORD).await), Ok(()));
    // Success forgives.
    assert_eq!(outcome(app.login("ann@example.org", "wrong horse").await), Err(Code::InvalidCredentials));
    assert_eq!(outcome(app.login("ann@example.org", PASSWORD).await), Ok(()));
}

#[tokio::test]
async fn failures_of_an_unknown_account_lock_alike() {
    let app = App::chat();
    for _ in 0..3 {
        assert_eq!(outcome(app.login("eve@example.org", "wrong horse").await), Err(Code::InvalidCredentials));
    }
    assert_eq!(outcome(app.login("eve@example.org", "wrong horse").await), Err(Code::TooManyFailures));
}

#[tokio::test]
async fn failures_from_one_address_lock_it_for_every_account() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    for number in 0..6 {
        let email = format!("guess{number}@example.org");
        assert_eq!(
            outcome(app.login(&email, "wrong horse").await),
            Err(Code::InvalidCredentials),
            "{number}"
        );
    }
    assert_eq!(outcome(app.login("ann@example.org", PASSWORD).await), Err(Code::TooManyFailures));
}

#[tokio::test]
async fn a_refresh_token_is_good_for_one_use() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    let first = app.login("ann@example.org", PASSWORD).await.unwrap();
    let second = app.engine.refresh(&nobody(), &first.refresh_token).await.unwrap();
    assert!(app.with_token(&second.access_token).await.is_ok());
    // Somebody has the first one too: the session ends, and with it all of its tokens.
    assert_eq!(outcome(app.engine.refresh(&nobody(), &first.refresh_token).await), Err(Code::TokenReused));
    assert_eq!(outcome(app.engine.refresh(&nobody(), &second.refresh_token).await), Err(Code::InvalidToken));
    assert_eq!(code(app.with_token(&second.access_token).await.map(drop)), Code::InvalidToken);
}

#[tokio::test]
async fn of_two_that_race_with_one_refresh_token_at_most_one_wins() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    let tokens = app.login("ann@example.org", PASSWORD).await.unwrap();
    let caller = nobody();
    let (one, two) = tokio::join!(
        app.engine.refresh(&caller, &tokens.refresh_token),
        app.engine.refresh(&caller, &tokens.refresh_token)
    );
    let mut outcomes = [outcome(one), outcome(two)];
    outcomes.sort_by_key(Result::is_err);
    assert_eq!(outcomes, [Ok(()), Err(Code::TokenReused)]);
}

#[tokio::test]
async fn tokens_end() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    let tokens = app.login("ann@example.org", PASSWORD).await.unwrap();
    assert!(app.with_token(&tokens.access_token).await.is_ok());
    app.clock.advance(Duration::from_secs(tokens.expires_in));
    assert_eq!(code(app.with_token(&tokens.access_token).await.map(drop)), Code::InvalidToken);
    app.clock.advance(Duration::from_secs(31 * 24 * 3_600));
    assert_eq!(outcome(app.engine.refresh(&nobody(), &tokens.refresh_token).await), Err(Code::InvalidToken));
}

#[tokio::test]
async fn a_logout_ends_the_session_at_once() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    let tokens = app.login("ann@example.org", PASSWORD).await.unwrap();
    let caller = app.with_token(&tokens.access_token).await.unwrap();
    app.engine.logout(&caller).await.unwrap();
    assert_eq!(code(app.with_token(&tokens.access_token).await.map(drop)), Code::InvalidToken);
    assert_eq!(outcome(app.engine.refresh(&nobody(), &tokens.refresh_token).await), Err(Code::InvalidToken));
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_at_once() {
    let app = App::chat();
    let admin = app.account("admin@example.org", &["admin"]).await;
    app.account("ann@example.org", &["admin"]).await;
    let tokens = app.login("ann@example.org", PASSWORD).await.unwrap();
    let ann = app.with_token(&tokens.access_token).await.unwrap();
    assert_eq!(ann.identity.as_ref().unwrap().roles, ["admin"]);
    app.update(&admin, "user", user_id(&ann), json!({"roles": []})).await.unwrap();
    let ann = app.with_token(&tokens.access_token).await.unwrap();
    assert!(ann.identity.unwrap().roles.is_empty());
}

#[tokio::test]
async fn a_deleted_account_is_gone_at_once_and_comes_back_whole() {
    let app = App::chat();
    let admin = app.account("admin@example.org", &["admin"]).await;
    let tokens = {
        app.account("ann@example.org", &[]).await;
        app.login("ann@example.org", PASSWORD).await.unwrap()
    };
    let ann = user_id(&app.with_token(&tokens.access_token).await.unwrap());
    app.delete(&admin, "user", ann).await.unwrap();
    assert_eq!(code(app.with_token(&tokens.access_token).await.map(drop)), Code::InvalidToken);
    assert_eq!(outcome(app.login("ann@example.org", PASSWORD).await), Err(Code::InvalidCredentials));
    let model = app.engine.application().user().id;
    let restore = mainstay_engine::Command {
        model,
        action: mainstay_engine::Action::Restore { id: ann, if_version: None },
    };
    app.engine.write(&admin, "user.restore", restore).await.unwrap();
    assert_eq!(outcome(app.login("ann@example.org", PASSWORD).await), Ok(()));
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let elsewhere = app.login("ann@example.org", PASSWORD).await.unwrap();
    let wrong = PasswordChange { current: "wrong horse".to_owned(), new: "battery staple".to_owned() };
    assert_eq!(code(app.engine.change_password(&ann, wrong).await), Code::InvalidCredentials);
    let weak = PasswordChange { current: PASSWORD.to_owned(), new: "short".to_owned() };
    assert_eq!(code(app.engine.change_password(&ann, weak).await), Code::ValidationFailed);
    let change = PasswordChange { current: PASSWORD.to_owned(), new: "battery staple".to_owned() };
    app.engine.change_password(&ann, change).await.unwrap();
    assert!(app.engine.me(&ann).await.is_ok());
    assert_eq!(code(app.with_token(&elsewhere.access_token).await.map(drop)), Code::InvalidToken);
    assert_eq!(outcome(app.login("ann@example.org", PASSWORD).await), Err(Code::InvalidCredentials));
    assert_eq!(outcome(app.login("ann@example.org", "battery staple").await), Ok(()));
}

#[tokio::test]
async fn a_password_that_is_changed_meanwhile_opens_nothing() {
    // The account and its first session are written first, then the one of the old password, which takes its time.
    let delay = Fault::Delay(Duration::from_secs(1));
    let app = App::with_faults(Faults::seeded(1).nth(Call::Transact, 3, delay));
    let ann = app.account("ann@example.org", &[]).await;
    let mut login = std::pin::pin!(app.login("ann@example.org", PASSWORD));
    let waited = tokio::time::timeout(Duration::from_millis(300), &mut login).await;
    assert!(waited.is_err(), "it was not delayed: the count of writes before it is wrong");
    let change = PasswordChange { current: PASSWORD.to_owned(), new: "battery staple".to_owned() };
    let changed = app.engine.change_password(&ann, change).await;
    assert_eq!((outcome(login.await), changed.is_ok()), (Err(Code::InvalidCredentials), true));
    assert_eq!(outcome(app.login("ann@example.org", "battery staple").await), Ok(()));
}

#[tokio::test]
async fn registering_gives_no_roles() {
    let app = App::chat();
    let model = app.engine.application().user();
    let fields = json!({"roles": ["admin"], "name": "Eve"});
    let input = Input::from_json(model, fields.as_object().unwrap()).unwrap();
    let user = NewUser { email: "eve@example.org".to_owned(), password: PASSWORD.to_owned(), input };
    let error = app.engine.register(&nobody(), user).await.err().unwrap();
    assert_eq!((error.code, error.fields[0].field.as_str()), (Code::ValidationFailed, "roles"));
}

#[tokio::test]
async fn what_is_wrong_with_a_new_account_is_said() {
    let app = App::chat();
    let cases = [
        ("not an address", PASSWORD, ("email", "pattern")),
        ("ann@example.org", "short", ("password", "min_length")),
        ("ann@example.org", "ANN@example.org", ("password", "weak")),
    ];
    for (email, password, expected) in cases {
        let user =
            NewUser { email: email.to_owned(), password: password.to_owned(), input: Input::default() };
        let error = app.engine.register(&nobody(), user).await.err().unwrap();
        assert_eq!((error.fields[0].field.as_str(), error.fields[0].code), expected, "{email} {password}");
    }
}

#[tokio::test]
async fn a_field_that_an_account_may_not_read_is_hidden_from_itself_too() {
    let app = App::of(&[(
        "models/user.toml",
        "[fields]\nscore = { type = \"int\", default = 5, read = \"'admin' in auth.roles\" }\n",
    )]);
    let ann = app.account("ann@example.org", &[]).await;
    let admin = app.account("admin@example.org", &["admin"]).await;
    assert_eq!(app.json(&app.engine.me(&ann).await.unwrap()).get("score"), None);
    assert_eq!(app.json(&app.engine.me(&admin).await.unwrap())["score"], 5);
}

#[tokio::test]
async fn an_address_that_an_admin_changes_can_still_log_in() {
    let app = App::chat();
    let admin = app.account("admin@example.org", &["admin"]).await;
    let ann = user_id(&app.account("ann@example.org", &[]).await);
    app.update(&admin, "user", ann, json!({"email": "Ann@New.example.org"})).await.unwrap();
    assert_eq!(outcome(app.login("ann@NEW.example.org", PASSWORD).await), Ok(()));
}

#[tokio::test]
async fn an_address_waits_for_half_a_minute_at_most() {
    let app = App::chat();
    for number in 0..20 {
        let _ = app.login(&format!("guess{number}@example.org"), "wrong horse").await;
        app.clock.advance(Duration::from_secs(30));
    }
    app.account("ann@example.org", &[]).await;
    let _ = app.login("guess@example.org", "wrong horse").await;
    let locked = app.login("ann@example.org", PASSWORD).await.err().unwrap();
    assert_eq!(locked.retry_after_seconds, Some(30));
}

#[tokio::test]
async fn addresses_can_be_left_out_of_the_count() {
    let settings =
        "[accounts]\nfailures_per_address = 0\n[accounts.password]\nmemory_kib = 512\niterations = 1\n";
    let app = App::with(settings, &[]);
    for number in 0..60 {
        let guess = app.login(&format!("guess{number}@example.org"), "wrong horse").await;
        assert_eq!(outcome(guess), Err(Code::InvalidCredentials), "{number}");
    }
}
