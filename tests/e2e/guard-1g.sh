# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: L2's memory in a page of 1G, as configs/guard-1g.ini has it.
. ./prelude.sh

report none /configs/guard-1g.ini expect.policy=any
pages_1g 1
report guard /configs/guard-1g.ini expect.policy=any
red stale guard-1g stale-page boot transition log-aliases
red small guard-1g stays-small boot transition log
exit 0
