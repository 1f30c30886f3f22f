# SPDX-License-Identifier: GPL-2.0-only
# 512 slots, one of which is moved, deleted or added, as in the selftest's test 4: "move inactive area".
chmod +x memslot_perf_test
run() { # NAME OP
	minivmm slots.ini "worker.slots.op=$2" -o "/out/$1.json" >"/out/$1.txt" 2>"/out/$1.err" </dev/null
}
run slot-delete slot-delete
run slot-add slot-add
for i in 1 2 3; do run slot-move-$i slot-move; done
./memslot_perf_test -s 512 -f 4 -e 4 -l 1 -r 3 >/out/selftest.txt 2>&1
exit 0
