//! A registry that answers whatever a test wants, over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What comes back.
pub(crate) enum Answer {
    /// These bytes, then the connection ends.
    Bytes(Vec<u8>),
    /// These bytes, then more and more, until nobody listens.
    Endless(Vec<u8>),
    /// These bytes, then nothing, while the connection stays.
    Silence(Vec<u8>),
}

/// A request, as far as tests look at it.
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
    /// The server's own name and port, as the client knows it.
    pub(crate) host: String,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Each request so far: method, target, and who asked.
    seen: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, seen, stop) = (listener.local_addr().unwrap(), Arc::default(), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (seen, stop) = (Arc::clone(&seen), Arc::clone(&stop));
            move || {
                std::thread::scope(|scope| {
                    while let Ok((stream, _)) = listener.accept() {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        scope.spawn(|| serve(stream, &answer, &seen));
                    }
                });
            }
        });
        Self { address, seen, stop, thread: Some(thread) }
    }

    pub(crate) fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

fn serve(stream: TcpStream, answer: &impl Fn(&Asked) -> Answer, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let Some(asked) = read(&mut reader) else { return };
    let who = asked.authorization.as_deref().map(|who| format!(" as {who}")).unwrap_or_default();
    seen.lock().unwrap().push(format!("{} {}{who}", asked.method, asked.target));
    let mut stream = reader.into_inner();
    // The client may well have left.
    match answer(&asked) {
        Answer::Bytes(bytes) => drop(stream.write_all(&bytes)),
        Answer::Endless(bytes) => {
            let mut sent = stream.write_all(&bytes);
            while sent.is_ok() {
                sent = stream.write_all(&[0; 4096]);
            }
        }
        Answer::Silence(bytes) => drop(stream.write_all(&bytes).and_then(|()| stream.read(&mut [0]))),
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let mut asked = Asked { method: words.next()?, target: words.next()?, authorization: None, host: String::new() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { return Some(asked) };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => asked.authorization = Some(value.to_owned()),
            "host" => value.clone_into(&mut asked.host),
            _ => {}
        }
    }
}

/// A whole response.
pub(crate) fn response(status: &str, headers: &str, body: &[u8]) -> Answer {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n", body.len());
    Answer::Bytes([head.as_bytes(), body].concat())
}

/// The head of a response of no announced length.
pub(crate) fn open_ended() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec()
}
