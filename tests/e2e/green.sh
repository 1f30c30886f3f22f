# SPDX-License-Identifier: GPL-2.0-only
# Every shipped config once, on a kernel without a bug: no run may be red. Leaves results, a line each: status, seconds, config; a
# status of - is a config that does not run here. Of what is refused, and can't be judged, the report stays for its reason.
. ./prelude.sh

for config in /configs/*.ini; do
	name=${config##*/}
	name=${name%.ini}
	more=
	[ ! -e only ] || grep -qxF -- "$name" only || continue
	case $name in
	# What needs a kernel of the user's has tests of its own; 1 TiB is more than the lab's memory.
	linux-* | multiboot)
		echo "- 0 $name" >>/out/results
		continue
		;;
	1t) more=vm.kernel-memory-limit=3G ;;
	esac
	read -r from _ </proc/uptime
	report "$name" "$config" expect.policy=any $more
	read -r to _ </proc/uptime
	echo "$(cat "/out/$name.rc") $(((${to%.*}${to#*.} - ${from%.*}${from#*.}) / 100)) $name" >>/out/results
	case $(cat "/out/$name.rc") in
	0) rm "/out/$name".* ;;
	2 | 4) rm "/out/$name.txt" ;;
	esac
done
