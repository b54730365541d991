//! The long texts of `--help`: what each command is for, examples, exit statuses.

/// Opens `tcpx --help`.
pub(super) const LONG: &str = "\
Why a TCP connection was refused, reset or dropped, or stands although nobody listened.

tcpx attaches small eBPF programs to the kernel's own decision points, watches one command or the whole host, and says \
for each connection attempt and each RST who was concerned, which kernel function decided, and why.";

/// Ends `tcpx -h`.
pub(super) const SHORT_AFTER: &str = "\
Start here:  sudo tcpx trace -- curl http://localhost:8888/
More:        tcpx --help (exit statuses, environment), tcpx COMMAND --help (examples)";

/// Ends `tcpx --help`.
pub(super) const LONG_AFTER: &str = "\
Examples:
  sudo tcpx trace -- curl http://localhost:8888/   why this command's connection fails
  sudo tcpx trace --port 5432                      the whole host, one port, until Ctrl-C
  sudo tcpx probe 192.0.2.9:443                    one attempt of tcpx's own, explained
  sudo tcpx record -w x.tcpx --duration 1h         collect now, look later with tcpx replay x.tcpx
  tcpx export x.tcpx -w x.pcapng                   for Wireshark
  sudo tcpx top                                    full screen: what fails, how often, and why
  sudo tcpx lab no-listen                          the textbook case, step by step
  sudo tcpx check                                  what this kernel lets tcpx see
  tcpx explain 'Connection refused'                all that can be behind an error

Exit status:
  0       done
  1       it could not do what was asked; stderr says why
  2       wrong use
  3       done, but events were lost: a line may be missing or say less than it could
  77      lab: this kernel or machine cannot play the scenario
  CMD's   with trace -- CMD: its status, or 128+n if signal n ended it,
          unless --loss-status asks for 3

stdout carries results only (and with -- CMD nothing else: CMD's own stdout goes to stderr unless
results go to --output FILE); everything else is on stderr.

Environment:
  NO_COLOR     if set, no colour unless --color always
  TERM         if dumb or unset, the same
  COLUMNS      width of the text where stdout is not a terminal [80]
  LC_ALL, LC_CTYPE, LANG   arrows are plain ASCII unless one of them says UTF-8";

/// Ends `tcpx trace --help`.
pub(super) const TRACE: &str = "\
Examples:
  sudo tcpx trace -- curl http://localhost:8888/
      attach, run curl as yourself, explain what it ran into, exit with curl's status
  sudo tcpx trace --port 5432 --outcome refused,timed-out
      the whole host: failing attempts at one port
  sudo tcpx trace --verdict accept-queue-full -c 1 --duration 2m
      wait up to two minutes for the first full accept queue
  sudo tcpx trace -o json --output resets.jsonl --in 4711
      all that happens in the network namespace of process 4711, for other programs

  sudo tcpx trace -w x.tcpx -- ./app
      record it too: tcpx replay x.tcpx shows it again, with other filters or as JSON

Without -- CMD tracing ends with Ctrl-C, -c or --duration. The summary comes last: on stderr, or as
the last JSON line.

Exit status: 0 done; 1 could not; 2 wrong use; 3 events were lost; with -- CMD its status (128+n for
a signal) once it was started, unless --loss-status asks for 3.";

/// Ends `tcpx record --help`.
pub(super) const RECORD: &str = "\
Examples:
  sudo tcpx record -w host.tcpx --duration 10m
      the whole host for ten minutes; \"tcpx replay host.tcpx\" shows it, here or on another machine
  sudo tcpx record -w app.tcpx --probes lookup -- ./app
      what one command runs into
  sudo tcpx record -w host.tcpx --duration 10m --index
      and its index, for \"tcpx query\": otherwise the first query of a large recording makes it
  sudo tcpx record -w /var/log/tcpx.tcpx --rotate-size 100M --keep 10
      until Ctrl-C, with the last gigabyte kept: /var/log/tcpx.000001.tcpx and so on

All that the hooks report is recorded, with what was asked of the host at the time (processes, sockets,
namespaces, counters); filters are for replay. Addresses, names of processes and containers stand in
the file, contents of connections do not. What was written is readable also after a crash.

Exit status: 0 done; 1 could not; 2 wrong use; 3 events were lost; with -- CMD its status (128+n for
a signal) once it was started, unless --loss-status asks for 3.";

/// Ends `tcpx replay --help`.
pub(super) const REPLAY: &str = "\
Examples:
  tcpx replay host.tcpx                         as tcpx trace would have shown it
  tcpx replay host.tcpx --port 5432 -v          every fact about one port
  tcpx replay host.tcpx -o json --output host.jsonl
  tcpx replay /var/log/tcpx.*.tcpx              the files of one recording, in their order

Needs no privilege and no BPF. Where a file is cut short or damaged, all before that place is shown, and
stderr says where it is.

Exit status: 0 done; 1 could not, or not to the end; 2 wrong use; 3 events were lost when it was recorded.";

/// Ends `tcpx export --help`.
pub(super) const EXPORT: &str = "\
Examples:
  tcpx export host.tcpx -w host.pcapng                for Wireshark: each packet with its verdict as comment
  tcpx export host.tcpx -w - --outcome refused | tshark -r - -T fields -e frame.time -e frame.comment
  tshark -r host.pcapng -Y 'frame.comment contains \"accept-queue-full\"'
  tcpx export host.tcpx -w host.parquet               the attempts, for DuckDB, pandas and others (see tcpx query)

Written is what tcpx knew of: SYNs, segments that were answered with a RST, RSTs, ICMP errors, segments that
were dropped; no other traffic, and no contents. Headers are rebuilt from what was recorded: TCP checksums
are 0 and TCP options not there. What is not known of a packet, its comment says; what is known too little
to be written is counted on stderr. An interface is a network namespace and a device.

Exit status: 0 done; 1 could not, or not to the end; 2 wrong use; 3 events were lost when it was recorded.";

/// Ends `tcpx top --help`.
pub(super) const TOP: &str = "\
Examples:
  sudo tcpx top                                 this host: what fails, by verdict, process and peer
  sudo tcpx top --port 5432                     one port of it
  sudo tcpx top --in 4711                       the network namespace of process 4711
  tcpx top host.tcpx                            a recording; needs no privilege

Keys: ? shows them all; Tab or 1-4 the lists, Enter opens, / filters, p pauses, s sorts, q quits.
Counting goes on whatever is shown. It needs a terminal of 50 columns and 12 rows, 80 and 24 are enough
for all. A recording is read to its end, and then stands.

Exit status: 0 the view was left; 1 could not, or the recording could not be read to its end; 2 wrong
use; 3 events were lost.";
/// Ends `tcpx query --help`.
pub(super) const QUERY: &str = "\
Examples:
  tcpx query x.tcpx 'SELECT verdict, count(*) FROM attempts GROUP BY verdict ORDER BY 2 DESC'
  tcpx query x.tcpx \"SELECT remote_addr, remote_port, count(*) AS refused FROM attempts
                     WHERE outcome = 'refused' GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 10\"
      the peers that refuse most
  tcpx query x.tcpx \"SELECT substr(time, 1, 16) AS minute, sum(count) AS segments FROM drops
                     WHERE verdict = 'accept-queue-full' GROUP BY 1\"
      overflows of accept queues by minute
  tcpx query x.tcpx 'SELECT sender_comm, verdict, count(*) FROM resets WHERE sender_comm IS NOT NULL
                     GROUP BY 1, 2 ORDER BY 3 DESC'
      which processes own the RSTs that were sent
  tcpx query a.tcpx b.tcpx 'SELECT recording, kernel, attempts, complete FROM recordings'
  tcpx query x.tcpx 'SELECT * FROM attempts' --output attempts.parquet
  tcpx query --schema

The SQL is SQLite's: one statement that reads. Tables are attempts, resets, drops, deaths, calls, losses
and recordings; --schema shows their columns. A recording of more than 1 MB gets an index beside it
(FILE.tcpxdb, or in ~/.cache/tcpx if nothing can be written there) by its first query, and later ones
use it as long as it fits. Filters are those of replay: with one, no index is used, and a WHERE is faster.

Exit status: 0 done; 1 could not, or a recording could not be read to its end; 2 wrong use, wrong SQL; 3 events
were lost when it was recorded.";

/// Ends `tcpx daemon --help`.
pub(super) const DAEMON: &str = "\
Examples:
  tcpx daemon --print-config > /etc/tcpx/daemon.toml    all keys with their defaults, explained
  tcpx daemon --check-config                            what is wrong in it, with line and column
  systemctl enable --now tcpx                           or in a terminal: sudo tcpx daemon
  sudo tcpx daemon --status                             how it is
  systemctl reload tcpx                                 a changed configuration, or after an upgrade the new program, without a gap
  sudo tcpx daemon --takeover                           without systemd: takes the place of the one that runs, without a gap
  sudo curl --unix-socket /run/tcpx/tcpx.sock 'http://tcpx/attempts?n=10&verdict=closed-port'
      the last attempts, one JSON object a line; /resets the last RSTs, /lines all as they come
  ssh -N -L 9321:/run/tcpx/tcpx.sock root@HOST          with http.page = true there: http://localhost:9321/ui in a browser

It attaches, then gives its privileges away, keeps the last attempts and resets in memory and answers HTTP on a unix
socket; on no port, unless asked to. Files, recordings and the rest: --print-config. SIGHUP reads the configuration
again and loses nothing; SIGTERM ends within a second. docs/operating.md tells more.

Exit status: 0 ended by a signal, or the configuration is right, or the daemon asked for is healthy; 1 could not, or it is
not healthy; 2 wrong use, or the configuration is wrong; 3 ended by a signal, and events were lost.";

/// Ends `tcpx lab --help`.
pub(super) const LAB: &str = "\
Examples:
  sudo tcpx lab --list
  sudo tcpx lab no-listen               bind() without listen(): refused, step by step
  sudo tcpx lab self-connect -v         a connection that stands without any listener
  sudo tcpx lab no-listen --step        one step at a time, with questions: Enter goes on, q ends
  sudo tcpx lab no-listen --diagram     the sequence between client, kernel and server
  sudo tcpx lab no-listen -w lab.html   both as a page, with the way through the receive path
  sudo tcpx lab my.toml                 a scenario of your own (docs/labs.md)
  sudo tcpx lab closed-port.toml --client 'nc -z $TCPX_ADDR $TCPX_PORT'
      your program in the place of the client; --server 'python3 server.py' in that of the server
  tcpx lab closed-port --task           what to change in docs/labs/closed-port.toml
  sudo tcpx lab closed-port --check my.toml   whether my.toml does it, from what the kernel did
  sudo tcpx lab all -o json             every scenario, for other programs
  sudo tcpx lab no-listen --backend kprobe
  sudo tcpx lab no-listen --step --lang zh-CN   in Chinese (简体中文), as in a locale zh_CN.UTF-8
  tcpx lab --fetch-kernel 5.10,7.2      other kernels, by the system's package manager; nothing is installed
  tcpx lab no-listen --kernel 5.10,7.2  the same lab on both, in guests under QEMU: what differs, and what does not
  tcpx lab no-listen --kernel 7.2 --step

Everything happens in private network namespaces: nothing of the host is touched.

--client and --server take command lines for sh. They run in the lab's namespaces as the user who called
sudo, with the address to connect to or listen at in TCPX_ADDR and TCPX_PORT, and are for files, and
scenarios of which docs/labs has one. A server has 10 s to listen; a client that still runs 10 s after
the last step is ended, as the server is then. What they write goes to stderr.

--kernel takes neither root nor BPF, which the guests have; it takes qemu-system-x86_64, 1 GiB of memory for each
guest, and kernels: series that were fetched, or files (a bzImage, whose modules are in /lib/modules/RELEASE or
beside it; a .deb). Fetched kernels are in ~/.cache/tcpx/kernels (XDG_CACHE_HOME). With --client or --server the
guest sees this host's files, read-only: what is written there stays in the guest. --step, --diagram, -w and
--check are for one kernel; with -o json there is one object for each kernel.

--step plays the scenario first, then shows what it was; where stdin or stdout is no terminal, all steps follow
without a pause, answers included.

Exit status: 0 the verdict seen is the one the scenario exists to show (--check: a task is solved); 1 it
is not, or the scenario failed; 2 wrong use; 77 this kernel or machine cannot, with the reason on stderr.
With several kernels: 0 if it is so on all of them.";

/// Ends `tcpx probe --help`.
pub(super) const PROBE: &str = "\
Examples:
  sudo tcpx probe 192.0.2.9:443
  sudo tcpx probe '[2001:db8::9]:443' --timeout 2s
  sudo tcpx probe localhost:8080        ::1 and 127.0.0.1, as /etc/hosts says
  sudo tcpx probe 10.0.0.7:5432 --in 4711
      from the network namespace (the container) of process 4711

Names other than localhost are not looked up: resolve them first, for example with getent hosts NAME.

Exit status: 0 an attempt was made and explained, however it ended; 1 could not; 2 wrong use; 3 events
were lost.";

/// Ends `tcpx check --help`.
pub(super) const CHECK: &str = "\
Examples:
  sudo tcpx check
  sudo tcpx check -v                    also why each other backend does not work
  sudo tcpx check -o json

Exit status: 0 told; 1 could not; 2 wrong use. Needs no traffic; attaches and lets go again.";

/// Ends `tcpx explain --help`.
pub(super) const EXPLAIN: &str = "\
Examples:
  tcpx explain                          all verdicts
  tcpx explain bound-not-listening      one: what it means, what the kernel did, what to do
  tcpx explain ECONNREFUSED             what can be behind an errno
  tcpx explain 'No route to host'       or behind what a program printed
  tcpx explain --backends               where one backend sees less than another
  tcpx explain --lang zh-CN             in Chinese (简体中文), as in a locale zh_CN.UTF-8

Needs no privilege.

Exit status: 0 told; 1 nothing known by that name; 2 wrong use.";
