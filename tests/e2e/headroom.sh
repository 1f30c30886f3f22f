# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host: the smallest cgroups that VMs of several sizes survive their first nested guest in.
. ./prelude.sh

vm() { # NAME HIGH: a config with 64 MiB at 0 and so much above 4 GiB; L2's pages are touched by L1 first
	cat >"/tmp/$1.ini" <<-END
		[memslot.low]
		base = 0
		size = 64M
		thp = never
		[memslot.high]
		base = 4G
		size = $2
		thp = never
		[expect]
		policy = any
		[phase.boot]
		do = boot
		[phase.touch]
		do = touch
		slot = high
		touch = ${3:-0}
		[phase.l2]
		do = l2
		slot = high
		touch = ${3:-0}
	END
}
vm 1g 1G
vm 16g 16G
vm 64g 64G
vm touched 2G 128M
for name in 1g 16g 64g touched; do
	run $name minivmm headroom /tmp/$name.ini -o /out/$name.json
done
printf '[memslot.low]\nbase = 0\nsize = 64M\n[phase.boot]\ndo = boot\n' >/tmp/none.ini
run none minivmm headroom /tmp/none.ini -o /out/none.json
# A signal ends it, and nothing is left.
run signal timeout -s TERM 1 minivmm headroom /tmp/64g.ini -o /out/signal.json
find /sys/fs/cgroup -name 'minivmm-*' >/out/left
cat /sys/fs/cgroup/cgroup.subtree_control >/out/controllers
exit 0
