# SPDX-License-Identifier: GPL-2.0-only
# What stat takes on a host with many VMs of others.
. ./growth-took.sh

chmod +x many-vms
# The first run of a boot is slow.
minivmm stat --predict >/dev/null 2>&1
for count in 1 10 30 100 200 300; do
	mkfifo "/tmp/ready.$count"
	./many-vms $count >"/tmp/ready.$count" 2>>/out/stat.err &
	read -r ready <"/tmp/ready.$count"
	took stat $count 3 'minivmm stat'
	took predict $count 3 'minivmm stat --predict'
	kill $!
	wait $! 2>/dev/null
done
exit 0
