//! Plain HTTP/1.1, one connection a request, to 127.0.0.1 alone.

use bytes::Bytes;
use skep_sandbox::http::{Content, HttpFailure, Outgoing, Request, Response};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Sends to 127.0.0.1; denies `denied.example`, and knows no other name.
pub struct Loopback;

type Stream = BufReader<TcpStream>;

fn broken(error: impl ToString) -> HttpFailure {
    ("broken", error.to_string())
}

#[async_trait::async_trait]
impl Outgoing for Loopback {
    async fn send(&self, request: Request) -> Result<Response, HttpFailure> {
        let host = request.url.host().unwrap_or_default();
        match host {
            "127.0.0.1" => {}
            "denied.example" => return Err(("denied", format!("no rule of this environment permits {host}"))),
            _ => return Err(("resolve", format!("{host} has no address"))),
        }
        let port = request.url.port_u16().unwrap_or(80);
        let stream =
            TcpStream::connect((host, port)).await.map_err(|_| ("connect", "Connection refused".to_owned()))?;
        let mut stream = BufReader::new(stream);
        let without_body = request.method.as_str() == "HEAD";
        write(&mut stream, request).await?;
        read(stream, without_body).await
    }
}

async fn write(stream: &mut Stream, request: Request) -> Result<(), HttpFailure> {
    let target = request.url.path_and_query().map_or("/", |target| target.as_str());
    let mut head = format!("{} {target} HTTP/1.1\r\n", request.method);
    let authority = request.url.authority().map_or("", |authority| authority.as_str());
    head.push_str(&format!("host: {authority}\r\nconnection: close\r\n"));
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes())));
    }
    let Some(mut body) = request.body else {
        return stream.write_all(format!("{head}\r\n").as_bytes()).await.map_err(broken);
    };
    match body.length {
        Some(length) => head.push_str(&format!("content-length: {length}\r\n\r\n")),
        None => head.push_str("transfer-encoding: chunked\r\n\r\n"),
    }
    stream.write_all(head.as_bytes()).await.map_err(broken)?;
    loop {
        let piece = body.content.next().await?;
        if body.length.is_none() {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.map_err(broken)?;
        }
        stream.write_all(&piece).await.map_err(broken)?;
        if body.length.is_none() {
            stream.write_all(b"\r\n").await.map_err(broken)?;
        }
        if piece.is_empty() {
            return Ok(());
        }
    }
}

async fn read(mut stream: Stream, without_body: bool) -> Result<Response, HttpFailure> {
    let mut line = String::new();
    stream.read_line(&mut line).await.map_err(broken)?;
    let mut words = line.split_whitespace();
    let protocol = words.next().ok_or_else(|| broken("nothing came"))?.to_owned();
    let status = words.next().and_then(|word| word.parse().ok()).ok_or_else(|| broken("no status came"))?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.map_err(broken)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let left = length.and_then(|(_, value)| value.parse().ok()).filter(|_| !without_body);
    let left = if without_body { Some(0) } else { left };
    Ok(Response { status, protocol, headers, body: Box::new(Body { stream, left }) })
}

struct Body {
    stream: Stream,
    /// None: to the end of the connection.
    left: Option<u64>,
}

#[async_trait::async_trait]
impl Content for Body {
    async fn next(&mut self) -> Result<Bytes, HttpFailure> {
        let most = self.left.unwrap_or(u64::MAX).min(16 * 1024);
        let mut piece = vec![0; most as usize];
        let read = self.stream.read(&mut piece).await.map_err(broken)?;
        piece.truncate(read);
        match &mut self.left {
            Some(1..) if read == 0 => Err(broken("the connection ended too early")),
            Some(left) => {
                *left -= read as u64;
                Ok(piece.into())
            }
            None => Ok(piece.into()),
        }
    }
}
