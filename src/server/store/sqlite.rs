//! SQLite's one writer, and transactions that are committed together.
//!
//! Transactions take turns on one connection. While others wait for their turn, a transaction that
//! has ended is not committed by itself: the next joins it, as a savepoint. The first of such a
//! group starts a task that commits all of it, once the transactions that were waiting when the
//! group began have had their turn. So one flush to the disk, which is most of what a transaction
//! costs, serves all that came meanwhile. A transaction that nobody waits behind is committed at
//! once. No caller gets an answer before the commit. A transaction that fails is rolled back alone;
//! if the commit fails, it has failed for all.

use sqlx::{SqlSafeStr, SqlStr, SqliteConnection};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::watch;

use super::{
    backend::{Outcome, Sql},
    connection::Open,
    pool::{Lent, Pool},
    statement::Value,
};

/// The worst event that a transaction survives. SQLite flushes its log to the disk only for the
/// first; the second is flushed together with the next of the first. PostgreSQL flushes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: for an accepted request and its mail, a session, a wrong code.
    PowerCut,
    /// The end of the process: for a try of a password, a mail recorded as sent.
    ProcessEnd,
}

/// The connection that writes.
#[derive(Clone, Debug)]
pub struct Writer {
    pool: Pool<SqliteConnection>,
    /// Number of callers that wait for their turn.
    waiting: Arc<AtomicUsize>,
}

/// Transactions that wait for one commit, on the connection they are open on.
#[derive(Debug)]
pub struct Group {
    /// Becomes true with the commit. If it is dropped before, the commit has failed.
    committed: watch::Sender<bool>,
    durability: Durability,
}

/// A caller in the queue; counted until it is dropped.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn in_line(waiting: &'w AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Writer {
    pub fn new(pool: Pool<SqliteConnection>) -> Self {
        Writer { pool, waiting: Arc::default() }
    }

    pub fn pool(&self) -> &Pool<SqliteConnection> {
        &self.pool
    }

    /// Lends the connection with no transaction open on it.
    pub async fn get(&self) -> sqlx::Result<Lent<SqliteConnection>> {
        let lent = self.take().await?;
        settled(lent).await
    }

    async fn take(&self) -> sqlx::Result<Lent<SqliteConnection>> {
        let _waiting = Waiting::in_line(&self.waiting);
        self.pool.get().await
    }

    fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Begins a transaction, or joins those that wait for their commit.
    pub(super) async fn begin(&self, durability: Durability) -> sqlx::Result<Member> {
        let mut lent = self.take().await?;
        let open = lent.connection()?.group.as_ref().map(|group| group.durability);
        // The durability of a group is fixed when it begins.
        let joins = open.is_some_and(|open| open == durability || open == Durability::PowerCut);
        if open.is_some() && !joins {
            lent = settled(lent).await?;
        }
        let durability = match durability {
            // The callers in the queue may need more, and should be able to join.
            Durability::ProcessEnd if !joins && self.is_waited_for() => Durability::PowerCut,
            asked => asked,
        };
        if !joins {
            lent.connection()?.flush_for(durability).await?;
        }
        let begin = Some(if joins { "SAVEPOINT member" } else { "BEGIN IMMEDIATE" });
        let writer = self.clone();
        Ok(Member { lent, writer, durability, joins, begin, end: None })
    }

    /// Runs one statement on its own.
    pub async fn run(
        &self,
        durability: Durability,
        sql: impl SqlSafeStr,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<Outcome<SqliteConnection>>> {
        let mut member = self.begin(durability).await?;
        let outcomes = member.run(sql.into_sql_str(), values, true).await?;
        member.commit().await?;
        Ok(outcomes)
    }

    /// Commits the open group when its turn comes, unless that has happened already.
    async fn commit_in_turn(self, mut committed: watch::Receiver<bool>) {
        let taken = tokio::select! {
            biased;
            _ = committed.wait_for(|committed| *committed) => return,
            taken = self.pool.get_patiently() => taken,
        };
        let settled = match taken {
            Ok(lent) => settled(lent).await,
            Err(error) => Err(error),
        };
        match settled {
            Ok(lent) => lent.give_back(),
            Err(error) => tracing::error!(%error, "transactions could not be committed"),
        }
    }
}

/// Commits the group that is open on a connection, if any. In a task: a commit that has begun is
/// completed, even if the caller goes away.
async fn settled(mut lent: Lent<SqliteConnection>) -> sqlx::Result<Lent<SqliteConnection>> {
    if lent.connection()?.group.is_none() {
        return Ok(lent);
    }
    let settling = tokio::spawn(async move {
        let connection = lent.connection()?;
        let Some(group) = connection.group.take() else { return Ok(lent) };
        connection.open = Open::Transaction;
        connection.end("COMMIT").await?;
        group.committed.send_replace(true);
        Ok(lent)
    });
    settling.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// A transaction in its turn.
pub(super) struct Member {
    lent: Lent<SqliteConnection>,
    writer: Writer,
    durability: Durability,
    /// True if it is a savepoint in a transaction of others.
    joins: bool,
    /// Statement to send before its first one.
    begin: Option<&'static str>,
    /// The way in which its last statements have ended it.
    end: Option<End>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Committed,
    /// It waits for the commit of its group.
    Shared,
}

impl Member {
    /// Runs one or several statements in one round trip. The last ones of a transaction end it.
    pub async fn run(
        &mut self,
        sql: SqlStr,
        values: &[Value<'_>],
        is_last: bool,
    ) -> sqlx::Result<Vec<Outcome<SqliteConnection>>> {
        let begin = self.begin.take();
        let end = is_last.then(|| self.end_of_now());
        let closing = end.map_or("", |end| self.closing(end));
        let connection = self.lent.connection()?;
        let sql = if begin.is_some() || !closing.is_empty() {
            let pieces = [begin.unwrap_or_default(), sql.as_str(), closing];
            let pieces: Vec<&str> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
            Sql::Composed(pieces.join("; "))
        } else {
            Sql::Plain(sql)
        };
        if begin.is_some() {
            connection.open = if self.joins { Open::Savepoint } else { Open::Transaction };
        }
        let mut outcomes = connection.statement(sql, values).await?;
        self.end = end;
        if begin.is_some() && !outcomes.is_empty() {
            outcomes.remove(0);
        }
        Ok(outcomes)
    }

    fn end_of_now(&self) -> End {
        let is_shared = self.joins || self.writer.is_waited_for();
        if is_shared { End::Shared } else { End::Committed }
    }

    fn closing(&self, end: End) -> &'static str {
        match end {
            End::Committed => "COMMIT",
            End::Shared if self.joins => "RELEASE member",
            End::Shared => "",
        }
    }

    /// Commits the transaction, and returns once the commit has happened.
    pub async fn commit(mut self) -> sqlx::Result<()> {
        if self.begin.is_some() {
            self.lent.give_back();
            return Ok(());
        }
        let end = match self.end {
            Some(end) => end,
            None => {
                let end = self.end_of_now();
                let closing = self.closing(end);
                if !closing.is_empty() {
                    self.lent.connection()?.say(closing).await?;
                }
                end
            }
        };
        let Member { mut lent, writer, durability, .. } = self;
        let connection = lent.connection()?;
        connection.open = Open::Nothing;
        if end == End::Committed {
            lent.give_back();
            return Ok(());
        }
        let is_first = connection.group.is_none();
        let group = connection
            .group
            .get_or_insert_with(|| Group { committed: watch::Sender::new(false), durability });
        let mut committed = group.committed.subscribe();
        if is_first {
            tokio::spawn(writer.commit_in_turn(committed.clone()));
        }
        lent.give_back();
        let failed = |_| sqlx::Error::Io(std::io::Error::other("the commit of a group has failed"));
        committed.wait_for(|committed| *committed).await.map(drop).map_err(failed)
    }

    /// Rolls back this transaction alone.
    pub async fn roll_back(mut self) {
        let Ok(connection) = self.lent.connection() else { return };
        // If it cannot be rolled back here, the connection is cleaned up when it is dropped.
        if self.begin.is_some() || connection.undo().await.is_ok() {
            self.lent.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::{connection::Setup, statement::values};
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    use std::time::Duration;
    use tempfile::TempDir;
    use tokio::{
        sync::oneshot,
        task::{JoinHandle, yield_now},
        time::timeout,
    };

    /// Makes a new file with a writer and a reader. Its table takes only positive numbers and,
    /// checked at the commit, only known kinds.
    async fn file() -> (Writer, Pool<SqliteConnection>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("notes.db"))
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal);
        let writer = Pool::open(options.clone(), Setup::default(), 1).await.unwrap();
        let reader = Pool::open(options, Setup::default(), 1).await.unwrap();
        let writer = Writer::new(writer);
        let mut lent = writer.get().await.unwrap();
        let tables = "CREATE TABLE kinds (id INTEGER PRIMARY KEY); INSERT INTO kinds VALUES (1); \
            CREATE TABLE notes (number INTEGER CHECK (number > 0), \
            kind INTEGER REFERENCES kinds (id) DEFERRABLE INITIALLY DEFERRED)";
        lent.connection().unwrap().say(tables).await.unwrap();
        lent.give_back();
        (writer, reader, folder)
    }

    const NOTE: &str = "INSERT INTO notes VALUES ($1, $2)";

    async fn notes(reader: &Pool<SqliteConnection>) -> Vec<i64> {
        let found = reader.run("SELECT number FROM notes ORDER BY number", &[]).await.unwrap();
        let found: Vec<(i64,)> = crate::server::store::backend::rows(found).unwrap();
        found.into_iter().map(|(number,)| number).collect()
    }

    /// Writes a note in a transaction. Returns true if it was committed.
    async fn write(writer: Writer, number: i64, kind: i64) -> bool {
        let written = async {
            let mut member = writer.begin(Durability::PowerCut).await?;
            match member.run(NOTE.into_sql_str(), &values![number, kind], true).await {
                Ok(_) => member.commit().await,
                Err(error) => {
                    member.roll_back().await;
                    Err(error)
                }
            }
        };
        written.await.is_ok()
    }

    /// Starts one transaction that has written and waits for the commit, and another in the middle
    /// of its turn, which writes `number` when told to go on.
    async fn one_behind_another(
        writer: &Writer,
        kind: i64,
        other: &'static str,
        number: i64,
    ) -> (JoinHandle<bool>, JoinHandle<bool>, oneshot::Sender<()>) {
        let held = writer.get().await.unwrap();
        let first = tokio::spawn(write(writer.clone(), 1, kind));
        while writer.waiting.load(Ordering::Relaxed) < 1 {
            yield_now().await;
        }
        let (go_on, told) = oneshot::channel();
        let (begun, has_begun) = oneshot::channel();
        let second = writer.clone();
        let second = tokio::spawn(async move {
            let mut member = second.begin(Durability::PowerCut).await.unwrap();
            assert!(member.joins, "the first has not been committed");
            member.run("SELECT 1".into_sql_str(), &[], false).await.unwrap();
            begun.send(()).unwrap();
            told.await.unwrap();
            match member.run(other.into_sql_str(), &values![number, 1_i64], true).await {
                Ok(_) => member.commit().await.is_ok(),
                Err(_) => {
                    member.roll_back().await;
                    false
                }
            }
        });
        while writer.waiting.load(Ordering::Relaxed) < 2 {
            yield_now().await;
        }
        held.give_back();
        has_begun.await.unwrap();
        (first, second, go_on)
    }

    #[tokio::test]
    async fn a_lone_transaction_waits_for_nobody() {
        let (writer, reader, _folder) = file().await;
        assert!(timeout(Duration::from_secs(5), write(writer.clone(), 1, 1)).await.unwrap());
        assert_eq!(notes(&reader).await, [1]);
        assert!(!write(writer.clone(), -1, 1).await, "what fails is undone");
        assert!(write(writer, 2, 1).await);
        assert_eq!(notes(&reader).await, [1, 2]);
    }

    #[tokio::test]
    async fn waiting_transactions_commit_together_and_are_answered_only_then() {
        let (writer, reader, _folder) = file().await;
        let (first, second, go_on) = one_behind_another(&writer, 1, NOTE, 2).await;
        assert_eq!(notes(&reader).await, [0; 0], "nothing is committed yet");
        assert!(!first.is_finished(), "and nobody has been answered");
        go_on.send(()).unwrap();
        assert!(first.await.unwrap() && second.await.unwrap());
        assert_eq!(notes(&reader).await, [1, 2]);
        assert!(writer.get().await.unwrap().connection().unwrap().group.is_none());
    }

    #[tokio::test]
    async fn a_transaction_that_fails_is_rolled_back_alone() {
        let (writer, reader, _folder) = file().await;
        let (first, second, go_on) = one_behind_another(&writer, 1, NOTE, -2).await;
        go_on.send(()).unwrap();
        assert!(first.await.unwrap() && !second.await.unwrap());
        assert_eq!(notes(&reader).await, [1]);
    }

    #[tokio::test]
    async fn a_caller_that_hangs_up_in_its_turn_undoes_only_its_own() {
        let (writer, reader, _folder) = file().await;
        let (first, second, _go_on) = one_behind_another(&writer, 1, NOTE, 2).await;
        second.abort();
        assert!(first.await.unwrap());
        assert_eq!(notes(&reader).await, [1]);
        assert!(write(writer, 3, 1).await, "and the writer writes on");
    }

    #[tokio::test]
    async fn a_caller_that_hangs_up_while_it_waits_is_committed_with_the_others() {
        let (writer, reader, _folder) = file().await;
        let (first, second, go_on) = one_behind_another(&writer, 1, NOTE, 2).await;
        first.abort();
        go_on.send(()).unwrap();
        assert!(second.await.unwrap());
        assert_eq!(notes(&reader).await, [1, 2]);
    }

    #[tokio::test]
    async fn a_commit_that_fails_fails_for_all() {
        let (writer, reader, _folder) = file().await;
        // Kind 7 does not exist, which only the commit finds out.
        let (first, second, go_on) = one_behind_another(&writer, 7, NOTE, 2).await;
        go_on.send(()).unwrap();
        assert!(!first.await.unwrap() && !second.await.unwrap());
        assert_eq!(notes(&reader).await, [0; 0]);
        assert!(write(writer, 3, 1).await, "and the writer writes on");
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_ends_by_itself_fails_for_all() {
        let (writer, reader, _folder) = file().await;
        let other = "INSERT OR ROLLBACK INTO notes VALUES ($1, $2)";
        let (first, second, go_on) = one_behind_another(&writer, 1, other, -2).await;
        go_on.send(()).unwrap();
        assert!(!first.await.unwrap() && !second.await.unwrap());
        assert_eq!(notes(&reader).await, [0; 0]);
        assert!(write(writer, 3, 1).await, "and the writer writes on");
    }

    #[tokio::test]
    async fn a_write_that_must_survive_a_power_cut_joins_none_that_need_not() {
        let (writer, reader, _folder) = file().await;
        let mut first = writer.begin(Durability::ProcessEnd).await.unwrap();
        let second = tokio::spawn(write(writer.clone(), 2, 1));
        while writer.waiting.load(Ordering::Relaxed) < 1 {
            yield_now().await;
        }
        first.run(NOTE.into_sql_str(), &values![1_i64, 1_i64], true).await.unwrap();
        let (first, second) = tokio::join!(first.commit(), second);
        assert!(first.is_ok() && second.unwrap());
        assert_eq!(notes(&reader).await, [1, 2]);
        let flushes = "PRAGMA synchronous";
        let mut lent = writer.get().await.unwrap();
        let level: (i64,) =
            sqlx::query_as(flushes).fetch_one(lent.connection().unwrap()).await.unwrap();
        assert_eq!(level, (2,), "FULL");
    }
}
