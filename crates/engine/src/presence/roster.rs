//! Who is present where.

use crate::channels::{ChannelEvent, Channels, Kind, Member, Roll};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// Those who are present, by channel.
#[derive(Default)]
pub(crate) struct Roster {
    by_channel: HashMap<Arc<str>, Here>,
}

/// Those who are present on a channel.
#[derive(Default)]
struct Here {
    members: BTreeMap<Uuid, Present>,
    /// The members of each account. The one with the greatest id came last, which is the same on all nodes, and it is its state that the account shows.
    of_account: BTreeMap<Uuid, BTreeSet<Uuid>>,
}

struct Present {
    /// The node that it is connected to; `None` for this one.
    node: Option<Uuid>,
    member: Member,
}

/// What came of a change, for those who are told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moved {
    Join(Member),
    Update(Member),
    Leave(Member),
}

/// A change, by connections and by accounts. Of accounts there may be nothing to tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Moves {
    connections: Option<Moved>,
    accounts: Option<Moved>,
}

impl Moves {
    /// Tells those who watch.
    pub(crate) fn tell(&self, channels: &Channels, channel: &str) {
        for (kind, moved) in [(Kind::Connections, &self.connections), (Kind::Accounts, &self.accounts)] {
            let event = match moved {
                None => continue,
                Some(Moved::Join(member)) => ChannelEvent::Join { member },
                Some(Moved::Update(member)) => ChannelEvent::Update { member },
                Some(Moved::Leave(member)) => ChannelEvent::Leave { member },
            };
            channels.tell(kind, channel, &event);
        }
    }
}

impl Roster {
    /// Those who are present on a channel.
    pub(crate) fn members(&self, channel: &str, roll: Roll) -> Vec<Member> {
        let Some(here) = self.by_channel.get(channel) else { return Vec::new() };
        match roll {
            Roll::Connections => here.members.values().map(|present| present.member.clone()).collect(),
            Roll::Accounts => here.accounts(),
        }
    }

    /// Lets somebody be present, or changes its state. What changes nothing comes to nothing.
    pub(crate) fn put(&mut self, channel: &str, node: Option<Uuid>, member: Member) -> Moves {
        self.by_channel.entry(Arc::from(channel)).or_default().put(node, member)
    }

    /// Takes somebody away.
    pub(crate) fn remove(&mut self, channel: &str, id: Uuid) -> Moves {
        let Some(here) = self.by_channel.get_mut(channel) else { return Moves::default() };
        let moves = here.remove(id);
        if here.members.is_empty() {
            self.by_channel.remove(channel);
        }
        moves
    }

    /// Those of a node, or of this one, with their channels.
    pub(crate) fn of_node(&self, node: Option<Uuid>) -> Vec<(String, Member)> {
        let mut found = Vec::new();
        for (channel, here) in &self.by_channel {
            let own = here.members.values().filter(|present| present.node == node);
            found.extend(own.map(|present| (channel.to_string(), present.member.clone())));
        }
        found
    }
}

impl Here {
    fn put(&mut self, node: Option<Uuid>, member: Member) -> Moves {
        let before = self.members.insert(member.id, Present { node, member: member.clone() });
        if before.as_ref().is_some_and(|before| before.member == member) {
            return Moves::default();
        }
        let moved = |is_new, member| if is_new { Moved::Join(member) } else { Moved::Update(member) };
        let accounts = match member.user {
            None => Some(moved(before.is_none(), member.clone())),
            Some(user) => {
                let others = self.of_account.entry(user).or_default();
                let is_first = others.is_empty();
                others.insert(member.id);
                let is_shown = others.last() == Some(&member.id);
                is_shown.then(|| moved(is_first, Member { id: user, ..member.clone() }))
            }
        };
        Moves { connections: Some(moved(before.is_none(), member)), accounts }
    }

    fn remove(&mut self, id: Uuid) -> Moves {
        let Some(Present { member, .. }) = self.members.remove(&id) else { return Moves::default() };
        let accounts = match member.user {
            None => Some(Moved::Leave(member.clone())),
            Some(user) => self.remove_of_account(user, &member),
        };
        Moves { connections: Some(Moved::Leave(member)), accounts }
    }

    /// The account is there as long as one of its connections is. With the one that came last its state goes, too.
    fn remove_of_account(&mut self, user: Uuid, member: &Member) -> Option<Moved> {
        let others = self.of_account.get_mut(&user)?;
        let was_last = others.last() == Some(&member.id);
        others.remove(&member.id);
        let Some(last) = others.last() else {
            self.of_account.remove(&user);
            return Some(Moved::Leave(Member { id: user, ..member.clone() }));
        };
        let shown = &self.members.get(last)?.member;
        let differs = was_last && shown.state != member.state;
        differs.then(|| Moved::Update(Member { id: user, ..shown.clone() }))
    }

    fn accounts(&self) -> Vec<Member> {
        let without = self.members.values().filter(|present| present.member.user.is_none());
        let mut members: Vec<Member> = without.map(|present| present.member.clone()).collect();
        for (user, ids) in &self.of_account {
            let last = ids.last().and_then(|id| self.members.get(id));
            members.extend(last.map(|present| Member { id: *user, ..present.member.clone() }));
        }
        members.sort_by_key(|member| member.id);
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: u128, user: Option<u128>, state: &str) -> Member {
        Member { id: Uuid::from_u128(id), user: user.map(Uuid::from_u128), state: state.into() }
    }

    #[test]
    fn an_account_is_there_as_long_as_one_of_its_connections() {
        let (mut roster, node) = (Roster::default(), Some(Uuid::from_u128(100)));
        let (first, second) = (member(1, Some(9), "1"), member(2, Some(9), "2"));
        let account = |state: &str| member(9, Some(9), state);
        let moves = |connections, accounts| Moves { connections: Some(connections), accounts };
        assert_eq!(
            roster.put("a", node, first.clone()),
            moves(Moved::Join(first.clone()), Some(Moved::Join(account("1"))))
        );
        assert_eq!(
            roster.put("a", node, second.clone()),
            moves(Moved::Join(second.clone()), Some(Moved::Update(account("2"))))
        );
        assert_eq!(roster.members("a", Roll::Connections), [first.clone(), second.clone()]);
        assert_eq!(roster.members("a", Roll::Accounts), [account("2")]);
        assert_eq!(
            roster.remove("a", second.id),
            moves(Moved::Leave(second.clone()), Some(Moved::Update(account("1"))))
        );
        assert_eq!(
            roster.remove("a", first.id),
            moves(Moved::Leave(first), Some(Moved::Leave(account("1"))))
        );
        assert_eq!(roster.remove("a", second.id), Moves::default());
        assert!(roster.by_channel.is_empty(), "nothing is kept of a channel that nobody is on");
    }

    #[test]
    fn who_has_no_account_counts_alone_and_what_is_the_same_is_not_told() {
        let (mut roster, node) = (Roster::default(), Some(Uuid::from_u128(100)));
        let nobody = member(3, None, "1");
        let joined = Moved::Join(nobody.clone());
        assert_eq!(
            roster.put("a", node, nobody.clone()),
            Moves { connections: Some(joined.clone()), accounts: Some(joined) }
        );
        assert_eq!(roster.put("a", node, nobody.clone()), Moves::default());
        assert_eq!(roster.members("a", Roll::Accounts), vec![nobody.clone()]);
        assert_eq!(roster.of_node(node), [("a".to_owned(), nobody)]);
        assert!(roster.of_node(None).is_empty());
    }
}
