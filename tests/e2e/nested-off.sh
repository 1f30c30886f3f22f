# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host whose vendor module has nesting off.
. ./prelude.sh

report off /configs/transition.ini
run ktap minivmm /configs/transition.ini --format ktap
run smoke minivmm smoke
run brief minivmm smoke --brief

# Nesting is on, and two-dimensional paging off.
# shellcheck disable=SC1091,SC2154 # the settings
. /lab/settings
[ ! -e /run/hold-vm.pid ] || kill "$(cat /run/hold-vm.pid)"
while ! rmmod "kvm_$VENDOR" 2>/dev/null; do sleep 0.1; done
insmod "/modules/kvm-$VENDOR.ko" nested=1 npt=0
report no-npt /configs/transition.ini expect.policy=any
run no-npt-brief minivmm smoke --brief expect.policy=any
report not-lazy /configs/transition.ini
report shadowed /configs/transition.ini expect.policy=any phase.transition.nested-paging=no phase.transition.expect=nothing
