# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: what is conditional on a VM's rmaps, as configs/guard.ini guards it, and each check once red.
. ./prelude.sh

# So that memory can be swapped out.
swap-on 128M 2>/out/no-swap && rm /out/no-swap

# 7.3 has its own statistics by DAMON, which let nobody else use it.
if [ "$(cat /sys/module/damon_stat/parameters/enabled 2>/dev/null)" = Y ]; then
	report in-use /configs/guard.ini expect.policy=any
	echo N >/sys/module/damon_stat/parameters/enabled
fi
report guard smoke --deep expect.policy=any
red lost-bit guard log-misses boot l1-log l1-discard
red stale guard stale-page boot l1-log l1-discard
red small guard stays-small boot transition log-tail
red unseen-access guard unseen-access boot l1-age transition discard age
red unseen guard no-table-write boot transition discard root

cat >/tmp/leaf.ini <<END
[memslot.low]
base = 0
size = 64M
[memslot.data]
base = 4G
size = 8M
[phase.boot]
do = boot
[phase.leaf]
do = tables
slot = data
touch = 32K
nested-pages = 4K
END
report leaf /tmp/leaf.ini expect.policy=any
report unseen-leaf /tmp/leaf.ini expect.policy=any selftest.break=no-table-write

# Huge pages that are logged: split at once (since 5.19, the default), or as they are written.
split=/sys/module/kvm/parameters/eager_page_split
if [ "$(cat $split 2>/dev/null)" = Y ]; then
	echo N >$split
	report no-split /configs/guard.ini expect.policy=any
	echo Y >$split
fi

# L2 has the memory by both memslots when the second one's phases begin.
cat >/tmp/alias.ini <<END
[memslot.low]
base = 0
size = 64M
[memslot.data]
base = 4G
size = 32M
thp  = always
populate = yes
[memslot.twin]
base  = 5G
size  = 32M
alias = data
[phase.boot]
do = boot
[phase.log]
do = dirty-log
load = l2
slot = data
touch = 8M
[phase.first]
do = l2
slot = data
touch = 8M
[phase.log-twin]
do = dirty-log
load = l2
slot = twin
touch = 4M
protect = manual
[phase.again]
do = discard
load = l2
slot = data
touch = 8M
[phase.discard-twin]
do = discard
load = l2
slot = twin
touch = 4M
[phase.l1-log-twin]
do = dirty-log
slot = twin
END
report alias /tmp/alias.ini expect.policy=any

report live /configs/guard-live.ini expect.policy=any phase.live.duration=1s phase.live-huge.duration=1s \
	phase.live-initially-set.duration=1s
report live-stale /configs/guard-live.ini expect.policy=any phase.live.duration=100ms phase.live-huge.duration=100ms \
	phase.live-initially-set.duration=100ms selftest.break=stale-page

cat >/tmp/ring.ini <<END
[vm]
vcpus = 2
dirty-ring = 64K
[memslot.low]
base = 0
size = 64M
[memslot.data]
base = 4G
size = 64M
[phase.boot]
do = boot
[phase.l1]
do = dirty-log
slot = data
[phase.l2]
do = dirty-log
load = l2
slot = data
touch = 32M
END
report ring /tmp/ring.ini expect.policy=any
report ring-lost /tmp/ring.ini expect.policy=any selftest.break=log-misses
exit 0
