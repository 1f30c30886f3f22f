# SPDX-License-Identifier: GPL-2.0-only
# A VM that runs while something is done beside it on the same host, again and again: how long each of its exits took.
# shellcheck disable=SC2016 # for eval
runs() { kill -0 $neighbour 2>/dev/null; }

# beside NAME ROUND COMMAND: how often it was done goes to NAME-ROUND.times.
beside() {
	local name=$1-$2 times=0
	: >/tmp/said
	minivmm neighbour.ini -v -o "/out/$name.json" >"/out/$name.txt" 2>/tmp/said </dev/null &
	neighbour=$!
	until grep -q 's: beside' /tmp/said || ! runs; do usleep 10000; done
	while runs; do
		eval "$3" >/dev/null 2>"/out/$name.err" </dev/null
		times=$((times + 1))
	done
	wait $neighbour
	echo $times >"/out/$name.times"
}

for round in 1 2 3; do
	beside quiet $round 'sleep 0.1'
	beside busy $round 'for i in 1 2 3 4 5 6 7 8 9 10; do dd if=/dev/zero of=/dev/null bs=1 count=20000; done'
	beside smoke $round 'minivmm smoke --brief'
	beside stat $round 'minivmm stat'
	beside predict $round 'minivmm stat --predict'
	beside walk $round 'minivmm stat --walk'
	beside stress $round 'minivmm /configs/stress-short.ini phase.churn.duration=1s'
done
exit 0
