# SPDX-License-Identifier: GPL-2.0-only
# What grows with the memory of a VM.
. ./growth-took.sh

# The first run of a boot is slow.
minivmm growth.ini >/dev/null 2>&1
for gib in 1 16 64 128 256 512 1020; do
	took memory $gib 1 "minivmm growth.ini memslot.row.size=${gib}G memslot.row.stride=${gib}G"
done
exit 0
