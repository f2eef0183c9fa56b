//! The program's own keys.

use super::Database;
use crate::postgres::OpenError;

impl Database {
    /// Keeps these keys, in place of those of the same names.
    ///
    /// # Errors
    /// When they cannot be written.
    pub async fn set_keys(&self, keys: &[(String, Vec<u8>)]) -> Result<(), OpenError> {
        let upsert = r#"INSERT INTO "_mainstay_key" ("name", "secret", "is_sealed") VALUES ($1, $2, false)
            ON CONFLICT ("name") DO UPDATE SET "secret" = excluded."secret", "is_sealed" = false"#;
        for (name, secret) in keys {
            self.client.execute(upsert, &[name, secret]).await?;
        }
        Ok(())
    }

    /// Keeps the keys that were put aside with [`Database::put_aside`].
    ///
    /// # Errors
    /// When they are not there.
    pub async fn keep_keys(&self, aside: &str) -> Result<(), OpenError> {
        let schema = aside.replace('"', "\"\"");
        let insert = format!(r#"INSERT INTO "_mainstay_key" SELECT * FROM "{schema}"."_mainstay_key""#);
        self.client.execute(&insert, &[]).await?;
        Ok(())
    }

    /// The keys that are not sealed, each with its name; and whether there are others, which only nodes with the master key can read.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn keys(&self) -> Result<(Vec<(String, Vec<u8>)>, bool), OpenError> {
        let select = r#"SELECT "name", "secret", "is_sealed" FROM "_mainstay_key" ORDER BY "name""#;
        let (mut keys, mut are_sealed) = (Vec::new(), false);
        for row in self.client.query(select, &[]).await? {
            match row.try_get(2)? {
                true => are_sealed = true,
                false => keys.push((row.try_get(0)?, row.try_get(1)?)),
            }
        }
        Ok((keys, are_sealed))
    }
}
