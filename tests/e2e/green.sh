# SPDX-License-Identifier: GPL-2.0-only
# Every shipped config once, on a kernel without a bug: no run may be red. Leaves results: a line each, status, seconds, config.
. ./prelude.sh

for config in /configs/*.ini; do
	name=${config##*/}
	name=${name%.ini}
	more=
	case $name in
	# What needs a kernel of the user's has tests of its own; 1 TiB is more than the lab's memory.
	linux-* | multiboot) continue ;;
	1t) more=vm.kernel-memory-limit=3G ;;
	esac
	[ ! -e only ] || grep -qw -- "$name" only || continue
	read -r from _ </proc/uptime
	report "$name" "$config" expect.policy=any $more
	read -r to _ </proc/uptime
	echo "$(cat "/out/$name.rc") $(((${to%.*}${to#*.} - ${from%.*}${from#*.}) / 100)) $name" >>/out/results
	case $(cat "/out/$name.rc") in
	0 | 2 | 4) rm "/out/$name".* ;;
	esac
done
