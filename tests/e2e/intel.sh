# SPDX-License-Identifier: GPL-2.0-only
# In the emulated Intel host, which is slow: one run of full size, the others small.
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
for broken in ud2 l2-ud2 bad-entry triple-fault control-npt; do
	small $broken transition selftest.break=$broken phase.transition.touch=1M
done
small controls-npt controls selftest.break=control-npt
small controls-skip controls selftest.break=skip-vmrun
small restore-bad restore selftest.break=bad-entry
small restore-ud2 restore selftest.break=l2-ud2
small hang transition selftest.break=hang --timeout "$(seconds 1)s"
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
mkdir -m 777 /sys/fs/cgroup/session /tmp/user
echo $$ >/sys/fs/cgroup/session/cgroup.procs
run user as-user minivmm smoke -o /tmp/user/user.json
cp /tmp/user/user.json /out/

# A VM that lasts until it has been looked at, in short phases: Bochs does not interrupt a guest that makes no exit.
sed '/^\[phase.transition\]/,$d' /configs/transition.ini >/tmp/stay.ini
printf '[phase.transition]\ndo = l2\n' >>/tmp/stay.ini
for i in $(seq 40); do
	printf '[phase.stay%d]\ndo = touch\ntouch = 128M\n' "$i" >>/tmp/stay.ini
done
look_at /tmp/stay.ini memslot.low.size=1G memslot.high.size=1G report.sources=cheap
exit 0
