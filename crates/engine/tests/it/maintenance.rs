use crate::support::{App, PASSWORD, id};
use mainstay_engine::Maintained;
use serde_json::json;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::test]
async fn what_nobody_can_ask_for_is_removed_when_its_time_is_up() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let _ = app.login("ann@example.org", "wrong horse").await;
    let room = app.create(&ann, "room", json!({"name": "Lobby"})).await.unwrap();
    app.create(&ann, "message", json!({"room": id(&room), "text": "hello"})).await.unwrap();
    app.delete(&ann, "room", id(&room)).await.unwrap();
    assert_eq!(app.engine.maintain().await.unwrap(), Maintained::default());
    app.clock.advance(DAY * 32);
    let maintained = app.engine.maintain().await.unwrap();
    assert_eq!(maintained.records, 2, "the room and its message");
    assert_eq!(
        maintained.sessions, 4,
        "the session, its token, and the failure of the account and of the address"
    );
    assert!(maintained.changes > 0);
    assert!(app.login("ann@example.org", PASSWORD).await.is_ok());
}
