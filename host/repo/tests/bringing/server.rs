//! A small HTTP server on loopback: git's own `http-backend` behind it, or whatever a test wants it to answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The method and target of each request so far.
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers each request with the bytes that `answer` returns, then closes the connection; with None it stays
    /// silent and open until the client closes.
    pub(crate) fn start(answer: impl Fn(&Request) -> Option<Vec<u8>> + Send + 'static) -> Self {
        Self::over(|stream| stream, answer)
    }

    /// The same, over what `wrap` makes of a connection.
    pub(crate) fn over<S: Read + Write>(
        wrap: impl Fn(TcpStream) -> S + Send + 'static,
        answer: impl Fn(&Request) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, seen, stop) = (listener.local_addr().unwrap(), Arc::default(), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (seen, stop) = (Arc::clone(&seen), Arc::clone(&stop));
            move || {
                while let Ok((stream, _)) = listener.accept() {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    serve(wrap(stream), &answer, &seen);
                }
            }
        });
        Self { address, seen, stop, thread: Some(thread) }
    }

    /// Serves the repositories below a folder as git does.
    pub(crate) fn git(root: &Path) -> Self {
        let root = root.to_owned();
        Self::start(move |request| Some(backend(&root, request)))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}

fn serve<S: Read + Write>(stream: S, answer: impl Fn(&Request) -> Option<Vec<u8>>, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let Some(request) = read(&mut reader) else { return };
    seen.lock().unwrap().push(format!("{} {}", request.method, request.target));
    let mut stream = reader.into_inner();
    match answer(&request) {
        // The client may well have left.
        Some(response) => drop(stream.write_all(&response)),
        None => drop(stream.read(&mut [0])),
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let mut request =
        Request { method: words.next()?, target: words.next()?, content_type: String::new(), body: Vec::new() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => request.body = vec![0; value.parse().ok()?],
            "content-type" => request.content_type = value.to_owned(),
            _ => {}
        }
    }
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

pub(crate) fn backend(root: &Path, request: &Request) -> Vec<u8> {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let mut git = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs([("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*")])
        .envs([("PATH_INFO", path), ("QUERY_STRING", query), ("REQUEST_METHOD", &request.method)])
        .env("CONTENT_TYPE", &request.content_type)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = git.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || drop(stdin.write_all(&request.body)));
        git.wait_with_output().unwrap()
    });
    from_cgi(&output.stdout)
}

fn from_cgi(output: &[u8]) -> Vec<u8> {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let headers = head.lines().filter(|line| !line.starts_with("Status: ")).map(|line| format!("{line}\r\n"));
    let body = &output[end + 4..];
    let length = body.len();
    let mut response = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n").into_bytes();
    headers.for_each(|header| response.extend_from_slice(header.as_bytes()));
    [&response[..], b"\r\n", body].concat()
}

/// A response of a test's own.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}").into_bytes()
}
