//! Tries to reach the address in its prompt by every kind of socket and returns what came of it: a brain has no network.

use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    let address = task.prompt.as_str();
    let tried = [
        ("tcp", TcpStream::connect(address).map(drop)),
        ("listen", TcpListener::bind("127.0.0.1:0").map(drop)),
        ("udp", UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"hello", address)).map(drop)),
        ("lookup", "localhost:80".to_socket_addrs().map(drop)),
    ];
    let described = tried.map(|(kind, result)| match result {
        Ok(()) => format!("{kind}: it worked"),
        Err(error) => format!("{kind}: {error}"),
    });
    Ok(described.join("\n"))
}
