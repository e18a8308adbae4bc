//! A transaction on Postgres whose statements have no name, so that a pooler may stand between.
//!
//! `PgBouncer` in transaction mode gives each transaction any of its connections: a statement that was prepared under a name
//! on one is unknown on the next, or is there already, prepared by somebody else. An unnamed one lives no longer than the
//! transaction that prepares and executes it. It is planned each time anew, with the values in hand; what that costs is
//! small beside a commit, and nobody needs to know what stands before their database.

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnection, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Either, Error, Execute, Executor, Postgres, SqlStr, Transaction};

/// What statements are executed on, in place of the transaction itself.
#[derive(Debug)]
pub struct Unnamed(pub(super) Transaction<'static, Postgres>);

/// A statement that is not to be kept.
struct Once<E>(E);

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Once<E> {
    fn sql(self) -> SqlStr {
        self.0.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.0.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.0.take_arguments()
    }

    fn persistent(&self) -> bool {
        false
    }
}

impl<'c> Executor<'c> for &'c mut Unnamed {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        connection(self).fetch_many(Once(query))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        connection(self).fetch_optional(Once(query))
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        connection(self).prepare_with(sql, parameters)
    }
}

fn connection(unnamed: &mut Unnamed) -> &mut PgConnection {
    &mut unnamed.0
}
