# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: --trace, what a killed run leaves of it, and sweep.
run() { # NAME COMMAND...
	name=$1
	shift
	"$@" >"/out/$name.txt" 2>"/out/$name.err" </dev/null
	echo $? >"/out/$name.rc"
}
tracing=/sys/kernel/tracing

run trace minivmm /configs/transition.ini phase.transition.touch=1M --trace -o /out/trace.json
ls $tracing/instances >/out/instances-after
cat $tracing/kprobe_events >/out/kprobes-after

# Killed while it hangs: its instance stays, until the next run begins.
minivmm /configs/transition.ini selftest.break=hang --trace >/dev/null 2>&1 &
pid=$!
sleep 3
kill -9 $pid
wait $pid
ls $tracing/instances >/out/instances-killed
cat $tracing/kprobe_events >/out/kprobes-killed
echo $pid >/out/killed.pid
run next minivmm builtin:smoke --trace -o /out/next.json
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
run row minivmm /tmp/row.ini --trace -o /out/row.json
run plain minivmm builtin:smoke --progress plain
mkdir -m 777 /tmp/user
run user as-user minivmm builtin:smoke --trace -o /tmp/user/user.json
cp /tmp/user/user.json /out/
run sweep minivmm sweep --sizes 1G,4G,16G --slots 1,500 -o /out/sweep.json
run sweep-csv minivmm sweep --sizes 1G,2G --slots 1 --format csv
dmesg | grep -E 'BUG|WARNING|Oops' >/out/dmesg
exit 0
