//! A connection that one thread uses at a time and waits on itself. Statements whose answer nobody needs yet are sent and
//! their answers taken in with the next one that is waited for: a transaction costs as many round trips as it has questions.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, Waker};

use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsStream};
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, Statement};

use super::declared;
use super::server::Server;
use super::stream::{Gate, Stream};
use crate::error::{Error, Result};
use crate::value::{Owned, Params, Row, Value};

/// Statements sent ahead of their answers at most: both sides' buffers hold that much.
const AHEAD: usize = 64;
/// Statements kept prepared; those put together from filters come in many forms.
const PREPARED: usize = 500;

type Answer = Pin<Box<dyn Future<Output = Result<u64, tokio_postgres::Error>> + Send>>;
type Driver =
    Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>> + Send>;

pub(crate) struct Connection {
    server: Server,
    client: Arc<Client>,
    driver: RefCell<Driver>,
    gate: Arc<Gate>,
    prepared: RefCell<HashMap<Box<str>, Statement>>,
    ahead: RefCell<VecDeque<Answer>>,
    broken: Cell<bool>,
    database_time: bool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("broken", &self.broken.get()).finish_non_exhaustive()
    }
}

impl Connection {
    /// Connect, with limits on how long a statement runs and waits for a lock.
    pub(crate) fn open(server: &Server, settings: &str, database_time: bool) -> Result<Self> {
        let (socket, name, tls) = server.dial()?;
        let gate = Arc::new(Gate::default());
        let stream = Stream { socket, gate: gate.clone() };
        let (client, driver) = match tls {
            None => connect(server, stream, NoTls)?,
            Some(mut tls) => {
                let tls = MakeTlsConnect::<Stream>::make_tls_connect(&mut tls, &name)
                    .map_err(|e| Error::Unsupported(format!("{name} is no name that TLS can verify: {e}")))?;
                connect(server, stream, tls)?
            }
        };
        let db = Self {
            server: server.clone(),
            client: Arc::new(client),
            driver: RefCell::new(driver),
            gate,
            prepared: RefCell::default(),
            ahead: RefCell::default(),
            broken: Cell::new(false),
            database_time,
        };
        db.batch(settings)?;
        Ok(db)
    }

    /// Leases go by the server's clock.
    pub(crate) fn has_the_time(&self) -> bool {
        self.database_time
    }

    /// It can be used again.
    pub(crate) fn is_usable(&self) -> bool {
        !self.broken.get() && !self.client.is_closed()
    }

    /// It can be used, as far as can be told without asking: the server has not said goodbye while it lay idle.
    pub(crate) fn is_alive(&self) -> bool {
        self.gate.glance();
        self.is_usable() && self.turn().is_ok()
    }

    /// Stop waiting, and tell the server to stop, when this becomes true.
    pub(crate) fn stop_when(&self, given_up: Option<Arc<AtomicBool>>) {
        self.gate.stop_when(given_up);
    }

    pub(crate) fn query(
        &self,
        sql: &str,
        params: Params<'_>,
        read: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let statement = self.statement(sql, params)?;
        let values: Vec<Value<'_>> = params.iter().map(|p| p.value()).collect();
        let refs: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = values.iter().map(|v| v as _).collect();
        let rows = self.wait(self.client.query(&statement, &refs))?;
        rows.iter().try_for_each(|row| read(&Row::Postgres(row)))
    }

    /// The number of rows changed.
    pub(crate) fn changed(&self, sql: &str, params: Params<'_>) -> Result<usize> {
        let statement = self.statement(sql, params)?;
        let values: Vec<Value<'_>> = params.iter().map(|p| p.value()).collect();
        let changed = self.wait(self.client.execute_raw(&statement, values))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Send a statement ahead; an error shows at the next one that is waited for.
    pub(crate) fn send(&self, sql: &str, params: Params<'_>) -> Result<()> {
        let statement = self.statement(sql, params)?;
        let values: Vec<Owned> = params.iter().map(|p| p.value().into()).collect();
        let client = self.client.clone();
        self.enqueue(Box::pin(async move { client.execute_raw(&statement, values).await }))
    }

    /// Send a statement without parameters ahead, such as `BEGIN`.
    pub(crate) fn send_batch(&self, sql: &'static str) -> Result<()> {
        let client = self.client.clone();
        self.enqueue(Box::pin(async move { client.batch_execute(sql).await.map(|()| 0) }))
    }

    /// Carry out several statements without parameters.
    pub(crate) fn batch(&self, sql: &str) -> Result<()> {
        self.wait(self.client.batch_execute(sql))
    }

    /// Commit. After a statement that failed the server would roll back and not call it an error; the question before it is
    /// one then.
    pub(crate) fn commit(&self) -> Result<()> {
        self.send_batch("SELECT 1")?;
        self.batch("COMMIT")
    }

    /// Wait for all that was sent ahead.
    pub(crate) fn settle(&self) -> Result<()> {
        self.wait(std::future::ready(Ok(())))
    }

    /// Let go what was sent ahead without waiting for its answer.
    pub(crate) fn flush(&self) -> Result<()> {
        self.gate.close();
        self.turn()
    }

    fn enqueue(&self, mut answer: Answer) -> Result<()> {
        if self.ahead.borrow().len() >= AHEAD {
            self.settle()?;
        }
        // The first look writes it into the driver's queue.
        match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => done.map(drop).map_err(Error::from),
            Poll::Pending => {
                self.ahead.borrow_mut().push_back(answer);
                Ok(())
            }
        }
    }

    fn statement(&self, sql: &str, params: Params<'_>) -> Result<Statement> {
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let types: Vec<Type> = params.iter().map(|p| declared(p.value())).collect();
        let statement = self.wait(self.client.prepare_typed(&numbered(sql), &types))?;
        let mut prepared = self.prepared.borrow_mut();
        if prepared.len() >= PREPARED {
            prepared.clear();
        }
        prepared.insert(sql.into(), statement.clone());
        Ok(statement)
    }

    /// Wait for `asked`, and for all that was sent before it: what went wrong first is told.
    fn wait<T>(&self, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T> {
        if self.gate.is_given_up() {
            return Err(Error::Unavailable("nobody waits for the answer any more".into()));
        }
        let mut asked = pin!(asked);
        let mut cx = Context::from_waker(Waker::noop());
        let mut answer = None;
        let mut failed = None;
        loop {
            if answer.is_none()
                && let Poll::Ready(done) = asked.as_mut().poll(&mut cx)
            {
                answer = Some(done);
            }
            self.take_in(&mut cx, &mut failed);
            if let Some(answer) = answer.take_if(|_| self.ahead.borrow().is_empty()) {
                return match failed {
                    Some(error) => Err(error),
                    None => answer.map_err(|error| self.noted(error)),
                };
            }
            // What is asked goes out first; only then may a read wait.
            self.gate.close();
            self.turn()?;
            self.gate.open_once();
            self.turn()?;
        }
    }

    fn take_in(&self, cx: &mut Context<'_>, failed: &mut Option<Error>) {
        let mut ahead = self.ahead.borrow_mut();
        while let Some(first) = ahead.front_mut() {
            let Poll::Ready(done) = first.as_mut().poll(cx) else { return };
            ahead.pop_front();
            if let Err(error) = done {
                failed.get_or_insert(self.noted(error));
            }
        }
    }

    fn noted(&self, error: tokio_postgres::Error) -> Error {
        self.broken.set(self.broken.get() || error.is_closed());
        error.into()
    }

    /// Write what is queued and read what has come.
    fn turn(&self) -> Result<()> {
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            let error = match (self.driver.borrow_mut())(&mut cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Some(Ok(AsyncMessage::Notification(_)))) => continue,
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(Some(Err(error))) => error.into(),
                Poll::Ready(None) => Error::Away("it has closed the connection".into()),
            };
            self.broken.set(true);
            if self.gate.is_given_up() {
                self.cancel();
            }
            return Err(error);
        }
    }

    /// Tell the server, on a connection of its own, to stop what it does for this one. If that fails the statement runs on
    /// until its time is up.
    fn cancel(&self) {
        let Ok((socket, name, tls)) = self.server.dial() else { return };
        let stream = Stream { socket, gate: Arc::default() };
        let token = self.client.cancel_token();
        let cancelled = match tls {
            None => block(token.cancel_query_raw(stream, NoTls)),
            Some(mut tls) => match MakeTlsConnect::<Stream>::make_tls_connect(&mut tls, &name) {
                Ok(tls) => block(token.cancel_query_raw(stream, tls)),
                Err(_) => return,
            },
        };
        if let Err(error) = cancelled {
            tracing::warn!(%error, "a statement that nobody waits for could not be cancelled");
        }
    }
}

/// Carry out on a stream whose reads all wait, so that each look gets further.
fn block<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
    }
}

fn connect<T>(server: &Server, stream: Stream, tls: T) -> Result<(Client, Driver)>
where
    T: tokio_postgres::tls::TlsConnect<Stream>,
    T::Stream: Send + 'static,
    T::Future: Send,
    T::Stream: TlsStream + Unpin,
{
    let (client, mut connection) = block(server.config.connect_raw(stream, tls))?;
    Ok((client, Box::new(move |cx| connection.poll_message(cx))))
}

/// `?1` as PostgreSQL writes it: `$1`.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut characters = sql.chars().peekable();
    while let Some(c) = characters.next() {
        let is_parameter = c == '?' && characters.peek().is_some_and(char::is_ascii_digit);
        text.push(if is_parameter { '$' } else { c });
    }
    text
}
