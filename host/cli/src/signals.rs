//! What the person at the keyboard, or the service manager, wants.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A wish from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Ctrl-C.
    Interrupt,
    /// The program is to end.
    Terminate,
}

/// The signals that are listened to, from when this is made.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The next wish.
    pub(crate) async fn next(&mut self) -> Wish {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Wish::Interrupt,
            Some(()) = self.terminate.recv() => Wish::Terminate,
            else => std::future::pending().await,
        }
    }
}
