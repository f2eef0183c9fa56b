//! Failed logins, counted for each account and each address, with delays that double. They are rows, so a restart does not forgive them.

use super::gate::{Entry, Place};
use super::identity::MICROS;
use super::password::hex;
use super::session::field;
use crate::{Caller, Code, Engine, Error};
use mainstay_expr::Value;
use mainstay_ports::{Delete, Record, Step, Update};
use std::iter;
use std::net::{IpAddr, Ipv6Addr};

/// What is counted: `key` is that of a row, `limit` how many failures are free.
struct Counter {
    key: String,
    limit: u32,
    longest_delay_seconds: i64,
}

/// Leave to try a password: until this is dropped, its places at the gates are taken.
pub(super) struct Attempt {
    counters: Vec<Counter>,
    _places: Vec<Place>,
}

/// Failures are forgotten when none has followed for this long.
pub(crate) const FORGIVEN_AFTER: i64 = 3_600 * MICROS;
const LONGEST_DELAY_OF_ACCOUNT_SECONDS: i64 = 15 * 60;
/// Shorter, since many may be behind one address who have done nothing.
const LONGEST_DELAY_OF_ADDRESS_SECONDS: i64 = 30;
/// How far the clocks of two nodes may be apart without a delay of the one being taken for none by the other.
const TOLERATED_SKEW: i64 = 60 * MICROS;
/// How often a count is tried again when another process counted meanwhile.
const TRIES: usize = 8;

impl Engine {
    /// Waits for leave to try a password of the account with this address, be it there or not. Of many that come at once no more are let through
    /// than may fail before the next has to wait.
    ///
    /// # Errors
    /// [`Code::TooManyFailures`] while the account or the caller's address has to wait, [`Code::Busy`] when too many wait for leave.
    pub(super) async fn attempt(&self, caller: &Caller, email: &str) -> Result<Attempt, Error> {
        let counters = self.counters(caller, email);
        let mut places = Vec::with_capacity(counters.len());
        // The account's gate first, for everybody: who stands before one gate holds no place that those beyond it wait for.
        for counter in &counters {
            places.push(self.pass_gate(counter).await?);
        }
        Ok(Attempt { counters, _places: places })
    }

    fn counters(&self, caller: &Caller, email: &str) -> Vec<Counter> {
        let accounts = &self.application().config.accounts;
        let digest = ring::digest::digest(&ring::digest::SHA256, email.as_bytes());
        let account = Counter {
            key: format!("account:{}", hex(digest.as_ref())),
            limit: accounts.failures_per_account,
            longest_delay_seconds: LONGEST_DELAY_OF_ACCOUNT_SECONDS,
        };
        let limit = accounts.failures_per_address;
        let address = caller.address.filter(|_| limit > 0).map(|address| Counter {
            key: format!("address:{}", network(address)),
            limit,
            longest_delay_seconds: LONGEST_DELAY_OF_ADDRESS_SECONDS,
        });
        iter::once(account).chain(address).collect()
    }

    async fn pass_gate(&self, counter: &Counter) -> Result<Place, Error> {
        let mut place = self.gates().come(&counter.key)?;
        loop {
            place.look();
            let free = self.free(counter).await?;
            match place.enter(free) {
                Entry::Open => return Ok(place),
                Entry::Changed => {}
                Entry::Full => place.wait().await,
            }
        }
    }

    /// How many more may be tried at once, at least one; refuses while there is a delay.
    async fn free(&self, counter: &Counter) -> Result<u32, Error> {
        let Some(row) = self.failures_row(counter).await? else { return Ok(counter.limit.max(1)) };
        let locked_until = row.get(field(self.built_in("_attempt"), "locked_until")).as_timestamp();
        let wait = locked_until.map_or(0, |until| until - self.now());
        let longest = counter.longest_delay_seconds * MICROS;
        // One that is much longer is none of ours: the clock jumped back. The failures still count, so that the next one is followed by a delay.
        if (1..=longest + TOLERATED_SKEW).contains(&wait) {
            let seconds = wait.min(longest).unsigned_abs().div_ceil(MICROS.unsigned_abs());
            self.measures().login_lockouts.increment();
            let message = format!("too many failed logins, try again in {seconds} s");
            return Err(Error::new(Code::TooManyFailures, message).retry_after(seconds));
        }
        let left = i64::from(counter.limit) - self.failures(&row);
        Ok(u32::try_from(left).unwrap_or(0).max(1))
    }

    /// Counts that an attempt failed.
    pub(super) async fn count_failure(&self, caller: &Caller, attempt: &Attempt) -> Result<(), Error> {
        self.measures().login_failures.increment();
        // One after the other, since those of an address all change its row.
        let _counting = self.gates().counting().await;
        for tried in 1..=TRIES {
            let mut steps = Vec::with_capacity(attempt.counters.len());
            for counter in &attempt.counters {
                steps.push(self.one_more(counter).await?);
            }
            match self.commit_for(caller, steps).await {
                Err(error) if error.code == Code::BatchFailed && tried < TRIES => {}
                Err(error) if error.code == Code::BatchFailed => {
                    return Err(Error::internal(format!("a failed login was not counted: {error}")));
                }
                result => return result,
            }
        }
        Ok(())
    }

    /// Forgets the failures of an account that has shown who it is. Those of the address stay: it may be guessing at others.
    pub(super) async fn forgive(&self, caller: &Caller, attempt: &Attempt) -> Result<(), Error> {
        let Some(counter) = attempt.counters.first() else { return Ok(()) };
        let Some(row) = self.failures_row(counter).await? else { return Ok(()) };
        let model = self.built_in("_attempt").id;
        let delete = Step::Delete(Delete { model, id: row.id(), if_version: None });
        match self.commit_for(caller, vec![delete]).await {
            // Another login of the same account was first to forget them.
            Err(error) if error.code == Code::BatchFailed => Ok(()),
            result => result,
        }
    }

    async fn failures_row(&self, counter: &Counter) -> Result<Option<Record>, Error> {
        self.find_by("_attempt", "key", Value::Text(counter.key.clone())).await
    }

    /// The failures that still count.
    fn failures(&self, row: &Record) -> i64 {
        let is_stale = self.now() - row.updated_at() > FORGIVEN_AFTER;
        let failures = row.get(field(self.built_in("_attempt"), "failures")).as_int().unwrap_or(0);
        if is_stale { 0 } else { failures }
    }

    /// The step that counts one more failure, if nobody else has counted meanwhile.
    async fn one_more(&self, counter: &Counter) -> Result<Step, Error> {
        let model = self.built_in("_attempt");
        let Some(row) = self.failures_row(counter).await? else {
            let values = vec![
                ("key", Value::Text(counter.key.clone())),
                ("failures", Value::Int(1)),
                ("locked_until", self.locked_until(1, counter)),
            ];
            return Ok(Step::Create(self.create_internal(model, values)));
        };
        let failures = self.failures(&row).saturating_add(1);
        Ok(Step::Update(Update {
            model: model.id,
            id: row.id(),
            set: vec![
                (field(model, "failures"), Value::Int(failures)),
                (field(model, "locked_until"), self.locked_until(failures, counter)),
            ],
            if_version: Some(row.version()),
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

/// What an address is counted as: one of IPv6 as its /64, since whoever has one address of it has all.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            format!("{}/64", Ipv6Addr::from(network))
        }
        address => address.to_string(),
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

    #[test]
    fn an_address_of_ipv6_counts_as_its_network() {
        let check = |address: &str, expected: &str| {
            assert_eq!(network(address.parse().expect("an address")), expected, "{address}");
        };
        check("192.0.2.1", "192.0.2.1");
        check("::ffff:192.0.2.1", "192.0.2.1");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64");
        check("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64");
        check("::1", "::/64");
    }
}
