# SPDX-License-Identifier: GPL-2.0-only
# Dirty logging of 64 MiB goes on and off: minivmm's stress, and the selftest, in turn.
chmod +x dirty_log_perf_test
for i in 1 2 3 4 5; do
	minivmm dirty-log.ini -o "/out/$i.json" >"/out/$i.txt" 2>"/out/$i.err" </dev/null
	for again in 1 2; do
		echo "$again"
		./dirty_log_perf_test -g -v 1 -b 64M -i 2
	done >>"/out/selftest-$i.txt" 2>&1
done
exit 0
