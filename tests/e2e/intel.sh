# SPDX-License-Identifier: GPL-2.0-only
# In the emulated Intel host, which is slow: one run of full size, the others small. Further faults: intel-faults.sh.
. ./prelude.sh

small() { # NAME CONFIG [ARGUMENT...]
	name=$1 config=$2
	shift 2
	report "$name" "/configs/$config.ini" memslot.low.size=1G memslot.high.size=1G "$@"
}

report transition /configs/transition.ini
small restore restore phase.restore.touch=1M
small controls controls
small vcpus transition vm.vcpus=2 phase.transition.touch=1M
small restore-bad restore selftest.break=bad-entry
for broken in l2-ud2 bad-entry control-npt; do
	small $broken transition selftest.break=$broken phase.transition.touch=1M
done
small controls-skip controls selftest.break=skip-vmrun
cat >/tmp/stress.ini <<END
[vm]
vcpus = 2
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
expect = lazy
[phase.churn]
do = stress
duration = 2s
touch = 256K
stride = 36K
slot = data
expect = allocated
[worker.churn]
op = npt-churn
[worker.chains]
op = alias
[worker.nest]
op = first-l2
rate = 2/s
[worker.delete]
op = slot-delete
slot = data
rate = 20/s
END
report stress /tmp/stress.ini
report smoke smoke --brief
exit 0
