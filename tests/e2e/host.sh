# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: every check fails once; hosts that lack something, users that lack a permission.
. ./prelude.sh

# Small VMs, which are soon made: as_user has the one of full size.
transition() { # NAME [ARGUMENT...]
	name=$1
	shift
	report "$name" /configs/transition.ini memslot.high.size=4G phase.transition.touch=1M "$@"
}

transition vcpus vm.vcpus=2
transition cheap report.sources=cheap
transition eager expect.policy=eager
for broken in skip-vmrun ud2 l2-ud2 bad-entry triple-fault wrong-abi control-npt wrong-model wrong-tracking leak-vm klog; do
	transition "$broken" selftest.break=$broken
done
for config in restore controls; do
	report $config-npt /configs/$config.ini memslot.high.size=4G selftest.break=control-npt
	report $config-skip /configs/$config.ini memslot.high.size=4G selftest.break=skip-vmrun
done
report restore-bad /configs/restore.ini memslot.high.size=4G selftest.break=bad-entry
report restore-vcpus /configs/restore.ini memslot.high.size=4G vm.vcpus=2 phase.restore.touch=1M
transition hang selftest.break=hang --timeout "$(seconds 1)s"
transition ktap --format ktap
transition json --format json
report phase-fails /configs/transition.ini memslot.high.size=4G phase.boot.expect=allocated
report huge /configs/transition.ini memslot.high.size=900G vm.kernel-memory-limit=1G
run no-room minivmm /configs/transition.ini memslot.low.size=4K memslot.high.size=4K
cat >/tmp/touch.ini <<END
[memslot.all]
base = 1M
size = 64M
[phase.boot]
do = boot
[phase.l1]
do = touch
touch = 16M
expect = lazy
[phase.l2]
do = l2
touch = 4M
stride = 8K
pattern = 0x1234
expect = allocated
END
report touch /tmp/touch.ini
run stdin sh -c 'minivmm - -o /out/stdin.json < /tmp/touch.ini'

# Rows that interrupt each other, the higher one first: the payload needs its memory in gpa order.
cat >/tmp/order.ini <<END
[memslot.odd]
base = 4G
size = 64K
count = 8
stride = 128K
[memslot.even]
base = 4295032832
size = 64K
count = 8
stride = 128K
[memslot.low]
base = 0
size = 16M
[phase.l2]
do = l2
touch = 1M
slot = odd
expect = allocated
END
report order /tmp/order.ini

# A SIGINT while the guest hangs: the report must be written.
# More threads that allocate memory than malloc() has arenas for at first.
transition hang-many selftest.break=hang vm.vcpus=12 --timeout "$(seconds 1)s"
interrupted signal 2 /configs/transition.ini selftest.break=hang
interrupted creating 1 /configs/max-slots.ini
# A signal that is ignored, as with nohup, must not interrupt the run.
trap '' INT
interrupted ignored 1 /configs/transition.ini selftest.break=hang --timeout "$(seconds 3)s"
trap - INT

as_user() { # NAME: as an ordinary user, whose report root then takes
	name=$1
	run "$name" as-user minivmm /configs/transition.ini phase.transition.touch=1M -o "/tmp/user/$name.json"
	cp "/tmp/user/$name.json" /out/
}
mkdir -m 777 /tmp/user
as_user user
# The same in a cgroup of its own, as a login session or a service has one.
mkdir /sys/fs/cgroup/session
echo $$ >/sys/fs/cgroup/session/cgroup.procs
as_user session
# With a limit another minivmm waits for the one that runs the VM.
echo 1G >/sys/fs/cgroup/session/memory.max
as_user limited
echo max >/sys/fs/cgroup/session/memory.max
transition in-cgroup
echo $$ >/sys/fs/cgroup/cgroup.procs
chmod 600 /dev/kvm
as_user no-permission
chmod 660 /dev/kvm
echo 'others:x:2000:' >>/etc/group
chgrp others /dev/kvm
as_user other-group
chgrp kvm /dev/kvm
# Somebody else's process is killed in its own cgroup while the run goes on.
mkdir /sys/fs/cgroup/tight
echo 20M >/sys/fs/cgroup/tight/memory.max
transition others-oom selftest.break=hang --timeout "$(seconds 3)s" &
sleep 1
sh -c 'echo $$ >/sys/fs/cgroup/tight/cgroup.procs && exec dd if=/dev/zero of=/dev/null bs=100M count=1' 2>/dev/null
wait
dmesg | grep -c 'oom-kill:' >/out/oom-kills
rmdir /sys/fs/cgroup/tight
# A container without /sys.
mkdir /tmp/nothing
mount -o bind /tmp/nothing /sys
transition no-sys
umount /sys
umount /sys/kernel/debug/tracing 2>/dev/null
umount /sys/kernel/debug
transition no-debugfs
mv /dev/kvm /dev/kvm.away
transition no-kvm
mknod /dev/kvm c 1 3
transition null-kvm
rm /dev/kvm
mv /dev/kvm.away /dev/kvm
# Lockdown can't be turned off again. (kvm's modules are loaded already: lockdown would refuse them, as they are unsigned.)
mount -t debugfs debugfs /sys/kernel/debug
mount -t securityfs securityfs /sys/kernel/security
echo confidentiality >/sys/kernel/security/lockdown
cat /sys/kernel/security/lockdown >/out/lockdown
transition lockdown --trace
run lockdown-stat minivmm stat
report not-permitted /tmp/touch.ini memslot.all.backing=file:/proc/kcore
exit 0
