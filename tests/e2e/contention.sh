# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host: contention before and after the transition, on a VM of 16 GiB.
. ./prelude.sh

report contention /configs/contention.ini expect.policy=any memslot.big.size=16G \
	phase.before.iterations=15 phase.control.iterations=15 phase.after.iterations=15
