# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: runs beside 40 VMs of another program, ten more a second that come and go, and three smokes at once.
. ./prelude.sh
runs=$(cat runs)

other-vms 40 10 >/tmp/ready &
others=$!
while ! grep -q ready /tmp/ready; do usleep 100000; done

# One smoke after the other, until /tmp/quiet is there. Its own timeout, 5 s, is that of a real CPU: in a boot's first seconds the
# emulator was seen to take 12 s for a transition, with four VMs on its one thread.
smokes() { # NAME
	local count=0
	while [ ! -e /tmp/quiet ]; do
		count=$((count + 1))
		report "smoke-$1-$count" smoke --format ktap --timeout "$(seconds 60)s" expect.policy=any
	done
}
for name in a b c; do
	smokes $name &
done

for i in $(seq "$runs"); do
	report "transition-$i" configs/transition.ini memslot.high.size=4G expect.policy=any
done
# Where another VM keeps changing just then, whose the arrays are can't be told: up to three tries.
for i in 1 2 3; do
	report leak-$i configs/transition.ini memslot.high.size=4G expect.policy=any selftest.break=leak-vm
	! grep -q '^  FAIL  teardown.clean' /out/leak-$i.txt || break # process.clean fails each time
done
touch /tmp/quiet
kill $others
wait
