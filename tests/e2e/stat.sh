# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: VMs of other processes, one lazy, one allocated, seen by minivmm stat.
run() { # NAME COMMAND...
	name=$1
	shift
	"$@" >"/out/$name.txt" 2>"/out/$name.err" </dev/null
	echo $? >"/out/$name.rc"
}

# Each ends by touching memory for as long as it takes to look at it.
write_config() { # NAME NESTED-PAGING
	cat >"/tmp/$1.ini" <<-END
		[memslot.low]
		base = 0
		size = 1G
		[memslot.high]
		base = 4G
		size = 7G
		[phase.boot]
		do = boot
		[phase.l2]
		do = l2
		nested-paging = $2
		[phase.stay]
		do = touch
		touch = 1000G
		stride = 1G
		timeout = 100s
	END
}
write_config lazy off
write_config allocated on
minivmm /tmp/lazy.ini report.sources=cheap >/dev/null 2>&1 &
lazy=$!
minivmm /tmp/allocated.ini report.sources=cheap >/dev/null 2>&1 &
allocated=$!
sleep 4
echo "$lazy" >/out/lazy.pid
echo "$allocated" >/out/allocated.pid

run text minivmm stat
run json minivmm stat --format json
run prom minivmm stat --format prom
run walk minivmm stat --walk
run walk-json minivmm stat --walk --format json
run one minivmm stat "$lazy" --format json
run none minivmm stat 1
run user as-user minivmm stat
minivmm stat --watch 1 --format json >/out/watch.txt 2>/out/watch.err &
watch=$!
sleep 3
kill "$lazy" "$allocated" "$watch"
wait "$lazy" "$allocated" "$watch"
run after minivmm stat --format json
umount /sys/kernel/debug/tracing 2>/dev/null
umount /sys/kernel/debug
run no-debugfs minivmm stat
exit 0
