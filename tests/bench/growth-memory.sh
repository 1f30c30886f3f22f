# SPDX-License-Identifier: GPL-2.0-only
# What grows with the memory of a VM.
. ./growth-took.sh

cat >/tmp/memory.ini <<END
[vm]
timeout = 10m
[memslot.low]
base = 0
size = 64M
[memslot.high]
base = 4G
size = 1G
[phase.l2]
do = l2
timeout = 10m
END

# The first run of a boot is slow.
minivmm /tmp/memory.ini >/dev/null 2>&1
for gib in 1 16 64 128 256 512 1020; do
	took memory $gib 1 "minivmm /tmp/memory.ini memslot.high.size=${gib}G"
done
exit 0
