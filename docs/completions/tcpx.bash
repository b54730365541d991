_tcpx() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="tcpx"
                ;;
            tcpx,check)
                cmd="tcpx__subcmd__check"
                ;;
            tcpx,daemon)
                cmd="tcpx__subcmd__daemon"
                ;;
            tcpx,explain)
                cmd="tcpx__subcmd__explain"
                ;;
            tcpx,export)
                cmd="tcpx__subcmd__export"
                ;;
            tcpx,help)
                cmd="tcpx__subcmd__help"
                ;;
            tcpx,lab)
                cmd="tcpx__subcmd__lab"
                ;;
            tcpx,probe)
                cmd="tcpx__subcmd__probe"
                ;;
            tcpx,query)
                cmd="tcpx__subcmd__query"
                ;;
            tcpx,record)
                cmd="tcpx__subcmd__record"
                ;;
            tcpx,replay)
                cmd="tcpx__subcmd__replay"
                ;;
            tcpx,report)
                cmd="tcpx__subcmd__report"
                ;;
            tcpx,top)
                cmd="tcpx__subcmd__top"
                ;;
            tcpx,trace)
                cmd="tcpx__subcmd__trace"
                ;;
            tcpx__subcmd__help,check)
                cmd="tcpx__subcmd__help__subcmd__check"
                ;;
            tcpx__subcmd__help,daemon)
                cmd="tcpx__subcmd__help__subcmd__daemon"
                ;;
            tcpx__subcmd__help,explain)
                cmd="tcpx__subcmd__help__subcmd__explain"
                ;;
            tcpx__subcmd__help,export)
                cmd="tcpx__subcmd__help__subcmd__export"
                ;;
            tcpx__subcmd__help,help)
                cmd="tcpx__subcmd__help__subcmd__help"
                ;;
            tcpx__subcmd__help,lab)
                cmd="tcpx__subcmd__help__subcmd__lab"
                ;;
            tcpx__subcmd__help,probe)
                cmd="tcpx__subcmd__help__subcmd__probe"
                ;;
            tcpx__subcmd__help,query)
                cmd="tcpx__subcmd__help__subcmd__query"
                ;;
            tcpx__subcmd__help,record)
                cmd="tcpx__subcmd__help__subcmd__record"
                ;;
            tcpx__subcmd__help,replay)
                cmd="tcpx__subcmd__help__subcmd__replay"
                ;;
            tcpx__subcmd__help,report)
                cmd="tcpx__subcmd__help__subcmd__report"
                ;;
            tcpx__subcmd__help,top)
                cmd="tcpx__subcmd__help__subcmd__top"
                ;;
            tcpx__subcmd__help,trace)
                cmd="tcpx__subcmd__help__subcmd__trace"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        tcpx)
            opts="-h -V --color --help --version trace record replay report export top query daemon lab probe check explain help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__check)
            opts="-o -v -h --output --verbose --backend --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                -o)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --backend)
                    COMPREPLY=($(compgen -W "auto tracepoint fentry kprobe" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__daemon)
            opts="-h --config --helper --takeover --check-config --print-config --status --reload --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --config)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --helper)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__explain)
            opts="-o -h --backends --lang --color --help lookup-denied bound-not-listening listener-v6only listener-v4only listener-other-device listener-other-address listener-closed listener-not-yet listener-other-netns closed-port stray-segment time-wait-reset child-rejected-ack ack-to-listener bad-syncookie syn-sent-bad-ack syn-sent-paws syn-recv-bad-ack data-after-close syn-in-handshake accept-queue-abort mptcp-reset close-unread-data linger-zero linger2-expired memory-pressure listener-closed-unaccepted socket-destroyed keepalive-timeout user-timeout fin-wait2-timeout disconnect netfilter-reject-reset icmp-refused icmp-admin-prohibited icmp-unreachable neighbor-failed peer-refused peer-reset handshake-reset-by-peer reset-ignored time-wait-assassinated accept-queue-full syn-queue-full handshake-ack-dropped netfilter-drop conntrack-full conntrack-insert-failed rp-filter martian bad-checksum auth-failed xfrm-policy socket-filter-drop tc-xdp-drop lsm-drop no-return-route min-ttl defer-accept egress-drop time-wait-ack no-answer retransmit-timeout no-route port-exhausted connect-denied address-in-use address-not-available permission-denied established self-connect simultaneous-open cancelled pending unknown"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                -o)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --lang)
                    COMPREPLY=($(compgen -W "en zh-CN" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__export)
            opts="-w -c -h --write --everything --pid --comm --uid --addr --port --lport --rport --netns --cgroup --outcome --verdict --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --write)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -w)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -c)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --pid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --comm)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --uid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --addr)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --port)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --netns)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --cgroup)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --outcome)
                    COMPREPLY=($(compgen -W "established refused reset timed-out unreachable denied failed cancelled pending" -- "${cur}"))
                    return 0
                    ;;
                --verdict)
                    COMPREPLY=($(compgen -W "lookup-denied bound-not-listening listener-v6only listener-v4only listener-other-device listener-other-address listener-closed listener-not-yet listener-other-netns closed-port stray-segment time-wait-reset child-rejected-ack ack-to-listener bad-syncookie syn-sent-bad-ack syn-sent-paws syn-recv-bad-ack data-after-close syn-in-handshake accept-queue-abort mptcp-reset close-unread-data linger-zero linger2-expired memory-pressure listener-closed-unaccepted socket-destroyed keepalive-timeout user-timeout fin-wait2-timeout disconnect netfilter-reject-reset icmp-refused icmp-admin-prohibited icmp-unreachable neighbor-failed peer-refused peer-reset handshake-reset-by-peer reset-ignored time-wait-assassinated accept-queue-full syn-queue-full handshake-ack-dropped netfilter-drop conntrack-full conntrack-insert-failed rp-filter martian bad-checksum auth-failed xfrm-policy socket-filter-drop tc-xdp-drop lsm-drop no-return-route min-ttl defer-accept egress-drop time-wait-ack no-answer retransmit-timeout no-route port-exhausted connect-denied address-in-use address-not-available permission-denied established self-connect simultaneous-open cancelled pending unknown" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help)
            opts="trace record replay report export top query daemon lab probe check explain help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__check)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__daemon)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__explain)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__export)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__lab)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__probe)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__query)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__record)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__replay)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__report)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__top)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__help__subcmd__trace)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__lab)
            opts="-w -o -q -v -h --list --lang --step --diagram --task --check --write --client --server --kernel --fetch-kernel --for-host --output --quiet --verbose --all --backend --probes --max-events-per-second --buffer-size --bpf-log --color --help no-route no-route/ipv6 no-route/unreachable no-route/unreachable-ipv6 no-route/prohibit no-route/prohibit-ipv6 no-route/blackhole no-route/blackhole-ipv6 address-in-use address-in-use/ipv6 address-in-use/bound address-in-use/dual-stack address-in-use/listen address-in-use/listen-ipv6 address-not-available address-not-available/ipv6 address-not-available/connect address-not-available/connect-ipv6 address-not-available/no-ipv6 port-exhausted port-exhausted/ipv6 port-exhausted/bind port-exhausted/bind-ipv6 connect-denied connect-denied/ipv6 connect-denied/landlock connect-denied/landlock-ipv6 permission-denied permission-denied/ipv6 permission-denied/cgroup permission-denied/cgroup-ipv6 permission-denied/landlock permission-denied/landlock-ipv6 closed-port closed-port/ipv6 closed-port/bound-client closed-port/nonblocking bound-not-listening bound-not-listening/ipv6 listener-other-address listener-other-address/ipv6 listener-v6only listener-v4only stray-segment stray-segment/ipv6 lookup-denied lookup-denied/ipv6 lookup-denied/no-listener lookup-denied/no-listener-ipv6 lookup-denied/reuseport lookup-denied/reuseport-ipv6 listener-other-device listener-other-device/ipv6 listener-other-device/vrf listener-other-device/vrf-ipv6 listener-closed listener-closed/ipv6 listener-not-yet listener-not-yet/ipv6 listener-other-netns listener-other-netns/ipv6 listener-other-netns/bridge listener-other-netns/bridge-ipv6 closed-port/unlinked time-wait-reset time-wait-reset/ipv6 ack-to-listener ack-to-listener/ipv6 close-unread-data close-unread-data/ipv6 linger-zero linger-zero/ipv6 listener-closed-unaccepted listener-closed-unaccepted/ipv6 disconnect disconnect/ipv6 disconnect/shut-down socket-destroyed socket-destroyed/ipv6 keepalive-timeout keepalive-timeout/ipv6 user-timeout user-timeout/ipv6 linger2-expired linger2-expired/ipv6 linger2-expired/fin-wait1 linger2-expired/fin-wait1-ipv6 fin-wait2-timeout fin-wait2-timeout/ipv6 memory-pressure memory-pressure/ipv6 memory-pressure/timer retransmit-timeout retransmit-timeout/ipv6 retransmit-timeout/user-timeout retransmit-timeout/icmp retransmit-timeout/closed syn-sent-bad-ack syn-sent-bad-ack/ipv6 syn-sent-bad-ack/given-up syn-sent-paws syn-sent-paws/ipv6 syn-recv-bad-ack syn-recv-bad-ack/ipv6 syn-recv-bad-ack/crossed syn-recv-bad-ack/crossed-ipv6 syn-in-handshake syn-in-handshake/ipv6 accept-queue-abort accept-queue-abort/ipv6 child-rejected-ack child-rejected-ack/ipv6 child-rejected-ack/syncookie child-rejected-ack/syncookie-ipv6 bad-syncookie bad-syncookie/ipv6 mptcp-reset mptcp-reset/ipv6 mptcp-reset/bad-join mptcp-reset/bad-join-ipv6 mptcp-reset/fast-close data-after-close data-after-close/ipv6 data-after-close/shutdown netfilter-reject-reset netfilter-reject-reset/ipv6 netfilter-reject-reset/peer netfilter-reject-reset/peer-ipv6 icmp-refused icmp-refused/ipv6 icmp-refused/blocking icmp-refused/blocking-ipv6 netfilter-drop netfilter-drop/ipv6 icmp-admin-prohibited icmp-admin-prohibited/ipv6 icmp-admin-prohibited/peer icmp-admin-prohibited/peer-ipv6 icmp-unreachable icmp-unreachable/ipv6 icmp-unreachable/router icmp-unreachable/router-ipv6 neighbor-failed neighbor-failed/ipv6 closed-port/dnat closed-port/dnat-ipv6 closed-port/dnat-router closed-port/dnat-router-ipv6 bound-not-listening/dnat-pod bound-not-listening/dnat-pod-ipv6 established/redirect established/redirect-ipv6 peer-refused/dnat peer-refused/dnat-ipv6 icmp-refused/no-endpoints icmp-refused/no-endpoints-ipv6 netfilter-reject-reset/dnat close-unread-data/upstream-refused stray-segment/nat-invalid stray-segment/nat-invalid-ipv6 peer-refused peer-refused/ipv6 peer-reset peer-reset/ipv6 peer-reset/in-between peer-reset/in-between-ipv6 icmp-refused/peer icmp-refused/peer-ipv6 handshake-reset-by-peer handshake-reset-by-peer/ipv6 reset-ignored reset-ignored/ipv6 reset-ignored/outside reset-ignored/handshake reset-ignored/time-wait time-wait-assassinated time-wait-assassinated/ipv6 time-wait-assassinated/fin-wait2 accept-queue-full accept-queue-full/ipv6 no-answer no-answer/ipv6 cancelled cancelled/ipv6 pending pending/ipv6 syn-queue-full syn-queue-full/ipv6 handshake-ack-dropped handshake-ack-dropped/ipv6 defer-accept defer-accept/ipv6 no-return-route no-return-route/ipv6 lsm-drop lsm-drop/ipv6 time-wait-ack time-wait-ack/ipv6 established established/ipv6 established/io-uring established/32-bit self-connect self-connect/ipv6 self-connect/ephemeral simultaneous-open simultaneous-open/ipv6 simultaneous-open/sockets established/fast-open established/fast-open-ipv6 established/fast-open-connect established/fast-open-early established/fast-open-early-ipv6 cancelled/fast-open closed-port/fast-open closed-port/fast-open-ipv6 closed-port/fast-open-connect peer-refused/fast-open peer-refused/fast-open-ipv6 syn-recv-bad-ack/fast-open syn-in-handshake/fast-open handshake-reset-by-peer/fast-open handshake-reset-by-peer/fast-open-ipv6 listener-closed-unaccepted/reuseport listener-closed-unaccepted/reuseport-ipv6 listener-closed-unaccepted/rolling-restart listener-closed-unaccepted/rolling-restart-ipv6 established/reuseport-migrated established/reuseport-migrated-ipv6 established/challenged-syn established/challenged-syn-ipv6 established/challenged-ack established/challenged-ack-ipv6 established/tproxy established/tproxy-ipv6 established/sk-lookup established/sk-lookup-ipv6 closed-port/tproxy closed-port/tproxy-ipv6 rp-filter martian martian/ipv6 martian/own-address martian/destination bad-checksum bad-checksum/ipv6 tc-xdp-drop tc-xdp-drop/ipv6 tc-xdp-drop/tc tc-xdp-drop/tc-ipv6 tc-xdp-drop/egress tc-xdp-drop/egress-ipv6 xfrm-policy xfrm-policy/ipv6 min-ttl min-ttl/ipv6 auth-failed auth-failed/ipv6 auth-failed/unexpected auth-failed/wrong-key socket-filter-drop socket-filter-drop/ipv6 socket-filter-drop/cgroup socket-filter-drop/cgroup-ipv6 egress-drop egress-drop/ipv6 conntrack-full conntrack-full/ipv6 conntrack-insert-failed conntrack-insert-failed/ipv6 all"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --lang)
                    COMPREPLY=($(compgen -W "en zh-CN" -- "${cur}"))
                    return 0
                    ;;
                --check)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --write)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -w)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --client)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --server)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --kernel)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --fetch-kernel)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -o)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --backend)
                    COMPREPLY=($(compgen -W "auto tracepoint fentry kprobe" -- "${cur}"))
                    return 0
                    ;;
                --probes)
                    COMPREPLY=($(compgen -W "resets path lookup" -- "${cur}"))
                    return 0
                    ;;
                --max-events-per-second)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --buffer-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__probe)
            opts="-o -q -v -h --timeout --in --output --quiet --verbose --all --backend --probes --max-events-per-second --buffer-size --bpf-log --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --timeout)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --in)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -o)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --backend)
                    COMPREPLY=($(compgen -W "auto tracepoint fentry kprobe" -- "${cur}"))
                    return 0
                    ;;
                --probes)
                    COMPREPLY=($(compgen -W "resets path lookup" -- "${cur}"))
                    return 0
                    ;;
                --max-events-per-second)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --buffer-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__query)
            opts="-h --schema --format --output --limit --no-cache --everything --pid --comm --uid --addr --port --lport --rport --netns --cgroup --outcome --verdict --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --format)
                    COMPREPLY=($(compgen -W "table csv json parquet" -- "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --limit)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --pid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --comm)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --uid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --addr)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --port)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --netns)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --cgroup)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --outcome)
                    COMPREPLY=($(compgen -W "established refused reset timed-out unreachable denied failed cancelled pending" -- "${cur}"))
                    return 0
                    ;;
                --verdict)
                    COMPREPLY=($(compgen -W "lookup-denied bound-not-listening listener-v6only listener-v4only listener-other-device listener-other-address listener-closed listener-not-yet listener-other-netns closed-port stray-segment time-wait-reset child-rejected-ack ack-to-listener bad-syncookie syn-sent-bad-ack syn-sent-paws syn-recv-bad-ack data-after-close syn-in-handshake accept-queue-abort mptcp-reset close-unread-data linger-zero linger2-expired memory-pressure listener-closed-unaccepted socket-destroyed keepalive-timeout user-timeout fin-wait2-timeout disconnect netfilter-reject-reset icmp-refused icmp-admin-prohibited icmp-unreachable neighbor-failed peer-refused peer-reset handshake-reset-by-peer reset-ignored time-wait-assassinated accept-queue-full syn-queue-full handshake-ack-dropped netfilter-drop conntrack-full conntrack-insert-failed rp-filter martian bad-checksum auth-failed xfrm-policy socket-filter-drop tc-xdp-drop lsm-drop no-return-route min-ttl defer-accept egress-drop time-wait-ack no-answer retransmit-timeout no-route port-exhausted connect-denied address-in-use address-not-available permission-denied established self-connect simultaneous-open cancelled pending unknown" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__record)
            opts="-c -w -h --duration --everything --in --user --loss-status --ready-file --write --stacks --index --rotate-size --rotate-time --keep --backend --probes --max-events-per-second --buffer-size --bpf-log --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                -c)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --duration)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --in)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --user)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --ready-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --write)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -w)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rotate-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rotate-time)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --keep)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --backend)
                    COMPREPLY=($(compgen -W "auto tracepoint fentry kprobe" -- "${cur}"))
                    return 0
                    ;;
                --probes)
                    COMPREPLY=($(compgen -W "resets path lookup" -- "${cur}"))
                    return 0
                    ;;
                --max-events-per-second)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --buffer-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__replay)
            opts="-c -o -q -v -h --everything --output --quiet --verbose --all --pid --comm --uid --addr --port --lport --rport --netns --cgroup --outcome --verdict --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                -c)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -o)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --pid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --comm)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --uid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --addr)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --port)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --netns)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --cgroup)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --outcome)
                    COMPREPLY=($(compgen -W "established refused reset timed-out unreachable denied failed cancelled pending" -- "${cur}"))
                    return 0
                    ;;
                --verdict)
                    COMPREPLY=($(compgen -W "lookup-denied bound-not-listening listener-v6only listener-v4only listener-other-device listener-other-address listener-closed listener-not-yet listener-other-netns closed-port stray-segment time-wait-reset child-rejected-ack ack-to-listener bad-syncookie syn-sent-bad-ack syn-sent-paws syn-recv-bad-ack data-after-close syn-in-handshake accept-queue-abort mptcp-reset close-unread-data linger-zero linger2-expired memory-pressure listener-closed-unaccepted socket-destroyed keepalive-timeout user-timeout fin-wait2-timeout disconnect netfilter-reject-reset icmp-refused icmp-admin-prohibited icmp-unreachable neighbor-failed peer-refused peer-reset handshake-reset-by-peer reset-ignored time-wait-assassinated accept-queue-full syn-queue-full handshake-ack-dropped netfilter-drop conntrack-full conntrack-insert-failed rp-filter martian bad-checksum auth-failed xfrm-policy socket-filter-drop tc-xdp-drop lsm-drop no-return-route min-ttl defer-accept egress-drop time-wait-ack no-answer retransmit-timeout no-route port-exhausted connect-denied address-in-use address-not-available permission-denied established self-connect simultaneous-open cancelled pending unknown" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__report)
            opts="-w -h --write --everything --pid --comm --uid --addr --port --lport --rport --netns --cgroup --outcome --verdict --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --write)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -w)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --pid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --comm)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --uid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --addr)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --port)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --netns)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --cgroup)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --outcome)
                    COMPREPLY=($(compgen -W "established refused reset timed-out unreachable denied failed cancelled pending" -- "${cur}"))
                    return 0
                    ;;
                --verdict)
                    COMPREPLY=($(compgen -W "lookup-denied bound-not-listening listener-v6only listener-v4only listener-other-device listener-other-address listener-closed listener-not-yet listener-other-netns closed-port stray-segment time-wait-reset child-rejected-ack ack-to-listener bad-syncookie syn-sent-bad-ack syn-sent-paws syn-recv-bad-ack data-after-close syn-in-handshake accept-queue-abort mptcp-reset close-unread-data linger-zero linger2-expired memory-pressure listener-closed-unaccepted socket-destroyed keepalive-timeout user-timeout fin-wait2-timeout disconnect netfilter-reject-reset icmp-refused icmp-admin-prohibited icmp-unreachable neighbor-failed peer-refused peer-reset handshake-reset-by-peer reset-ignored time-wait-assassinated accept-queue-full syn-queue-full handshake-ack-dropped netfilter-drop conntrack-full conntrack-insert-failed rp-filter martian bad-checksum auth-failed xfrm-policy socket-filter-drop tc-xdp-drop lsm-drop no-return-route min-ttl defer-accept egress-drop time-wait-ack no-answer retransmit-timeout no-route port-exhausted connect-denied address-in-use address-not-available permission-denied established self-connect simultaneous-open cancelled pending unknown" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__top)
            opts="-h --in --everything --all --backend --probes --max-events-per-second --buffer-size --bpf-log --pid --comm --uid --addr --port --lport --rport --netns --cgroup --outcome --verdict --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --in)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --backend)
                    COMPREPLY=($(compgen -W "auto tracepoint fentry kprobe" -- "${cur}"))
                    return 0
                    ;;
                --probes)
                    COMPREPLY=($(compgen -W "resets path lookup" -- "${cur}"))
                    return 0
                    ;;
                --max-events-per-second)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --buffer-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --pid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --comm)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --uid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --addr)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --port)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --netns)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --cgroup)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --outcome)
                    COMPREPLY=($(compgen -W "established refused reset timed-out unreachable denied failed cancelled pending" -- "${cur}"))
                    return 0
                    ;;
                --verdict)
                    COMPREPLY=($(compgen -W "lookup-denied bound-not-listening listener-v6only listener-v4only listener-other-device listener-other-address listener-closed listener-not-yet listener-other-netns closed-port stray-segment time-wait-reset child-rejected-ack ack-to-listener bad-syncookie syn-sent-bad-ack syn-sent-paws syn-recv-bad-ack data-after-close syn-in-handshake accept-queue-abort mptcp-reset close-unread-data linger-zero linger2-expired memory-pressure listener-closed-unaccepted socket-destroyed keepalive-timeout user-timeout fin-wait2-timeout disconnect netfilter-reject-reset icmp-refused icmp-admin-prohibited icmp-unreachable neighbor-failed peer-refused peer-reset handshake-reset-by-peer reset-ignored time-wait-assassinated accept-queue-full syn-queue-full handshake-ack-dropped netfilter-drop conntrack-full conntrack-insert-failed rp-filter martian bad-checksum auth-failed xfrm-policy socket-filter-drop tc-xdp-drop lsm-drop no-return-route min-ttl defer-accept egress-drop time-wait-ack no-answer retransmit-timeout no-route port-exhausted connect-denied address-in-use address-not-available permission-denied established self-connect simultaneous-open cancelled pending unknown" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        tcpx__subcmd__trace)
            opts="-c -w -o -q -v -h --duration --everything --in --user --loss-status --ready-file --write --output --quiet --verbose --all --rotate-size --rotate-time --keep --backend --probes --max-events-per-second --buffer-size --bpf-log --pid --comm --uid --addr --port --lport --rport --netns --cgroup --outcome --verdict --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                -c)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --duration)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --in)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --user)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --ready-file)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --write)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -w)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                -o)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rotate-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rotate-time)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --keep)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --backend)
                    COMPREPLY=($(compgen -W "auto tracepoint fentry kprobe" -- "${cur}"))
                    return 0
                    ;;
                --probes)
                    COMPREPLY=($(compgen -W "resets path lookup" -- "${cur}"))
                    return 0
                    ;;
                --max-events-per-second)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --buffer-size)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --pid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --comm)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --uid)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --addr)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --port)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --lport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --rport)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --netns)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --cgroup)
                    COMPREPLY=($(compgen -f "${cur}"))
                    return 0
                    ;;
                --outcome)
                    COMPREPLY=($(compgen -W "established refused reset timed-out unreachable denied failed cancelled pending" -- "${cur}"))
                    return 0
                    ;;
                --verdict)
                    COMPREPLY=($(compgen -W "lookup-denied bound-not-listening listener-v6only listener-v4only listener-other-device listener-other-address listener-closed listener-not-yet listener-other-netns closed-port stray-segment time-wait-reset child-rejected-ack ack-to-listener bad-syncookie syn-sent-bad-ack syn-sent-paws syn-recv-bad-ack data-after-close syn-in-handshake accept-queue-abort mptcp-reset close-unread-data linger-zero linger2-expired memory-pressure listener-closed-unaccepted socket-destroyed keepalive-timeout user-timeout fin-wait2-timeout disconnect netfilter-reject-reset icmp-refused icmp-admin-prohibited icmp-unreachable neighbor-failed peer-refused peer-reset handshake-reset-by-peer reset-ignored time-wait-assassinated accept-queue-full syn-queue-full handshake-ack-dropped netfilter-drop conntrack-full conntrack-insert-failed rp-filter martian bad-checksum auth-failed xfrm-policy socket-filter-drop tc-xdp-drop lsm-drop no-return-route min-ttl defer-accept egress-drop time-wait-ack no-answer retransmit-timeout no-route port-exhausted connect-denied address-in-use address-not-available permission-denied established self-connect simultaneous-open cancelled pending unknown" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _tcpx -o nosort -o bashdefault -o default tcpx
else
    complete -F _tcpx -o bashdefault -o default tcpx
fi
