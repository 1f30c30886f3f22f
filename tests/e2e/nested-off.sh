# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host whose vendor module has nesting off.
minivmm /configs/transition.ini -o /out/off.json >/out/off.txt 2>/out/off.err </dev/null
echo $? >/out/off.rc
minivmm /configs/transition.ini -o /out/off.json --format ktap >/out/ktap.txt 2>/out/ktap.err
echo $? >/out/ktap.rc
