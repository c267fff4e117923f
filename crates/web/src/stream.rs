//! A connection as the HTTP library reads it: through [`Framing`], with a clock on everything a slow client can draw out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::framing::Framing;

/// How long a client may take; see [`crate::server::Limits`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// From the first byte of a head (or from the connection's beginning) to its end.
    pub(crate) head: Duration,
    /// Between two requests.
    pub(crate) idle: Duration,
    /// Until the client takes some bytes of an answer.
    pub(crate) write: Duration,
}

pub(crate) struct Stream<I> {
    inner: I,
    framing: Framing,
    raw: Box<[u8]>,
    ready: Vec<u8>,
    given: usize,
    first: bool,
    patience: Patience,
    reading: Option<(Waiting, Pin<Box<Sleep>>)>,
    writing: Option<Pin<Box<Sleep>>>,
    seen: Arc<Seen>,
}

/// What became known of a connection by its bytes.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    ambiguous: AtomicBool,
    opaque: AtomicBool,
}

impl Seen {
    /// A head with two readings has come by.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.ambiguous.load(Ordering::Relaxed)
    }

    /// Where the next request begins is not certain: there must not be one.
    pub(crate) fn is_opaque(&self) -> bool {
        self.opaque.load(Ordering::Relaxed)
    }
}

/// What a read is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Head,
    NextRequest,
}

impl<I> Stream<I> {
    /// `seen` is told what becomes known.
    pub(crate) fn new(inner: I, patience: Patience, seen: Arc<Seen>) -> Self {
        Self {
            inner,
            framing: Framing::default(),
            raw: vec![0; 8 * 1024].into(),
            ready: Vec::new(),
            given: 0,
            first: true,
            patience,
            reading: None,
            writing: None,
            seen,
        }
    }

    fn waiting(&self) -> Option<Waiting> {
        if self.framing.in_head() || self.first {
            Some(Waiting::Head)
        } else if self.framing.is_idle() {
            Some(Waiting::NextRequest)
        } else {
            // A body has its own limit where it is collected.
            None
        }
    }

    /// The deadline of the present wait; it does not move while bytes of the same head trickle in.
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(waiting) = self.waiting() else {
            self.reading = None;
            return Poll::Pending;
        };
        let patience = match waiting {
            Waiting::Head => self.patience.head,
            Waiting::NextRequest => self.patience.idle,
        };
        match &mut self.reading {
            Some((since, sleep)) if *since == waiting => sleep.as_mut().poll(cx),
            Some((since, sleep)) => {
                *since = waiting;
                sleep.as_mut().reset(Instant::now() + patience);
                sleep.as_mut().poll(cx)
            }
            None => {
                let sleep = self.reading.insert((waiting, Box::pin(tokio::time::sleep(patience))));
                sleep.1.as_mut().poll(cx)
            }
        }
    }

    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let rest = self.ready.get(self.given..).unwrap_or_default();
        let n = rest.len().min(buffer.remaining());
        buffer.put_slice(rest.get(..n).unwrap_or_default());
        self.given += n;
        if self.given >= self.ready.len() {
            self.ready.clear();
            self.given = 0;
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Stream<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ready.is_empty() {
            let mut raw = ReadBuf::new(&mut this.raw);
            match Pin::new(&mut this.inner).poll_read(cx, &mut raw) {
                Poll::Ready(result) => result?,
                Poll::Pending => {
                    ready!(this.poll_read_deadline(cx));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
            let was_head = this.framing.in_head();
            this.framing.pass(raw.filled(), &mut this.ready);
            if this.framing.is_opaque() {
                this.seen.opaque.store(true, Ordering::Relaxed);
            }
            if this.framing.is_ambiguous() {
                this.seen.ambiguous.store(true, Ordering::Relaxed);
            }
            if !this.ready.is_empty() {
                this.first = false;
            }
            // Only a head that goes on keeps its deadline; whatever else came, the next wait is a new one. A request that
            // came whole in one read leaves the connection as idle as it was, but not for as long.
            if !(was_head && this.framing.in_head()) {
                this.reading = None;
            }
        }
        this.give(buffer);
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> Stream<I> {
    /// An answer that nobody takes must not hold the connection for ever.
    fn or_stalled<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.writing = None;
            return outcome;
        }
        let patience = self.patience.write;
        let sleep = self.writing.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Stream<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.inner).poll_write(cx, bytes);
        this.or_stalled(cx, outcome)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.inner).poll_flush(cx);
        this.or_stalled(cx, outcome)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.inner).poll_shutdown(cx);
        this.or_stalled(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.inner).poll_write_vectored(cx, parts);
        this.or_stalled(cx, outcome)
    }
}
