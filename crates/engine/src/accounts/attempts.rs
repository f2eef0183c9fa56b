//! Failed logins, counted for each account and each address, with delays that double. They are rows, so a restart does not forgive them.

use super::identity::MICROS;
use super::password::hex;
use super::session::field;
use crate::{Caller, Code, Engine, Error};
use mainstay_expr::Value;
use mainstay_ports::{Delete, Record, Step, Update};

/// What is counted: `key` is that of a row, `limit` how many failures are free.
pub(super) struct Counter {
    key: String,
    limit: u32,
    longest_delay_seconds: i64,
}

/// Failures are forgotten when none has followed for this long.
const FORGIVEN_AFTER: i64 = 3_600 * MICROS;
const LONGEST_DELAY_OF_ACCOUNT_SECONDS: i64 = 15 * 60;
/// Shorter, since many may be behind one address who have done nothing.
const LONGEST_DELAY_OF_ADDRESS_SECONDS: i64 = 30;
/// How often a count is tried again when another failure of the same account was counted meanwhile.
const TRIES: usize = 8;

impl Engine {
    /// The counters of a login: of the account, be it there or not, and of the address.
    pub(super) fn counters(&self, caller: &Caller, email: &str) -> Vec<Counter> {
        let accounts = &self.application().config.accounts;
        let digest = ring::digest::digest(&ring::digest::SHA256, email.as_bytes());
        let account = Counter {
            key: format!("account:{}", hex(digest.as_ref())),
            limit: accounts.failures_per_account,
            longest_delay_seconds: LONGEST_DELAY_OF_ACCOUNT_SECONDS,
        };
        let address = Counter {
            key: format!("address:{}", caller.address),
            limit: accounts.failures_per_address,
            longest_delay_seconds: LONGEST_DELAY_OF_ADDRESS_SECONDS,
        };
        let counts_address = address.limit > 0 && !caller.address.is_empty();
        if counts_address { vec![account, address] } else { vec![account] }
    }

    /// Refuses while one of the counters says to wait.
    pub(super) async fn require_unlocked(&self, counters: &[Counter]) -> Result<(), Error> {
        let locked_until = field(self.built_in("_attempt"), "locked_until");
        for counter in counters {
            let attempt = self.attempt(counter).await?;
            let until = attempt.and_then(|attempt| attempt.get(locked_until).as_timestamp());
            if let Some(wait) = until.map(|until| until - self.now()).filter(|wait| *wait > 0) {
                let seconds = (wait as u64).div_ceil(MICROS as u64);
                self.measures().login_lockouts.increment();
                let message = format!("too many failed logins, try again in {seconds} s");
                return Err(Error::new(Code::TooManyFailures, message).retry_after(seconds));
            }
        }
        Ok(())
    }

    /// Counts a failed login.
    pub(super) async fn count_failure(&self, caller: &Caller, counters: &[Counter]) -> Result<(), Error> {
        self.measures().login_failures.increment();
        for counter in counters {
            for attempt in 1..=TRIES {
                let step = self.one_more(counter).await?;
                match self.commit_for(caller, vec![step]).await {
                    Err(error) if error.code == Code::BatchFailed && attempt < TRIES => {}
                    result => {
                        result?;
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Forgets the failures of an account that has shown who it is. Those of the address stay: it may be guessing at others.
    pub(super) async fn forgive(&self, caller: &Caller, counters: &[Counter]) -> Result<(), Error> {
        let Some(counter) = counters.first() else { return Ok(()) };
        let Some(attempt) = self.attempt(counter).await? else { return Ok(()) };
        let model = self.built_in("_attempt").id;
        let delete = Step::Delete(Delete { model, id: attempt.id(), if_version: None });
        match self.commit_for(caller, vec![delete]).await {
            // Another login of the same account was first to forget them.
            Err(error) if error.code == Code::BatchFailed => Ok(()),
            result => result,
        }
    }

    async fn attempt(&self, counter: &Counter) -> Result<Option<Record>, Error> {
        self.find_by("_attempt", "key", Value::Text(counter.key.clone())).await
    }

    /// The step that counts one more failure, if nobody else has counted meanwhile.
    async fn one_more(&self, counter: &Counter) -> Result<Step, Error> {
        let model = self.built_in("_attempt");
        let Some(attempt) = self.attempt(counter).await? else {
            let locked_until = self.locked_until(1, counter);
            let values = vec![
                ("key", Value::Text(counter.key.clone())),
                ("failures", Value::Int(1)),
                ("locked_until", locked_until),
            ];
            return Ok(Step::Create(self.create_internal(model, values)));
        };
        let stale = self.now() - attempt.updated_at() > FORGIVEN_AFTER;
        let before = if stale { 0 } else { attempt.get(field(model, "failures")).as_int().unwrap_or(0) };
        let failures = before.saturating_add(1);
        Ok(Step::Update(Update {
            model: model.id,
            id: attempt.id(),
            set: vec![
                (field(model, "failures"), Value::Int(failures)),
                (field(model, "locked_until"), self.locked_until(failures, counter)),
            ],
            if_version: Some(attempt.version()),
            require: None,
        }))
    }

    fn locked_until(&self, failures: i64, counter: &Counter) -> Value {
        match delay_seconds(failures, counter.limit).min(counter.longest_delay_seconds) {
            0 => Value::Null,
            seconds => Value::Timestamp(self.now() + seconds * MICROS),
        }
    }
}

/// How long to wait after this many failures: nothing below the limit, then 1 s, 2 s, 4 s and so on.
fn delay_seconds(failures: i64, limit: u32) -> i64 {
    match failures - i64::from(limit) {
        beyond if beyond < 0 => 0,
        beyond => 1 << beyond.min(30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double() {
        let delays: Vec<i64> = (3..9).map(|failures| delay_seconds(failures, 5)).collect();
        assert_eq!(delays, [0, 0, 1, 2, 4, 8]);
        assert_eq!(delay_seconds(i64::MAX, 5), 1 << 30);
    }
}
