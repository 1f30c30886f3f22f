# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: signals at random instants, and while something is stuck.
. ./prelude.sh
# What a process computes is not counted, up to two seconds (vm/guard.c): the emulated host is slow. Then it has 0.3 s for a
# report, and the kernel takes its time to free a VM's memory.
limit=$(($(seconds 3) * 1000))

ls -d /sys/kernel/debug/kvm/*-* >/out/vms-before 2>/dev/null
mkdir /tmp/work
cd /tmp/work || exit
random() { # NAME SEED COUNT LIFE_MS SIGNALS COMMAND...
	name=$1
	shift
	run "$name" random-signals "$1" "$2" "$3" "$limit" "$4" "$5" "$6" "$7" "$8" "$9" -o report.json
}
random run 1 24 1500 1,2,3,15 minivmm /configs/transition.ini phase.transition.touch=1M vm.vcpus=2 --seed=1
random slots 2 6 1500 1,2,3,15 minivmm /configs/max-slots.ini expect.policy=any --seed=1 -v
random smoke 3 8 2000 1,2,3,15 minivmm smoke --seed=1 --brief -v
random killed 4 12 1500 9 minivmm /configs/transition.ini phase.transition.touch=1M vm.vcpus=2 --seed=1
ls -d /sys/kernel/debug/kvm/*-* >/out/vms 2>/dev/null
ls -d /sys/kernel/tracing/instances/* >/out/instances 2>/dev/null
cd /work || exit

# SIGQUIT says what the run does, in its middle.
cat >/tmp/stress.ini <<END
[minivmm]
include = /configs/transition.ini
[worker.kick]
op = signal-kick
[phase.churn]
do = stress
load = l1
slot = high
touch = 4M
iterations = any
duration = 1000s
END
told() { # NAME PATTERN COMMAND...: sends SIGQUIT when stderr has the pattern
	name=$1 pattern=$2
	shift 2
	: >"/out/$name.err"
	# Not in the background: there a shell has what it starts ignore SIGQUIT.
	(
		until grep -q "$pattern" "/out/$name.err"; do usleep 20000; done
		kill -QUIT "$(pidof minivmm | tr ' ' '\n' | sort -n | head -n 1)"
	) &
	"$@" -v -o "/out/$name.json" >"/out/$name.txt" 2>>"/out/$name.err" </dev/null
	echo $? >"/out/$name.rc"
	wait
}
told hang 's: control' minivmm /configs/transition.ini selftest.break=hang vm.vcpus=2
told churn 's: churn' minivmm /tmp/stress.ini phase.transition.touch=1M
mkdir /sys/fs/cgroup/limited
echo 1G >/sys/fs/cgroup/limited/memory.max
# shellcheck disable=SC2016 # for the inner shell
told child 's: control' sh -c 'echo $$ >/sys/fs/cgroup/limited/cgroup.procs && exec minivmm "$@"' sh /configs/transition.ini \
	selftest.break=hang memslot.high.size=1G vm.ignore-limits=yes

# Nobody reads standard error, where the progress goes: the thread that writes it is stuck.
mkfifo /tmp/full
exec 7<>/tmp/full
dd if=/dev/zero bs=65536 count=1 >&7 2>/dev/null # all that a pipe takes
now() { read -r up _ </proc/uptime && echo "${up%.*}${up#*.}"; }
(
	until grep -q 'minivmm' /proc/[0-9]*/comm 2>/dev/null; do usleep 20000; done
	sleep "$(seconds 2)"
	now >/out/sent
	kill -TERM "$(pidof minivmm | tr ' ' '\n' | sort -n | head -n 1)"
) &
minivmm /configs/transition.ini selftest.break=hang -v -o /out/unread.json >/out/unread.txt 2>&7 </dev/null
echo $? >/out/unread.rc
now >/out/ended
wait

# SIGUSR1, the signal that kicks a vCPU, is blocked by who starts the program.
run blocked block-signal 10 minivmm /configs/transition.ini selftest.break=hang --timeout "$(seconds 1)s" -o /out/blocked.json
exit 0
