# SPDX-License-Identifier: GPL-2.0-only
# Dirty logs and memory that is taken back: the checks, green and red. Part of suite.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # suite.sh has them

logs_and_discards() {
	run checks "$here/checks.ini" && fine 'judged("dirty.complete"; "pass"; "3 phases")' 'judged("discard.fresh"; "pass"; "2 phases")' \
		'phase("log") | .l1_pages > 0'
}

# The check that is not meant is short.
log_misses() {
	run misses "$here/checks.ini" selftest.break=log-misses phase.discard.how=madvise phase.live.how=madvise
	ended 1 && that 'judged("dirty.complete"; "fail"; "memslot.small")' 'judged("guest.clean"; "pass")'
}

stale_page() {
	run stale "$here/checks.ini" selftest.break=stale-page phase.discard.how=madvise
	ended 1 && that 'judged("discard.fresh"; "fail"; "after MADV_DONTNEED: memslot.small: guest memory at gpa 0x")' || return
	run stale-live "$here/checks.ini" selftest.break=stale-page phase.discard.live=yes phase.discard.how=madvise
	ended 1 && that 'judged("discard.fresh"; "fail"; "goes on")'
}

it logs_and_discards "checks: every page written is in the log, and no vCPU keeps memory that was taken back"
it log_misses "checks: a log that misses a page"
it stale_page "checks: a page that was taken back and is still there"
