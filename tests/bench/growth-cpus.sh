# SPDX-License-Identifier: GPL-2.0-only
# What grows with the number of vCPUs and of VMs at once. No worker: its round waits for as many vCPUs, which run meanwhile,
# so that what all of them take differs by half from run to run.
. ./growth-took.sh

cat >/tmp/vms.ini <<END
[vm]
timeout = 10m
[memslot.low]
base = 0
size = 64M
thp = never
[phase.boot]
do = boot
[phase.churn]
do = stress
duration = 10ms
load = l2
touch = 64K
slot = low
timeout = 10m
END

# The first run of a boot is slow.
minivmm growth.ini >/dev/null 2>&1
# Twice: the least counts.
for count in 1 4 16 32 64 128 288 32 64 128 288; do
	took vcpus $count 1 "minivmm growth.ini memslot.low.size=1G vm.vcpus=$count"
done
for count in 1 4 16 32 64 128 200 32 64 128 200; do
	took vms $count 1 "minivmm /tmp/vms.ini phase.churn.vms=$count expect.policy=any"
done
exit 0
