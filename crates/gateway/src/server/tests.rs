use std::sync::atomic::{AtomicUsize, Ordering};

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Bytes of what a function returns.
fn size<A, B, C, D, E, F, R>(_: impl Fn(A, B, C, D, E, F) -> R) -> usize {
    size_of::<R>()
}

/// From about 8 KB on the allocator would serve it from the blocks of read buffers, which an idle connection then
/// keeps too; and it is moved once.
#[test]
fn the_state_of_a_call_stays_under_7_kb() {
    let bytes = size(answer);
    assert!(bytes < 7_000, "{bytes} bytes");
}

/// TLS and the PROXY protocol take no room in a connection that has neither.
#[test]
fn the_state_of_a_plain_connection_is_little_more_than_that_of_its_http() {
    fn of_three<A, B, C, R>(_: impl Fn(A, B, C) -> R) -> usize {
        size_of::<R>()
    }
    fn of_five<A, B, C, D, E, R>(_: impl Fn(A, B, C, D, E) -> R) -> usize {
        size_of::<R>()
    }
    let (whole, http) = (of_three(<Data as Serve>::connection), of_five(serve_http::<TcpStream>));
    assert!(whole < http + 256, "{whole} bytes, of which {http} are of HTTP");
}

#[tokio::test]
async fn a_connection_reads_no_more_than_its_buffer_of_a_head_without_an_end() {
    let (client, server) = tokio::io::duplex(64);
    let unused = service_fn(|_: Request<Incoming>| async { Ok::<_, std::convert::Infallible>(Response::new(String::new())) });
    let serving = http().serve_connection(TokioIo::new(server), unused);
    let (mut answers, mut sending) = tokio::io::split(client);
    let sent = AtomicUsize::new(0);
    let send = async {
        let head = "GET / HTTP/1.1\r\nx: ";
        sending.write_all(head.as_bytes()).await.unwrap();
        while let Ok(bytes) = sending.write(&[b'x'; 64]).await {
            sent.fetch_add(bytes, Ordering::SeqCst);
            assert!(sent.load(Ordering::SeqCst) < 1 << 20, "the head is never refused");
        }
    };
    let mut answer = Vec::new();
    let (_, _, read) = tokio::join!(serving, send, answers.read_to_end(&mut answer));
    read.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&answer));
    // What the pipe itself holds was sent and never read.
    let sent = sent.load(Ordering::SeqCst);
    assert!((HEAD_BYTES_MAX - 64..=READ_BYTES_MAX + 2 * 64).contains(&sent), "{sent} bytes");
}

/// Writes a byte to each client, and waits until the client closes.
#[derive(Default)]
struct Counting {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Serve for Counting {
    async fn connection(self: Arc<Self>, mut stream: TcpStream, _: Life) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        stream.write_all(b"!").await.unwrap();
        let _ = stream.read(&mut [0]).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Holds its thread until it is let go.
struct Holding {
    pulse: Arc<crate::pulse::Pulse>,
    held: std::sync::mpsc::Sender<()>,
    let_go: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
}

impl Serve for Holding {
    async fn connection(self: Arc<Self>, _: TcpStream, _: Life) {
        self.held.send(()).unwrap();
        self.let_go.lock().unwrap().recv().unwrap();
    }

    fn beat(&self) -> Option<Beat> {
        Some(self.pulse.thread())
    }
}

#[test]
fn a_thread_that_a_connection_holds_does_not_beat_until_it_is_let_go() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let ((held, is_held), (go, let_go)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    let pulse = Arc::new(crate::pulse::Pulse::default());
    let holding = Holding { pulse: pulse.clone(), held, let_go: let_go.into() };
    let _handle = listen(listener, "holding", Arc::new(holding), 1, 2, stopped).unwrap();
    let _client = std::net::TcpStream::connect(address).unwrap();
    is_held.recv().unwrap();
    // Whatever the other thread does: this one does not beat any more.
    let later = std::time::Instant::now() + Duration::from_secs(60);
    assert!(pulse.stalled(later).is_some());
    let beaten = pulse.stalled(later).unwrap();
    go.send(()).unwrap();
    while pulse.stalled(later).unwrap() >= beaten {
        std::thread::yield_now();
    }
}

/// Its first connection leaves a task on its thread, which its second asks for an answer once it may.
struct Leaving {
    questions: std::sync::Mutex<Option<mpsc::Receiver<oneshot::Sender<u8>>>>,
    ask: mpsc::Sender<oneshot::Sender<u8>>,
    may_ask: std::sync::Mutex<Option<oneshot::Receiver<()>>>,
}

impl Serve for Leaving {
    async fn connection(self: Arc<Self>, mut stream: TcpStream, _life: Life) {
        let first = self.questions.lock().unwrap().take();
        if let Some(mut questions) = first {
            tokio::spawn(async move {
                while let Some(answer) = questions.recv().await {
                    let _ = answer.send(7);
                }
            });
            return;
        }
        let may_ask = self.may_ask.lock().unwrap().take();
        let Some(may_ask) = may_ask else { return };
        stream.write_all(&[1]).await.unwrap();
        may_ask.await.unwrap();
        let (answer, answered) = oneshot::channel();
        let _ = self.ask.send(answer).await;
        let byte = answered.await.unwrap_or(0);
        stream.write_all(&[byte]).await.unwrap();
    }
}

#[tokio::test]
async fn a_thread_that_has_drained_runs_its_tasks_until_the_others_have() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let ((ask, questions), (may, may_ask)) = (mpsc::channel(1), oneshot::channel());
    let leaving = Leaving { questions: Some(questions).into(), ask, may_ask: Some(may_ask).into() };
    let mut handle = listen(listener, "leaving", Arc::new(leaving), 2, 2, stopped).unwrap();
    let mut byte = [0];
    let mut first = TcpStream::connect(address).await.unwrap();
    assert_eq!(first.read(&mut byte).await.unwrap(), 0);
    let mut second = TcpStream::connect(address).await.unwrap();
    second.read_exact(&mut byte).await.unwrap();
    stop.send_replace(true);
    // Connections go to the threads in turn: the first thread has none any more, and says that it has drained.
    handle.threads.remove(0).await.unwrap();
    may.send(()).unwrap();
    second.read_exact(&mut byte).await.unwrap();
    assert_eq!(byte, [7]);
    handle.join().await;
}

/// Counts the connections that begin, and leaves them.
#[derive(Default)]
struct Beginning(AtomicUsize);

impl Serve for Beginning {
    async fn connection(self: Arc<Self>, _: TcpStream, _: Life) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn of_many_connections_that_wait_few_begin_before_other_work_has_its_turn() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (line, accepted) = mpsc::channel(ACCEPTED_MAX);
    let _clients: Vec<_> = (0..ACCEPTED_MAX)
        .map(|_| {
            let client = std::net::TcpStream::connect(address).unwrap();
            let (stream, _) = listener.accept().unwrap();
            stream.set_nonblocking(true).unwrap();
            line.try_send(stream).unwrap();
            client
        })
        .collect();
    drop(line);
    let (_stop, stopped) = watch::channel(false);
    let beginning = Arc::new(Beginning::default());
    let serving = tokio::spawn(serve_all(accepted, beginning.clone(), ACCEPTED_MAX, stopped));
    let (mut before, mut most) = (0, 0);
    while !serving.is_finished() {
        tokio::task::yield_now().await;
        let begun = beginning.0.load(Ordering::SeqCst);
        most = most.max(begun - before);
        before = begun;
    }
    assert_eq!(before, ACCEPTED_MAX);
    assert!(most <= TAKEN_PER_TURN_MAX, "{most} in one turn");
}

#[test]
fn a_connection_beyond_the_places_of_its_thread_waits_until_another_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let counting = Arc::new(Counting::default());
    listen(listener, "counting", counting.clone(), 1, 2, stopped).unwrap();
    // All connect before the first is served and closes.
    let clients: Vec<_> = (0..6).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    for mut client in clients {
        let mut byte = [0];
        std::io::Read::read_exact(&mut client, &mut byte).unwrap();
    }
    assert_eq!(counting.most.load(Ordering::SeqCst), 2);
}
