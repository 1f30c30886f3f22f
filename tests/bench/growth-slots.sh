# SPDX-License-Identifier: GPL-2.0-only
# What grows with the number of memslots of a VM.
. ./growth-took.sh

cat >/tmp/slots.ini <<END
[vm]
timeout = 10m
[memslot.low]
base = 0
size = 64M
[memslot.row]
base = 4G
size = 4K
stride = 8K
count = 1
[phase.l2]
do = l2
timeout = 10m
END

# The first run of a boot is slow.
minivmm /tmp/slots.ini >/dev/null 2>&1
for count in 1 256 1024 4096 8192 16384 32763; do
	took slots $count 1 "minivmm /tmp/slots.ini memslot.row.count=$count"
done
exit 0
