//! From when until when a certificate is valid.

use mainstay_ports::{Clock, SystemClock};
use rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode;

const DAY: u64 = 24 * 3_600;
/// The longest time before its end at which a certificate should have been renewed.
const LONGEST_NEAR: u64 = 14 * DAY;

/// From when until when a certificate is valid, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: u64,
    pub(super) not_after: u64,
}

/// What there is to say of a certificate today.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Valid,
    /// It is not valid yet.
    Early,
    /// It ends soon, in so many seconds.
    Near(u64),
    Expired,
}

impl Validity {
    /// That of a certificate; `None` where it is none.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let validity = Certificate::from_der(certificate).ok()?.tbs_certificate.validity;
        Some(Validity {
            not_before: validity.not_before.to_unix_duration().as_secs(),
            not_after: validity.not_after.to_unix_duration().as_secs(),
        })
    }

    pub(super) fn standing(self, now: u64) -> Standing {
        let near = LONGEST_NEAR.min(self.not_after.saturating_sub(self.not_before) / 4);
        match self.not_after.saturating_sub(now) {
            _ if now > self.not_after => Standing::Expired,
            _ if now < self.not_before => Standing::Early,
            left if left <= near => Standing::Near(left),
            _ => Standing::Valid,
        }
    }
}

impl Standing {
    /// Its code and a sentence, where there is something to say.
    pub(super) fn told(&self) -> Option<(&'static str, String)> {
        match self {
            Standing::Valid => None,
            Standing::Early => Some((
                "tls_certificate_early",
                "the certificate is not valid yet: clients refuse it until it is".to_owned(),
            )),
            Standing::Near(left) => {
                let message = format!("the certificate ends in {}, and was not renewed yet", span(*left));
                Some(("tls_certificate_ends_soon", message))
            }
            Standing::Expired => {
                let message = "the certificate has expired: clients refuse it".to_owned();
                Some(("tls_certificate_expired", message))
            }
        }
    }
}

/// `13 days`, `5 hours`, `1 hour`
fn span(seconds: u64) -> String {
    let (count, unit) = match seconds.div_ceil(DAY) {
        0 | 1 => (seconds.div_ceil(3_600), "hour"),
        days => (days, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    u64::try_from(SystemClock.now_micros() / 1_000_000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_near_by_the_length_of_the_whole() {
        let check = |days: u64, left: i64, expected: Standing| {
            let validity = Validity { not_before: 1_000 * DAY, not_after: (1_000 + days) * DAY };
            let now = validity.not_after.saturating_add_signed(-left * DAY as i64);
            assert_eq!(validity.standing(now), expected, "{left} of {days} days are left");
        };
        check(365, 15, Standing::Valid);
        check(365, 14, Standing::Near(14 * DAY));
        check(90, 15, Standing::Valid);
        check(90, 1, Standing::Near(DAY));
        check(8, 3, Standing::Valid);
        check(8, 2, Standing::Near(2 * DAY));
        check(8, 0, Standing::Near(0));
        check(8, -1, Standing::Expired);
        check(8, 9, Standing::Early);
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        for (seconds, text) in
            [(14 * DAY - 9, "14 days"), (DAY, "24 hours"), (3_600, "1 hour"), (0, "0 hours")]
        {
            assert_eq!(span(seconds), text);
        }
    }
}
