//! Answers by the request's path. What a client says of itself and of the connection is left out of what is echoed, so that
//! different clients that ask for the same are told the same.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{TcpListener, TcpStream};

/// `compressed text` by gzip.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0x02, 0x03, 0x4b, 0xce, 0xcf, 0x2d, 0x28, 0x4a, 0x2d, 0x2e, 0x4e, 0x4d, 0x51,
    0x28, 0x49, 0xad, 0x28, 0xe1, 0x02, 0, 0x17, 0x7d, 0x65, 0x47, 0x10, 0, 0, 0,
];

/// A server that answers until the process ends.
pub struct Server {
    /// `http://127.0.0.1:…`
    pub url: String,
}

struct Asked {
    method: String,
    target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Server {
    /// Begins to listen on a port that is free.
    ///
    /// # Panics
    /// There is no loopback.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a loopback");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away is nothing to tell.
                std::thread::spawn(move || serve(stream).unwrap_or_default());
            }
        });
        Self { url }
    }
}

fn serve(stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let Some(asked) = read(&mut reader, &stream)? else { return Ok(()) };
    answer(&asked, stream, &mut reader)
}

fn read(reader: &mut BufReader<TcpStream>, mut stream: &TcpStream) -> Result<Option<Asked>> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut asked = Asked { method, target, headers, body: Vec::new() };
    if asked.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    if asked.header("transfer-encoding").is_some() {
        asked.body = chunks(reader)?;
    } else if let Some(length) = asked.header("content-length").and_then(|length| length.parse().ok()) {
        asked.body = vec![0; length];
        reader.read_exact(&mut asked.body)?;
    }
    Ok(Some(asked))
}

fn chunks(reader: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut chunk = vec![0; usize::from_str_radix(line.trim(), 16).unwrap_or(0) + 2];
        reader.read_exact(&mut chunk)?;
        if chunk.len() == 2 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..chunk.len() - 2]);
    }
}

fn answer(asked: &Asked, mut stream: TcpStream, reader: &mut BufReader<TcpStream>) -> Result<()> {
    let path = asked.target.split('?').next().unwrap_or_default();
    let query = asked.target.split_once('?').map_or("", |(_, query)| query);
    let (first, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let number = rest.parse().unwrap_or(200);
    let text = |status, more: &str, body: &str| whole(asked, status, more, body.as_bytes());
    let whole = match first {
        "echo" => text(200, "Content-Type: text/plain\r\n", &asked.echoed()),
        "status" => text(number, "", &format!("status {number}\n")),
        "redirect" => text(number, &format!("Location: {query}\r\n"), "gone elsewhere\n"),
        "loop" => text(302, "Location: /loop\r\n", ""),
        "empty" => text(200, "", ""),
        "named" => text(200, "Content-Disposition: attachment; filename=\"given.txt\"\r\n", "named\n"),
        "private" if asked.header("authorization").is_none() => {
            text(401, "WWW-Authenticate: Basic realm=\"here\"\r\n", "who are you?\n")
        }
        "private" => text(200, "", &asked.echoed()),
        "gzip" if asked.header("accept-encoding").is_some_and(|encodings| encodings.contains("gzip")) => {
            whole(asked, 200, "Content-Encoding: gzip\r\n", GZIP)
        }
        "gzip" => text(200, "", "compressed text\n"),
        "bytes" => whole(asked, 200, "", &vec![b'x'; usize::from(number)].repeat(1024)),
        "size" => text(200, "", &format!("{}\n", asked.body.len())),
        "short" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all\n".to_vec(),
        "unended" => b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end\n".to_vec(),
        "nothing" => Vec::new(),
        // Until whoever asked goes away.
        "silent" => reader.read_to_end(&mut Vec::new()).map(|_| Vec::new())?,
        _ => text(200, "", "hello\n"),
    };
    stream.write_all(&whole)
}

fn whole(asked: &Asked, status: u16, more: &str, body: &[u8]) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        401 => "Unauthorized",
        404 => "Not Found",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "",
    };
    let length = body.len();
    let mut whole = format!(
        "HTTP/1.1 {status} {reason}\r\nServer: loopback\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    .into_bytes();
    if asked.method != "HEAD" {
        whole.extend_from_slice(body);
    }
    whole
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The request as its line, its headers in the order of their names, and its body.
    fn echoed(&self) -> String {
        let carried = ["connection", "content-length", "expect", "host", "proxy-connection", "transfer-encoding"];
        let shown = self.headers.iter().filter(|(name, _)| !carried.contains(&name.as_str()));
        let mut lines: Vec<_> = shown.map(|(name, value)| format!("{name}: {}\n", plain(name, value))).collect();
        lines.sort();
        let boundary = self.header("content-type").and_then(|kind| kind.split_once("boundary="));
        let body = String::from_utf8_lossy(&self.body).into_owned();
        let body = boundary.map_or(body.clone(), |(_, boundary)| body.replace(boundary, "BOUNDARY"));
        format!("{} {}\n{}\n{body}\n", self.method, self.target, lines.concat())
    }
}

/// Without what is different for each client, or each time.
fn plain(name: &str, value: &str) -> String {
    match name {
        "user-agent" => value.split('/').next().unwrap_or_default().to_lowercase(),
        "accept-encoding" if value.contains("gzip") => "compressed".into(),
        "content-type" => value.split("boundary=").next().unwrap_or_default().to_owned(),
        _ => value.to_owned(),
    }
}
