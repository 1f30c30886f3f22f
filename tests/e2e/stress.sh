# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: every op at once, and each invariant broken on purpose.
. ./prelude.sh

mkdir -p /sys/fs/cgroup/stress
echo $$ >/sys/fs/cgroup/stress/cgroup.procs
report short /configs/stress-short.ini "phase.churn.duration=$(seconds "${STRESS_SECONDS:-8}")s" expect.policy=any --seed 7 --progress plain

# A small VM for the rest: few threads, so that each run is short.
cat >/tmp/small.ini <<END
[memslot.low]
base = 0
size = 64M
thp = never
[memslot.data]
base = 4G
size = 64M
thp = never
[phase.boot]
do = boot
[phase.churn]
do = stress
iterations = 3
touch = 1M
slot = data
timeout = $(seconds 30)s
END
worker() { # NAME OP [SLOT]: an override file of one worker more
	printf '[minivmm]\ninclude = small.ini\n[worker.%s]\nop = %s\n' "$1" "$2" >"/tmp/$1.ini"
	[ -z "$3" ] || echo "slot = $3" >>"/tmp/$1.ini"
}
worker nest first-l2
worker delete slot-delete data
worker churn npt-churn
worker chains alias
worker kick signal-kick
worker discard discard data

report nest /tmp/nest.ini expect.policy=any
report control /tmp/nest.ini expect.policy=any phase.churn.nested-paging=off
report corrupt /tmp/kick.ini expect.policy=any selftest.break=corrupt-page
report untold /tmp/discard.ini expect.policy=any selftest.break=untold-loss phase.churn.iterations=any \
	"phase.churn.duration=$(seconds 10)s"
report told /tmp/discard.ini expect.policy=any phase.churn.iterations=any "phase.churn.duration=$(seconds 2)s"
# L2 under NPT where there should be none: not lazy any more.
report early /tmp/nest.ini expect.policy=any selftest.break=control-npt phase.churn.nested-paging=off
report model /tmp/nest.ini expect.policy=any selftest.break=wrong-model
report leak /tmp/nest.ini expect.policy=any selftest.break=leak-vm
report klog /tmp/kick.ini expect.policy=any selftest.break=klog
report stuck /tmp/kick.ini expect.policy=any selftest.break=stuck-worker "phase.churn.timeout=$(seconds 2)s"
report churn /tmp/churn.ini expect.policy=any phase.churn.iterations=any "phase.churn.duration=$(seconds 1)s"
report chains /tmp/chains.ini expect.policy=any phase.churn.iterations=any "phase.churn.duration=$(seconds 1)s"
# JSON Lines; and a signal, which ends the phase but not a round.
run lines minivmm /tmp/kick.ini expect.policy=any phase.churn.iterations=any "phase.churn.duration=$(seconds 3)s" -o /out/lines.jsonl
run shown minivmm report show /out/lines.jsonl
interrupted_in signal churn 2 /tmp/nest.ini expect.policy=any phase.churn.iterations=any "phase.churn.duration=$(seconds 60)s"
# The same while the vCPU is in a pass that does not come to its end.
interrupted_in late churn 2 /tmp/kick.ini expect.policy=any phase.churn.iterations=any "phase.churn.duration=$(seconds 1)s" \
	"phase.churn.timeout=$(seconds 60)s" phase.churn.touch=6T
report live /configs/guard-live.ini expect.policy=any "phase.live.duration=$(seconds 2)s"
# Stock kernels panic where a memslot changes while its VM is first in L2: the workers must wait until each VM has been there.
cat >/tmp/first.ini <<END
[vm]
vcpus = 4
[memslot.low]
base = 0
size = 64M
thp = never
[worker.toggle]
op = dirty-log-toggle
slot = low
threads = 3
[worker.l2]
op = l2-touch
[phase.boot]
do = boot
[phase.churn]
do = stress
duration = 100ms
touch = 8M
slot = low
vms = 4
timeout = $(seconds 30)s
END
for number in 1 2 3; do report "first-$number" /tmp/first.ini expect.policy=any --seed $number; done

# Huge pages of hugetlbfs are taken whole, and are no THP.
echo 24 >/proc/sys/vm/nr_hugepages
for op in thp mprotect discard; do
	worker $op $op data
	report "hugetlb-$op" /tmp/$op.ini expect.policy=any memslot.data.backing=hugetlb-2m memslot.data.thp=default memslot.data.size=16M \
		phase.churn.touch=5M
done
echo 0 >/proc/sys/vm/nr_hugepages
# The known bugs' scenarios.
for config in race-slots race-entries quirk-zap-all dirty-ring; do
	report $config /configs/$config.ini expect.policy=any "phase.churn.duration=$(seconds 2)s" --seed 3
done
exit 0
