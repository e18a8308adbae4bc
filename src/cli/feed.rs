//! A feed that ends when the user has had enough, so that what has arrived is stored and counted.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncBufRead, AsyncRead, BufReader, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Reads until the end or until an interruption, whichever comes first.
pub(super) struct UntilInterrupted<R> {
    feed: BufReader<R>,
    interrupted: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
}

impl<R: AsyncRead> UntilInterrupted<R> {
    pub(super) fn new(feed: R, interrupt: CancellationToken) -> Self {
        let interrupted = Box::pin(interrupt.cancelled_owned());
        Self { feed: BufReader::new(feed), interrupted, ended: false }
    }
}

impl<R> UntilInterrupted<R> {
    fn has_ended(&mut self, context: &mut Context<'_>) -> bool {
        self.ended = self.ended || self.interrupted.as_mut().poll(context).is_ready();
        self.ended
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for UntilInterrupted<R> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let feed = self.get_mut();
        if feed.has_ended(context) { Poll::Ready(Ok(())) } else { Pin::new(&mut feed.feed).poll_read(context, into) }
    }
}

impl<R: AsyncRead + Unpin> AsyncBufRead for UntilInterrupted<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let feed = self.get_mut();
        if feed.has_ended(context) { Poll::Ready(Ok(&[])) } else { Pin::new(&mut feed.feed).poll_fill_buf(context) }
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        Pin::new(&mut self.get_mut().feed).consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_feed_ends_with_the_interruption_and_keeps_what_came_before() {
        let (mut writer, reader) = tokio::io::duplex(64);
        let interrupt = CancellationToken::new();
        let mut feed = UntilInterrupted::new(reader, interrupt.clone());
        writer.write_all(b"one").await.unwrap();
        let mut three = [0; 3];
        feed.read_exact(&mut three).await.unwrap();
        assert_eq!(&three, b"one");
        let rest = tokio::spawn(async move {
            let mut rest = Vec::new();
            feed.read_to_end(&mut rest).await.map(|_| rest)
        });
        interrupt.cancel();
        assert_eq!(rest.await.unwrap().unwrap(), b"");
        drop(writer);
    }
}
