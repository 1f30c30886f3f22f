# SPDX-License-Identifier: GPL-2.0-only
# Whole processes, in turn: minivmm against the smallest nested selftest, then with all sources against cheap ones.
chmod +x pairs svm_vmcall_test
./pairs 300 'minivmm entry.ini' ./svm_vmcall_test >/out/selftest.json
./pairs 50 'minivmm entry.ini report.sources=all' 'minivmm entry.ini' >/out/sources.json
