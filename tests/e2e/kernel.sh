# SPDX-License-Identifier: GPL-2.0-only
# On every kernel, in the emulated host: the transition as it is asked for, and with any policy; smoke; stat.
run() {
	name=$1
	shift
	"$@" >"/out/$name.txt" 2>"/out/$name.err" </dev/null
	echo $? >"/out/$name.rc"
}

run transition minivmm /configs/transition.ini -o /out/transition.json
run any minivmm /configs/transition.ini expect.policy=any -o /out/any.json
run restore minivmm /configs/restore.ini expect.policy=any -o /out/restore.json
run controls minivmm /configs/controls.ini expect.policy=any -o /out/controls.json
run smoke minivmm smoke --brief -o /out/smoke.json

# What only a cgroup of its own tells, and an ordinary user sees.
mkdir -m 777 /sys/fs/cgroup/session /tmp/user
echo $$ >/sys/fs/cgroup/session/cgroup.procs
run in-cgroup minivmm smoke -o /out/in-cgroup.json
run user as-user minivmm smoke -o /tmp/user/user.json
cp /tmp/user/user.json /out/

# A VM after its transition, for as long as it takes to look at it.
cat >/tmp/stay.ini <<END
[memslot.low]
base = 0
size = 1G
[phase.l2]
do = l2
[phase.stay]
do = touch
touch = 1000G
stride = 1G
timeout = 100s
END
minivmm /tmp/stay.ini >/dev/null 2>&1 &
vm=$!
echo $vm >/out/vm.pid
for _ in $(seq 100); do
	minivmm stat $vm --format json 2>/dev/null | grep -q '"allocated"' && break
	usleep 100000
done
run stat minivmm stat $vm --format json
run walk minivmm stat $vm --walk --format json
kill $vm
wait $vm
exit 0
