//! Tests of a store whose database falls silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Store;

/// A link to a database. It can fall silent: the connections that it carries stay open, and no byte passes
/// on them any more.
struct Link {
    url: String,
    silence: watch::Sender<u32>,
    down: Arc<AtomicBool>,
}

impl Link {
    async fn to(url: &str) -> Self {
        let (host, path) = url.split_once('@').unwrap().1.split_once('/').unwrap();
        let (host, listener) = (host.to_owned(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let port = listener.local_addr().unwrap().port();
        let (silence, silenced) = watch::channel(0);
        let down = Arc::new(AtomicBool::new(false));
        let is_down = down.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (host, mut silenced, is_down) = (host.clone(), silenced.clone(), is_down.clone());
                tokio::spawn(async move {
                    silenced.mark_unchanged();
                    if is_down.load(Ordering::SeqCst) {
                        return std::future::pending().await;
                    }
                    let mut server = TcpStream::connect(host).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = silenced.changed() => std::future::pending().await,
                    }
                });
            }
        });
        let user = url.split_once('@').unwrap().0;
        Self { url: format!("{user}@127.0.0.1:{port}/{path}"), silence, down }
    }

    /// Silences the connections that exist, and those to come until the link is [up](Self::up).
    fn fall_silent(&self) {
        self.down.store(true, Ordering::SeqCst);
        self.silence.send_modify(|times| *times += 1);
    }

    fn up(&self) {
        self.down.store(false, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_store_whose_connections_fell_silent_is_used_again_as_soon_as_new_ones_work() {
    let Some(url) = crate::testing::database(None).await else { return };
    let link = Link::to(&url).await;
    let store = Store::open(None, Some(&link.url)).await.unwrap();
    let all = (store.read().await.unwrap(), store.read().await.unwrap(), store.read().await.unwrap(), store.read().await.unwrap());
    link.fall_silent();
    drop(all);
    for _ in 0..3 {
        assert!(timeout(Duration::from_millis(100), store.generation()).await.is_err(), "nothing answers");
    }
    link.up();
    let works = async { while !matches!(timeout(Duration::from_millis(800), store.generation()).await, Ok(Ok(_))) {} };
    timeout(Duration::from_secs(30), works).await.expect("the silent connections are given up");
}

#[tokio::test]
async fn a_change_ends_when_the_database_falls_silent_in_its_middle() {
    let Some(url) = crate::testing::database(None).await else { return };
    let link = Link::to(&url).await;
    let store = Store::open(None, Some(&link.url)).await.unwrap();
    let mut change = store.begin().await.unwrap();
    link.fall_silent();
    let numbered = timeout(Duration::from_secs(60), store.number(&mut change)).await.expect("the step ends");
    assert!(numbered.unwrap_err().to_string().contains("the database does not answer"));
    assert!(timeout(Duration::from_secs(60), change.commit()).await.expect("the commit ends").is_err());
}
