# SPDX-License-Identifier: GPL-2.0-only
# What stat takes on a host with many VMs of others.
. ./growth-took.sh

chmod +x many-vms btf-parse
# The first run of a boot is slow.
minivmm stat --predict >/dev/null 2>&1
# with_vms COUNT MEASURE: runs MEASURE COUNT on a host with so many VMs.
with_vms() {
	mkfifo /tmp/ready
	./many-vms "$1" >/tmp/ready 2>>/out/stat.err &
	vms=$!
	read -r ready </tmp/ready
	rm /tmp/ready
	"$2" "$1"
	kill $vms
	wait $vms 2>/dev/null
}
both() { # COUNT
	took stat "$1" 3 'minivmm stat'
	took predict "$1" 3 'minivmm stat --predict'
}
# In turn, so that what slows the machine down meanwhile slows down all three.
in_turn() { # COUNT
	for _ in 1 2 3 4 5 6; do
		took btf-forty "$1" 5 ./btf-parse
		took stat-forty "$1" 5 'minivmm stat'
		took predict-forty "$1" 5 'minivmm stat --predict'
	done
}
for count in 1 10 30 100 200 300; do
	with_vms $count both
done
with_vms 40 in_turn
exit 0
