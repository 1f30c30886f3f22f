# SPDX-License-Identifier: GPL-2.0-only
# In the lab: runs what `list` says, a line each: GROUP, MODULES, CONFIG, PARAMETERS, separated by tabs. For each the modules
# mods/MODULES are loaded, the vendor's with these parameters as well. Of a group no further config runs once one has caught something, or has to run on a host with other memory.
# shellcheck shell=dash
# shellcheck disable=SC1091 # the settings
# What the root's cgroup takes is not charged.
mkdir /sys/fs/cgroup/mutants && echo $$ >/sys/fs/cgroup/mutants/cgroup.procs
. /lab/settings
. ./prelude.sh
loaded=
tab=$(printf '\t')
number=0
while IFS="$tab" read -r group modules config parameters; do
	number=$((number + 1))
	[ ! -e "/run/done-$group" ] || continue
	if [ "$modules" != "$loaded" ]; then
		cp "mods/$modules"/*.ko /modules/
		echo "VENDOR_PARAMETERS='$VENDOR_PARAMETERS $parameters'" >>/lab/settings
		# What it leaves running does not belong to the cgroup of the runs.
		if ! (echo 0 >/sys/fs/cgroup/cgroup.procs && exec reload-kvm) 2>/out/reload; then
			echo "mutants: $number can't be loaded: $(cat /out/reload)"
			exit 0
		fi
		loaded=$modules
	fi
	# A host that is too small for a page of 1G has none, and another one is tried.
	case $config in */guard-1g.ini) pages_1g 1 ;; esac
	start=$(cut -d' ' -f1 /proc/uptime)
	echo "mutants: $number runs at $start"
	# What minivmm says meanwhile tells of which phase a crash was.
	minivmm "$config" --progress plain -o "/out/$number.json" >"/out/$number.txt" </dev/null
	status=$?
	pages_1g 0
	# A crash later in this boot loses /out, but not what has been said.
	[ $status != 1 ] || minivmm report show --format ktap "/out/$number.json" | awk -v number="$number" '
		/^# (remedy: |  )/ { next }
		/^# / { reason = reason (reason ? "; " : "") substr($0, 3); next }
		/^not ok / { print "mutants: " number " failed " $4 ": " reason }
		{ reason = "" }'
	echo "mutants: $number ended $status $(awk -v start="$start" '{ printf "%.1f", $1 - start }' /proc/uptime)"
	case $status in
	1 | 4) : >"/run/done-$group" ;;
	*) continue ;;
	esac
	# Where something still reaches memory that is free, the next run may meet it.
	! grep -qE '^ *FAIL +(discard.fresh|guest.clean|l2.ran|memory.intact|tables.shadowed|stress.clean|klog.clean) ' \
		"/out/$number.txt" || exit 0
done <list
exit 0
