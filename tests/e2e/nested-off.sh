# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host whose vendor module has nesting off.
. ./prelude.sh

report off /configs/transition.ini
run ktap minivmm /configs/transition.ini --format ktap
run smoke minivmm smoke
run brief minivmm smoke --brief
