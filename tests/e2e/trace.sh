# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: --trace, what a killed run leaves of it, and sweep.
. ./prelude.sh

tracing=/sys/kernel/tracing

report trace /configs/transition.ini phase.transition.touch=1M --trace
ls $tracing/instances >/out/instances-after
cat $tracing/kprobe_events >/out/kprobes-after

# Killed while it hangs: its instance stays, until the next run begins.
minivmm /configs/transition.ini selftest.break=hang --trace -v >/dev/null 2>/out/hang.err &
pid=$!
hangs() { grep -q 's: control' /out/hang.err && [ -d $tracing/instances/minivmm-$pid ] && grep -q "minivmm_$pid/load" $tracing/kprobe_events; }
until hangs || ! alive $pid; do usleep 20000; done
kill -9 $pid
wait $pid
ls $tracing/instances >/out/instances-killed
cat $tracing/kprobe_events >/out/kprobes-killed
echo $pid >/out/killed.pid
report next builtin:smoke --trace
ls $tracing/instances >/out/instances-next
cat $tracing/kprobe_events >/out/kprobes-next

cat >/tmp/row.ini <<END
[memslot.low]
base = 0
size = 64M
[memslot.row]
base = 4G
size = 4K
stride = 2M
count = 2000
[phase.boot]
do = boot
[phase.transition]
do = l2
expect = allocated
END
report row /tmp/row.ini --trace
run plain minivmm builtin:smoke --progress plain
run verbose minivmm builtin:smoke -v
mkdir -m 777 /tmp/user
run user as-user minivmm builtin:smoke --trace -o /tmp/user/user.json
cp /tmp/user/user.json /out/
report sweep sweep --sizes 256M,512M,1G --slots 1,50
run sweep-csv minivmm sweep --sizes 64M,128M --slots 1 --format csv
dmesg | grep -E 'BUG|WARNING|Oops' >/out/dmesg
exit 0
