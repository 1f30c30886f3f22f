# SPDX-License-Identifier: GPL-2.0-only
# In the emulated host: smoke as root and as an ordinary user, brief, red, and what it takes from stdout.
run() { # NAME COMMAND...
	name=$1
	shift
	start=$(date +%s)
	"$@" >"/out/$name.txt" 2>"/out/$name.err" </dev/null
	echo $? >"/out/$name.rc"
	echo $(($(date +%s) - start)) >"/out/$name.seconds"
}

run root minivmm smoke -o /out/root.json
run again minivmm smoke --brief
run brief minivmm smoke --brief -o /out/brief.json
mkdir -m 777 /tmp/user
run user as-user minivmm smoke -o /tmp/user/user.json
cp /tmp/user/user.json /out/
run user-brief as-user minivmm smoke --brief
run red minivmm smoke selftest.break=wrong-model --brief
run text minivmm smoke --format text
run json minivmm smoke --format json
run hidden minivmm builtin:nested-off -o /out/hidden.json
chmod 600 /dev/kvm
run no-permission as-user minivmm smoke
run no-permission-brief as-user minivmm smoke --brief
exit 0
