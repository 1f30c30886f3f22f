# SPDX-License-Identifier: GPL-2.0-only
# In an emulated host whose vendor module has nesting off.
minivmm /configs/transition.ini -o /out/off.json >/out/off.txt 2>/out/off.err </dev/null
echo $? >/out/off.rc
minivmm /configs/transition.ini -o /out/off.json --format ktap >/out/ktap.txt 2>/out/ktap.err
echo $? >/out/ktap.rc
minivmm smoke >/out/smoke.txt 2>/out/smoke.err
echo $? >/out/smoke.rc
minivmm smoke --brief >/out/brief.txt 2>/out/brief.err
echo $? >/out/brief.rc
