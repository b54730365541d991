//! From the hooks that stand to what tcpx sees by them, and which program answers where two could.

use tcpx_common::{
    abi::{Backend, Hook},
    config::Switches,
};

use super::{KernelFacts, attach::AttachedHook, symbols::Symbols};
use crate::abilities::Abilities;

/// What the attached hooks see.
pub(super) struct Sight<'a> {
    pub(super) facts: &'a KernelFacts,
    pub(super) hooks: &'a [AttachedHook],
    /// The kernel counts the firings that it passes over.
    pub(super) counts_misses: bool,
}

impl Sight<'_> {
    fn backend(&self, hook: Hook) -> Option<Backend> {
        self.hooks.iter().find(|attached| attached.hook == hook).map(|attached| attached.backend)
    }

    fn sees(&self, hook: Hook) -> bool {
        self.backend(hook).is_some()
    }

    /// Up to Linux 6.9 `tcp_send_reset` fires for full sockets only.
    fn all_replies(&self) -> bool {
        match self.backend(Hook::SendReset) {
            Some(Backend::Tracepoint) => self.facts.has("arg_tp_reset_reason"),
            other => other.is_some(),
        }
    }

    /// Since Linux 6.11 the tracepoint kfree_skb says for which socket the packet was.
    fn drops_name_sockets(&self) -> bool {
        self.backend(Hook::Drop) == Some(Backend::Tracepoint) && self.facts.has("arg_tp_drop_sk")
    }

    /// RSTs that are not obeyed are told as they are freed, and where that is shows what freed them.
    fn quiet_from_drop(&self) -> bool {
        let quiet = self.hooks.iter().find(|attached| attached.hook == Hook::QuietReset);
        let freed = quiet.is_some_and(|attached| !attached.targets.contains(&"tcp_validate_incoming"));
        freed && Symbols::get().range("tcp_v4_rcv").is_some()
    }

    /// So does the function that judges them.
    fn judges_resets(&self) -> bool {
        self.hooks.iter().any(|attached| attached.targets.contains(&"tcp_validate_incoming"))
    }

    pub(super) fn abilities(&self) -> Abilities {
        Abilities {
            replies_without_socket: self.all_replies(),
            replies_from_time_wait: self.all_replies(),
            replies_from_socket: self.sees(Hook::SendReset),
            no_socket_drops: self.sees(Hook::Drop) && !self.all_replies(),
            active_resets: self.sees(Hook::ActiveReset),
            received_resets: self.sees(Hook::ReceiveReset),
            icmp: self.sees(Hook::Icmp) && self.backend(Hook::Icmp) != Some(Backend::Tracepoint),
            icmp_v4: self.sees(Hook::Icmp),
            icmp_send: self.sees(Hook::IcmpSend),
            quiet_resets: self.sees(Hook::MiniSocket) || self.quiet_from_drop(),
            ignored_resets: self.quiet_from_drop() || self.judges_resets(),
            handshakes: self.sees(Hook::Handshake),
            rejects: self.sees(Hook::Reject),
            conn_request: self.sees(Hook::ConnRequest),
            syn_refused: self.sees(Hook::ConnRequest) && self.sees(Hook::SynRefused),
            mini_sockets: self.sees(Hook::MiniSocket),
            drop_sockets: self.sees(Hook::MiniSocket) || self.drops_name_sockets(),
            drops: self.sees(Hook::Drop),
            received: self.sees(Hook::Receive),
            calls: self.sees(Hook::Connect) && self.sees(Hook::Bind) && self.sees(Hook::Listen),
            denials: self.sees(Hook::Denied),
            lookups: self.sees(Hook::Receive)
                && self.sees(Hook::LookupEstablished)
                && self.sees(Hook::LookupListener),
            nat: self.sees(Hook::Nat),
            sk_lookup: self.sees(Hook::Receive) && self.sees(Hook::SkLookup),
            reuseport: self.sees(Hook::Receive) && self.sees(Hook::Reuseport),
            reset_reasons: !self.facts.reset_reasons.is_empty(),
            drop_reasons: !self.facts.drop_reasons.is_empty(),
            martian_reasons: self.facts.drop_reason("IP_LOCALNET").is_some(),
            min_ttl_reason: self.facts.drop_reason("TCP_MINTTL").is_some(),
            callers: Symbols::get().range("tcp_send_active_reset").is_some(),
            misses_uncounted: !self.counts_misses,
        }
    }

    pub(super) fn switches(&self) -> Switches {
        Switches {
            replies_from_tracepoint: u32::from(self.backend(Hook::SendReset) == Some(Backend::Tracepoint)),
            active_from_tracepoint: u32::from(self.backend(Hook::ActiveReset) == Some(Backend::Tracepoint)),
            no_socket_from_drop: u32::from(self.sees(Hook::Drop) && !self.all_replies()),
            small_from_drop: u32::from(self.sees(Hook::Drop) && !self.sees(Hook::MiniSocket)),
            icmp_from_queue: u32::from(self.backend(Hook::Icmp) == Some(Backend::Tracepoint)),
            quiet_from_drop: u32::from(self.quiet_from_drop()),
            attempts: u32::from(self.sees(Hook::State)),
        }
    }
}
