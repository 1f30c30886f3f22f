# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host, on a kernel as those have it who work on KVM.
. ./prelude.sh

uname -v >/out/version
for config in guard transition straddle; do
	report $config /configs/$config.ini
done
report stress /configs/stress-short.ini phase.churn.duration=5s
