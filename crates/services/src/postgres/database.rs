//! A database of a test.

use super::Installation;
use crate::run::run;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// An empty database. It is dropped with this, also when somebody is still connected.
#[derive(Debug)]
pub struct Database {
    installation: Installation,
    /// The server's URL, without a database.
    server: String,
    name: String,
}

impl Database {
    pub(super) fn make(installation: Installation, server: &str, template: &str) -> Database {
        // Several processes make databases on one server.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Database { installation, server: server.to_owned(), name };
        // A process of an earlier run may have had this number, and have left one behind when it was killed.
        database.tell_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name));
        database.tell_server(&format!("CREATE DATABASE {} TEMPLATE {template}", database.name));
        database
    }

    /// Another one with all that is in this one, to which nobody may be connected meanwhile.
    pub fn copy(&self) -> Database {
        Database::make(self.installation.clone(), &self.server, &self.name)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.url_in(&self.name)
    }

    /// Its URL by another way, as through a [`crate::Proxy`], or at a replica.
    pub fn url_at(&self, address: SocketAddr) -> String {
        let user = self.server.rsplit_once('@').map_or("postgres://postgres", |(user, _)| user);
        format!("{user}@{address}/{}", self.name)
    }

    /// Runs statements with `psql`, and answers the rows of the last one: a line each, with `|` between values. Panics when one fails.
    pub fn sql(&self, statements: &str) -> String {
        self.psql(&self.url(), statements).unwrap_or_else(|reason| panic!("{statements}: {reason}"))
    }

    /// As [`Database::sql`], by another way, as at a replica.
    pub fn sql_at(&self, address: SocketAddr, statements: &str) -> String {
        let answer = self.psql(&self.url_at(address), statements);
        answer.unwrap_or_else(|reason| panic!("{statements}: {reason}"))
    }

    /// All that its tables have, as text, for whoever searches it. Bytes are shown as the text that they may be.
    pub fn contents(&self) -> String {
        let list = "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables \
                    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
        let tables = self.sql(list);
        tables
            .lines()
            .map(|table| self.sql(&format!("SET bytea_output = escape; TABLE {table}")) + "\n")
            .collect()
    }

    /// One of PostgreSQL's programs, as `pgbench`, without what the environment says of other servers. Whom to connect to is still to be said.
    pub fn command(&self, program: &str) -> Command {
        self.installation.command(program)
    }

    fn tell_server(&self, statement: &str) {
        self.psql(&self.url_in("postgres"), statement)
            .unwrap_or_else(|reason| panic!("{statement}: {reason}"));
    }

    fn psql(&self, url: &str, statements: &str) -> Result<String, String> {
        let mut psql = self.installation.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.arg("--dbname").arg(url).arg("--command").arg(statements);
        run(&mut psql).map(|output| output.trim_end().to_owned())
    }

    fn url_in(&self, database: &str) -> String {
        format!("{}/{database}", self.server)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // The server may be stopped or gone; then the database goes with its folder.
        let _ = self.psql(&self.url_in("postgres"), &drop);
    }
}
