//! Passwords: hashed with argon2id (RFC 9106) on a pool of their own, so that logins cannot starve other requests.

use crate::{Code, Error, Measures};
use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use mainstay_model::Password;
use ring::rand::{SecureRandom, SystemRandom};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Hashes passwords on a few threads, behind a bounded queue that turns away what it cannot hold.
pub(crate) struct PasswordPool {
    queue: SyncSender<Job>,
    params: Params,
    /// What is verified against for accounts that are not there, so that they take as long.
    decoy: String,
    measures: Arc<Measures>,
}

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// argon2's working memory, which a worker keeps while there is work: the system takes nearly as long to clear it anew for each password
/// as argon2 does to fill it.
#[derive(Default)]
struct Memory {
    blocks: Vec<Block>,
}

/// How long a worker without work keeps its memory.
const KEEP_MEMORY: Duration = Duration::from_secs(2);

impl PasswordPool {
    pub(crate) fn new(settings: &Password, measures: Arc<Measures>) -> Result<Self, Error> {
        let params = Params::new(settings.memory_kib, settings.iterations, settings.parallelism, None)
            .map_err(|error| Error::internal(format!("accounts.password: {error}")))?;
        let (queue, jobs) = sync_channel(settings.queue);
        start_workers(workers(settings), jobs)?;
        let decoy = decoy(&params)?;
        Ok(PasswordPool { queue, params, decoy, measures })
    }

    /// The hash of a password, as a PHC string.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Error> {
        let params = self.params.clone();
        self.run(move |memory| hash(&params, &password, memory)).await?
    }

    /// Whether the password is the one that was hashed. Without a hash, does the same work and answers no.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Error> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let matches = self.run(move |memory| matches(&hash, &password, memory));
        Ok(matches.await? && known)
    }

    /// Whether a hash was made with other settings than today's, so that it should be made anew while the password is at hand.
    pub(crate) fn is_outdated(&self, hash: &str) -> bool {
        let params = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        params.is_none_or(|params| cost(&params) != cost(&self.params))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let (measures, asked) = (self.measures.clone(), Instant::now());
        let job = Box::new(move |memory: &mut Memory| {
            measures.password_queue.decrement();
            measures.password_wait.observe_time(asked.elapsed());
            // A client that went away no longer waits for its answer, so the work can be left undone.
            if !answer.is_closed() {
                let begun = Instant::now();
                let worked = work(memory);
                measures.password_work.observe_time(begun.elapsed());
                let _ = answer.send(worked);
            }
        });
        self.enqueue(job)?;
        answered.await.map_err(|_| Error::internal("a password worker failed"))
    }

    fn enqueue(&self, job: Job) -> Result<(), Error> {
        // Before it is sent, since a worker may take it at once.
        self.measures.password_queue.increment();
        self.queue.try_send(job).map_err(|error| {
            self.measures.password_queue.decrement();
            match error {
                TrySendError::Full(_) => {
                    self.measures.password_busy.increment();
                    Error::new(Code::Busy, "too many logins are waiting, try again soon").retry_after(1)
                }
                TrySendError::Disconnected(_) => Error::internal("the password workers have stopped"),
            }
        })
    }
}

fn workers(settings: &Password) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if settings.workers == 0 { (cores / 2).max(1) } else { settings.workers }
}

fn start_workers(count: usize, jobs: Receiver<Job>) -> Result<(), Error> {
    let jobs = Arc::new(Mutex::new(jobs));
    for number in 0..count {
        let jobs = jobs.clone();
        std::thread::Builder::new()
            .name(format!("password-{number}"))
            .spawn(move || work_off(&jobs))
            .map_err(|error| Error::internal(format!("password worker: {error}")))?;
    }
    Ok(())
}

/// Works until the pool is dropped. The lock is held while waiting for a job and never while doing one.
fn work_off(jobs: &Mutex<Receiver<Job>>) {
    let mut memory = Memory::default();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(KEEP_MEMORY);
        match job {
            Ok(job) => job(&mut memory),
            Err(RecvTimeoutError::Timeout) => memory = Memory::default(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl Memory {
    /// argon2id of a password.
    fn derive(
        &mut self,
        params: &Params,
        password: &str,
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), argon2::Error> {
        self.blocks.resize(params.block_count(), Block::default());
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut self.blocks)
    }
}

fn hash(params: &Params, password: &str, memory: &mut Memory) -> Result<String, Error> {
    let mut salt = [0; SALT_BYTES];
    fill_random(&mut salt)?;
    let mut hash = [0; Params::DEFAULT_OUTPUT_LEN];
    let derived = memory.derive(params, password, &salt, &mut hash);
    derived.map_err(|error| Error::internal(format!("argon2: {error}")))?;
    Ok(phc_string(params, &salt, &hash))
}

/// Whether a password is the one that was hashed. A hash that cannot be read is that of no password.
fn matches(hash: &str, password: &str, memory: &mut Memory) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    let (Ok(params), Some(salt), Some(expected)) = (Params::try_from(&hash), &hash.salt, &hash.hash) else {
        return false;
    };
    let mut out = vec![0; expected.len()];
    let derived = memory.derive(&params, password, salt, &mut out);
    // The comparison of outputs takes the same time wherever they differ.
    derived.is_ok() && Output::new(&out).is_ok_and(|out| out == *expected)
}

const SALT_BYTES: usize = 16;

/// The format of hashes: <https://github.com/P-H-C/phc-string-format>.
fn phc_string(params: &Params, salt: &[u8], hash: &[u8]) -> String {
    let (memory, iterations, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    format!("$argon2id$v=19$m={memory},t={iterations},p={lanes}${salt}${hash}")
}

/// A hash that no password has, at the price of one: random where a hash would stand.
fn decoy(params: &Params) -> Result<String, Error> {
    let mut random = [0; SALT_BYTES + Params::DEFAULT_OUTPUT_LEN];
    fill_random(&mut random)?;
    let (salt, hash) = random.split_at(SALT_BYTES);
    Ok(phc_string(params, salt, hash))
}

/// Fills bytes from the system's generator.
pub(super) fn fill_random(bytes: &mut [u8]) -> Result<(), Error> {
    SystemRandom::new().fill(bytes).map_err(|_| Error::internal("the system has no random numbers"))
}

/// 32 random bytes as hexadecimal digits.
pub(super) fn random_hex() -> Result<String, Error> {
    let mut bytes = [0; 32];
    fill_random(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    fn cheap(queue: usize) -> Password {
        Password { memory_kib: 8, iterations: 1, parallelism: 1, workers: 1, queue }
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let pool = PasswordPool::new(&cheap(4), Arc::default()).unwrap();
        let hash = pool.hash("correct horse".to_owned()).await.unwrap();
        assert!(pool.verify("correct horse".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!pool.verify("battery staple".to_owned(), Some(hash)).await.unwrap());
        assert!(!pool.verify("correct horse".to_owned(), None).await.unwrap());
    }

    #[test]
    fn hashes_are_those_of_the_library() {
        let pool = PasswordPool::new(&cheap(1), Arc::default()).unwrap();
        let mut memory = Memory::default();
        let ours = hash(&pool.params, "correct horse", &mut memory).unwrap();
        assert_eq!(Argon2::default().verify_password(b"correct horse", ours.as_str()), Ok(()));
        // One with other costs, so that the memory has to grow.
        let argon2 = Argon2::from(Params::new(64, 1, 1, None).unwrap());
        let theirs =
            argon2.hash_password_with_salt(b"correct horse", b"a salt of 16 byt").unwrap().to_string();
        assert!(matches(&theirs, "correct horse", &mut memory));
        assert!(!matches(&theirs, "battery staple", &mut memory));
        assert!(!matches("$argon2id$nonsense", "correct horse", &mut memory));
    }

    #[test]
    fn the_decoy_costs_as_much_as_a_hash() {
        let pool = PasswordPool::new(&cheap(1), Arc::default()).unwrap();
        assert!(!pool.is_outdated(&pool.decoy));
        let verified = Argon2::default().verify_password(b"x", pool.decoy.as_str());
        assert_eq!(
            verified,
            Err(argon2::password_hash::Error::PasswordInvalid),
            "well formed, and of no password"
        );
    }

    #[tokio::test]
    async fn a_full_queue_turns_away() {
        let pool = PasswordPool::new(&cheap(0), Arc::default()).unwrap();
        let (started, wait_for_start) = sync_channel(1);
        let (release, released) = sync_channel::<()>(1);
        // A queue of nothing takes a job only while a worker stands ready, so offer it until one does.
        let mut job: Job = Box::new(move |_| {
            started.send(()).unwrap();
            let _ = released.recv();
        });
        while let Err(TrySendError::Full(refused)) = pool.queue.try_send(job) {
            job = refused;
            std::thread::yield_now();
        }
        wait_for_start.recv().unwrap();
        assert_eq!(pool.hash("x".to_owned()).await.unwrap_err().code, Code::Busy);
        release.send(()).unwrap();
    }

    #[tokio::test]
    async fn a_hash_is_outdated_when_the_settings_change() {
        let old = PasswordPool::new(&cheap(1), Arc::default()).unwrap();
        let hash = old.hash("x".to_owned()).await.unwrap();
        let new = PasswordPool::new(&Password { iterations: 2, ..cheap(1) }, Arc::default()).unwrap();
        assert!(!old.is_outdated(&hash));
        assert!(new.is_outdated(&hash));
    }
}
