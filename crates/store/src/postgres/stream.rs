//! A socket that the thread waits on which asks. The driver polls; this turns a poll into a read that blocks, but only when
//! something is awaited, so that no other thread is woken for an answer and none is needed.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long one read waits before it looks whether anybody still wants the answer.
const SLICE: Duration = Duration::from_millis(500);
/// Slices without a byte after which the server counts as gone; longer than its own limit on statements.
const SLICES: u32 = 240;

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    pub(super) fn prepare(self) -> io::Result<Self> {
        match &self {
            Self::Tcp(socket) => {
                socket.set_nodelay(true)?;
                socket.set_read_timeout(Some(SLICE))?;
                socket.set_write_timeout(Some(SLICE * SLICES))?;
            }
            Self::Unix(socket) => {
                socket.set_read_timeout(Some(SLICE))?;
                socket.set_write_timeout(Some(SLICE * SLICES))?;
            }
        }
        Ok(self)
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.set_nonblocking(nonblocking),
            Self::Unix(socket) => socket.set_nonblocking(nonblocking),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.read(buffer),
            Self::Unix(socket) => socket.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write(bytes),
            Self::Unix(socket) => socket.write(bytes),
        }
    }
}

/// Whether a read may wait.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: AtomicU8,
    /// Becomes true when nobody wants the answer any more.
    given_up: Mutex<Option<Arc<AtomicBool>>>,
}

const ALWAYS: u8 = 0;
const ONCE: u8 = 1;
const NEVER: u8 = 2;
const GLANCE: u8 = 3;

/// What a read may do.
enum Entry {
    Wait,
    Glance,
    Nothing,
}

impl Gate {
    /// The next read may wait; those behind it may not.
    pub(super) fn open_once(&self) {
        self.state.store(ONCE, Ordering::Relaxed);
    }

    pub(super) fn close(&self) {
        self.state.store(NEVER, Ordering::Relaxed);
    }

    /// Reads take what has come and wait for nothing.
    pub(super) fn glance(&self) {
        self.state.store(GLANCE, Ordering::Relaxed);
    }

    pub(super) fn stop_when(&self, given_up: Option<Arc<AtomicBool>>) {
        *self.given_up.lock() = given_up;
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.given_up.lock().as_ref().is_some_and(|given_up| given_up.load(Ordering::Relaxed))
    }

    fn enter(&self) -> Entry {
        match self.state.load(Ordering::Relaxed) {
            ALWAYS => Entry::Wait,
            ONCE => {
                self.close();
                Entry::Wait
            }
            GLANCE => Entry::Glance,
            _ => Entry::Nothing,
        }
    }
}

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) socket: Socket,
    pub(super) gate: Arc<Gate>,
}

impl Stream {
    fn glance(&mut self, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.socket.set_nonblocking(true)?;
        let read = self.socket.read(into.initialize_unfilled());
        self.socket.set_nonblocking(false)?;
        match read {
            Ok(read) => {
                into.advance(read);
                Poll::Ready(Ok(()))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.gate.enter() {
            Entry::Wait => {}
            Entry::Glance => return self.glance(into),
            Entry::Nothing => return Poll::Pending,
        }
        for _ in 0..SLICES {
            match self.socket.read(into.initialize_unfilled()) {
                Ok(read) => {
                    into.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    if self.gate.is_given_up() {
                        return Poll::Ready(Err(io::Error::other("nobody waits for the answer any more")));
                    }
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the database does not answer")))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.socket.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
