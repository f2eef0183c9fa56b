//! The server.

use mainstay_services::postgres::{Server, Setup};
use mainstay_services::{Link, Proxy};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio_postgres::{Client, Error, NoTls};

async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn number(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn each_database_is_empty_and_goes_with_its_guard() {
    let server = Server::shared();
    let (one, other) = (server.database(), server.database());
    let client = connect(&one.url()).await.unwrap();
    client.batch_execute("CREATE TABLE note (id BIGINT); INSERT INTO note VALUES (7)").await.unwrap();
    assert_eq!(number(&client, "SELECT id FROM note").await, 7);
    assert_eq!(one.sql("SELECT id, 'x' FROM note"), "7|x");
    assert_eq!(other.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    // Although somebody is connected.
    let url = one.url();
    drop(one);
    assert!(connect(&url).await.is_err(), "it is still there");
}

#[test]
fn all_contents_can_be_searched() {
    let database = Server::shared().database();
    assert_eq!(database.contents(), "");
    database.sql(r#"CREATE TABLE "A b" (x TEXT, y BYTEA); INSERT INTO "A b" VALUES ('text', 'bytes\000')"#);
    database.sql("CREATE SCHEMA other; CREATE TABLE other.c (z INT); INSERT INTO other.c VALUES (42)");
    let contents = database.contents();
    for part in ["text|bytes\\000\n", "42\n"] {
        assert!(contents.contains(part), "no {part:?} in {contents:?}");
    }
}

#[test]
fn a_copy_has_all_that_the_first_has_and_is_another() {
    let one = Server::shared().database();
    one.sql("CREATE TABLE note (id BIGINT); INSERT INTO note VALUES (7)");
    let other = one.copy();
    other.sql("INSERT INTO note VALUES (8)");
    assert_eq!(
        (one.sql("SELECT count(*) FROM note"), other.sql("SELECT count(*) FROM note")),
        ("1".into(), "2".into())
    );
}

#[test]
fn a_server_lives_in_the_folder_that_was_chosen() {
    let folder = tempfile::tempdir().unwrap();
    // Who starts servers may be root, and then they belong to somebody else.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let server = Server::start(&Setup::quick().within(folder.path())).unwrap();
    assert!(server.data().starts_with(folder.path().canonicalize().unwrap()));
    assert!(server.id().is_some());
    drop(server);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_language_sorts_and_the_time_zone_is_odd() {
    let database = Server::shared().database();
    let sorted = database.sql("SELECT string_agg(x, ' ' ORDER BY x) FROM unnest(ARRAY['B', 'a', 'C']) AS x");
    assert_eq!(sorted, "a B C");
    assert_eq!(database.sql("SELECT '2000-01-01 00:00:00Z'::timestamptz"), "2000-01-01 05:45:00+05:45");
}

#[tokio::test]
async fn a_crash_breaks_connections_and_keeps_what_was_committed() {
    let mut server = Server::start(&Setup::durable().set("work_mem", "5MB")).unwrap();
    let database = server.database();
    assert_eq!(database.sql("SHOW fsync"), "on");
    assert_eq!(database.sql("SHOW work_mem"), "5MB");
    let client = connect(&database.url()).await.unwrap();
    client.batch_execute("CREATE TABLE note (id BIGINT); INSERT INTO note VALUES (7)").await.unwrap();
    server.crash();
    assert!(client.batch_execute("SELECT 1").await.is_err(), "it was not killed");
    assert!(connect(&database.url()).await.is_err(), "it listens");
    server.start_again();
    assert_eq!(database.sql("SELECT id FROM note"), "7");
    assert!(server.log().contains("was not properly shut down"), "{}", server.log());
    server.stop();
    server.start_again();
    assert_eq!(database.sql("SELECT id FROM note"), "7");
}

#[tokio::test]
async fn a_proxy_stands_between() {
    let server = Server::shared();
    let (database, proxy) = (server.database(), Proxy::to(server.address()));
    let url = database.url_at(proxy.address());
    let client = connect(&url).await.unwrap();
    assert_eq!(number(&client, "SELECT 1::bigint").await, 1);
    proxy.set(Link::Frozen);
    let silence = tokio::time::timeout(Duration::from_millis(100), client.batch_execute("SELECT 1")).await;
    assert!(silence.is_err(), "it answered {silence:?}");
    proxy.set(Link::Cut);
    assert!(client.batch_execute("SELECT 1").await.is_err());
    assert!(connect(&url).await.is_err());
    proxy.set(Link::Open);
    assert!(connect(&url).await.is_ok());
}

#[test]
fn a_replica_follows() {
    let server = Server::start(&Setup::quick()).unwrap();
    let database = server.database();
    database.sql("CREATE TABLE note (id BIGINT)");
    let replica = server.replica().unwrap();
    database.sql("INSERT INTO note VALUES (7)");
    let there = |statement| database.sql_at(replica.address(), statement);
    let deadline = Instant::now() + Duration::from_secs(20);
    while there("SELECT count(*) FROM note") != "1" {
        assert!(Instant::now() < deadline, "it does not follow:\n{}", replica.log());
        sleep(Duration::from_millis(10));
    }
    assert_eq!(there("SELECT pg_is_in_recovery()"), "t");
}
