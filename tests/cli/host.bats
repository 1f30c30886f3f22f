# SPDX-License-Identifier: GPL-2.0-only
# smoke, stat and list scenarios, as far as they go without KVM: the sanitized build.

load vmm

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
}

@test "smoke and stat: --help on stdout, exit 0; usage errors: exit 2" {
	for command in smoke stat; do
		vmm $command --help
		[[ $status == 0 && -s stdout && ! -s stderr ]]
		vmm $command --no-such-option
		[[ $status == 2 && ! -s stdout ]]
	done
	local -a wrong=("stat x" "stat 0" "stat 1 2" "stat --format ktap" "stat --watch 0" "stat --watch soon" "stat --watch 1 -o stat.json"
		"stat --state x" "stat --walk --predict" "kernels" "kernels /nowhere"
		"smoke nonsense" "smoke vm.vcpu=2" "smoke --brief --format json" "smoke --format ktap --brief")
	for arguments in "${wrong[@]}"; do
		# shellcheck disable=SC2086 # words on purpose
		vmm $arguments
		echo "$arguments: $status"
		[[ $status == 2 && ! -s stdout && -s stderr ]]
	done
}

@test "a /dev/kvm that this user may not open: whose group to join; one that is something else" {
	vmm smoke vm.device=/dev/null
	[[ $status == 4 ]] && grep -q '/dev/null is no KVM device: it is not the character device 10:232' stdout
	{ [[ $EUID == 0 ]] && mknod kvm c 10 232 && chmod 660 kvm && chgrp daemon kvm; } 2>/dev/null || skip "not root"
	cp "$minivmm" minivmm && chmod 755 . minivmm
	as_other() {
		setpriv --reuid=65534 --regid=65534 --clear-groups ./minivmm smoke vm.device=./kvm </dev/null >stdout 2>stderr || status=$?
	}
	status=0
	as_other
	cat stdout
	[[ $status == 4 ]] && grep -q 'open(./kvm): Permission denied' stdout
	grep -q 'become a member of the group that owns ./kvm (usermod -aG daemon' stdout
	chmod 600 kvm
	as_other
	! grep -q 'usermod' stdout || return 1
	grep -q 'run as root, or as root give a group access to it' stdout
}

@test "sweep: usage errors; where KVM can't be used, every point is there and skipped" {
	local -a wrong=("--sizes x" "--sizes 1M" "--sizes 1G,,2G" "--sizes 100000001" "--slots 0" "--slots 1,x"
		"--format xml" "--progress maybe" "what")
	for arguments in "${wrong[@]}"; do
		# shellcheck disable=SC2086 # words on purpose
		vmm sweep $arguments
		echo "$arguments: $status"
		[[ $status == 2 && ! -s stdout && -s stderr ]]
	done
	# A point that no KVM accepts is an error before the first point is run.
	for arguments in "--sizes 1G --slots 1,32765" "--sizes 1G --slots 1,40000" "--sizes 1G,100T" "--sizes 64M,1G --slots 20000"; do
		# shellcheck disable=SC2086 # words on purpose
		vmm sweep $arguments --progress plain
		[[ $status == 2 && ! -s stdout && -s stderr ]]
		[[ ! $(<stderr) =~ /proc|memslot\.|boot ]] || { cat stderr; return 1; }
	done
	vmm sweep --sizes 1G,100T --slots 2,1
	grep -q -- '^minivmm sweep: --sizes 100T --slots 1: KVM takes at most 8 TiB' stderr
	vmm sweep --sizes 64M --slots 1 -o /nowhere/sweep.json
	[[ $status == 3 && ! -s stdout ]]
	grep -q /nowhere stderr
	vmm sweep --sizes 64M --slots 20000
	grep -qx -- 'minivmm sweep: --sizes 64M --slots 20000: more slots than pages' stderr
	[[ ! -e /dev/kvm ]] || skip "this host has /dev/kvm"
	vmm sweep --sizes 1G,64G --slots 1,3 --format csv -o sweep.json
	[[ $status == 4 && $(wc -l <stdout) == 5 && $(tail -n 1 stdout) == 68719476736,3,*,skip$'\r' ]]
	jq -e '.schema == "minivmm.sweep/1" and [.points[] | .measured_bytes] == [null, null, null, null]
		and all(.points[]; .reason == "open(/dev/kvm): No such file or directory")' sweep.json
	vmm sweep --sizes 1G,64G --slots 1,3
	[[ $(grep -c 'open(/dev/kvm)' stdout) == 1 ]]
	grep -qx '  1 GiB, 1 slots: skip: open(/dev/kvm): No such file or directory' stdout
	# A line, as the name says, and report plot finds the sweep in it.
	vmm sweep --sizes 1G --slots 1 --format json -o sweep.jsonl
	[[ $(wc -l <sweep.jsonl) == 1 ]]
	same sweep.jsonl stdout
	jq -e '.points[0].predicted_bytes > 0 and .points[0].result == "skip"' stdout
}

# without FOLDER ARGUMENT...: the exit status of minivmm where FOLDER is not mounted, not even one below another. Root.
without() {
	local folder=$1 status=0
	shift
	ASAN_OPTIONS=detect_leaks=0 unshare -m sh -c 'umount -l "$0" && while umount -l "$0" 2>/dev/null; do :; done && exec "$@"' "$folder" "$minivmm" "$@" >stdout 2>stderr || status=$?
	sed -i '/^==[0-9]*==WARNING: reading executable name failed/d' stderr
	echo "$status"
}

@test "no /proc: the environment is to blame, not the config" {
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	for command in "smoke" "builtin:smoke" "plan $top/configs/transition.ini --kernel 6.12" "sweep --sizes 64M --slots 1"; do
		# shellcheck disable=SC2086 # words on purpose
		[[ $(without /proc $command) == 3 && ! -s stdout ]] || { echo "$command"; cat stderr; return 1; }
		grep -q '/proc is not mounted: mount -t proc none /proc' stderr
	done
}

@test "list scenarios: names that builtin: takes" {
	vmm list scenarios
	[[ $status == 0 ]]
	grep -qx smoke stdout
	! grep -qvE '^[a-z0-9._-]+$' stdout || return 1
	vmm builtin:none
	[[ $status == 2 ]]
	grep -q 'builtin:none' stderr
	# An error in an override names the command line.
	vmm builtin:smoke vm.vcpus=none
	[[ $status == 2 ]]
	grep -q 'command line: vm.vcpus' stderr
}

@test "smoke on a host that can't: KTAP with the reason and the remedy, exit 4" {
	vmm smoke vm.device=/nowhere -o report.json
	[[ $status == 4 && $(sed -n 1p stdout) == "KTAP version 1" && $(sed -n 2p stdout) =~ ^1\.\.[0-9]+$ ]]
	prove -e cat stdout
	grep -q '^# remedy: load KVM' stdout
	jq -e '.result == "skip"' report.json
	vmm smoke vm.device=/nowhere --timeout 7s -o report.json
	jq -e '[.config[] | .timeout // empty] | unique == [7000000000]' report.json
	vmm smoke --brief vm.device=/nowhere
	[[ $status == 4 && $(wc -l <stdout) == 1 && $(wc -L <stdout) -le 80 && $(cat stdout) == SKIP* ]]
}

@test "stat on a host where nothing can be seen: exit 4, the remedy" {
	[[ ! -e /sys/kernel/debug/kvm ]] || skip "this host has KVM in debugfs"
	vmm stat
	[[ $status == 4 && ! -s stdout ]]
	grep -q 'remedy: .*mount -t debugfs' stderr
}

# Runs a command as root of its own namespace, where KVM's debugfs folder has no VM in it.
in_namespace() { unshare -rm sh -c 'mount -t tmpfs none /sys/kernel/debug && mkdir /sys/kernel/debug/kvm && "$@"' - "$@"; }

@test "stat -o: the JSON in a file, whole, whatever stdout gets" {
	in_namespace true || skip "no namespaces here, or no /sys/kernel/debug"
	in_namespace "$minivmm" stat -o stat.json >stdout
	[[ $(cat stdout) == '0 VMs: '* ]]
	jq -e '.schema == "minivmm.stat/1" and .vms == []' stat.json
	in_namespace "$minivmm" stat --format json -o again.json >stdout
	cmp stdout again.json
	keep_json stat.json again.json
	status=0
	in_namespace "$minivmm" stat -o /nowhere/stat.json 2>stderr || status=$?
	[[ $status == 3 ]]
	grep -q /nowhere/stat.json stderr
}

# Runs minivmm where nothing tells the kernel's release.
nameless() {
	status=0
	unshare -rm sh -c 'mount -t tmpfs none /sys/kernel/debug && for vm in 7-3 8-3; do
			mkdir -p "/sys/kernel/debug/kvm/$vm" && cd "/sys/kernel/debug/kvm/$vm" || exit
			for counter in mmu_cache_miss nested_run pages_4k pages_2m pages_1g max_mmu_rmap_size; do
				echo $((${vm%-3} == 7 ? 5 : 0)) >$counter
			done
		done
		cd "$0" && mount --bind /dev/null /proc/sys/kernel/osrelease && exec "$@"' "$PWD" \
		"$top/tests/cli/without-uname" "$minivmm" "$@" >stdout 2>stderr </dev/null || status=$?
}

@test "which kernel this is can't be told: exit 4 where that matters, and stat shows the VMs" {
	python3 -c '' 2>/dev/null || skip "no python3"
	nameless version
	[[ $status == 0 ]] || skip "no namespaces or filters here: $(<stderr)"
	local config=$top/configs/transition.ini
	for command in "plan $config" "headroom $config" "run $config vm.device=/dev/null" "smoke vm.device=/dev/null" "stat --predict"; do
		# shellcheck disable=SC2086 # words on purpose
		nameless $command
		[[ $status == 4 ]] || { echo "$command: $status"; cat stderr; return 1; }
	done
	nameless plan "$config"
	has stderr "neither uname() nor /proc/sys/kernel/osrelease" "remedy: --kernel VERSION or all"
	nameless plan "$config" --kernel 6.12
	[[ $status == 0 ]]
	nameless stat --format json
	[[ $status == 0 ]] || { cat stderr; return 1; }
	jq -e '.host.kernel == null and [.vms[] | .rmap_state] == ["allocated", null]' stdout
	jq -e '.vms[1].why | contains("which kernel this is")' stdout
	keep_json stdout
}
