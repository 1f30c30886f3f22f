# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: one system call at a time is denied to commands that run KVM.
. ./prelude.sh
cat >/tmp/tiny.ini <<END
[memslot.low]
base = 0
size = 64M
[phase.boot]
do = boot
expect = lazy
[phase.transition]
do = l2
touch = 64K
expect = allocated
[report]
sources = cheap
END
run run denied run 0 both /usr/bin/minivmm run /tmp/tiny.ini --seed 1 -o out.json
run smoke denied smoke 0 EPERM /usr/bin/minivmm smoke --brief --seed 1 -o out.json
run stat denied stat 0 EPERM /usr/bin/minivmm stat --predict -o out.json
exit 0
