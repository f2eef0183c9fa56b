//! A certificate is renewed where it lies; whoever does it need not tell us.

use super::Tls;
use super::certificate::{Certificate, Fault, Files};
use super::validity::{Standing, now};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often it is said that the end of a certificate is near, or past.
const TELL_EVERY: Duration = Duration::from_secs(24 * 3_600);

impl Tls {
    /// Takes a new certificate when its files have changed, as long as the program runs. One that is of no use is logged, and the one before stays.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut watch = Watch::new(self.opened);
        self.tell();
        let mut told = Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // A disk may be slow, or a network's; others are served meanwhile.
            let (tls, before) = (self.clone(), watch);
            let looked = tokio::task::spawn_blocking(move || tls.look(before)).await;
            let renewed = looked.map(|(after, renewed)| {
                watch = after;
                renewed
            });
            if renewed.unwrap_or(false) || told.elapsed() >= TELL_EVERY {
                self.tell();
                told = Instant::now();
            }
        }
    }

    /// Reads the files if they have changed. Answers whether there is a new certificate.
    fn look(&self, mut watch: Watch) -> (Watch, bool) {
        let renewed = watch.has_changed(Stamps::of(&self.files)) && self.took(self.files.read());
        (watch, renewed)
    }

    fn took(&self, read: Result<Certificate, Fault>) -> bool {
        match read {
            Ok(certificate) => {
                let not_after = certificate.validity.not_after;
                self.current.replace(certificate);
                tracing::info!(not_after, "took a new TLS certificate");
                true
            }
            Err(fault) => {
                tracing::error!(
                    code = fault.code,
                    detail = fault.message,
                    "a new TLS certificate cannot be used; the one before stays"
                );
                false
            }
        }
    }

    /// Logs what there is to say of the certificate today.
    fn tell(&self) {
        let standing = self.current.certificate().validity.standing(now());
        let Some((code, message)) = standing.told() else { return };
        let file = self.files.certificate.display();
        match standing {
            Standing::Expired => tracing::error!(code, %file, "{message}"),
            _ => tracing::warn!(code, %file, "{message}"),
        }
    }
}

/// What tells a file from the one that was in its place: its device and number, its size, and when it was changed, in nanoseconds.
type Stamp = (u64, u64, u64, i64, i64);

/// Those of the two files; `None` of one that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamps {
    certificate: Option<Stamp>,
    key: Option<Stamp>,
}

impl Stamps {
    pub(super) fn of(files: &Files) -> Self {
        Stamps { certificate: stamp(&files.certificate), key: stamp(&files.key) }
    }
}

/// Links are followed: `certbot` and Kubernetes exchange those.
fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.size(), file.ctime(), file.ctime_nsec()))
}

/// When files are worth to be read again.
#[derive(Debug, Clone, Copy)]
struct Watch {
    /// What was read, or was found to be of no use.
    read: Stamps,
    /// What was there the last time.
    seen: Stamps,
}

impl Watch {
    fn new(read: Stamps) -> Self {
        Watch { read, seen: read }
    }

    /// Whether there is something new that has come to rest: certificate and key are written one after the other, and do not belong together
    /// in between.
    fn has_changed(&mut self, stamps: Stamps) -> bool {
        let rests = stamps == self.seen;
        self.seen = stamps;
        let has_changed = rests && stamps != self.read;
        if has_changed {
            self.read = stamps;
        }
        has_changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_once_when_they_have_come_to_rest() {
        let stamps = |certificate: u64, key: u64| {
            let stamp = |number| Some((1, number, 100, 0, 0));
            Stamps { certificate: stamp(certificate), key: stamp(key) }
        };
        let mut watch = Watch::new(stamps(1, 1));
        let steps = [
            (stamps(1, 1), false),
            // The certificate is there, its key is not yet.
            (stamps(2, 1), false),
            (stamps(2, 2), false),
            (stamps(2, 2), true),
            (stamps(2, 2), false),
            (Stamps { certificate: None, ..stamps(2, 2) }, false),
            (Stamps { certificate: None, ..stamps(2, 2) }, true),
            (stamps(2, 2), false),
            (stamps(2, 2), true),
        ];
        for (number, (stamps, expected)) in steps.into_iter().enumerate() {
            assert_eq!(watch.has_changed(stamps), expected, "step {number}");
        }
    }
}
