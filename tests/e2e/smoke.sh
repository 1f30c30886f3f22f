# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: smoke as root and as an ordinary user, brief, red, and what it takes from stdout.
. ./prelude.sh

start=$(date +%s)
report root smoke
echo $(($(date +%s) - start)) >/out/root.seconds
run again minivmm smoke --brief
report brief smoke --brief
mkdir -m 777 /tmp/user
run user as-user minivmm smoke -o /tmp/user/user.json
cp /tmp/user/user.json /out/
run user-brief as-user minivmm smoke --brief
run red minivmm smoke selftest.break=wrong-model --brief
run text minivmm smoke --format text
run json minivmm smoke --format json
report hidden builtin:nested-off
chmod 600 /dev/kvm
run no-permission as-user minivmm smoke
run no-permission-brief as-user minivmm smoke --brief
exit 0
