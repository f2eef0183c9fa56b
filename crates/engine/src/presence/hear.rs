//! Hearing other nodes, and being heard by them.

use super::said::Envelope;
use super::{ASK_AGAIN, BEAT, LEASE, Peer, Presence, REMEMBERED, Said};
use crate::Engine;
use crate::channels::{ChannelEvent, Kind, Member};
use futures::StreamExt;
use futures::future::BoxFuture;
use mainstay_ports::Wake;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

/// How many members are told of in one part.
const PART: usize = 100;

impl Engine {
    /// Tells other nodes of what is sent and who is present here, and hears them, for ever. A node that does not run this has channels of its own.
    pub async fn join_nodes(&self, wake: Arc<dyn Wake>) {
        if self.application().channels.is_empty() {
            return;
        }
        let node = self.new_id();
        let cluster = &self.channels().cluster;
        let mut heard = wake.listen();
        cluster.open(node);
        cluster.tell(&Said::Ask { node: None });
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut beaten = Instant::now();
        let mut telling: BoxFuture<'_, ()> = Box::pin(tell(self, wake.as_ref()));
        loop {
            tokio::select! {
                () = &mut telling => return,
                text = heard.next() => match text {
                    Some(text) => self.hear_node(node, &text),
                    None => return,
                },
                _ = beats.tick() => {
                    self.beat(node, beaten.elapsed() > 2 * BEAT);
                    beaten = Instant::now();
                }
            }
        }
    }

    /// How many other nodes are heard, as far as the last seconds show.
    pub fn nodes_heard(&self) -> usize {
        self.channels().presence().peers.values().filter(|peer| !peer.is_gone).count()
    }

    /// Says goodbye to other nodes: those who are present here go at once, and not when the lease has ended.
    pub async fn leave_nodes(&self, wake: &dyn Wake) {
        let cluster = &self.channels().cluster;
        cluster.tell(&Said::Bye);
        let texts = cluster.take_now();
        if !texts.is_empty() && wake.tell(texts).await.is_err() {
            tracing::debug!("other nodes could not be told that this one stops");
        }
    }

    /// Says that this node is there, and takes those away who are not. A node that was frozen itself gives the others time to be heard first.
    fn beat(&self, node: Uuid, was_late: bool) {
        let channels = self.channels();
        let mut presence = channels.presence();
        channels.cluster.tell(&Said::Beat { version: presence.version });
        let now = Instant::now();
        if was_late {
            let heard = presence.peers.values_mut().filter(|peer| !peer.is_gone);
            heard.for_each(|peer| peer.heard = now);
        }
        presence.peers.retain(|_, peer| now.duration_since(peer.heard) <= REMEMBERED);
        let is_dead = |peer: &Peer| !peer.is_gone && now.duration_since(peer.heard) > LEASE;
        let dead: Vec<Uuid> =
            presence.peers.iter().filter(|(_, peer)| is_dead(peer)).map(|(id, _)| *id).collect();
        for peer in dead {
            tracing::info!(%node, %peer, "nothing is heard of a node any more; who was present there is gone");
            self.give_up(&mut presence, peer);
        }
    }

    /// Takes away who is present on a node. Its number is kept: should it be heard again, what it said meanwhile was lost.
    fn give_up(&self, presence: &mut Presence, peer: Uuid) {
        if let Some(known) = presence.peers.get_mut(&peer) {
            (known.is_gone, known.version) = (true, None);
            known.parts = Vec::new();
        }
        self.replace(presence, peer, Vec::new());
    }

    fn forget(&self, presence: &mut Presence, peer: Uuid) {
        presence.peers.remove(&peer);
        self.replace(presence, peer, Vec::new());
    }

    fn hear_node(&self, node: Uuid, text: &str) {
        // What a newer version of the program says is passed over; its number is missed then, and that is told.
        let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(text) else { return };
        if envelope.node == node {
            return;
        }
        self.measures().node_heard.add(1);
        let channels = self.channels();
        let mut presence = channels.presence();
        if presence.note(&envelope) {
            self.measures().node_gaps.add(1);
            // Of which channel what was lost is nobody knows.
            let audiences = channels.topics().push_all(Kind::Messages, &ChannelEvent::Gap);
            audiences.iter().for_each(|audience| audience.wake());
        }
        let peer = envelope.node;
        match envelope.said {
            Said::Message { channel, user, data } => {
                drop(presence);
                let event = ChannelEvent::Message { user, data: data.get() };
                channels.tell(Kind::Messages, &channel, &event);
            }
            Said::Here { version, channel, member } => {
                if self.follows(&mut presence, peer, version) {
                    presence.roster.put(&channel, Some(peer), member.into()).tell(channels, &channel);
                }
            }
            Said::Gone { version, channel, id } => {
                if self.follows(&mut presence, peer, version) {
                    presence.roster.remove(&channel, id).tell(channels, &channel);
                }
            }
            Said::Beat { version } => {
                if presence.peers.get(&peer).is_some_and(|peer| peer.version != Some(version)) {
                    self.ask_node(&mut presence, peer);
                }
            }
            Said::Ask { node: asked } => {
                if asked.is_none_or(|asked| asked == node) {
                    self.tell_all(&presence);
                }
            }
            Said::All { version, part, is_last, members } => {
                let members = members.into_iter().map(|(channel, member)| (channel, member.into()));
                self.take_part(&mut presence, peer, (version, part, is_last), members.collect());
            }
            Said::Bye => self.forget(&mut presence, peer),
        }
    }

    /// Whether a change comes next after what is known of a node; asks for all when not.
    fn follows(&self, presence: &mut Presence, peer: Uuid, version: u64) -> bool {
        let known = presence.peers.get_mut(&peer);
        let next = known.filter(|known| known.version.is_some_and(|known| known + 1 == version));
        match next {
            Some(known) => {
                known.version = Some(version);
                true
            }
            None => {
                self.ask_node(presence, peer);
                false
            }
        }
    }

    fn ask_node(&self, presence: &mut Presence, peer: Uuid) {
        let Some(known) = presence.peers.get_mut(&peer) else { return };
        // What is in between is not known, so nothing that follows can be either.
        known.version = None;
        if known.asked.is_none_or(|asked| asked.elapsed() > ASK_AGAIN) {
            known.asked = Some(Instant::now());
            self.channels().cluster.tell(&Said::Ask { node: Some(peer) });
        }
    }

    fn tell_all(&self, presence: &Presence) {
        let members = presence.roster.of_node(None);
        let parts: Vec<_> = match members.is_empty() {
            true => vec![&[][..]],
            false => members.chunks(PART).collect(),
        };
        for (part, members) in (0u32..).zip(&parts) {
            let members = members.iter().map(|(channel, member)| (channel.clone(), member.into())).collect();
            let is_last = part as usize + 1 == parts.len();
            self.channels().cluster.tell(&Said::All { version: presence.version, part, is_last, members });
        }
    }

    /// Takes a part of all that a node has. What comes out of turn is dropped; the next beat shows that it is missing.
    fn take_part(
        &self,
        presence: &mut Presence,
        peer: Uuid,
        (version, part, is_last): (u64, u32, bool),
        members: Vec<(String, Member)>,
    ) {
        let Some(known) = presence.peers.get_mut(&peer) else { return };
        if part == 0 {
            known.parts.clear();
        } else if part != known.part_count {
            known.part_count = 0;
            return known.parts.clear();
        }
        known.parts.extend(members);
        known.part_count = part + 1;
        if is_last {
            known.version = Some(version);
            known.asked = None;
            let members = std::mem::take(&mut known.parts);
            self.replace(presence, peer, members);
        }
    }

    /// Puts these in the place of those who are known of a node. Who watches is told the difference.
    fn replace(&self, presence: &mut Presence, peer: Uuid, members: Vec<(String, Member)>) {
        let channels = self.channels();
        let mut before: HashMap<Uuid, String> = presence
            .roster
            .of_node(Some(peer))
            .into_iter()
            .map(|(channel, member)| (member.id, channel))
            .collect();
        for (channel, member) in members {
            before.remove(&member.id);
            presence.roster.put(&channel, Some(peer), member).tell(channels, &channel);
        }
        for (id, channel) in before {
            presence.roster.remove(&channel, id).tell(channels, &channel);
        }
    }
}

impl Presence {
    /// Notes that something was heard of a node. Answers whether something before it was not.
    fn note(&mut self, envelope: &Envelope<'_>) -> bool {
        let now = Instant::now();
        let peer = self.peers.entry(envelope.node).or_insert_with(|| Peer {
            heard: now,
            is_gone: false,
            seq: envelope.seq.saturating_sub(1),
            version: None,
            asked: None,
            parts: Vec::new(),
            part_count: 0,
        });
        let is_gap = envelope.seq != peer.seq + 1;
        (peer.heard, peer.is_gone, peer.seq) = (now, false, envelope.seq);
        is_gap
    }
}

/// Hands on what waits, for ever. What cannot be handed on is lost; others notice it by the numbers.
async fn tell(engine: &Engine, wake: &dyn Wake) {
    let mut is_told = true;
    loop {
        let texts = engine.channels().cluster.take().await;
        let count = texts.len() as u64;
        let told = wake.tell(texts).await;
        let measures = engine.measures();
        if told.is_ok() { &measures.node_told } else { &measures.node_lost }.add(count);
        match &told {
            Err(error) if is_told => tracing::warn!(%error, "messages on channels are lost"),
            Ok(()) if !is_told => tracing::info!("other nodes can be told again"),
            _ => {}
        }
        is_told = told.is_ok();
        if !is_told {
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}
