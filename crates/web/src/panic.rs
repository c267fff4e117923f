//! A handler that panics costs its own request, not the connection or the process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The inner future's output, or `Panicked`.
pub(crate) struct CatchPanic<F>(Pin<Box<F>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panicked;

impl<F> CatchPanic<F> {
    pub(crate) fn new(inner: F) -> Self {
        Self(Box::pin(inner))
    }
}

impl<F: Future> Future for CatchPanic<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The future is dropped after a panic and never polled again, so no broken state can be seen.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error() {
        assert_eq!(CatchPanic::new(async { 1 }).await, Ok(1));
        let broken = async {
            let nothing: Option<u32> = std::hint::black_box(None);
            nothing.unwrap()
        };
        assert_eq!(CatchPanic::new(broken).await, Err(Panicked));
    }
}
