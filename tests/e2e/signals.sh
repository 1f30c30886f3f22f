# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: signals at random instants, and while something is stuck.
. ./prelude.sh
. ./random-signals.sh
random run 1 18 1,2,3,9,15
random slots 2 4 1,2,3,15
random smoke 3 5 1,2,3,15

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
limit_cgroup
told child 's: control' in-cgroup minivmm /configs/transition.ini selftest.break=hang memslot.high.size=1G vm.ignore-limits=yes

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

# The program is started with SIGUSR1 blocked, which is the signal that kicks a vCPU.
run blocked block-signal 10 minivmm /configs/transition.ini selftest.break=hang --timeout "$(seconds 1)s" -o /out/blocked.json
exit 0
