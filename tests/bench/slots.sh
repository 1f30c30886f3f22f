# SPDX-License-Identifier: GPL-2.0-only
# 512 slots, of which one moves, deleted or added; the selftest's test 4: "move inactive area".
chmod +x memslot_perf_test
for op in slot-move slot-delete slot-add; do
	minivmm slots.ini worker.slots.op=$op -o /out/$op.json >/out/$op.txt 2>/out/$op.err </dev/null
done
./memslot_perf_test -s 512 -f 4 -e 4 -l 3 -r 1 >/out/selftest.txt 2>&1
exit 0
