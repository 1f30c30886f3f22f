# SPDX-License-Identifier: GPL-2.0-only
# VMs that have their first nested guest, one after another: in a stress, and as a selftest, a process for each.
chmod +x pairs svm_vmcall_test
for i in 1 2 3; do
	minivmm first-l2.ini -o "/out/$i.json" >"/out/$i.txt" 2>"/out/$i.err" </dev/null
	./pairs 30 ./svm_vmcall_test >"/out/selftest-$i.json"
done
exit 0
