# SPDX-License-Identifier: GPL-2.0-only
# 32,764 memslots: the whole run, with its report.
minivmm /configs/max-slots.ini -o /out/max-slots.json >/out/max-slots.txt 2>/out/max-slots.err
echo $? >/out/max-slots.rc
