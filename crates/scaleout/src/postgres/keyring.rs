//! The program's own keys, in the database: all nodes sign and seal with the same.

use super::connect::reason;
use super::master_key::MasterKey;
use super::pool::Pool;
use mainstay_ports::Keyring;
use ring::rand::{SecureRandom, SystemRandom};
use std::io::{self, ErrorKind};
use std::thread;
use tokio::runtime::Handle;
use tokio_postgres::Client;

const SELECT: &str = r#"SELECT "secret", "is_sealed" FROM "_mainstay_key" WHERE "name" = $1"#;
/// Of nodes that make a key at once, the first one's counts.
const INSERT: &str = r#"INSERT INTO "_mainstay_key" ("name", "secret", "is_sealed") VALUES ($1, $2, $3)
    ON CONFLICT ("name") DO NOTHING"#;
const SEAL: &str = r#"UPDATE "_mainstay_key" SET "secret" = $2, "is_sealed" = true
    WHERE "name" = $1 AND NOT "is_sealed""#;

/// Keeps each key in a row. With a master key they are sealed by it, those too that were there before; without one they are as safe as
/// the database is.
pub struct PostgresKeyring {
    pool: Pool,
    master: Option<MasterKey>,
    runtime: Handle,
}

impl PostgresKeyring {
    /// The runtime is the one that serves the connections.
    pub(crate) fn new(pool: Pool, master: Option<MasterKey>, runtime: Handle) -> Self {
        PostgresKeyring { pool, master, runtime }
    }

    async fn find_or_make(&self, name: &str, size_bytes: usize) -> io::Result<Vec<u8>> {
        let connection = self.pool.take().await;
        let connection = connection.map_err(|error| io::Error::new(ErrorKind::NotConnected, error))?;
        let client = &connection.client;
        let secret = match self.find(client, name).await? {
            Some(secret) => secret,
            None => {
                self.make(client, name, size_bytes).await?;
                self.find(client, name).await?.ok_or_else(|| io::Error::from(ErrorKind::NotFound))?
            }
        };
        if secret.len() == size_bytes {
            return Ok(secret);
        }
        let detail = format!("it has {} bytes instead of {size_bytes}", secret.len());
        Err(io::Error::new(ErrorKind::InvalidData, detail))
    }

    async fn find(&self, client: &Client, name: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(row) = client.query_opt(SELECT, &[&name]).await.map_err(failed)? else { return Ok(None) };
        let kept: Vec<u8> = row.try_get(0).map_err(failed)?;
        match (row.try_get(1).map_err(failed)?, &self.master) {
            (true, Some(master)) => master.open(name, kept).map(Some),
            (true, None) => {
                let detail = "the keys in the database are sealed, give the master key";
                Err(io::Error::new(ErrorKind::PermissionDenied, detail))
            }
            (false, Some(master)) => {
                client.execute(SEAL, &[&name, &master.seal(name, &kept)?]).await.map_err(failed)?;
                Ok(Some(kept))
            }
            (false, None) => Ok(Some(kept)),
        }
    }

    async fn make(&self, client: &Client, name: &str, size_bytes: usize) -> io::Result<()> {
        let mut secret = vec![0; size_bytes];
        let random = SystemRandom::new().fill(&mut secret);
        random.map_err(|_| io::Error::other("the system gives no random numbers"))?;
        let kept = self.master.as_ref().map_or(Ok(secret.clone()), |master| master.seal(name, &secret))?;
        client.execute(INSERT, &[&name, &kept, &self.master.is_some()]).await.map_err(failed).map(drop)
    }
}

impl Keyring for PostgresKeyring {
    /// It is asked when the program starts, maybe from a task of the runtime, which must not wait for itself.
    fn secret(&self, name: &str, size_bytes: usize) -> io::Result<Vec<u8>> {
        thread::scope(|scope| {
            let asking = scope.spawn(|| self.runtime.block_on(self.find_or_make(name, size_bytes)));
            asking.join().unwrap_or_else(|_| Err(io::Error::other("asking for it failed")))
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` takes")]
fn failed(error: tokio_postgres::Error) -> io::Error {
    io::Error::new(ErrorKind::NotConnected, format!("PostgreSQL: {}", reason(&error)))
}
