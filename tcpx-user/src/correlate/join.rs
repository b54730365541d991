//! The two sides of a RST: by the name of the flow that both have, by the names that conntrack gave it, or by sequence
//! numbers alone.

use std::sync::Arc;

use super::{
    Correlator,
    facts::{Joined, Name, ResetFacts, Sender},
    key::Seen,
    nat::{Alias, Translation, Which},
};
use crate::event::{Ends, SockReset};

/// A side that waited for the other.
pub(super) struct Match {
    /// The waiting reset.
    pub(super) id: u64,
    /// How they were joined.
    pub(super) joined: Joined,
    /// The translations that lead from one name to the other.
    pub(super) nat: Vec<Translation>,
}

impl Correlator {
    /// The receiver that `sender` reached.
    pub(super) fn receiver_for(&self, sender: &Sender) -> Option<Match> {
        let flow = sender.flow();
        let plain = |(id, joined)| Match { id, joined, nat: Vec::new() };
        let same = self.resets.receiver_for(sender, flow).map(plain);
        let renamed = || self.by_alias(flow, |flow| self.resets.receiver_for(sender, flow));
        same.or_else(renamed).or_else(|| self.resets.receiver_by_number(sender).map(plain))
    }

    /// The sender that reached `receiver`.
    pub(super) fn sender_for(&self, receiver: &Seen<Arc<SockReset>>) -> Option<Match> {
        let flow = receiver.what.ends.flipped();
        let plain = |(id, joined)| Match { id, joined, nat: Vec::new() };
        let same = self.resets.sender_for(receiver, flow).map(plain);
        let renamed = || self.by_alias(flow, |flow| self.resets.sender_for(receiver, flow));
        same.or_else(renamed).or_else(|| self.resets.sender_by_number(receiver).map(plain))
    }

    /// The sender of a reset already told that reached `receiver` after all.
    pub(super) fn told_sender_for(&self, receiver: &Seen<Arc<SockReset>>) -> Option<Arc<ResetFacts>> {
        let flow = receiver.what.ends.flipped();
        let told = |flow| self.resets.told_sender_for(receiver, flow);
        told(flow).or_else(|| {
            let aliases = self.translations.aliases(flow, Which::default());
            aliases.into_iter().find_map(|alias| told(alias.flow))
        })
    }

    fn by_alias(&self, flow: Ends, find: impl Fn(Ends) -> Option<(u64, Joined)>) -> Option<Match> {
        let aliases = self.translations.aliases(flow, Which::default());
        aliases.into_iter().find_map(|Alias { flow, steps }| {
            let (id, joined) = find(flow)?;
            Some(Match { id, joined: Joined { name: Name::Conntrack, ..joined }, nat: steps })
        })
    }
}
