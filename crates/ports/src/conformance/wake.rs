//! The suite that every [`crate::Wake`] must pass.

use crate::{MAX_WAKE_BYTES, Wake};
use futures::StreamExt;
use futures::stream::BoxStream;
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Two nodes of one application that nobody else is told by, and what must outlive them.
pub struct Ends {
    /// The nodes.
    pub nodes: [Arc<dyn Wake>; 2],
    /// Dropped behind them.
    pub guard: Box<dyn Any + Send + Sync>,
}

/// How long something may take to be heard.
const SOON: Duration = Duration::from_secs(10);

/// Makes a test of each case of the suite, for the nodes that the async function `$open` opens. See [`crate::conformance::wake`].
#[macro_export]
macro_rules! wake_conformance_suite {
    ($open:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn what_a_node_tells_others_hear_in_its_order() {
            $crate::conformance::wake::what_a_node_tells_others_hear_in_its_order($open().await).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_text_is_heard_as_it_was_told() {
            $crate::conformance::wake::a_text_is_heard_as_it_was_told($open().await).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn two_who_tell_at_once_are_both_heard() {
            $crate::conformance::wake::two_who_tell_at_once_are_both_heard($open().await).await;
        }
    };
}

/// A listener, once it hears: what was told before that may be missed.
async fn listening(ends: &Ends, node: usize) -> BoxStream<'static, String> {
    let mut heard = ends.nodes[node].listen();
    let started = Instant::now();
    for number in 0.. {
        assert!(started.elapsed() < SOON, "nothing is heard");
        let probe = format!("probe {node} {number}");
        let _ = ends.nodes[1 - node].tell(vec![probe.clone()]).await;
        let mut hear = std::pin::pin!(until(&mut heard, &probe));
        let mut soon = std::pin::pin!(sleep(Duration::from_millis(200)));
        let is_heard = futures::future::select(&mut hear, &mut soon).await;
        if matches!(is_heard, futures::future::Either::Left(_)) {
            break;
        }
    }
    heard
}

async fn until(heard: &mut BoxStream<'static, String>, text: &str) {
    while let Some(next) = heard.next().await {
        if next == text {
            return;
        }
    }
}

/// A pause without a runtime's timer, which this package does not have.
async fn sleep(pause: Duration) {
    let (sender, receiver) = futures::channel::oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(pause);
        let _ = sender.send(());
    });
    let _ = receiver.await;
}

/// The next so many texts that begin with this.
async fn next(heard: &mut BoxStream<'static, String>, count: usize, mark: &str) -> Vec<String> {
    let collect =
        heard.filter(|text| futures::future::ready(text.starts_with(mark))).take(count).collect::<Vec<_>>();
    let mut collect = std::pin::pin!(collect);
    let mut late = std::pin::pin!(sleep(SOON));
    match futures::future::select(&mut collect, &mut late).await {
        futures::future::Either::Left((texts, _)) => texts,
        futures::future::Either::Right(_) => panic!("not all was heard in time"),
    }
}

/// See the name.
pub async fn what_a_node_tells_others_hear_in_its_order(ends: Ends) {
    let mut heard = listening(&ends, 1).await;
    let texts: Vec<String> = (0..1_000).map(|number| format!("text {number}")).collect();
    for some in texts.chunks(37) {
        ends.nodes[0].tell(some.to_vec()).await.unwrap();
    }
    assert_eq!(next(&mut heard, texts.len(), "text").await, texts);
}

/// See the name.
pub async fn a_text_is_heard_as_it_was_told(ends: Ends) {
    let mut heard = listening(&ends, 1).await;
    let long = |bytes: usize| format!("text {}", "ä€😀\"\\'\n\t\u{1}".repeat(bytes / 15 + 1));
    let mut texts = vec!["text".to_owned(), "text 'quoted' \"twice\" \\ {} $1".to_owned()];
    // Around what PostgreSQL's NOTIFY holds, and characters of several bytes at every place of a cut.
    texts.extend((5_800..8_100).step_by(97).map(long));
    texts.push(long(100_000));
    texts.push(format!("text {}", "x".repeat(MAX_WAKE_BYTES - 5)));
    ends.nodes[0].tell(texts.clone()).await.unwrap();
    let found = next(&mut heard, texts.len(), "text").await;
    assert_eq!(found.len(), texts.len());
    for (found, text) in found.iter().zip(&texts) {
        assert!(found == text, "a text of {} bytes came as {} bytes", text.len(), found.len());
    }
}

/// See the name.
pub async fn two_who_tell_at_once_are_both_heard(ends: Ends) {
    let mut heard = [listening(&ends, 0).await, listening(&ends, 1).await];
    let tell = |node: usize| {
        let wake = ends.nodes[node].clone();
        async move {
            for number in 0..200 {
                let long = "x".repeat(number * 97);
                wake.tell(vec![format!("from {node} {number} {long}")]).await.unwrap();
            }
        }
    };
    futures::future::join(tell(0), tell(1)).await;
    for (node, heard) in heard.iter_mut().enumerate() {
        let other = format!("from {}", 1 - node);
        let texts = next(heard, 200, &other).await;
        let numbers = texts.iter().map(|text| text.split(' ').nth(2).unwrap().parse::<usize>().unwrap());
        assert!(numbers.eq(0..200), "what one node tells comes in its order");
    }
}
