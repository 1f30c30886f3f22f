# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: runs beside other VMs that come, go, run nested guests and change their memslots meanwhile.
. ./prelude.sh

cat >/tmp/neighbour.ini <<-END
	[memslot.low]
	base = 0
	size = 64M
	[memslot.high]
	base = 4G
	size = 2G
	[expect]
	policy = any
	[phase.boot]
	do = boot
	[phase.l2]
	do = l2
	touch = 1M
END

# VMs that live for an instant, one after the other, until /tmp/quiet is there.
churn() {
	while [ ! -e /tmp/quiet ]; do
		minivmm /tmp/neighbour.ini report.sources=cheap >/dev/null 2>&1
	done
}

# A VM that is soon made: arrays are as exact at 4 GiB as at 64.
small() { # NAME CONFIG [ARGUMENT...]
	report "$@" memslot.high.size=4G
}

busy() { # NAME ARGUMENT...: a run beside two of them
	local name=$1
	shift
	churn &
	churn &
	small "$name" "$@"
	touch /tmp/quiet
	wait
	rm /tmp/quiet
}

for i in 1 2; do
	busy transition$i configs/transition.ini
done
busy dirty-log configs/dirty-log.ini
busy wrong-model configs/transition.ini selftest.break=wrong-model
busy leak configs/transition.ini selftest.break=leak-vm

# 40 VMs of another program, ten more that come and go each second.
other-vms 40 10 >/tmp/ready &
others=$!
while ! grep -q ready /tmp/ready; do usleep 100000; done
for i in 1 2; do
	small crowd$i configs/transition.ini
done
small crowd-leak configs/transition.ini selftest.break=leak-vm
# Every other check beside them.
report crowd-deep smoke --deep
report crowd-controls configs/controls.ini
report crowd-stress configs/stress-short.ini phase.churn.duration="$(seconds 3)s"
kill $others
wait $others

for i in 1 2 3; do
	report smoke$i smoke --format ktap &
done
wait
run checks minivmm list checks

# Without the kernel's memory nobody can tell whose an array is.
mount -o bind /dev/null /proc/kcore
busy hidden configs/transition.ini
umount /proc/kcore
