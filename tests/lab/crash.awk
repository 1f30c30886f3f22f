# SPDX-License-Identifier: GPL-2.0-only
# Did the kernel whose console this is crash in KVM, or in what KVM called? If so prints the first report: its first line,
# where it was, KVM's functions in the call trace, and whether docs/kernel-bugs.md knows the bug. Exit status: 0 it did; 1 it
# crashed elsewhere, or not at all.
# Of the trace only the frames count that the unwinder is sure of: those without a question mark.
#
# usage: awk -f crash.awk CONSOLE

# A function of KVM's: by the module's name, or where KVM is built in, by its own.
function is_kvms(frame) {
	return frame ~ /\[kvm(_amd|_intel)?\]/ ||
		(frame !~ /\[/ && frame ~ /^(__)?(kvm|svm|vmx|nested_svm|nested_vmx|nested_ept|tdp_mmu|kvm_tdp_mmu)_/)
}

{ sub(/\r$/, ""); sub(/^\[ *[0-9.]+\] */, "") }

!first && /^(BUG: |kernel BUG at |Oops: |general protection fault|Kernel panic|Unable to handle|stack segment: |divide error: )/ {
	first = $0
}
!first || done { next }
/^RIP: 0010:/ && !rip {
	rip = substr($0, length("RIP: 0010:") + 1)
	if (is_kvms(rip))
		kvms = 1
}
/^Call Trace:/ { trace = 1; next }
/^(<\/TASK>|RIP: 0033:)/ { trace = 0 }
trace && !/^[?<]/ && is_kvms($0) { frames[++count] = $0 }
/^---\[ end (trace|Kernel panic)/ { done = 1 }

END {
	if (!kvms && !count)
		exit 1
	print first
	if (rip)
		print "at " rip
	for (i = 1; i <= count && i <= 8; i++)
		print "called by " frames[i]
	if (count > 8)
		print "and by " count - 8 " more of KVM's functions"
	if (first ~ /NULL pointer dereference/ && rip ~ /^kvm_(gfn_is_write_tracked|slot_page_track_is_active)\+/)
		print "stock kernels have a bug that crashes like this: docs/kernel-bugs.md"
}
