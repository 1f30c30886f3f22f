# SPDX-License-Identifier: GPL-2.0-only
# What docs/fleet.md says, with the real programs.

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	[[ -x $top/minivmm ]] || skip "there is no ./minivmm: make"
	cd "$BATS_TEST_TMPDIR" || exit
}

teardown() {
	[[ ! ${exporter_PID:-} ]] || kill "$exporter_PID"
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

# How wide the page is in a window of 400 pixels, in pixels: more than the window, and the reader has to scroll each line.
page_width() { # PAGE
	sed 's|</body>|<script>parent.postMessage(document.documentElement.scrollWidth, "*")</script></body>|' "$1" >inner.html
	cat >outer.html <<-END
		<script>onmessage = message => { document.title = "width " + message.data }</script>
		<iframe src="inner.html" width="400" height="800" style="border:0"></iframe>
	END
	"$top/tests/limit" 60 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync --disable-extensions \
		--user-data-dir="$PWD/profile" --window-size=1000,1000 --virtual-time-budget=10000 \
		--dump-dom "file://$PWD/outer.html" 2>browser.log | sed -n 's/.*<title>width \([0-9]*\)<.*/\1/p'
}

@test "a page of many hosts fits a telephone: its tables and pictures scroll, the page does not" {
	browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
		skip "no chromium here (Debian: apt-get install chromium)"
	"$top/minivmm" report html "$top"/tests/golden/{transition,eager,contention,ud2,slots}.json -o page.html
	sed -i 's/<details>/<details open="">/' page.html
	width=$(page_width page.html)
	[[ $width && $width -le 400 ]]
	# The measure is one: without what the page does for narrow windows it is wider.
	sed 's/overflow-x:auto//g' page.html >wide.html
	[[ $(page_width wide.html) -gt 500 ]]
}

@test "Kubernetes' types take the DaemonSet, which has no privilege but to be root" {
	/usr/bin/python3 -c 'import kubernetes' 2>/dev/null || skip "no Kubernetes client here (Debian: python3-kubernetes)"
	manifest=$top/docs/fleet/daemonset.yaml
	"$top/tests/manifest" "$manifest" V1DaemonSet
	# The check is one.
	sed 's/readOnlyRootFilesystem/readOnly/; s/cpu: 100m/cpu: 1/; s/periodSeconds: 10/periodSeconds: soon/' "$manifest" >wrong.yaml
	status=0
	"$top/tests/manifest" wrong.yaml V1DaemonSet >wrong || status=$?
	[[ $status == 1 && $(wc -l <wrong) == 3 ]]
	/usr/bin/python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)' "$manifest" >manifest.json
	jq -e '.spec as {$selector, $template} | $template.spec as $pod | $pod.containers[0] as $one
		| ($selector.matchLabels | to_entries) - ($template.metadata.labels | to_entries) == []
		and ($pod.containers | length) == 1 and $one.securityContext.capabilities == {drop: ["ALL"]}
		and ($one.securityContext | .privileged or .allowPrivilegeEscalation | not)
		and $one.securityContext.readOnlyRootFilesystem and $one.securityContext.seccompProfile.type == "RuntimeDefault"
		and $pod.automountServiceAccountToken == false
		and ([$pod | .hostNetwork, .hostPID, .hostIPC, (.volumes[] | .hostPath)] | map(values) == [])' manifest.json
}

@test "what the pod runs leaves one report in its log and its status for the probe" {
	/usr/bin/python3 -c 'import yaml' 2>/dev/null || skip "no YAML here (Debian: python3-yaml)"
	/usr/bin/python3 -c 'import sys, yaml
one = yaml.safe_load(open(sys.argv[1]))["spec"]["template"]["spec"]["containers"][0]
print(one["command"][2], "\n" + " ".join(one["readinessProbe"]["exec"]["command"]), sep="")' \
		"$top/docs/fleet/daemonset.yaml" >lines
	mkdir bin
	printf '#!/bin/sh\nexec "%s/minivmm" "$@" vm.device=/nonexistent\n' "$top" >bin/minivmm
	chmod +x bin/minivmm
	{ read -r command && read -r probe; } < <(sed "s|/run/minivmm|$PWD|; s|exec sleep infinity|:|" lines)
	without=()
	[[ $EUID != 0 ]] || without=(setpriv --bounding-set=-all --inh-caps=-all --no-new-privs)
	PATH=$PWD/bin:$PATH "${without[@]}" sh -c "$command" >log
	jq -e '.result == "skip"' log
	[[ $(<status) == 4 ]]
	$probe
	echo 1 >status
	! $probe || return 1
}

# The steps of a part of LAVA's test definition as its dispatcher writes them into a script: by `sh -e`, one after another.
lava_steps() { # PART
	/usr/bin/python3 -c 'import sys, yaml
print(*yaml.safe_load(open(sys.argv[1]))[sys.argv[2]]["steps"], sep="\n")' "$top/docs/fleet/lava.yaml" "$1"
}

@test "LAVA's schema takes the test definition, and its lava-test-case every check" {
	programs
	folder=${LAB_CACHE:-$top/build/lab}/programs
	[[ -e $folder/testdef.py && -e $folder/lava-test-case ]] || skip "no LAVA here (tests/setup check unpacks Debian 12's)"
	/usr/bin/python3 -c 'import sys, yaml
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import testdef
testdef.validate(yaml.safe_load(open(sys.argv[2])))' "$folder" "$top/docs/fleet/lava.yaml"
	mkdir bin
	# The dispatcher puts the shell into its first line.
	{ echo '#!/bin/sh' && cat "$folder/lava-test-case"; } >bin/lava-test-case
	cp "$folder/lava-common-functions" bin/
	{ echo 'set -e' && lava_steps install && lava_steps run; } >run.sh
	for file in wrong transition; do
		cat >bin/minivmm <<-END
			#!/bin/sh
			[ "\$1" != smoke ] || { cp "$top/tests/golden/$file.json" smoke.json; exit $([[ $file == transition ]] && echo 0 || echo 1); }
			exec "$top/minivmm" "\$@"
		END
		chmod +x bin/*
		DEB='' LAVA_RESULT_DIR=$PWD PATH=$PWD/bin:$PATH sh run.sh >$file.log
		cat $file.log
		[[ $(grep '<LAVA_SIGNAL_TESTCASE ' $file.log | grep -vc 'TEST_CASE_ID=transition ') == $(jq '.checks | length + 1' "$top/tests/golden/$file.json") ]]
	done
	grep -q '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=smoke RESULT=pass>' transition.log
	grep -q '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=transition RESULT=pass UNITS=bytes MEASUREMENT=134750208>' transition.log wrong.log
	grep -q '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=smoke RESULT=fail>' wrong.log
	grep -q '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=rmap.exact RESULT=fail>' wrong.log
	# A host without KVM: nothing fails, and the run goes on to its end.
	printf '#!/bin/sh\ncase $1 in smoke) set -- "$@" vm.device=/nonexistent ;; esac\nexec "%s/minivmm" "$@"\n' "$top" >bin/minivmm
	DEB='' LAVA_RESULT_DIR=$PWD PATH=$PWD/bin:$PATH sh run.sh >skip.log
	grep -q '<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=smoke RESULT=skip>' skip.log
	[[ $(grep -c 'RESULT=skip>' skip.log) -gt 10 && ! $(grep -E 'RESULT=(fail|pass)' skip.log) ]]
}

@test "systemd takes the units" {
	command -v systemd-analyze >/dev/null || skip "no systemd here"
	sed "s|/usr/bin/minivmm|$top/minivmm|; /^Documentation=/d" "$top/docs/fleet/minivmm-smoke.service" >minivmm-smoke.service
	cp "$top/docs/fleet/minivmm-smoke.timer" .
	systemd-analyze verify ./minivmm-smoke.service ./minivmm-smoke.timer >out 2>&1 || { cat out; return 1; }
	[[ ! -s out ]] || { cat out; return 1; }
}

# Where tests/setup has put what is not installed.
programs() {
	PATH=$PATH:${LAB_CACHE:-$top/build/lab}/programs
}

@test "promtool takes every file for Prometheus" {
	programs
	command -v promtool >/dev/null || skip "no promtool here (tests/setup check unpacks it from Debian's prometheus)"
	status=0
	"$top/minivmm" smoke vm.device=/nonexistent --format prom -o skipped.prom >/dev/null || status=$?
	[[ $status == 4 ]]
	"$top/minivmm" report show "$top/tests/fixtures/report.json" --format prom >run.prom
	"$top/minivmm" report show "$top/tests/fixtures/stat.json" --format prom >stat.prom
	jq '.config_name = "a\"b\\c\nd" | .host.kernel = "6.12 \"x\" \\ é"' "$top/tests/fixtures/report.json" >odd.json
	"$top/minivmm" report show odd.json --format prom >odd.prom
	for file in skipped run stat odd; do
		promtool check metrics <$file.prom
	done
	! sed 's/^# TYPE.*/&x/' run.prom | promtool check metrics 2>/dev/null || return 1
}

# Debian's exporter on a free port of this host alone: sets port.
start_exporter() { # FOLDER
	local line
	port=
	coproc exporter { exec prometheus-node-exporter --collector.disable-defaults --collector.textfile \
		--collector.textfile.directory="$1" --web.listen-address=127.0.0.1:0 2>&1 3>&-; }
	while [[ ! $port ]] && read -r line; do
		[[ $line != *'"Listening on"'* ]] || port=${line##*:}
	done <&"${exporter[0]}"
	[[ $port ]]
}

# What the exporter has collected.
scrape() {
	exec 4<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&4
	cat <&4
	exec 4>&-
}

@test "a running node_exporter shows what -o FILE has, whole, also while it is written" {
	programs
	command -v prometheus-node-exporter >/dev/null ||
		skip "no prometheus-node-exporter here (tests/setup check unpacks it)"
	mkdir folder
	"$top/minivmm" report show "$top/tests/fixtures/report.json" --format prom -o folder/minivmm.prom >/dev/null
	start_exporter folder
	for ((i = 0; i < 30; i++)); do
		"$top/minivmm" report show "$top/tests/fixtures/report.json" --format prom -o folder/minivmm.prom >/dev/null
	done &
	writer=$!
	for ((i = 0; i < 10; i++)); do
		scrape >scraped
		grep -qx 'node_textfile_scrape_error 0' scraped
		[[ $(grep -c '^minivmm_' scraped) == $(grep -vc '^#' folder/minivmm.prom) ]]
	done
	wait "$writer"
	grep -qx 'minivmm_transition_rmap_bytes{config="configs/transition.ini"} 1.34750208e+08' scraped
	# A half of the file would be noticed.
	head -c 1000 folder/minivmm.prom >folder/half && mv folder/half folder/minivmm.prom
	scrape | grep -qx 'node_textfile_scrape_error 1'
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
