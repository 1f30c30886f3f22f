# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host that the kernel's argument locks down: what minivmm stat and plan --pid say of two VMs of 1 GiB.
. ./prelude.sh
chmod +x many-vms

[ -e /sys/kernel/security/lockdown ] || mount -t securityfs none /sys/kernel/security
cp /sys/kernel/security/lockdown /out/state
mkfifo /tmp/ready
./many-vms 2 >/tmp/ready &
vms=$!
read -r _ </tmp/ready
pid=$(pidof many-vms | tr ' ' '\n' | grep -vx $vms | head -n 1)

run plain minivmm stat --format json
run plain-text minivmm stat
run predict minivmm stat --predict --format json
run predict-text minivmm stat --predict
run plan minivmm plan --pid "$pid" --format json
# Where /proc/kcore can't be used, BPF is asked.
echo 2 >/proc/sys/kernel/kptr_restrict
run bpf minivmm stat --predict --format json
kill $vms
wait $vms
exit 0
