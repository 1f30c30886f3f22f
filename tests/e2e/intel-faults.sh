# SPDX-License-Identifier: GPL-2.0-only
# In the emulated Intel host: faults, limits and users beyond those of intel.sh, in small VMs.
. ./prelude.sh

small() { # NAME CONFIG [ARGUMENT...]
	name=$1 config=$2
	shift 2
	report "$name" "/configs/$config.ini" memslot.low.size=1G memslot.high.size=1G "$@"
}

for broken in ud2 triple-fault; do
	small $broken transition selftest.break=$broken phase.transition.touch=1M
done
small controls-npt controls selftest.break=control-npt
small restore-ud2 restore selftest.break=l2-ud2
small hang transition selftest.break=hang --timeout "$(seconds 1)s"
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
