# SPDX-License-Identifier: GPL-2.0-only
# Runs in an emulated host, in a cgroup of its own. Each line of the file "cases" is a command of minivmm, and walk makes
# its calls fail, which of them the file "how" says (walk.c).
mkdir /sys/fs/cgroup/walk
echo $$ >/sys/fs/cgroup/walk/cgroup.procs
export FAULTS_TRIED=/work/tried
bad=0
while read -r case; do
	# shellcheck disable=SC2086 # words
	./walk "$case" "$(cat how)" /work/faulty $case || bad=1
done <cases
exit $bad
