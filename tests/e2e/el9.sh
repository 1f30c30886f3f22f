# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host, on a kernel that says it is RHEL 9's 5.14 and has a newer KVM.
. ./prelude.sh

uname -r >/out/release
report transition /configs/transition.ini
report wrong-model /configs/transition.ini selftest.break=wrong-model
report smoke smoke --brief
run plan minivmm plan /configs/transition.ini --format json
run named minivmm plan /configs/transition.ini --kernel "$(uname -r)" --format json

# A VM that stays lazy while it is looked at.
minivmm /configs/transition.ini selftest.break=hang -v >/out/hang.txt 2>/out/hang.err &
vm=$!
until grep -q 's: control' /out/hang.err || ! alive $vm; do usleep 20000; done
run stat minivmm stat --predict $vm --format json
kill $vm
wait $vm
exit 0
