# SPDX-License-Identifier: GPL-2.0-only
# On every kernel, in the emulated host: the transition as it is asked for, and with any policy; smoke; stat.
. ./prelude.sh

report transition /configs/transition.ini
# The same with any policy, in a smaller VM.
report any /configs/transition.ini expect.policy=any memslot.high.size=4G
report restore /configs/restore.ini expect.policy=any
report controls /configs/controls.ini expect.policy=any
report smoke smoke --brief

# What only a cgroup of its own tells, and an ordinary user sees.
mkdir -m 777 /sys/fs/cgroup/session /tmp/user
echo $$ >/sys/fs/cgroup/session/cgroup.procs
report in-cgroup smoke
run user as-user minivmm smoke -o /tmp/user/user.json
cp /tmp/user/user.json /out/

# A VM after its transition, for as long as it takes to look at it.
cat >/tmp/stay.ini <<END
[memslot.low]
base = 0
size = 1G
[phase.l2]
do = l2
[phase.stay]
do = touch
touch = 1000G
stride = 1G
timeout = $(seconds 100)s
END
look_at /tmp/stay.ini

# Up to Linux 6.2 the TDP MMU can be turned off after a VM was made, which goes on as it was made.
parameter=/sys/module/kvm/parameters/tdp_mmu
minivmm /configs/transition.ini memslot.high.size=4G selftest.break=hang -v >/out/hang.txt 2>/out/hang.err &
vm=$!
until grep -q 's: control' /out/hang.err || ! alive $vm; do usleep 20000; done
was=$(cat $parameter 2>/dev/null)
if (echo 0 >$parameter) 2>/dev/null; then
	run turned-off minivmm stat $vm --format json
	run turned-off-predict minivmm stat --predict $vm --format json
	cat $parameter >/out/turned-off
	echo "$was" >$parameter
fi
kill $vm
wait $vm
exit 0
