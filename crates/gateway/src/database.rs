//! A database that falls silent holds nobody up for long.
//!
//! A host that lost its power, or a link that drops every packet, leaves connections that look alive: a
//! query on one waits until the system gives the connection up, which takes a quarter of an hour. A
//! change holds the state's lock meanwhile. So each step of a change has a time limit here, and a pool
//! throws away each connection that does not answer when it is returned.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use sqlx::any::{AnyPoolOptions, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Any, AnyPool, Connection as _, Either, Error, Execute, Executor, SqlStr, Transaction};
use tokio::time::{Instant, Sleep};

/// Longest wait for a connection to the database, and for its answer to one step.
pub(crate) const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest wait for a connection that is returned.
const RETURN_TIME_MAX: Duration = Duration::from_secs(1);

/// The clock of a PostgreSQL, in milliseconds: those of the instances may differ.
pub(crate) const NOW: &str = "(extract(epoch from clock_timestamp()) * 1000)::bigint";

/// Integers of databases are signed; ids and counts stay far below the half.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A change under way; nothing of it counts before `commit`.
#[derive(Debug)]
pub struct Change(Transaction<'static, Any>);

impl Change {
    pub(crate) async fn begin(pool: &AnyPool) -> Result<Self, Error> {
        answered(pool.begin()).await.map(Self)
    }

    /// Makes the change count.
    ///
    /// # Errors
    /// The database refuses, or does not answer in time: then it is not known whether the change counts.
    pub async fn commit(self) -> Result<(), Error> {
        answered(self.0.commit()).await
    }
}

/// Options of a pool of this many connections.
pub(crate) fn pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(connections).acquire_timeout(ANSWER_TIME_MAX).after_release(|connection, _| {
        Box::pin(async move {
            // The pool's own test of a returned connection has no time limit, and the connection counts
            // as used until it ends.
            let pinged = tokio::time::timeout(RETURN_TIME_MAX, connection.ping()).await;
            pinged.unwrap_or_else(|_| Err(silent())).map(|()| true)
        })
    })
}

fn silent() -> Error {
    Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database does not answer"))
}

async fn answered<T>(step: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(ANSWER_TIME_MAX, step).await.unwrap_or_else(|_| Err(silent()))
}

type Boxed<'e, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'e>>;
type Results<'e> = Pin<Box<dyn Stream<Item = Result<Either<AnyQueryResult, AnyRow>, Error>> + Send + 'e>>;

impl<'c> Executor<'c> for &'c mut Change {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Results<'e>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(Answered { results: self.0.fetch_many(query), ends: Box::pin(tokio::time::sleep(ANSWER_TIME_MAX)) })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Boxed<'e, Option<AnyRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(answered(self.0.fetch_optional(query)))
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> Boxed<'e, AnyStatement>
    where
        'c: 'e,
    {
        Box::pin(answered(self.0.prepare_with(sql, parameters)))
    }
}

/// What a query returns, one after another, each in time.
struct Answered<'e> {
    results: Results<'e>,
    ends: Pin<Box<Sleep>>,
}

impl Stream for Answered<'_> {
    type Item = Result<Either<AnyQueryResult, AnyRow>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(next) = self.results.as_mut().poll_next(context) {
            self.ends.as_mut().reset(Instant::now() + ANSWER_TIME_MAX);
            return Poll::Ready(next);
        }
        self.ends.as_mut().poll(context).map(|()| Some(Err(silent())))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::watch;
    use tokio::time::timeout;

    use crate::store::Store;

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
}
