# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host: minivmm stat --predict of 200 VMs and of a VM with 32,764 memslots, by /proc/kcore and by BPF; of 40; and
# of a VM in cgroups of version 1.
. ./prelude.sh
chmod +x many-vms

# start_vms COUNT: each has one memslot of 1 GiB.
start_vms() {
	mkfifo /tmp/ready
	./many-vms "$1" >/tmp/ready &
	vms=$!
	read -r _ </tmp/ready
	rm /tmp/ready
}
end_vms() {
	kill $vms
	wait $vms
}
# by_bpf NAME COMMAND...: as long as the kernel hides its addresses.
by_bpf() {
	echo 2 >/proc/sys/kernel/kptr_restrict
	run "$@"
	echo 0 >/proc/sys/kernel/kptr_restrict
}

# The memory controller as one of version 1, if this kernel has that: until the host ends, no cgroup of version 2 has it. Of the cgroups of
# this VM the one in the middle has the least room.
old=/tmp/v1
echo -memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir $old
# A kernel without the controller does not list it, or has no version 1 of it and finds the option invalid. Any other error is no skip.
if ! grep -qE '^memory[^0-9]+[0-9]+[^0-9]+[0-9]+[^0-9]+1$' /proc/cgroups; then
	echo "/proc/cgroups does not list memory" >/out/v1.missing
elif ! mount -t cgroup -o memory none $old 2>/out/v1-mount.err; then
	! grep -q 'Invalid argument' /out/v1-mount.err || mv /out/v1-mount.err /out/v1.missing
else
	mkdir -p $old/host/vms/one
	echo 1073741824 >$old/host/memory.limit_in_bytes
	sh -c "echo 0 >$old/host/vms/one/cgroup.procs && exec ./many-vms 1" >/tmp/one &
	vms=$!
	until [ -s /tmp/one ]; do usleep 10000; done
	echo $(($(cat $old/host/vms/memory.usage_in_bytes) + 1048576)) >$old/host/vms/memory.limit_in_bytes
	run v1 minivmm stat --predict --format json
	end_vms
fi

start_vms 40
run forty minivmm stat --predict --format json
end_vms

start_vms 200
run many minivmm stat --predict --format json
by_bpf many-bpf minivmm stat --predict --format json
run many-text minivmm stat --predict
end_vms

# The guest waits for its nested guest; the VM is stopped meanwhile.
cat >/tmp/slots.ini <<-END
	[minivmm]
	include = /configs/max-slots.ini
	[phase.boot]
	do = boot
	[phase.wait]
	do = stress
	duration = $(seconds 5)s
	touch = 1M
	[phase.nest]
	do = l2
END
mkdir /sys/fs/cgroup/slots
sh -c 'echo $$ >/sys/fs/cgroup/slots/cgroup.procs && exec minivmm /tmp/slots.ini report.sources=cheap expect.policy=any' \
	>/out/slots.log 2>&1 &
vm=$!
for _ in $(seq "$(seconds 3000)"); do
	[ "$(cat /sys/kernel/debug/kvm/$vm-*/exits 2>/dev/null || echo 0)" -eq 0 ] || break
	[ -d /proc/$vm ] || break
	usleep 20000
done
kill -STOP $vm
run slots minivmm stat --predict $vm --format json
by_bpf slots-bpf minivmm stat --predict $vm --format json
run slots-listed minivmm stat --predict $vm -v --format json
run slots-plan minivmm plan /configs/max-slots.ini --format json
kill -KILL $vm
wait $vm
exit 0
