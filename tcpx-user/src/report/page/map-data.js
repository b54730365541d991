// The receive path of the kernel's TCP (Linux 5.10 to 7.x, net/ipv4/tcp_ipv4.c, tcp_input.c, tcp_minisocks.c and their twins in
// net/ipv6): functions by their exact names, where they stand in the drawing, and which calls or hands on to which.
//
// A function that stands for several steps that tcpx may see below or beside it lists these in `also`; the drawing then shows the
// name that was in the path. `before` has the names that it had in kernels before a version.

// What stands below, with column and row.
// prettier-ignore
const MAP_HEADINGS = [[say("A segment arrives"), 0, 0], [say("is looked up"), 1, 0], [say("is taken by what was found"), 2, 0], [say("is judged by state"), 3, 0], [say("Without a segment"), 4, 0], [say("comes to"), 4, 3]];

// A table: a line each.
// prettier-ignore
const MAP_NODES = [
  // Column 0: from IP to TCP.
  { id: "ip", at: [0, 0], v4: "ip_rcv", v6: "ipv6_rcv", what: say("IP takes the packet"),
    also: ["ip_rcv_core", "ip_rcv_finish", "ip_rcv_finish_core", "ip_route_input_noref", "ip_route_input_slow", "ip6_rcv_core", "ip6_rcv_finish", "ip6_route_input", "ip6_rcv_finish_core"] },
  { id: "hooks", at: [0, 1], v4: "nf_hook_slow", v6: "nf_hook_slow", what: "netfilter",
    also: ["nft_do_chain", "nft_do_chain_inet", "nft_do_chain_ipv4", "nft_do_chain_ipv6", "ipt_do_table", "ip6t_do_table", "nf_conntrack_in", "nf_confirm", "__nf_conntrack_confirm"] },
  { id: "early", at: [0, 2], v4: "tcp_v4_early_demux", v6: "tcp_v6_early_demux", what: say("lookup before the route") },
  { id: "deliver", at: [0, 3], v4: "ip_protocol_deliver_rcu", v6: "ip6_protocol_deliver_rcu", what: say("to the protocol"),
    also: ["ip_local_deliver", "ip_local_deliver_finish", "ip6_input", "ip6_input_finish"] },
  { id: "receive", at: [0, 4], v4: "tcp_v4_rcv", v6: "tcp_v6_rcv", what: say("TCP takes the segment") },

  // Column 1: which socket.
  { id: "error", at: [1, 0], v4: "tcp_v4_err", v6: "tcp_v6_err", what: say("an ICMP error for a socket") },
  { id: "reject", at: [1, 1], v4: "nf_send_reset", v6: "nf_send_reset6", what: say("a rule answers with RST") },
  { id: "steal", at: [1, 2], v4: "skb_steal_sock", v6: "skb_steal_sock", what: say("the packet brings a socket") },
  { id: "established", at: [1, 3], v4: "__inet_lookup_established", v6: "__inet6_lookup_established", what: say("established lookup"), lookup: true },
  { id: "listener", at: [1, 5], v4: "__inet_lookup_listener", v6: "inet6_lookup_listener", what: say("listener lookup"), lookup: true },
  { id: "none", at: [1, 7], v4: "no_tcp_socket", v6: "no_tcp_socket",
    what4: say("label in {a}", "tcp_v4_rcv"), what6: say("label in {a}", "tcp_v6_rcv") },

  // Column 2: by the kind of socket.
  { id: "request", at: [2, 1], v4: "tcp_check_req", v6: "tcp_check_req", what: say("request socket") },
  { id: "timewait", at: [2, 2], v4: "tcp_timewait_state_process", v6: "tcp_timewait_state_process", what: "TIME_WAIT" },
  { id: "socket", at: [2, 4], v4: "tcp_v4_do_rcv", v6: "tcp_v6_do_rcv", what: say("listener or connection") },
  { id: "cookie", at: [2, 5], v4: "cookie_v4_check", v6: "cookie_v6_check", what: "SYN cookie" },

  // Column 3: what TCP makes of it.
  { id: "child", at: [3, 0], v4: "tcp_v4_syn_recv_sock", v6: "tcp_v6_syn_recv_sock", what: say("makes the new socket"), also: ["subflow_syn_recv_sock"] },
  { id: "newborn", at: [3, 1], v4: "tcp_child_process", v6: "tcp_child_process", what: say("the new socket's first segment") },
  { id: "syn", at: [3, 2], v4: "tcp_conn_request", v6: "tcp_conn_request", what: say("SYN for a listener"),
    also: ["security_inet_conn_request", "inet_csk_route_req", "inet6_csk_route_req", "subflow_v4_route_req", "subflow_v6_route_req"] },
  { id: "states", at: [3, 3], v4: "tcp_rcv_state_process", v6: "tcp_rcv_state_process", what: say("all states but ESTABLISHED") },
  { id: "synsent", at: [3, 4], v4: "tcp_rcv_synsent_state_process", v6: "tcp_rcv_synsent_state_process", what: say("SYN_SENT (inlined above)") },
  { id: "open", at: [3, 5], v4: "tcp_rcv_established", v6: "tcp_rcv_established", what: "ESTABLISHED" },
  { id: "validate", at: [3, 6], v4: "tcp_validate_incoming", v6: "tcp_validate_incoming", what: say("is the segment in the window?") },

  // Column 4: what comes of it; above, what needs no segment.
  { id: "connect", at: [4, 0], v4: "tcp_v4_connect", v6: "tcp_v6_connect", what: say("connect() sends a SYN") },
  { id: "active", at: [4, 1], v4: "tcp_send_active_reset", v6: "tcp_send_active_reset", what: say("RST of a socket's own accord") },
  { id: "done", at: [4, 2], v4: "tcp_done", v6: "tcp_done", what: say("the connection is over") },
  { id: "finish", at: [4, 3], v4: "tcp_finish_connect", v6: "tcp_finish_connect", what: say("connect() has succeeded") },
  { id: "reset", at: [4, 4], v4: "tcp_reset", v6: "tcp_reset", what: say("a RST ends the socket") },
  { id: "freed", at: [4, 6], v4: "sk_skb_reason_drop", v6: "sk_skb_reason_drop", what: say("the segment is freed"), also: ["kfree_skb", "kfree_skb_reason"],
    before: [[5, 17, "kfree_skb"], [6, 11, "kfree_skb_reason"]] },
  { id: "answer", at: [4, 7], v4: "tcp_v4_send_reset", v6: "tcp_v6_send_reset", what: say("RST in answer") },
];

// From, to, and what the lookup must have given for this way to be taken.
// prettier-ignore
const MAP_EDGES = [
  ["ip", "hooks"], ["hooks", "early"], ["early", "deliver"], ["early", "established"], ["deliver", "receive"], ["ip", "error"], ["hooks", "reject"],
  ["receive", "steal"], ["receive", "established"], ["steal", "request"], ["steal", "timewait"], ["steal", "socket"],
  ["established", "listener", "miss"], ["established", "request", "hit"], ["established", "timewait", "hit"], ["established", "socket", "hit"],
  ["listener", "socket", "hit"], ["listener", "none", "miss"],
  ["none", "answer"], ["request", "answer"], ["timewait", "answer"], ["socket", "answer"],
  ["request", "child"], ["request", "newborn"], ["newborn", "states"], ["socket", "cookie"], ["socket", "states"], ["socket", "open"],
  ["states", "syn"], ["states", "synsent"], ["states", "validate"], ["open", "validate"],
  ["synsent", "finish"], ["synsent", "reset"], ["validate", "reset"], ["validate", "freed"], ["syn", "freed"],
];
