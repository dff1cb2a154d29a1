//! Attempts to reach the network.

use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use crate::Fetch;

pub(crate) fn socket(operation: &str, address: &str) -> skep::Result<String> {
    match operation {
        "connect" => Ok(format!("{:?}", TcpStream::connect(address)?)),
        "bind" => Ok(format!("{:?}", TcpListener::bind(address)?)),
        "udp" => Ok(format!("sent {} bytes", UdpSocket::bind("0.0.0.0:0")?.send_to(b"hello", address)?)),
        "lookup" => Ok(format!("{:?}", address.to_socket_addrs()?.collect::<Vec<_>>())),
        other => Err(format!("no operation `{other}`").into()),
    }
}

pub(crate) fn fetch(fetch: Fetch) -> skep::Result<(u16, String)> {
    let mut request = skep::http::Request::new(fetch.method.unwrap_or_else(|| "GET".to_owned()), fetch.url);
    for (name, value) in fetch.headers {
        request = request.header(name, value);
    }
    let request = fetch.body.into_iter().fold(request, |request, body| request.body(body));
    let response = skep::http::fetch(request)?;
    Ok((response.status, response.text()?.to_owned()))
}
