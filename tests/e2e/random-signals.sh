# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: commands that get signals at random instants, for signals.sh and tests/signals. They are small, so
# that many signals fit in a boot.

# A process computes and waits for CPUs without being counted, up to 2.9 s with its report (vm/guard.c): the emulated host is
# slow. Then the kernel takes its time to free a VM's memory.
limit=$(($(seconds 4) * 1000))
random_cases='run large slots populate limited smoke stress sweep trace headroom kernels watch predict age'

# limit_cgroup: a run by in-cgroup has a parent that waits for it, which tells what became of it.
limit_cgroup() {
	mkdir -p /sys/fs/cgroup/limited
	echo 1G >/sys/fs/cgroup/limited/memory.max
	# shellcheck disable=SC2016 # for that shell
	printf '#!/bin/sh\necho $$ >/sys/fs/cgroup/limited/cgroup.procs && exec "$@"\n' >/usr/bin/in-cgroup
	chmod +x /usr/bin/in-cgroup
}

# words CASE: sets the command's words in $words; and life, for one that has so many milliseconds until the signal comes, or its
# exit status without one.
words() {
	local large='/configs/transition.ini phase.transition.touch=1M vm.vcpus=2 --seed=1'
	local small="$large memslot.low.size=256M memslot.high.size=256M"
	life=0 status=0
	case $1 in
	run) words="minivmm $small" ;;
	large) words="minivmm $large" ;;
	slots)
		# While they are made: later the kernel takes a minute of an emulated host to free them, whoever waits.
		words='minivmm /configs/max-slots.ini expect.policy=any --seed=1 -v -o report.json' life=1500
		;;
	populate) words="minivmm $large memslot.high.size=1G memslot.high.populate=yes memslot.high.thp=never" ;;
	limited)
		limit_cgroup
		words="in-cgroup minivmm $small vm.ignore-limits=yes"
		;;
	smoke) words='minivmm smoke --seed=1 --brief -v' ;;
	stress) words='minivmm /configs/stress-short.ini phase.churn.duration=2s phase.churn.vms=2 --seed=1' ;;
	sweep) words='minivmm sweep --sizes 256M,4G --slots 8' ;;
	trace) words="minivmm $small --trace" ;;
	headroom) words='minivmm headroom /configs/transition.ini memslot.high.size=1G phase.transition.touch=1M --seed=1' ;;
	kernels)
		# It jumps to itself.
		printf 'loop.flat\nloop.flat vm.vcpus=2\n' >list
		words='minivmm kernels /work/list /configs/multiboot.ini memslot.low.size=64M phase.run.timeout=1s --seed=1' status=1
		;;
	watch) words='minivmm stat --watch 1 --walk' life=2500 ;;
	predict) words='minivmm stat --watch 1 --predict' life=2500 ;;
	age)
		printf '[vm]\nvcpus = 2\n[memslot.low]\nbase = 0\nsize = 64M\n[memslot.data]\nbase = 4G\nsize = 4M\nthp = never\n' >age.ini
		printf '[phase.boot]\ndo = boot\n[phase.age]\ndo = age\nslot = data\n' >>age.ini
		words='minivmm /work/age.ini --seed=1'
		;;
	esac
	[ $life != 0 ] || words="$words -o report.json"
	life=$((life * slowness / 100))
}

# random CASE SEED COUNT SIGNALS: leaves /out/CASE.txt and /out/CASE.rc.
random() {
	words "$1"
	mkdir -p "/tmp/$1"
	cd "/tmp/$1" || exit
	# shellcheck disable=SC2086 # words
	run "$1" random-signals "$2" "$3" "$life" "$limit" "$4" "$status" $words
	cd /work || exit
}
