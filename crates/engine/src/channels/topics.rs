//! Who hears what.

use super::event::encoded;
use super::{ChannelEvent, ChannelFormat};
use crate::watch::{Audience, Seat};
use std::collections::HashMap;
use std::sync::Arc;

/// What can be heard of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// What is sent.
    Messages,
    /// Who comes and goes, by connection.
    Connections,
    /// Who comes and goes, by account.
    Accounts,
}

/// Those who hear, by what they hear.
pub(crate) struct Topics {
    by_name: [HashMap<Arc<str>, Vec<Hearing>>; 3],
    max_bytes: usize,
}

/// Those who hear something in the same form.
struct Hearing {
    format: Arc<dyn ChannelFormat>,
    audience: Arc<Audience>,
}

impl Topics {
    pub(super) fn new(max_bytes: usize) -> Self {
        Topics { by_name: Default::default(), max_bytes }
    }

    /// Lets a seat hear what is told from here on.
    pub(crate) fn join(
        &mut self,
        kind: Kind,
        channel: &str,
        format: &Arc<dyn ChannelFormat>,
        seat: &Arc<Seat>,
    ) -> Arc<Audience> {
        let max_bytes = self.max_bytes;
        let hearing = self.by_name[kind as usize].entry(Arc::from(channel)).or_default();
        let same = hearing.iter().position(|hearing| hearing.format.name() == format.name());
        let index = same.unwrap_or_else(|| {
            let audience = Arc::new(Audience::new(max_bytes));
            hearing.push(Hearing { format: format.clone(), audience });
            hearing.len() - 1
        });
        hearing[index].audience.join(seat);
        hearing[index].audience.clone()
    }

    /// Lets an event wait for those who hear a channel; they have to be woken.
    pub(super) fn push(&self, kind: Kind, channel: &str, event: &ChannelEvent<'_>) -> Vec<Arc<Audience>> {
        let hearing = self.by_name[kind as usize].get(channel).into_iter().flatten();
        hearing.map(|hearing| hearing.push(event)).collect()
    }

    /// As [`Topics::push`], for those who hear any channel.
    pub(crate) fn push_all(&self, kind: Kind, event: &ChannelEvent<'_>) -> Vec<Arc<Audience>> {
        self.by_name[kind as usize].values().flatten().map(|hearing| hearing.push(event)).collect()
    }

    /// Drops those who have left, and what nobody hears.
    pub(super) fn sweep(&mut self) {
        for by_name in &mut self.by_name {
            by_name.retain(|_, hearing| {
                hearing.retain(|hearing| !hearing.audience.sweep());
                !hearing.is_empty()
            });
        }
    }
}

impl Hearing {
    fn push(&self, event: &ChannelEvent<'_>) -> Arc<Audience> {
        self.audience.push(encoded(self.format.as_ref(), event));
        self.audience.clone()
    }
}
