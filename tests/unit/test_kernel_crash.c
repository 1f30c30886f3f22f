// SPDX-License-Identifier: GPL-2.0-only
/* A kernel's report of its crash is found in whatever saved its log, and KVM's part of it told from everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/value.h"
#include "host/log_line.h"
#include "report/crash_report.h"

#define CONSOLES "tests/fixtures/consoles/"

static const struct {
	const char *line;
	enum log_origin origin;
	const char *text;
} lines[] = {
	/* A console, with and without CONFIG_PRINTK_CALLER; pstore; dmesg -T, --time-format iso and -x. */
	{ "[    3.370952] BUG: x", LOG_EITHER, "BUG: x" },
	{ "[    3.370952]  kvm_a+0x1/0x2 [kvm]", LOG_EITHER, " kvm_a+0x1/0x2 [kvm]" },
	{ "[    3.370952][  T597] BUG: x", LOG_EITHER, "BUG: x" },
	{ "[    3.370952][    C0] BUG: x", LOG_EITHER, "BUG: x" },
	{ "<1>[    3.370952] BUG: x", LOG_EITHER, "BUG: x" },
	{ "<1>[    3.370952][  T597] BUG: x", LOG_EITHER, "BUG: x" },
	{ "[Fri Nov 27 10:00:00 2026] BUG: x", LOG_EITHER, "BUG: x" },
	{ "2026-11-27T10:00:00,123456+00:00 BUG: x", LOG_EITHER, "BUG: x" },
	{ "kern  :alert : [    3.370952] BUG: x", LOG_KERNEL, "BUG: x" },
	{ "kern  :notice: [    3.370952] BUG: x", LOG_EITHER, "kern  :notice: [    3.370952] BUG: x" },
	/* journalctl -o short, -precise, -iso, -iso-precise, -full, -monotonic, -delta, -unix, cat. */
	{ "Nov 27 10:00:00 host kernel: BUG: x", LOG_KERNEL, "BUG: x" },
	{ "Nov 27 10:00:00 host kernel:  kvm_a+0x1/0x2 [kvm]", LOG_KERNEL, " kvm_a+0x1/0x2 [kvm]" },
	{ "Nov 27 10:00:00.123456 host kernel: BUG: x", LOG_KERNEL, "BUG: x" },
	{ "2026-11-27T10:00:00+00:00 host kernel: BUG: x", LOG_KERNEL, "BUG: x" },
	{ "2026-11-27T10:00:00.123456+0000 host kernel: BUG: x", LOG_KERNEL, "BUG: x" },
	{ "Fri 2026-11-27 10:00:00 UTC host kernel: BUG: x", LOG_KERNEL, "BUG: x" },
	{ "[    3.370952] host kernel: BUG: x", LOG_KERNEL, "BUG: x" },
	{ "[    3.370952 <    0.000012>] host kernel: BUG: x", LOG_KERNEL, "BUG: x" },
	{ "1795773600.123456 host kernel: BUG: x", LOG_KERNEL, "BUG: x" },
	{ "BUG: x", LOG_EITHER, "BUG: x" },
	/* rsyslog, which has the kernel's time, too. */
	{ "2026-11-27T10:00:00.123456+00:00 host kernel: [    3.370952] BUG: x", LOG_KERNEL, "BUG: x" },
	{ "Nov 27 10:00:00 host kernel: [    3.370952][  T597] BUG: x", LOG_KERNEL, "BUG: x" },
	{ "Nov 27 10:00:00 host app[12]: BUG: x", LOG_PROGRAM, "BUG: x" },
	{ "Nov 27 10:00:00 host kernel:", LOG_KERNEL, "" },
	/* What only looks like it. */
	{ "Kernel panic - not syncing: kernel: panic_on_warn set ...", LOG_EITHER,
	  "Kernel panic - not syncing: kernel: panic_on_warn set ..." },
	{ "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [minivmm:7]", LOG_EITHER,
	  "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [minivmm:7]" },
	{ "-- Boot 0123456789abcdef0123456789abcdef --", LOG_EITHER, "-- Boot 0123456789abcdef0123456789abcdef --" },
	{ "[", LOG_EITHER, "[" }, { "<", LOG_EITHER, "<" }, { "<1", LOG_EITHER, "<1" }, { "", LOG_EITHER, "" },
	{ " ", LOG_EITHER, " " }, { ":", LOG_EITHER, ":" }, { "kernel:", LOG_EITHER, "kernel:" }, { "[]", LOG_EITHER, "" },
	{ "2026-11-27T10:00:00,1", LOG_EITHER, "2026-11-27T10:00:00,1" },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		enum log_origin origin;
		const char *text = log_line_text(lines[i].line, &origin);

		if (origin != lines[i].origin || strcmp(text, lines[i].text))
			fail_msg("%s: %d, '%s'", lines[i].line, (int)origin, text);
	}
}

static FILE *text_file(const char *text, size_t size)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	rewind(file);
	return file;
}

/* NULs, as a filesystem leaves them after a crash, a line without an end, one that is too long. */
static void test_any_bytes_are_lines(void **state)
{
	size_t size = 50000;
	char line[LOG_LINE], *text = malloc(size);
	struct log_reader reader = { 0 };

	(void)state;
	assert_non_null(text);
	memset(text, 'a', size);
	memcpy(text, "\0\0one\r\n\ntwo", 11);
	text[size - 2] = '\n';
	reader.file = text_file(text, size);
	free(text);
	assert_true(log_line_read(&reader, line));
	assert_string_equal(line, "one");
	assert_true(log_line_read(&reader, line));
	assert_string_equal(line, "");
	assert_true(log_line_read(&reader, line));
	assert_int_equal(strlen(line), LOG_LINE - 1);
	assert_memory_equal(line, "twoaaa", 6);
	assert_true(log_line_read(&reader, line));
	assert_string_equal(line, "a");
	assert_false(log_line_read(&reader, line));
	fclose(reader.file);
}

static void test_parts_of_pstore(void **state)
{
	(void)state;
	assert_int_equal(pstore_part("Panic#2 Part5").part, 5);
	assert_int_equal(pstore_part("Oops#1 Part12").dump, 1);
	assert_int_equal(pstore_part("Oops: 0002 [#1] SMP").part, 0);
	assert_int_equal(pstore_part("Panic#2 Part5 and more").part, 0);
	assert_int_equal(pstore_part("#2 Part5").part, 0);
}

/* Reads each line of the fixture with something before it. The caller decrefs. */
static json_t *report_of(const char *name, const char *before)
{
	struct crash_evidence *evidence = calloc(1, sizeof(*evidence));
	const char *const logs[] = { "LOG" };
	char line[LOG_LINE], *text = NULL;
	FILE *in = fopen(name, "r"), *out;
	struct err err;
	json_t *report;
	size_t size;

	assert_non_null(evidence);
	assert_non_null(in);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	while (fgets(line, sizeof(line), in)) {
		char *end = strstr(line, "] ");

		fprintf(out, "%s%s", before, *before && *line == '[' && end ? end + 2 : line);
	}
	fclose(in);
	fclose(out);
	in = text_file(text, size);
	free(text);
	assert_int_equal(crash_read_log(evidence, in, "LOG", &err), 0);
	fclose(in);
	report = crash_report(evidence, logs, 1);
	assert_non_null(report);
	free(evidence);
	return report;
}

static void assert_text(const json_t *report, const char *path, const char *expected)
{
	const char *text = value_string(report, path);

	if (!text || strcmp(text, expected))
		fail_msg("%s: '%s', not '%s'", path, text ? text : "null", expected);
}

/* The same verdict, whatever saved the log. */
static void test_forms_of_a_log(void **state)
{
	static const char *const before[] = {
		"", "[    3.370952] ", "<1>[    3.370952] ", "<1>[    3.370952][  T597] ", "[Fri Nov 27 10:00:00 2026] ",
		"Nov 27 10:00:00 host kernel: ", "Nov 27 10:00:00.123456 host kernel: ", "2026-11-27T10:00:00+00:00 host kernel: ",
		"Fri 2026-11-27 10:00:00 UTC host kernel: ", "[    3.370952] host kernel: ",
		"2026-11-27T10:00:00.123456+00:00 host kernel: [    3.370952] ", "2026-11-27T10:00:00,123456+00:00 ",
		"kern  :alert : [    3.370952] ",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		json_t *report = report_of(CONSOLES "in-kvm.log", before[i]);

		assert_text(report, "result", "fail");
		assert_text(report, "crash.first", "BUG: unable to handle page fault for address: ffffc9000012f000");
		assert_text(report, "crash.at", "pte_list_count+0x9/0x30 [kvm]");
		assert_int_equal(json_array_size(value_at(report, "crash.called_by")), 1);
		assert_true(value_is_true(report, "crash.of_minivmm"));
		assert_null(value_string(report, "crash.known_bug"));
		json_decref(report);
		report = report_of(CONSOLES "elsewhere.log", before[i]);
		assert_text(report, "result", "skip");
		assert_false(value_is_true(report, "crash.in_kvm"));
		json_decref(report);
	}
}

static void test_bug_of_stock_kernels(void **state)
{
	json_t *report = report_of(CONSOLES "old-slot.log", "");

	(void)state;
	assert_text(report, "crash.known_bug", "docs/kernel-bugs.md");
	assert_int_equal(json_array_size(value_at(report, "crash.called_by")), 8);
	json_decref(report);
}

/* Reads text as lines of a kernel, and of minivmm. */
static void watch_text(struct crash_watch *watch, const char *text)
{
	char *copy = strdup(text), *rest = copy, *line;

	assert_non_null(copy);
	*watch = (struct crash_watch){ .log = 1 };
	while ((line = strsep(&rest, "\n")) != NULL) {
		crash_watch_line(watch, line);
		crash_watch_said(watch, line);
	}
	crash_watch_end(watch);
	free(copy);
}

#define IN_KVM "RIP: 0010:rmap_add+0x1/0x2 [kvm]\n"
#define ELSEWHERE "RIP: 0010:ext4_write+0x1/0x2 [ext4]\nCall Trace:\n <TASK>\n vfs_write+0x1/0x2\n </TASK>\n"
#define END "---[ end trace 0000000000000000 ]---\n"

/* By hand, after the reports of Linux 5.10, 6.1, 6.12 and 7.3. */
static const struct {
	const char *what, *text;
	bool in_kvm, died;
	const char *first;		/* how the report that counts begins; NULL: there is none */
} reports[] = {
	{ "nothing", "kvm_amd: Nested Paging enabled\nCall Trace:\n kvm_a+0x1/0x2 [kvm]", false, false, NULL },
	{ "a warning", "WARNING: CPU: 1 PID: 7 at arch/x86/kvm/mmu/mmu.c:1 kvm_a+0x1/0x2 [kvm]\n" IN_KVM END, false, false, NULL },
	{ "a refcount's warning", "WARNING: CPU: 1 PID: 7 at lib/refcount.c:28 refcount_warn_saturate+0x1/0x2\n" END, false, false, NULL },
	{ "a BUG that corrupts nothing", "BUG: sleeping function called from invalid context at mm/slab.h:1\nCall Trace:\n kvm_a+0x1/0x2 [kvm]",
	  false, false, NULL },
	{ "a program's fault", "traps: a.out[7] general protection fault ip:401667 sp:7ffd error:0 in a.out[1667,401000+7a000]",
	  false, false, NULL },
	{ "a program's words", "build [#12] failed: 3 [#1]", false, false, NULL },
	{ "a BUG()", "------------[ cut here ]------------\nkernel BUG at arch/x86/kvm/mmu/mmu.c:1!\ninvalid opcode: 0000 [#1] PREEMPT SMP\n" END,
	  true, true, "kernel BUG at arch/x86/kvm" },
	{ "a fault before 6.10", "general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP\n" IN_KVM END,
	  true, true, "general protection" },
	{ "a fault since", "Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP\n" IN_KVM END,
	  true, true, "Oops: general" },
	{ "a division", "divide error: 0000 [#1] PREEMPT SMP\n" IN_KVM END, true, true, "divide error" },
	{ "the stack", "stack segment: 0000 [#1] PREEMPT SMP\n" IN_KVM END, true, true, "stack segment" },
	{ "KASAN", "==================\nBUG: KASAN: slab-use-after-free in rmap_add+0x1/0x2 [kvm]\nRead of size 8 at addr ffff by task minivmm/7\n"
	  "==================\nOops: 0000 [#1] SMP\n" ELSEWHERE END, true, true, "BUG: KASAN" },
	{ "KASAN, KVM built in", "BUG: KASAN: use-after-free in kvm_rmap_add+0x1/0x2\n", true, true, "BUG: KASAN" },
	{ "KASAN elsewhere, then KVM", "BUG: KASAN: use-after-free in ext4_a+0x1/0x2 [ext4]\n==================\nOops: 0000 [#1] SMP\n" IN_KVM END,
	  false, true, "BUG: KASAN" },
	{ "below KVM", "BUG: kernel NULL pointer dereference, address: 0000000000000008\nRIP: 0010:list_add+0x1/0x2\nCall Trace:\n <TASK>\n"
	  " ? kvm_old+0x1/0x2 [kvm]\n kvm_a+0x1/0x2 [kvm 5b0d1c]\n </TASK>\n" END, true, true, "BUG: kernel NULL" },
	{ "KVM built in", "BUG: kernel NULL pointer dereference, address: 8\nRIP: 0010:x+0x1/0x2\nCall Trace:\n __kvm_a+0x1/0x2\n", true, true,
	  "BUG: kernel NULL" },
	{ "a guest's own function", "BUG: kernel NULL pointer dereference, address: 8\nRIP: 0010:kvm_clock_read+0x1/0x2\n", false, true, "BUG:" },
	{ "not sure", "BUG: kernel NULL pointer dereference, address: 8\nRIP: 0010:x+0x1/0x2\nCall Trace:\n ? kvm_a+0x1/0x2 [kvm]\n", false, true,
	  "BUG:" },
	{ "not in the trace", "BUG: kernel NULL pointer dereference, address: 8\nModules linked in: kvm_amd(OE) kvm(OE)\n kvm_a+0x1/0x2 [kvm]\n",
	  false, true, "BUG:" },
	{ "a driver's interrupt on a vCPU's thread", "BUG: kernel NULL pointer dereference, address: 8\nRIP: 0010:nic_poll+0x1/0x2 [nic]\n"
	  "Call Trace:\n <IRQ>\n net_rx+0x1/0x2\n </IRQ>\n <TASK>\n kvm_vcpu_ioctl+0x1/0x2 [kvm]\n </TASK>\n" END, false, true, "BUG:" },
	{ "the first of two: elsewhere", "BUG: kernel NULL pointer dereference, address: 8\n" ELSEWHERE END
	  "BUG: unable to handle page fault for address: 9\n" IN_KVM END, false, true, "BUG: kernel NULL" },
	{ "the first of two: in KVM", "BUG: unable to handle page fault for address: 9\n" IN_KVM END
	  "BUG: kernel NULL pointer dereference, address: 8\n" ELSEWHERE END, true, true, "BUG: unable" },
	{ "a stall", "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [minivmm:7]\n" IN_KVM, true, false, "watchdog: BUG: soft" },
	{ "RCU", "rcu: INFO: rcu_preempt self-detected stall on CPU\n" IN_KVM, true, false, "rcu: INFO" },
	{ "a stall that the kernel dies of", "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [minivmm:7]\n" IN_KVM
	  "Kernel panic - not syncing: softlockup: hung tasks\nCall Trace:\n <IRQ>\n panic+0x1/0x2\n", true, true, "watchdog: BUG: soft" },
	{ "a stall elsewhere, then one in KVM", "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:7]\n" ELSEWHERE
	  "watchdog: BUG: soft lockup - CPU#1 stuck for 23s! [minivmm:7]\n" IN_KVM, true, false, "watchdog: BUG: soft lockup - CPU#1" },
	{ "a stall in KVM, then a crash elsewhere", "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [minivmm:7]\n" IN_KVM
	  "BUG: kernel NULL pointer dereference, address: 8\n" ELSEWHERE END, false, true, "BUG: kernel NULL" },
	{ "a crash elsewhere, then a stall in KVM", "BUG: kernel NULL pointer dereference, address: 8\n" ELSEWHERE END
	  "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [minivmm:7]\n" IN_KVM, false, true, "BUG: kernel NULL" },
	{ "another module's function", "BUG: kernel NULL pointer dereference, address: 8\nRIP: 0010:kvm_a+0x1/0x2 [kvmgt]\n", false, true, "BUG:" },
	{ "panic_on_warn", "WARNING: CPU: 1 PID: 7 at arch/x86/kvm/mmu/mmu.c:1 kvm_a+0x1/0x2 [kvm]\n"
	  "Kernel panic - not syncing: kernel: panic_on_warn set ...\nCall Trace:\n <TASK>\n panic+0x1/0x2\n kvm_a+0x1/0x2 [kvm]\n </TASK>\n",
	  true, true, "Kernel panic" },
	{ "a stall's end is the next alarm", "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:7]\n" ELSEWHERE
	  "WARNING: CPU: 1 PID: 7 at x\n" IN_KVM "Call Trace:\n kvm_a+0x1/0x2 [kvm]\n", false, false, "watchdog: BUG: soft" },
};

static void test_reports(void **state)
{
	struct crash_watch *watch = malloc(sizeof(*watch));

	(void)state;
	assert_non_null(watch);
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		const struct kernel_crash *crash = &watch->crash;
		const char *first = reports[i].first;

		watch_text(watch, reports[i].text);
		if (crash->found != !!first || crash->in_kvm != reports[i].in_kvm || crash->died != reports[i].died ||
		    (first && strncmp(crash->first, first, strlen(first))))
			fail_msg("%s: found %d, in KVM %d, died %d: %s", reports[i].what, crash->found, crash->in_kvm, crash->died,
				 crash->first);
	}
	free(watch);
}

/* What crashed first may have broken KVM: that is no verdict, but it is said. */
static void test_first_elsewhere_then_in_kvm(void **state)
{
	struct crash_evidence *evidence = calloc(1, sizeof(*evidence));
	const char *const logs[] = { "LOG" };
	json_t *report;

	(void)state;
	assert_non_null(evidence);
	watch_text(&evidence->watch, "BUG: Bad page state in process a  pfn:12345\n" ELSEWHERE "BUG: unable to handle page fault for address: 9\n" IN_KVM);
	report = crash_report(evidence, logs, 1);
	assert_text(report, "result", "skip");
	assert_text(report, "reason", "the kernel crashed in KVM, too, but elsewhere before: what was broken then may have been why");
	json_decref(report);
	free(evidence);
}

/* What a journal has only the begin of, pstore has whole. */
static void test_report_that_was_cut_off(void **state)
{
	static const char first[] = "BUG: unable to handle page fault for address: 9";
	struct crash_watch *watch = calloc(1, sizeof(*watch));

	(void)state;
	assert_non_null(watch);
	watch->log = 1;
	crash_watch_said(watch, "minivmm: 1.5 s: l2 (2 of 3)");
	crash_watch_line(watch, first);
	watch->log = 2;
	crash_watch_line(watch, first);
	crash_watch_line(watch, "RIP: 0010:rmap_add+0x1/0x2 [kvm]");
	crash_watch_end(watch);
	assert_true(watch->crash.in_kvm);
	assert_string_equal(crash_watch_last_said(watch), "1.5 s: l2 (2 of 3)");
	free(watch);
}

/* More frames than there is room for are counted, and a line that is too long is cut. */
static void test_many_frames(void **state)
{
	struct crash_watch *watch = calloc(1, sizeof(*watch));
	char line[LOG_LINE];

	(void)state;
	assert_non_null(watch);
	crash_watch_line(watch, "Oops: 0000 [#1] SMP");
	crash_watch_line(watch, "Call Trace:");
	memset(line, 'k', sizeof(line));
	memcpy(line + sizeof(line) - 16, "+0x1/0x2 [kvm]\0", 16);
	for (int i = 0; i < 3 * CRASH_FRAMES; i++)
		crash_watch_line(watch, line);
	crash_watch_end(watch);
	assert_int_equal(watch->crash.frame_count, 3 * CRASH_FRAMES);
	assert_int_equal(strlen(watch->crash.frames[CRASH_FRAMES - 1]), CRASH_TEXT - 1);
	free(watch);
}

#define OOPS "Oops: 0000 [#1] SMP\n" IN_KVM END

static void assert_said(const char *text, const char *expected)
{
	struct crash_watch *watch = malloc(sizeof(*watch));

	assert_non_null(watch);
	watch_text(watch, text);
	assert_string_equal(crash_watch_last_said(watch), expected);
	free(watch);
}

static void test_what_minivmm_said(void **state)
{
	struct crash_watch *watch = malloc(sizeof(*watch));

	(void)state;
	assert_non_null(watch);
	assert_said("minivmm: 0.0 s: create (1 of 3)\nNov 27 10:00:00 host minivmm[7]: minivmm: 1.5 s: l2 (2 of 3)\n" OOPS, "1.5 s: l2 (2 of 3)");
	assert_said("minivmm: 0.0 s: create (1 of 3)\n" OOPS "minivmm: 9.0 s: later (1 of 3)", "0.0 s: create (1 of 3)");
	assert_said(OOPS "minivmm: 9.0 s: later (1 of 3)", "");
	assert_said("minivmm: create\nminivmm: 1 s: x\nminivmm: .5 s: x\nminivmm: 1.55 s: x\nminivmm: 1.5 s, x\n" OOPS, "");
	/* The lab has two logs: that of the kernel, and minivmm's. */
	watch_text(watch, OOPS);
	watch->log = 2;
	crash_watch_said(watch, "minivmm: 1.5 s: l2 (2 of 3)");
	assert_string_equal(crash_watch_last_said(watch), "1.5 s: l2 (2 of 3)");
	free(watch);
}

static const struct {
	const char *said, *phase;
	size_t ops;
	int64_t elapsed;
} phases[] = {
	{ "minivmm: 0.3 s: transition\n", "transition", 0, 300000000 },
	{ "minivmm: 0.3 s: transition (4 of 5)\n", "transition", 0, 300000000 },
	{ "minivmm: 12.3 s: churn: dirty-log-toggle, slot-move (4 of 5)\n", "churn", 2, 12300000000 },
	{ "minivmm: 12.3 s: run 2 of 3, churn: dirty-log-toggle (4 of 5)\n", "churn", 1, 12300000000 },
	{ "minivmm: 12.3 s: run \n", "run ", 0, 12300000000 },
	{ "minivmm: 99999999999999999999.3 s: x: \xff, , \n", "x", 1, -1 },
};

static void test_phase_and_ops(void **state)
{
	const char *const logs[] = { "LOG" };
	struct crash_evidence *evidence = malloc(sizeof(*evidence));

	(void)state;
	assert_non_null(evidence);
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		int64_t elapsed = -1;
		json_t *report;

		*evidence = (struct crash_evidence){ 0 };
		watch_text(&evidence->watch, phases[i].said);
		report = crash_report(evidence, logs, 1);
		assert_non_null(report);
		assert_text(report, "run.phase", phases[i].phase);
		assert_int_equal(json_array_size(value_at(report, "run.ops")), phases[i].ops);
		value_int(report, "run.elapsed_ns", &elapsed);
		assert_int_equal(elapsed, phases[i].elapsed);
		json_decref(report);
	}
	free(evidence);
}

static char *render(const json_t *report)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(crash_text(report, out), 0);
	fclose(out);
	return text;
}

/* Any JSON is shown, and nothing of it acts on a terminal. */
static void test_text_of_any_json(void **state)
{
	static const char *const jsons[] = {
		"{}", "[]", "{\"crash\": 1, \"run\": [], \"result\": {}}",
		"{\"crash\": {\"first\": 1, \"called_by\": {\"a\": 1}, \"called_by_count\": -9}, \"run\": {\"ops\": [1, null, {}]}}",
		"{\"result\": \"fail\", \"reason\": \"\\u001b[31m\", \"remedy\": \"\\u001b\", \"run_file\": \"\\u001b\", \"crash\": {\"first\": \"\\u001b[2J\", "
		"\"at\": \"\\u202e\", \"called_by\": [\"\\u001b\", 1], \"called_by_count\": 99, \"task\": \"\\n\", \"in_kvm\": true, "
		"\"known_bug\": \"\\u001b\"}, \"run\": {\"phase\": \"\\u001b\", \"ops\": [\"\\u001b\"], \"command\": \"\\u001b\", \"ended\": true}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(jsons) / sizeof(jsons[0]); i++) {
		json_t *json = json_loads(jsons[i], 0, NULL);
		char *text;

		assert_non_null(json);
		text = render(json);
		assert_null(strchr(text, '\x1b'));
		assert_null(strstr(text, "\u202e"));
		free(text);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_any_bytes_are_lines),
		cmocka_unit_test(test_parts_of_pstore),
		cmocka_unit_test(test_forms_of_a_log),
		cmocka_unit_test(test_bug_of_stock_kernels),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_first_elsewhere_then_in_kvm),
		cmocka_unit_test(test_report_that_was_cut_off),
		cmocka_unit_test(test_many_frames),
		cmocka_unit_test(test_what_minivmm_said),
		cmocka_unit_test(test_phase_and_ops),
		cmocka_unit_test(test_text_of_any_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
