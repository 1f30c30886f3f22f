# SPDX-License-Identifier: GPL-2.0-only
# Contention with lazy rmaps, then with eager ones, and nothing else changed.
run() { # NAME
	minivmm /configs/contention.ini expect.policy=any -o "/out/$1.json" >"/out/$1.txt" 2>"/out/$1.err" </dev/null
}
run lazy
reload-kvm lazy_rmaps=0 2>/out/reload.err && run eager
exit 0
