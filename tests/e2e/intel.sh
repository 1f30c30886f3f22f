# SPDX-License-Identifier: GPL-2.0-only
# In the emulated Intel host, which is slow: one run of full size, the others small.
run() {
	name=$1
	shift
	"$@" >"/out/$name.txt" 2>"/out/$name.err" </dev/null
	echo $? >"/out/$name.rc"
}
small() { # NAME CONFIG [ARGUMENT...]
	name=$1 config=$2
	shift 2
	run "$name" minivmm "/configs/$config.ini" memslot.low.size=1G memslot.high.size=1G -o "/out/$name.json" "$@"
}

run transition minivmm /configs/transition.ini -o /out/transition.json
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
small hang transition selftest.break=hang --timeout 1s
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
run stress minivmm /tmp/stress.ini -o /out/stress.json
run smoke minivmm smoke --brief -o /out/smoke.json
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
minivmm /tmp/stay.ini memslot.low.size=1G memslot.high.size=1G report.sources=cheap >/dev/null 2>&1 &
vm=$!
for _ in $(seq 100); do
	minivmm stat $vm --format json 2>/dev/null | grep -q '"allocated"' && break
	usleep 100000
done
run stat minivmm stat $vm --format json
run walk minivmm stat $vm --walk --format json
kill $vm
wait $vm
exit 0
