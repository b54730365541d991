# What an administrator does with the package on a Debian host, and what must then be so.
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin

# step NAME COMMAND...: says what came of it; what a step that failed has heard follows.
step() {
	name=$1
	shift
	if heard=$("$@" 2>&1); then
		echo "ok $name"
	else
		echo "FAILED $name"
		echo "$heard" | tail -n 25 | sed 's/^/  | /'
	fi
}

# within SECONDS COMMAND...: until it succeeds.
within() {
	left=$1
	shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 1
	done
}

main_pid() { systemctl show --property MainPID --value tcpx.service; }
ask() { curl --silent --show-error --fail --unix-socket /run/tcpx/tcpx.sock "http://tcpx$1"; }
is_up() { systemctl is-active --quiet tcpx.service && tcpx daemon --status; }

installs() { apt-get install --yes /trial/tcpx.deb; }
is_enabled() { systemctl is-enabled tcpx.service tcpx-helper.socket; }

# Nobody listens on port 7.
tells_a_refusal() {
	bash -c '</dev/tcp/127.0.0.1/7'
	within 10 sh -c "curl --silent --unix-socket /run/tcpx/tcpx.sock 'http://tcpx/attempts?verdict=closed-port' | grep '\"comm\":\"bash\"'"
}

has_no_rights() {
	status=/proc/$(main_pid)/status
	cat "$status"
	# What bounds it stays as the unit has set it: nothing can be gained within it any more.
	for line in 'CapEff:	0000000000000000' 'CapPrm:	0000000000000000' \
		'CapAmb:	0000000000000000' 'NoNewPrivs:	1' 'Seccomp:	2'; do
		grep --quiet "^$line$" "$status" || { echo "no line $line"; return 1; }
	done
	[ "$(stat --format %U "/proc/$(main_pid)")" = tcpx ]
}

# exposure UNIT MOST: systemd's own score.
exposure() {
	said=$(systemd-analyze security --no-pager "$1" | tail -n 1)
	echo "$said"
	echo "$said" | sed 's/.*: \([0-9.]*\) .*/\1/' | awk -v most="$2" '{ exit !($1 <= most) }'
}

reloads() {
	before=$(main_pid)
	systemctl reload tcpx.service && is_up && [ "$(main_pid)" = "$before" ]
}

# up_again PID: another process has taken its place.
up_again() { is_up >/dev/null && [ "$(main_pid)" != "$1" ]; }

comes_back_when_killed() {
	before=$(main_pid)
	kill -KILL "$before"
	within 60 up_again "$before"
}

# A process that stands still answers no self-probe.
watchdog_bites() {
	before=$(main_pid)
	kill -STOP "$before"
	within 150 up_again "$before" && journalctl --unit tcpx.service --no-pager | grep -i watchdog
}

wrong_configuration_is_told_once() {
	cp --preserve /etc/tcpx/daemon.toml /trial/kept.toml
	echo 'no.such.key = 1' >>/etc/tcpx/daemon.toml
	systemctl restart tcpx.service && return 1
	# One that is to be started again would be activating.
	[ "$(systemctl is-failed tcpx.service)" = failed ] || return 1
	[ "$(systemctl show --property NRestarts --value tcpx.service)" = 0 ] || return 1
	journalctl --unit tcpx.service --no-pager --lines 20 | grep 'daemon.toml' || return 1
	cp --preserve /trial/kept.toml /etc/tcpx/daemon.toml
	systemctl reset-failed tcpx.service
	systemctl start tcpx.service && is_up
}

# Three refusals, live and recorded.
records() {
	tcpx trace --write /tmp/x.tcpx -o json -- \
		bash -c 'for port in 7 9 11; do : </dev/tcp/127.0.0.1/$port; done' >/tmp/x.json
	[ "$(grep --count '"type":"attempt"' /tmp/x.json)" = 3 ]
}

# refuses_until FILE: says how many were refused on port 7 until the file was there.
refuses_until() {
	bash -c 'while [ ! -e "$1" ]; do : </dev/tcp/127.0.0.1/7; echo; sleep 0.05; done' bash "$1" 2>/dev/null | wc -l
}

# Those that the daemons wrote down.
told() { grep --count '"type":"attempt".*"remote":{"addr":"127.0.0.1","port":7}' /var/log/tcpx/lines.jsonl; }
# told_all COUNT
told_all() { [ "$(told)" -ge "$1" ]; }

# The edited configuration stays as it is, and the new program takes over: each refusal meanwhile is told once.
upgrades() {
	rm -f /trial/upgraded
	sed -i 's|^#file = "/var/log/tcpx/lines.jsonl"|file = "/var/log/tcpx/lines.jsonl"|' /etc/tcpx/daemon.toml
	systemctl restart tcpx.service && within 60 is_up || return 1
	before=$(main_pid)
	refuses_until /trial/upgraded >/trial/refused &
	apt-get install --yes --reinstall /trial/tcpx.deb
	installed=$?
	touch /trial/upgraded
	wait
	journalctl --unit tcpx.service --no-pager --output cat --lines 20
	[ "$installed" = 0 ] && within 60 up_again "$before" && grep '^file = ' /etc/tcpx/daemon.toml || return 1
	journalctl --unit tcpx.service --no-pager | grep 'takeover: done' || return 1
	[ "$(systemctl show --property NRestarts --value tcpx.service)" = 0 ] || return 1
	within 30 told_all "$(cat /trial/refused)" || { echo "$(told) of $(cat /trial/refused) told"; return 1; }
	[ "$(told)" = "$(cat /trial/refused)" ] && [ "$(told)" -gt 20 ]
}

# Fed as the one that systemd had started: without, it would be killed after WatchdogSec.
outlives_the_watchdog() {
	before=$(main_pid)
	sleep 70
	is_up && [ "$(main_pid)" = "$before" ] && has_no_rights
}

# What was switched off by hand is not switched on by an upgrade.
stays_disabled() {
	systemctl disable --now tcpx.service tcpx-helper.socket
	apt-get install --yes --reinstall /trial/tcpx.deb || return 1
	! systemctl is-enabled --quiet tcpx.service
}

purges() {
	apt-get purge --yes tcpx || return 1
	for left in /usr/bin/tcpx /etc/tcpx /var/lib/tcpx /var/log/tcpx /usr/lib/systemd/system/tcpx.service; do
		[ ! -e "$left" ] || { echo "$left is left"; return 1; }
	done
	! pgrep tcpx
}

step "apt install" installs
step "is enabled" is_enabled
step "is up" within 60 is_up
step "tells a refusal" tells_a_refusal
step "has no rights" has_no_rights
step "exposure of the daemon" exposure tcpx.service 2.0
step "exposure of the helper" exposure tcpx-helper@.service 2.5
step "metrics" ask /metrics
step "reload" reloads
step "comes back when killed" comes_back_when_killed
step "watchdog" watchdog_bites
step "wrong configuration" wrong_configuration_is_told_once
step "records" records
step "upgrade" upgrades
step "watchdog of who took over" outlives_the_watchdog
step "stays disabled" stays_disabled
step "purge" purges

# For a machine that has neither this kernel nor any rights.
for file in x.tcpx x.json; do
	echo "file $file $(base64 --wrap 0 /tmp/$file)"
done
