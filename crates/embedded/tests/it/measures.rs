//! What the store counts of itself.

use crate::project::{all, create, notes, open};
use mainstay_ports::Store;

#[tokio::test]
async fn groups_queries_and_the_feed_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let application = notes("text = { type = \"text\", unique = true }");
    let store = open(&application, &folder.path().join("notes.db")).unwrap();
    for text in ["a", "b", "a"] {
        let _ = create(&store, &application, &[("text", text)]).await;
    }
    all(&store, &application, "note").await;
    let measures = store.measures();
    let commands = [&measures.committed, &measures.rejected, &measures.failed].map(|counter| counter.get());
    assert_eq!(commands, [2, 1, 0]);
    assert_eq!((measures.group_size.read().count, measures.group_size.read().sum), (3, 3));
    assert!(measures.commit_time.read().sum > 0, "a commit takes its time");
    assert_eq!((measures.reader_wait.read().count, measures.reader_queue.get()), (1, 0));
    assert_eq!((measures.feed_end.get(), store.write_queue_length()), (2, 0));
    assert!(measures.feed_bytes() > 0);
    assert_eq!(store.trim_feed(i64::MAX, 0).await.unwrap(), 2);
    assert_eq!((measures.feed_end.get(), measures.feed_bytes()), (2, 0));
}
