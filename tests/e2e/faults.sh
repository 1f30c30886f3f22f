# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host of 1 GiB: the first shadow root fails, and each check of this fails once.
. ./prelude.sh

report enomem /configs/enomem.ini
report vcpus /configs/enomem.ini vm.vcpus=2
report wrong-kept /configs/enomem.ini selftest.break=wrong-kept
report no-fault /configs/enomem.ini selftest.break=no-fault memslot.impossible.size=1G
report roomy /configs/enomem.ini memslot.impossible.size=1G
report payload /configs/enomem.ini phase.delete.slot=low phase.retry.slot=impossible
report starved /configs/mmu-pages.ini
report not-starved /configs/mmu-pages.ini selftest.break=no-fault
report not-raised /configs/mmu-pages.ini phase.raised.mmu-pages=64
