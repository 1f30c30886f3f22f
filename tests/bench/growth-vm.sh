# SPDX-License-Identifier: GPL-2.0-only
# What grows with the number of memslots and with the memory of a VM.
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

for count in 1 16 256 1024 4096 16384 32763; do
	took slots $count 1 "minivmm /tmp/slots.ini memslot.row.count=$count"
done
for gib in 1 4 16 64 256 512 1020; do
	took memory $gib 1 "minivmm /tmp/memory.ini memslot.high.size=${gib}G"
done
exit 0
