# SPDX-License-Identifier: GPL-2.0-only
# What the scripts here share, each of which reads it first; they run in the lab, in busybox's ash.

# seconds NUMBER: so many of an idle machine, on which the emulator is not slowed down by others (tests/limit).
slowness=$(cat slowness 2>/dev/null || echo 100)
seconds() { echo $((($1 * slowness + 99) / 100)); }

# pages_1g NUMBER: so many huge pages of 1G in the host's pool, if it has one and there is room.
pages_1g() {
	set -- "$1" /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages
	[ ! -w "$2" ] || echo "$1" >"$2"
}

# alive PID: it has not ended. Of a child that nobody has waited for kill -0 may say so although it has.
alive() { [ -e "/proc/$1/exe" ]; }

# wait_for PID COUNTER: until KVM has counted something for that VM, or its process is gone; 20 seconds at most.
wait_for() {
	for _ in $(seq "$(seconds 1000)"); do
		[ "$(cat /sys/kernel/debug/kvm/"$1"-*/"$2" 2>/dev/null || echo 0)" -eq 0 ] || return 0
		[ -d "/proc/$1" ] || return 0
		usleep 20000
	done
}

# run NAME COMMAND...: leaves NAME.txt, NAME.err and NAME.rc in /out; and in /out/times when it ended, in seconds since the
# host started.
run() {
	local name=$1 up
	shift
	"$@" >"/out/$name.txt" 2>"/out/$name.err" </dev/null
	echo $? >"/out/$name.rc"
	read -r up _ </proc/uptime
	echo "$up $name" >>/out/times
}

# report NAME ARGUMENT...: runs minivmm with these arguments; leaves NAME.json, too.
report() {
	local name=$1
	shift
	run "$name" minivmm "$@" -o "/out/$name.json"
}

# red NAME CONFIG BREAK PHASE...: a report of a shipped config's phases of these names alone, of which a selftest has one fail.
red() {
	local name=$1 config=$2 break=$3
	shift 3
	awk -v phases=" $* " '/^\[/ { show = !/^\[(worker|phase)\./ || index(phases, " " substr($0, 8, length($0) - 8) " ") } show' \
		"/configs/$config.ini" >/tmp/red.ini
	report "$name" /tmp/red.ini expect.policy=any "selftest.break=$break"
}

# interrupted NAME SECONDS ARGUMENT...: the same, with a SIGINT after so many seconds. With & the shell would ignore SIGINT.
interrupted() {
	local name=$1 seconds=$2
	shift 2
	run "$name" timeout -s INT "$(seconds "$seconds")" minivmm "$@" -o "/out/$name.json"
}

# interrupted_in NAME PHASE SECONDS ARGUMENT...: the same, with the SIGINT so many seconds after the phase has begun.
interrupted_in() {
	local name=$1 phase=$2 seconds=$3 watcher
	shift 3
	{
		until grep -q " s: $phase" "/out/$name.err" 2>/dev/null; do usleep 100000; done
		sleep "$(seconds "$seconds")"
		kill -INT $(pidof minivmm)
	} &
	watcher=$!
	run "$name" minivmm "$@" --progress plain -o "/out/$name.json"
	kill $watcher 2>/dev/null
	wait $watcher
}

# watch [OPTION...]: minivmm stat --watch, until it has printed twice; a minute at most.
watch() {
	# It may take its time to begin, and the loop reads the file at once.
	: >/out/watch.txt
	minivmm stat "$@" --watch 1 --format json >>/out/watch.txt 2>/out/watch.err &
	for _ in $(seq "$(seconds 600)"); do
		[ "$(wc -l </out/watch.txt)" -lt 2 ] && alive $! || break
		usleep 100000
	done
	kill $!
	wait $!
}

# look_at ARGUMENT...: runs minivmm with these arguments, and prints what minivmm stat says once its rmaps are allocated.
look_at() {
	local vm
	minivmm "$@" >/dev/null 2>&1 &
	vm=$!
	echo $vm >/out/vm.pid
	for _ in $(seq "$(seconds 100)"); do
		minivmm stat $vm --format json 2>/dev/null | grep -q '"allocated"' && break
		usleep 100000
	done
	run stat minivmm stat $vm --format json
	run walk minivmm stat $vm --walk --format json
	kill $vm
	wait $vm
}
