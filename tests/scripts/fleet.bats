# SPDX-License-Identifier: GPL-2.0-only
# What docs/fleet.md says, with the real programs.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	[[ -x $top/minivmm ]] || skip "there is no ./minivmm: make"
	cd "$BATS_TEST_TMPDIR" || exit
}

# A host without KVM.
command_line() {
	echo "$top/minivmm smoke --brief vm.device=/nonexistent"
}

@test "clush folds hosts that say the same, and has their exit status" {
	command -v clush >/dev/null || skip "no clush here (Debian: apt-get install clustershell)"
	status=0
	# shellcheck disable=SC2046 # words on purpose
	clush --worker=exec -S -w 'host[1-3]' -b $(command_line) >out 2>err || status=$?
	cat out err
	[[ $status == 4 ]]
	grep -qx 'host\[1-3\] (3)' out
	[[ $(grep -c '^SKIP ' out) == 1 ]]
}

@test "Ansible runs smoke, fetches the reports and merges them" {
	command -v ansible-playbook >/dev/null || skip "no ansible-playbook here (Debian: apt-get install ansible-core)"
	printf 'host%d ansible_connection=local\n' 1 2 >hosts
	export HOME=$PWD ANSIBLE_NOCOLOR=1 ANSIBLE_LOCALHOST_WARNING=false
	ansible-playbook -i hosts "$top/docs/fleet/smoke.yml" -e "minivmm=$top/minivmm" -e "reports=$PWD/reports" >out 2>&1 || {
		cat out
		return 1
	}
	[[ $(jq -r .schema reports/host1.json reports/host2.json | sort -u) == minivmm.report/1 ]]
	grep -q '2 reports, 1 group' out
	# Nothing stays on the hosts but what Ansible keeps itself.
	[[ ! $(find /tmp -maxdepth 1 -name 'ansible.*' -newer hosts) ]]
}

@test "systemd takes the units" {
	command -v systemd-analyze >/dev/null || skip "no systemd here"
	sed "s|/usr/bin/minivmm|$top/minivmm|; /^Documentation=/d" "$top/docs/fleet/minivmm-smoke.service" >minivmm-smoke.service
	cp "$top/docs/fleet/minivmm-smoke.timer" .
	systemd-analyze verify ./minivmm-smoke.service ./minivmm-smoke.timer >out 2>&1 || { cat out; return 1; }
	[[ ! -s out ]] || { cat out; return 1; }
}

@test "what the unit runs writes a file for Prometheus" {
	line=$(sed -n 's/^ExecStart=.*minivmm //p' "$top/docs/fleet/minivmm-smoke.service")
	status=0
	# shellcheck disable=SC2086 # words on purpose
	"$top/minivmm" ${line/\/var\/lib\/prometheus\/node-exporter\//} vm.device=/nonexistent >/dev/null || status=$?
	[[ $status == 4 ]]
	grep -q '^minivmm_' minivmm.prom
	awk -f "$top/tests/cli/prom.awk" minivmm.prom
}
