# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host, on a kernel with frame pointers, and with little that KVM does not need: no transparent huge pages, no
# process_vm_writev().
. ./prelude.sh

uname -r >/out/release
report transition /configs/transition.ini
report smoke smoke
report dirty-log /configs/dirty-log.ini memslot.high.size=4G
report guard /configs/guard.ini
report stress /configs/stress-short.ini phase.churn.duration=5s
for bug in wrong-model leak-vm skip-vmrun; do
	report $bug /configs/transition.ini memslot.high.size=4G selftest.break=$bug
done

# A VM that stays lazy while it is looked at.
minivmm /configs/transition.ini memslot.high.size=4G selftest.break=hang -v >/out/hang.txt 2>/out/hang.err &
vm=$!
until grep -q 's: control' /out/hang.err || ! alive $vm; do usleep 20000; done
cp /proc/vmallocinfo /out/vmallocinfo
run stat minivmm stat $vm --format json
report beside /configs/transition.ini memslot.high.size=4G
kill $vm
wait $vm
exit 0
