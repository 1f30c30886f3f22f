# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host of 1 GiB: the first shadow root fails, and each check of it red.
run() {
	name=$1
	shift
	minivmm "$@" -o "/out/$name.json" >"/out/$name.txt" 2>"/out/$name.err" </dev/null
	echo $? >"/out/$name.rc"
}

run enomem /configs/enomem.ini
run vcpus /configs/enomem.ini vm.vcpus=2
run wrong-kept /configs/enomem.ini selftest.break=wrong-kept
run no-fault /configs/enomem.ini selftest.break=no-fault memslot.impossible.size=1G
run roomy /configs/enomem.ini memslot.impossible.size=1G
run payload /configs/enomem.ini phase.delete.slot=low
