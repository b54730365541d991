# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_tcpx_global_optspecs
    string join \n color= h/help V/version
end

function __fish_tcpx_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_tcpx_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_tcpx_using_subcommand
    set -l cmd (__fish_tcpx_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c tcpx -n "__fish_tcpx_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_needs_command" -s V -l version -d 'Print version'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "trace" -d 'Watch connections live, of one command or of the whole host'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "record" -d 'Watch connections live and write down all of it, to look at later'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "replay" -d 'Read recordings as if it happened now; needs no privilege'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "report" -d 'Lay a recording out as one page for a browser; needs no privilege'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "export" -d 'Write the packets of recordings for Wireshark, each with its verdict, or attempts as Parquet'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "top" -d 'Show in full screen what fails, live or in a recording'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "query" -d 'Ask recordings in SQL; needs no privilege'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "daemon" -d 'Stay, and tell of what fails: a service for every host'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "lab" -d 'Play a scenario in private network namespaces while tracing it'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "probe" -d 'Make one connection attempt and explain it'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "check" -d 'Say what this kernel lets tcpx see'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "explain" -d 'Look up a verdict, an errno or an error text'
complete -c tcpx -n "__fish_tcpx_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -s c -d 'Stop after N results' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l duration -d 'Stop after this long, such as 10, 1.5s, 500ms, 2m' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l in -d 'Only the network namespace of process PID' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l user -d 'Run CMD as this user [default: who called sudo]' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l ready-file -d 'Write FILE once all hooks are attached' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -s w -l write -d 'Record it too, for "tcpx replay"; the file is overwritten' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -s o -d 'Form of the results' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l output -d 'Write results to FILE instead of stdout' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l rotate-size -d 'Go on in a new file at this size, such as 100M; NAME.tcpx becomes NAME.000001.tcpx and so on' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l rotate-time -d 'Go on in a new file after this long, such as 1h' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l keep -d 'Keep the last N files only' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l backend -d 'How hooks are attached' -r -f -a "auto\t'For each hook the best that works here'
tracepoint\t'Tracepoints only'
fentry\t'BPF trampolines only'
kprobe\t'Kprobes only'"
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l probes -d 'Which hooks are attached [default: lookup; path for top, and for trace without a command]' -r -f -a "resets\t'Only what sends or receives a RST: the cheapest; attempts and silence are not told'
path\t'Only what runs when something is refused, reset, dropped or changes state'
lookup\t'Also the receive path and both socket lookups'"
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l max-events-per-second -d 'Records of one hook on one CPU in a second; more are counted, not told one by one [default: 500000]' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l buffer-size -d 'Buffer between kernel and tcpx, rounded up to a power of two [default: 4M]; a larger one loses less in bursts' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l pid -d 'Process id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l comm -d 'Process name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l uid -d 'User id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l addr -d 'Address or network at either end, such as 10.0.0.0/8' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l port -d 'Port at either end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l lport -d 'Port at the local end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l rport -d 'Port at the remote end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l netns -d 'Network namespace: inode number or name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l cgroup -d 'cgroup path; includes all below it' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l outcome -d 'How the attempt ended, such as refused or timed-out' -r -f -a "established\t''
refused\t''
reset\t''
timed-out\t''
unreachable\t''
denied\t''
failed\t''
cancelled\t''
pending\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l verdict -d 'Why, such as closed-port ("tcpx explain" lists all)' -r -f -a "lookup-denied\t''
bound-not-listening\t''
listener-v6only\t''
listener-v4only\t''
listener-other-device\t''
listener-other-address\t''
listener-closed\t''
listener-not-yet\t''
listener-other-netns\t''
closed-port\t''
stray-segment\t''
time-wait-reset\t''
child-rejected-ack\t''
ack-to-listener\t''
bad-syncookie\t''
syn-sent-bad-ack\t''
syn-sent-paws\t''
syn-recv-bad-ack\t''
data-after-close\t''
syn-in-handshake\t''
accept-queue-abort\t''
mptcp-reset\t''
close-unread-data\t''
linger-zero\t''
linger2-expired\t''
memory-pressure\t''
listener-closed-unaccepted\t''
socket-destroyed\t''
keepalive-timeout\t''
user-timeout\t''
fin-wait2-timeout\t''
disconnect\t''
netfilter-reject-reset\t''
icmp-refused\t''
icmp-admin-prohibited\t''
icmp-unreachable\t''
neighbor-failed\t''
peer-refused\t''
peer-reset\t''
handshake-reset-by-peer\t''
reset-ignored\t''
time-wait-assassinated\t''
accept-queue-full\t''
syn-queue-full\t''
handshake-ack-dropped\t''
netfilter-drop\t''
conntrack-full\t''
conntrack-insert-failed\t''
rp-filter\t''
martian\t''
bad-checksum\t''
auth-failed\t''
xfrm-policy\t''
socket-filter-drop\t''
tc-xdp-drop\t''
lsm-drop\t''
no-return-route\t''
min-ttl\t''
defer-accept\t''
egress-drop\t''
time-wait-ack\t''
no-answer\t''
retransmit-timeout\t''
no-route\t''
port-exhausted\t''
connect-denied\t''
address-in-use\t''
address-not-available\t''
permission-denied\t''
established\t''
self-connect\t''
simultaneous-open\t''
cancelled\t''
pending\t''
unknown\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l everything -d 'Show the whole host, not only what CMD does'
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l loss-status -d 'Exit with 3 if events were lost, whatever CMD\'s status'
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -s q -l quiet -d 'Leave out the kernel\'s path'
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -s v -l verbose -d 'Add times, namespaces, near misses and stacks'
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l all -d 'Show also what worked (JSON always does)'
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -l bpf-log -d 'Show what the eBPF programs log (debugging builds only)'
complete -c tcpx -n "__fish_tcpx_using_subcommand trace" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -s c -d 'Stop after N results' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l duration -d 'Stop after this long, such as 10, 1.5s, 500ms, 2m' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l in -d 'Only the network namespace of process PID' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l user -d 'Run CMD as this user [default: who called sudo]' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l ready-file -d 'Write FILE once all hooks are attached' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -s w -l write -d 'Where to: a file, which is overwritten' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l rotate-size -d 'Go on in a new file at this size, such as 100M; NAME.tcpx becomes NAME.000001.tcpx and so on' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l rotate-time -d 'Go on in a new file after this long, such as 1h' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l keep -d 'Keep the last N files only' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l backend -d 'How hooks are attached' -r -f -a "auto\t'For each hook the best that works here'
tracepoint\t'Tracepoints only'
fentry\t'BPF trampolines only'
kprobe\t'Kprobes only'"
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l probes -d 'Which hooks are attached [default: lookup; path for top, and for trace without a command]' -r -f -a "resets\t'Only what sends or receives a RST: the cheapest; attempts and silence are not told'
path\t'Only what runs when something is refused, reset, dropped or changes state'
lookup\t'Also the receive path and both socket lookups'"
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l max-events-per-second -d 'Records of one hook on one CPU in a second; more are counted, not told one by one [default: 500000]' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l buffer-size -d 'Buffer between kernel and tcpx, rounded up to a power of two [default: 4M]; a larger one loses less in bursts' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l everything -d 'Show the whole host, not only what CMD does'
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l loss-status -d 'Exit with 3 if events were lost, whatever CMD\'s status'
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l stacks -d 'Record kernel stacks, for "tcpx replay -v"'
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l index -d 'At the end, make the index that the first "tcpx query" would make'
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -l bpf-log -d 'Show what the eBPF programs log (debugging builds only)'
complete -c tcpx -n "__fish_tcpx_using_subcommand record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -s c -d 'Stop after N results' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -s o -d 'Form of the results' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l output -d 'Write results to FILE instead of stdout' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l pid -d 'Process id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l comm -d 'Process name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l uid -d 'User id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l addr -d 'Address or network at either end, such as 10.0.0.0/8' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l port -d 'Port at either end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l lport -d 'Port at the local end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l rport -d 'Port at the remote end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l netns -d 'Network namespace: inode number or name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l cgroup -d 'cgroup path; includes all below it' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l outcome -d 'How the attempt ended, such as refused or timed-out' -r -f -a "established\t''
refused\t''
reset\t''
timed-out\t''
unreachable\t''
denied\t''
failed\t''
cancelled\t''
pending\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l verdict -d 'Why, such as closed-port ("tcpx explain" lists all)' -r -f -a "lookup-denied\t''
bound-not-listening\t''
listener-v6only\t''
listener-v4only\t''
listener-other-device\t''
listener-other-address\t''
listener-closed\t''
listener-not-yet\t''
listener-other-netns\t''
closed-port\t''
stray-segment\t''
time-wait-reset\t''
child-rejected-ack\t''
ack-to-listener\t''
bad-syncookie\t''
syn-sent-bad-ack\t''
syn-sent-paws\t''
syn-recv-bad-ack\t''
data-after-close\t''
syn-in-handshake\t''
accept-queue-abort\t''
mptcp-reset\t''
close-unread-data\t''
linger-zero\t''
linger2-expired\t''
memory-pressure\t''
listener-closed-unaccepted\t''
socket-destroyed\t''
keepalive-timeout\t''
user-timeout\t''
fin-wait2-timeout\t''
disconnect\t''
netfilter-reject-reset\t''
icmp-refused\t''
icmp-admin-prohibited\t''
icmp-unreachable\t''
neighbor-failed\t''
peer-refused\t''
peer-reset\t''
handshake-reset-by-peer\t''
reset-ignored\t''
time-wait-assassinated\t''
accept-queue-full\t''
syn-queue-full\t''
handshake-ack-dropped\t''
netfilter-drop\t''
conntrack-full\t''
conntrack-insert-failed\t''
rp-filter\t''
martian\t''
bad-checksum\t''
auth-failed\t''
xfrm-policy\t''
socket-filter-drop\t''
tc-xdp-drop\t''
lsm-drop\t''
no-return-route\t''
min-ttl\t''
defer-accept\t''
egress-drop\t''
time-wait-ack\t''
no-answer\t''
retransmit-timeout\t''
no-route\t''
port-exhausted\t''
connect-denied\t''
address-in-use\t''
address-not-available\t''
permission-denied\t''
established\t''
self-connect\t''
simultaneous-open\t''
cancelled\t''
pending\t''
unknown\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l everything -d 'Show all that was recorded, not only what CMD or the namespace had to do with'
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -s q -l quiet -d 'Leave out the kernel\'s path'
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -s v -l verbose -d 'Add times, namespaces, near misses and stacks'
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -l all -d 'Show also what worked (JSON always does)'
complete -c tcpx -n "__fish_tcpx_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -s w -l write -d 'Where the page goes: a file, which is replaced once the page is whole, or - for stdout' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l pid -d 'Process id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l comm -d 'Process name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l uid -d 'User id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l addr -d 'Address or network at either end, such as 10.0.0.0/8' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l port -d 'Port at either end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l lport -d 'Port at the local end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l rport -d 'Port at the remote end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l netns -d 'Network namespace: inode number or name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l cgroup -d 'cgroup path; includes all below it' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l outcome -d 'How the attempt ended, such as refused or timed-out' -r -f -a "established\t''
refused\t''
reset\t''
timed-out\t''
unreachable\t''
denied\t''
failed\t''
cancelled\t''
pending\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l verdict -d 'Why, such as closed-port ("tcpx explain" lists all)' -r -f -a "lookup-denied\t''
bound-not-listening\t''
listener-v6only\t''
listener-v4only\t''
listener-other-device\t''
listener-other-address\t''
listener-closed\t''
listener-not-yet\t''
listener-other-netns\t''
closed-port\t''
stray-segment\t''
time-wait-reset\t''
child-rejected-ack\t''
ack-to-listener\t''
bad-syncookie\t''
syn-sent-bad-ack\t''
syn-sent-paws\t''
syn-recv-bad-ack\t''
data-after-close\t''
syn-in-handshake\t''
accept-queue-abort\t''
mptcp-reset\t''
close-unread-data\t''
linger-zero\t''
linger2-expired\t''
memory-pressure\t''
listener-closed-unaccepted\t''
socket-destroyed\t''
keepalive-timeout\t''
user-timeout\t''
fin-wait2-timeout\t''
disconnect\t''
netfilter-reject-reset\t''
icmp-refused\t''
icmp-admin-prohibited\t''
icmp-unreachable\t''
neighbor-failed\t''
peer-refused\t''
peer-reset\t''
handshake-reset-by-peer\t''
reset-ignored\t''
time-wait-assassinated\t''
accept-queue-full\t''
syn-queue-full\t''
handshake-ack-dropped\t''
netfilter-drop\t''
conntrack-full\t''
conntrack-insert-failed\t''
rp-filter\t''
martian\t''
bad-checksum\t''
auth-failed\t''
xfrm-policy\t''
socket-filter-drop\t''
tc-xdp-drop\t''
lsm-drop\t''
no-return-route\t''
min-ttl\t''
defer-accept\t''
egress-drop\t''
time-wait-ack\t''
no-answer\t''
retransmit-timeout\t''
no-route\t''
port-exhausted\t''
connect-denied\t''
address-in-use\t''
address-not-available\t''
permission-denied\t''
established\t''
self-connect\t''
simultaneous-open\t''
cancelled\t''
pending\t''
unknown\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -l everything -d 'Tell of all that was recorded, not only what CMD or the namespace had to do with'
complete -c tcpx -n "__fish_tcpx_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -s w -l write -d 'Where to: a file, which is overwritten: NAME.pcapng, or NAME.parquet for the attempts; - is stdout (pcapng)' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -s c -d 'Stop after N results' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l pid -d 'Process id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l comm -d 'Process name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l uid -d 'User id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l addr -d 'Address or network at either end, such as 10.0.0.0/8' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l port -d 'Port at either end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l lport -d 'Port at the local end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l rport -d 'Port at the remote end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l netns -d 'Network namespace: inode number or name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l cgroup -d 'cgroup path; includes all below it' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l outcome -d 'How the attempt ended, such as refused or timed-out' -r -f -a "established\t''
refused\t''
reset\t''
timed-out\t''
unreachable\t''
denied\t''
failed\t''
cancelled\t''
pending\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l verdict -d 'Why, such as closed-port ("tcpx explain" lists all)' -r -f -a "lookup-denied\t''
bound-not-listening\t''
listener-v6only\t''
listener-v4only\t''
listener-other-device\t''
listener-other-address\t''
listener-closed\t''
listener-not-yet\t''
listener-other-netns\t''
closed-port\t''
stray-segment\t''
time-wait-reset\t''
child-rejected-ack\t''
ack-to-listener\t''
bad-syncookie\t''
syn-sent-bad-ack\t''
syn-sent-paws\t''
syn-recv-bad-ack\t''
data-after-close\t''
syn-in-handshake\t''
accept-queue-abort\t''
mptcp-reset\t''
close-unread-data\t''
linger-zero\t''
linger2-expired\t''
memory-pressure\t''
listener-closed-unaccepted\t''
socket-destroyed\t''
keepalive-timeout\t''
user-timeout\t''
fin-wait2-timeout\t''
disconnect\t''
netfilter-reject-reset\t''
icmp-refused\t''
icmp-admin-prohibited\t''
icmp-unreachable\t''
neighbor-failed\t''
peer-refused\t''
peer-reset\t''
handshake-reset-by-peer\t''
reset-ignored\t''
time-wait-assassinated\t''
accept-queue-full\t''
syn-queue-full\t''
handshake-ack-dropped\t''
netfilter-drop\t''
conntrack-full\t''
conntrack-insert-failed\t''
rp-filter\t''
martian\t''
bad-checksum\t''
auth-failed\t''
xfrm-policy\t''
socket-filter-drop\t''
tc-xdp-drop\t''
lsm-drop\t''
no-return-route\t''
min-ttl\t''
defer-accept\t''
egress-drop\t''
time-wait-ack\t''
no-answer\t''
retransmit-timeout\t''
no-route\t''
port-exhausted\t''
connect-denied\t''
address-in-use\t''
address-not-available\t''
permission-denied\t''
established\t''
self-connect\t''
simultaneous-open\t''
cancelled\t''
pending\t''
unknown\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -l everything -d 'Write all that was recorded, not only what CMD or the namespace had to do with'
complete -c tcpx -n "__fish_tcpx_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l in -d 'Only the network namespace of process PID' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l backend -d 'How hooks are attached' -r -f -a "auto\t'For each hook the best that works here'
tracepoint\t'Tracepoints only'
fentry\t'BPF trampolines only'
kprobe\t'Kprobes only'"
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l probes -d 'Which hooks are attached [default: lookup; path for top, and for trace without a command]' -r -f -a "resets\t'Only what sends or receives a RST: the cheapest; attempts and silence are not told'
path\t'Only what runs when something is refused, reset, dropped or changes state'
lookup\t'Also the receive path and both socket lookups'"
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l max-events-per-second -d 'Records of one hook on one CPU in a second; more are counted, not told one by one [default: 500000]' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l buffer-size -d 'Buffer between kernel and tcpx, rounded up to a power of two [default: 4M]; a larger one loses less in bursts' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l pid -d 'Process id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l comm -d 'Process name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l uid -d 'User id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l addr -d 'Address or network at either end, such as 10.0.0.0/8' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l port -d 'Port at either end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l lport -d 'Port at the local end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l rport -d 'Port at the remote end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l netns -d 'Network namespace: inode number or name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l cgroup -d 'cgroup path; includes all below it' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l outcome -d 'How the attempt ended, such as refused or timed-out' -r -f -a "established\t''
refused\t''
reset\t''
timed-out\t''
unreachable\t''
denied\t''
failed\t''
cancelled\t''
pending\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l verdict -d 'Why, such as closed-port ("tcpx explain" lists all)' -r -f -a "lookup-denied\t''
bound-not-listening\t''
listener-v6only\t''
listener-v4only\t''
listener-other-device\t''
listener-other-address\t''
listener-closed\t''
listener-not-yet\t''
listener-other-netns\t''
closed-port\t''
stray-segment\t''
time-wait-reset\t''
child-rejected-ack\t''
ack-to-listener\t''
bad-syncookie\t''
syn-sent-bad-ack\t''
syn-sent-paws\t''
syn-recv-bad-ack\t''
data-after-close\t''
syn-in-handshake\t''
accept-queue-abort\t''
mptcp-reset\t''
close-unread-data\t''
linger-zero\t''
linger2-expired\t''
memory-pressure\t''
listener-closed-unaccepted\t''
socket-destroyed\t''
keepalive-timeout\t''
user-timeout\t''
fin-wait2-timeout\t''
disconnect\t''
netfilter-reject-reset\t''
icmp-refused\t''
icmp-admin-prohibited\t''
icmp-unreachable\t''
neighbor-failed\t''
peer-refused\t''
peer-reset\t''
handshake-reset-by-peer\t''
reset-ignored\t''
time-wait-assassinated\t''
accept-queue-full\t''
syn-queue-full\t''
handshake-ack-dropped\t''
netfilter-drop\t''
conntrack-full\t''
conntrack-insert-failed\t''
rp-filter\t''
martian\t''
bad-checksum\t''
auth-failed\t''
xfrm-policy\t''
socket-filter-drop\t''
tc-xdp-drop\t''
lsm-drop\t''
no-return-route\t''
min-ttl\t''
defer-accept\t''
egress-drop\t''
time-wait-ack\t''
no-answer\t''
retransmit-timeout\t''
no-route\t''
port-exhausted\t''
connect-denied\t''
address-in-use\t''
address-not-available\t''
permission-denied\t''
established\t''
self-connect\t''
simultaneous-open\t''
cancelled\t''
pending\t''
unknown\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l everything -d 'Of a recording show all, not only what CMD or the namespace had to do with'
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l all -d 'Show also what worked, as key a does'
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -l bpf-log -d 'Show what the eBPF programs log (debugging builds only)'
complete -c tcpx -n "__fish_tcpx_using_subcommand top" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l format -d 'Form of the rows [default: by the ending of --output, else table]' -r -f -a "table\t'For people'
csv\t'Comma-separated values, names first'
json\t'One JSON object a line'
parquet\t'Apache Parquet; needs --output'"
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l output -d 'Write the rows to FILE instead of stdout; it appears when it is whole' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l limit -d 'Show N rows at most [default: 1000 in a table, else all]' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l pid -d 'Process id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l comm -d 'Process name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l uid -d 'User id' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l addr -d 'Address or network at either end, such as 10.0.0.0/8' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l port -d 'Port at either end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l lport -d 'Port at the local end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l rport -d 'Port at the remote end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l netns -d 'Network namespace: inode number or name' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l cgroup -d 'cgroup path; includes all below it' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l outcome -d 'How the attempt ended, such as refused or timed-out' -r -f -a "established\t''
refused\t''
reset\t''
timed-out\t''
unreachable\t''
denied\t''
failed\t''
cancelled\t''
pending\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l verdict -d 'Why, such as closed-port ("tcpx explain" lists all)' -r -f -a "lookup-denied\t''
bound-not-listening\t''
listener-v6only\t''
listener-v4only\t''
listener-other-device\t''
listener-other-address\t''
listener-closed\t''
listener-not-yet\t''
listener-other-netns\t''
closed-port\t''
stray-segment\t''
time-wait-reset\t''
child-rejected-ack\t''
ack-to-listener\t''
bad-syncookie\t''
syn-sent-bad-ack\t''
syn-sent-paws\t''
syn-recv-bad-ack\t''
data-after-close\t''
syn-in-handshake\t''
accept-queue-abort\t''
mptcp-reset\t''
close-unread-data\t''
linger-zero\t''
linger2-expired\t''
memory-pressure\t''
listener-closed-unaccepted\t''
socket-destroyed\t''
keepalive-timeout\t''
user-timeout\t''
fin-wait2-timeout\t''
disconnect\t''
netfilter-reject-reset\t''
icmp-refused\t''
icmp-admin-prohibited\t''
icmp-unreachable\t''
neighbor-failed\t''
peer-refused\t''
peer-reset\t''
handshake-reset-by-peer\t''
reset-ignored\t''
time-wait-assassinated\t''
accept-queue-full\t''
syn-queue-full\t''
handshake-ack-dropped\t''
netfilter-drop\t''
conntrack-full\t''
conntrack-insert-failed\t''
rp-filter\t''
martian\t''
bad-checksum\t''
auth-failed\t''
xfrm-policy\t''
socket-filter-drop\t''
tc-xdp-drop\t''
lsm-drop\t''
no-return-route\t''
min-ttl\t''
defer-accept\t''
egress-drop\t''
time-wait-ack\t''
no-answer\t''
retransmit-timeout\t''
no-route\t''
port-exhausted\t''
connect-denied\t''
address-in-use\t''
address-not-available\t''
permission-denied\t''
established\t''
self-connect\t''
simultaneous-open\t''
cancelled\t''
pending\t''
unknown\t''"
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l schema -d 'Show the tables and their columns'
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l no-cache -d 'Neither use nor keep an index beside a recording'
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -l everything -d 'Ask all that was recorded, not only what CMD or the namespace had to do with'
complete -c tcpx -n "__fish_tcpx_using_subcommand query" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand daemon" -l config -d 'Configuration [default: /etc/tcpx/daemon.toml if it is there]' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand daemon" -l helper -d 'Ask the helper behind this unix socket, which systemd starts, instead of starting one' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand daemon" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand daemon" -l takeover -d 'Take over from the daemon that runs on the same socket, so that nothing is missed; without one, just start'
complete -c tcpx -n "__fish_tcpx_using_subcommand daemon" -l check-config -d 'Say whether the configuration is right, and do no more'
complete -c tcpx -n "__fish_tcpx_using_subcommand daemon" -l print-config -d 'Print a configuration with all keys, their defaults and what they mean'
complete -c tcpx -n "__fish_tcpx_using_subcommand daemon" -l status -d 'Ask the running daemon how it is'
complete -c tcpx -n "__fish_tcpx_using_subcommand daemon" -l reload -d 'Have the running daemon read its configuration again; if it runs another program than this one, as after an upgrade, start this one and let it take over (systemctl reload)'
complete -c tcpx -n "__fish_tcpx_using_subcommand daemon" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l lang -d 'Language of the text [default: from LC_ALL, LC_MESSAGES or LANG]; JSON is the same in every one' -r -f -a "en\t'English'
zh-CN\t'Simplified Chinese'"
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l check -d 'Play this file, and say whether it does what a task of the scenario asks for' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -s w -l write -d 'Write it as one page for a browser: steps, sequence, and the way through the receive path' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l client -d 'Run this in the place of the client, with TCPX_ADDR and TCPX_PORT in its environment' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l server -d 'Run this in the place of the server, until the end' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l kernel -d 'Play it in guests under QEMU, one for each kernel, side by side: 6.1,7.2, or files (a bzImage, a .deb)' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l fetch-kernel -d 'Fetch kernels for that by the system\'s package manager, without installing them: 6.1,7.2' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -s o -d 'Form of the results' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l output -d 'Write results to FILE instead of stdout' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l backend -d 'How hooks are attached' -r -f -a "auto\t'For each hook the best that works here'
tracepoint\t'Tracepoints only'
fentry\t'BPF trampolines only'
kprobe\t'Kprobes only'"
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l probes -d 'Which hooks are attached [default: lookup; path for top, and for trace without a command]' -r -f -a "resets\t'Only what sends or receives a RST: the cheapest; attempts and silence are not told'
path\t'Only what runs when something is refused, reset, dropped or changes state'
lookup\t'Also the receive path and both socket lookups'"
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l max-events-per-second -d 'Records of one hook on one CPU in a second; more are counted, not told one by one [default: 500000]' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l buffer-size -d 'Buffer between kernel and tcpx, rounded up to a power of two [default: 4M]; a larger one loses less in bursts' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l list -d 'List the scenarios'
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l step -d 'Show it step by step, with questions: Enter goes on, q ends'
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l diagram -d 'Draw what passed between client, kernel and server'
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l task -d 'Show the tasks of a scenario'
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l for-host -d 'In a guest: tell the host all that it may want to show'
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -s q -l quiet -d 'Leave out the kernel\'s path'
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -s v -l verbose -d 'Add times, namespaces, near misses and stacks'
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l all -d 'Show also what worked (JSON always does)'
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -l bpf-log -d 'Show what the eBPF programs log (debugging builds only)'
complete -c tcpx -n "__fish_tcpx_using_subcommand lab" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -l timeout -d 'Give up after this long, such as 5, 1.5s, 500ms' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -l in -d 'Connect from the network namespace of process PID' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -s o -d 'Form of the results' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -l output -d 'Write results to FILE instead of stdout' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -l backend -d 'How hooks are attached' -r -f -a "auto\t'For each hook the best that works here'
tracepoint\t'Tracepoints only'
fentry\t'BPF trampolines only'
kprobe\t'Kprobes only'"
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -l probes -d 'Which hooks are attached [default: lookup; path for top, and for trace without a command]' -r -f -a "resets\t'Only what sends or receives a RST: the cheapest; attempts and silence are not told'
path\t'Only what runs when something is refused, reset, dropped or changes state'
lookup\t'Also the receive path and both socket lookups'"
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -l max-events-per-second -d 'Records of one hook on one CPU in a second; more are counted, not told one by one [default: 500000]' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -l buffer-size -d 'Buffer between kernel and tcpx, rounded up to a power of two [default: 4M]; a larger one loses less in bursts' -r
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -s q -l quiet -d 'Leave out the kernel\'s path'
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -s v -l verbose -d 'Add times, namespaces, near misses and stacks'
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -l all -d 'Show also what worked (JSON always does)'
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -l bpf-log -d 'Show what the eBPF programs log (debugging builds only)'
complete -c tcpx -n "__fish_tcpx_using_subcommand probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand check" -s o -d 'Form of the results' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c tcpx -n "__fish_tcpx_using_subcommand check" -l output -d 'Write results to FILE instead of stdout' -r -F
complete -c tcpx -n "__fish_tcpx_using_subcommand check" -l backend -d 'How hooks would be attached' -r -f -a "auto\t'For each hook the best that works here'
tracepoint\t'Tracepoints only'
fentry\t'BPF trampolines only'
kprobe\t'Kprobes only'"
complete -c tcpx -n "__fish_tcpx_using_subcommand check" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand check" -s v -l verbose -d 'Show why each other backend does not work'
complete -c tcpx -n "__fish_tcpx_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand explain" -s o -d 'Form of the answer' -r -f -a "text\t'For people'
json\t'One JSON object a line'"
complete -c tcpx -n "__fish_tcpx_using_subcommand explain" -l lang -d 'Language of the text [default: from LC_ALL, LC_MESSAGES or LANG]; JSON is the same in every one' -r -f -a "en\t'English'
zh-CN\t'Simplified Chinese'"
complete -c tcpx -n "__fish_tcpx_using_subcommand explain" -l color -d 'When to use colour' -r -f -a "auto\t'If stdout is a terminal that shows colour and NO_COLOR is not set'
always\t'Always'
never\t'Never'"
complete -c tcpx -n "__fish_tcpx_using_subcommand explain" -l backends -d 'List where backends see less than others'
complete -c tcpx -n "__fish_tcpx_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "trace" -d 'Watch connections live, of one command or of the whole host'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "record" -d 'Watch connections live and write down all of it, to look at later'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "replay" -d 'Read recordings as if it happened now; needs no privilege'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "report" -d 'Lay a recording out as one page for a browser; needs no privilege'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "export" -d 'Write the packets of recordings for Wireshark, each with its verdict, or attempts as Parquet'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "top" -d 'Show in full screen what fails, live or in a recording'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "query" -d 'Ask recordings in SQL; needs no privilege'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "daemon" -d 'Stay, and tell of what fails: a service for every host'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "lab" -d 'Play a scenario in private network namespaces while tracing it'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "probe" -d 'Make one connection attempt and explain it'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "check" -d 'Say what this kernel lets tcpx see'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "explain" -d 'Look up a verdict, an errno or an error text'
complete -c tcpx -n "__fish_tcpx_using_subcommand help; and not __fish_seen_subcommand_from trace record replay report export top query daemon lab probe check explain help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
