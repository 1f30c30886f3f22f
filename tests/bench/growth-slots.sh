# SPDX-License-Identifier: GPL-2.0-only
# What grows with the number of memslots of a VM.
. ./growth-took.sh

# The first run of a boot is slow.
minivmm growth.ini >/dev/null 2>&1
for count in 1 256 1024 4096 8192 16384 32763; do
	took slots $count 1 "minivmm growth.ini memslot.row.count=$count"
done
exit 0
