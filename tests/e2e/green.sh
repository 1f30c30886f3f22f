# SPDX-License-Identifier: GPL-2.0-only
# Every shipped config once, on a kernel without a bug: no run may be red. Leaves results, a line each: status, seconds, config; a
# status of - is a config that does not run here. Of what is refused, and can't be judged, the report stays for its reason.
. ./prelude.sh
. /lab/settings
# What the root's cgroup takes is not charged; a login session or a service has another one.
mkdir /sys/fs/cgroup/green && echo $$ >/sys/fs/cgroup/green/cgroup.procs

# pml 0|1 CONFIG: Bochs logs addresses inside of pages, of which KVM warns (vmx_flush_pml_buffer(), 6.12), where L1 writes to more
# than the beginning of logged pages. These configs run without PML there.
pml() {
	[ "$VENDOR" = intel ] || return 0
	case $2 in
	dirty-ring | stress-short) rmmod kvm_intel && insmod /modules/kvm-intel.ko $VENDOR_PARAMETERS "pml=$1" || exit ;;
	esac
}

# too_slow CONFIG: on this host, and nobody asked for it. In Bochs contention took 397 s of its clock.
too_slow() {
	[ "$VENDOR-$1" = intel-contention ] && [ ! -e only ]
}

for config in /configs/*.ini; do
	name=${config##*/}
	name=${name%.ini}
	more=
	[ ! -e only ] || grep -qxF -- "$name" only || continue
	if too_slow "$name"; then
		echo "- 0 $name" >>/out/results
		continue
	fi
	case $name in
	# What needs a kernel of the user's has tests of its own; 1 TiB is more than the lab's memory.
	linux-* | multiboot)
		echo "- 0 $name" >>/out/results
		continue
		;;
	1t) more=vm.kernel-memory-limit=3G ;;
	# With so many memslots /proc/vmallocinfo has 200,000 lines, and the kernel looks through all symbols of kvm for each: Bochs had not
	# ended after 24 minutes. Without it the config takes 42 s there.
	max-slots) [ "$VENDOR" != intel ] || more=report.sources=cheap ;;
	# With LAB_MEM=4G there is room for it; else the config says that there is none.
	guard-1g) pages_1g 1 ;;
	esac
	pml 0 "$name"
	read -r from _ </proc/uptime
	report "$name" "$config" expect.policy=any $more
	read -r to _ </proc/uptime
	pml 1 "$name"
	pages_1g 0
	echo "$(cat "/out/$name.rc") $(((${to%.*}${to#*.} - ${from%.*}${from#*.}) / 100)) $name" >>/out/results
	case $(cat "/out/$name.rc") in
	0) rm "/out/$name".* ;;
	2 | 4) rm "/out/$name.txt" ;;
	esac
done
