//! Telling, over as many connections as it takes.

use super::backoff::Backoff;
use super::pieces::Cutter;
use super::{Carrier, Trouble, in_time};
use tokio::time::Instant;

/// How many pieces are told at once.
const AT_ONCE: usize = 64;

/// What is told goes through it, one after the other.
pub(super) struct Telling<C: Carrier> {
    teller: Option<C::Teller>,
    cutter: Cutter,
    backoff: Backoff,
    /// Why there is no connection, and until when none is tried.
    trouble: Option<(Trouble, Instant)>,
}

impl<C: Carrier> Telling<C> {
    pub(super) fn new() -> Self {
        Telling { teller: None, cutter: Cutter::default(), backoff: Backoff::default(), trouble: None }
    }

    /// Tells these texts. A connection over which that failed is not used again, and nothing is told twice: some of it may have been heard.
    pub(super) async fn tell(&mut self, carrier: &C, texts: &[String]) -> Result<(), Trouble> {
        self.connect(carrier).await?;
        let Some(mut teller) = self.teller.take() else { return Ok(()) };
        for pieces in self.cutter.cut(texts, C::piece_bytes(&teller)).chunks(AT_ONCE) {
            in_time(carrier.tell(&mut teller, pieces)).await?;
        }
        self.teller = Some(teller);
        Ok(())
    }

    /// Sees that there is a connection. Who asks within the pause after a failure is told of that one.
    pub(super) async fn connect(&mut self, carrier: &C) -> Result<(), Trouble> {
        if self.teller.as_ref().is_some_and(C::stands) {
            return Ok(());
        }
        self.teller = None;
        if let Some((trouble, until)) = &self.trouble
            && Instant::now() < *until
        {
            return Err(trouble.clone());
        }
        match in_time(carrier.teller()).await {
            Ok(teller) => self.teller = Some(teller),
            Err(trouble) => {
                self.trouble = Some((trouble.clone(), Instant::now() + self.backoff.next()));
                return Err(trouble);
            }
        }
        self.trouble = None;
        self.backoff.reset();
        Ok(())
    }
}
