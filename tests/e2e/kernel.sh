# SPDX-License-Identifier: GPL-2.0-only
# On every kernel, in the emulated host: the transition as it is asked for, and with any policy.
run() {
	name=$1
	shift
	"$@" >"/out/$name.txt" 2>"/out/$name.err" </dev/null
	echo $? >"/out/$name.rc"
}

run transition minivmm /configs/transition.ini -o /out/transition.json
run any minivmm /configs/transition.ini expect.policy=any -o /out/any.json
run restore minivmm /configs/restore.ini expect.policy=any -o /out/restore.json
run controls minivmm /configs/controls.ini expect.policy=any -o /out/controls.json
