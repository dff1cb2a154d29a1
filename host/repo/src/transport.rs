//! libgit2's way to our server: it asks for streams and knows nothing of HTTP.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::sync::Arc;

use git2::Remote;
use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};

use crate::RepoError;
use crate::http::Server;
use crate::readable::Readable;

thread_local! {
    /// libgit2 makes transports by itself, on the thread that fetches, and passes nothing along.
    static SERVER: RefCell<Option<Arc<Server>>> = const { RefCell::new(None) };
}

/// Does `work`, whose fetches go to this server.
pub(crate) fn with_server<T>(server: &Arc<Server>, work: impl FnOnce() -> T) -> T {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            SERVER.set(None);
        }
    }
    SERVER.set(Some(Arc::clone(server)));
    let _restore = Restore;
    work()
}

/// What libgit2 calls for URLs of our scheme.
pub(crate) fn make(remote: &Remote<'_>) -> Result<Transport, git2::Error> {
    let server = SERVER.with_borrow(Option::clone).ok_or_else(|| git2::Error::from_str("no server is set"))?;
    Transport::smart(remote, true, Subtransport(server))
}

struct Subtransport(Arc<Server>);

impl SmartSubtransport for Subtransport {
    fn action(&self, _: &str, action: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        let state = match action {
            Service::UploadPackLs => State::Listing,
            Service::UploadPack => State::Asking(Vec::new()),
            Service::ReceivePackLs | Service::ReceivePack => {
                return Err(git2::Error::from_str("pushing is not served"));
            }
        };
        Ok(Box::new(Stream { state, server: Arc::clone(&self.0) }))
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

/// One request and its answer.
struct Stream {
    state: State,
    server: Arc<Server>,
}

enum State {
    Listing,
    /// The request so far; it goes out when the answer is wanted.
    Asking(Vec<u8>),
    Answering(Box<dyn Read + Send>),
}

impl Stream {
    fn answer(&mut self) -> Result<&mut Box<dyn Read + Send>, RepoError> {
        match &self.state {
            State::Listing => self.state = State::Answering(Box::new(Readable::new(self.server.list()?))),
            State::Asking(request) => self.state = State::Answering(Box::new(self.server.fetch(request)?)),
            State::Answering(_) => {}
        }
        match &mut self.state {
            State::Answering(answer) => Ok(answer),
            State::Listing | State::Asking(_) => unreachable!("the state was set above"),
        }
    }

    fn failed(&self, error: RepoError) -> io::Error {
        let message = error.to_string();
        self.server.fail(error);
        io::Error::other(message)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.answer() {
            Ok(answer) => answer.read(buffer)?,
            Err(error) => return Err(self.failed(error)),
        };
        self.server.count(read).map_err(|error| self.failed(error))?;
        Ok(read)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Asking(request) => {
                request.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            State::Listing | State::Answering(_) => Err(io::Error::other("this request has no body")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
