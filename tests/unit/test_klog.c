// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's BUG, WARNING and Oops count from the start of the run; ordinary talk never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/snapshot.h"

#define KMSG "tests/fixtures/kmsg/"

/* By hand, after the formats in the images of Linux 5.10, 6.1, 6.12 and 7.3. */
static const char *const alarms[] = {
	"4,500,1000,-;WARNING: CPU: 1 PID: 7 at arch/x86/kvm/mmu/mmu.c:1 kvm_mmu_load+0x1/0x2 [kvm]",
	"4,500,1000,-;WARNING: arch/x86/kvm/mmu/mmu.c:1 at kvm_mmu_load+0x1/0x2 [kvm], CPU#1: minivmm/7",
	"4,500,1000,-,caller=T7;WARNING: suspicious RCU usage",
	"4,500,1000,-;WARNING: possible circular locking dependency detected",
	"1,500,1000,-;BUG: kernel NULL pointer dereference, address: 0000000000000008",
	"1,500,1000,-;BUG: unable to handle page fault for address: ffffc90000000000",
	"3,500,1000,-;BUG: KASAN: use-after-free in memslot_rmap_alloc+0x1/0x2",
	"1,500,1000,-;BUG: Bad page state in process minivmm  pfn:12345",
	"3,500,1000,-;BUG kvm_mmu_page_header (Not tainted): Objects remaining on __kmem_cache_shutdown()",
	"2,500,1000,-;kernel BUG at arch/x86/kvm/x86.c:1!",
	"0,500,1000,-;Oops: 0002 [#1] PREEMPT SMP NOPTI",
	"0,500,1000,-;Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP",
	"4,500,1000,-;general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP",
	"0,500,1000,-;invalid opcode: 0000 [#1] PREEMPT SMP",
	"3,500,1000,-;UBSAN: array-index-out-of-bounds in arch/x86/kvm/x86.c:1:2",
	"1,500,1000,-;KASAN: null-ptr-deref in range [0x0000000000000000-0x0000000000000007]",
	"0,500,1000,-;watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [minivmm:7]",
	"0,500,1000,-;NMI watchdog: Watchdog detected hard LOCKUP on cpu 1",
	"0,500,1000,-;watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 1",
	"3,500,1000,-;rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
	"3,500,1000,-;rcu: INFO: rcu_preempt self-detected stall on CPU",
	"3,500,1000,-;INFO: rcu_tasks detected stalls on tasks:",
	"3,500,1000,-;INFO: task minivmm:7 blocked for more than 120 seconds.",
	"3,500,1000,-;INFO: task minivmm:7 blocked in I/O wait for more than 120 seconds.",
	"4,500,1000,-;minivmm invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
	"3,500,1000,-;Out of memory: Killed process 7 (minivmm) total-vm:1kB",
	"3,500,1000,-;Memory cgroup out of memory: Killed process 7 (minivmm) total-vm:1kB",
};

static const char *const ordinary[] = {
	"4,125,409862,-;Speculative Return Stack Overflow: WARNING: See https://kernel.org/doc/html/latest/",
	"3,126,409862,-;Spectre V2 : WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks",
	"4,500,1000,-;WARNING: Unprivileged eBPF is enabled with eIBRS+LFENCE mitigation and SMT",
	"4,500,1000,-;IPv6: BUG: Address fe80::1 on device eth0 is missing its host route.",
	"6,500,1000,-;traps: a.out[7] general protection fault ip:401667 sp:7ffd error:0 in a.out[1667,401000+7a000]",
	"6,500,1000,-;a.out[7]: segfault at 8 ip 0000000000401685 sp 00007ffd error 6",
	"4,500,1000,-;minivmm: vmalloc error: size 1468006400, exceeds total pages, mode:0xdc0(GFP_KERNEL|__GFP_ZERO)",
	"4,500,1000,-;Call Trace:",
	"4,500,1000,-; out_of_memory+0x219/0x4b0",
	"6,500,1000,-;INFO: NMI handler (perf_event_nmi_handler) took too long to run: 1.000 msecs",
	"6,500,1000,-;kvm_amd: Nested Paging enabled",
	"7,500,1000,-;DEBUG: nothing",
	"6,500,1000,-;sched: RT throttling activated",
	/* User space writes these, whatever they say: facility 1 (user), 3 (daemon). */
	"12,374,4912101,-;BUG: written by a user-space program",
	"28,375,4914982,-;WARNING: something",
	/* No records. */
	"", "\n", ";", "0", "0,", "0;BUG: no comma", "BUG: no prefix", " SUBSYSTEM=BUG: 1",
	",1,1,-;BUG: no priority", "-1,1,1,-;BUG: sign", "99999999999999999999,1,1,-;BUG: overflow",
	"0,1,1,-",
};

static void knows_alarms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++)
		if (!klog_is_alarm(alarms[i]))
			fail_msg("missed: %s", alarms[i]);
}

static void leaves_ordinary_records_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++)
		if (klog_is_alarm(ordinary[i]))
			fail_msg("false alarm: %s", ordinary[i]);
}

/* A host whose log a test writes. */
struct host {
	char root[32], folder[40], kmsg[48];
	struct sources sources;
};

static void host_append(const struct host *host, const char *text, size_t length)
{
	FILE *file = fopen(host->kmsg, "a");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	fclose(file);
}

static void host_append_fixture(const struct host *host, const char *path)
{
	char *text = malloc(1 << 20);
	FILE *file = fopen(path, "r");

	assert_non_null(text);
	assert_non_null(file);
	host_append(host, text, fread(text, 1, 1 << 20, file));
	fclose(file);
	free(text);
}

static int set_up(void **state)
{
	struct host *host = calloc(1, sizeof(*host));

	if (!host)
		return -1;
	*state = host;
	strcpy(host->root, "/tmp/minivmm-test-XXXXXX");
	if (!mkdtemp(host->root))
		return -1;
	snprintf(host->folder, sizeof(host->folder), "%s/dev", host->root);
	snprintf(host->kmsg, sizeof(host->kmsg), "%s/kmsg", host->folder);
	if (mkdir(host->folder, 0700))
		return -1;
	host_append(host, "0,1,1,-;Oops: before the run\n", 29);
	sources_open(&host->sources, host->root, true);
	return 0;
}

static int tear_down(void **state)
{
	struct host *host = *state;

	sources_close(&host->sources);
	unlink(host->kmsg);
	rmdir(host->folder);
	rmdir(host->root);
	free(host);
	return 0;
}

static void assert_klog(struct host *host, unsigned int alarm_count, const char *first)
{
	struct snapshot snapshot;

	snapshot_take(&host->sources, &snapshot);
	assert_true(snapshot.status[SOURCE_KLOG].ok);
	assert_int_equal(snapshot.klog.alarms, alarm_count);
	assert_string_equal(snapshot.klog.first, first);
	snapshot_free(&snapshot);
}

static void counts_from_the_start_of_the_run(void **state)
{
	static const char oops[] = "6,2,2,-;ordinary\n0,3,3,-;Oops: 0002 [#1]\n SUBSYSTEM=x\n";
	static const char more[] = "4,4,4,-;WARNING: CPU: 1 PID: 7 at x\n";
	struct host *host = *state;

	assert_klog(host, 0, "");
	host_append(host, oops, sizeof(oops) - 1);
	assert_klog(host, 1, "Oops: 0002 [#1]");
	assert_klog(host, 1, "Oops: 0002 [#1]");
	host_append(host, more, sizeof(more) - 1);
	assert_klog(host, 2, "Oops: 0002 [#1]");
}

static void a_boot_has_no_alarms(void **state)
{
	struct host *host = *state;

	host_append_fixture(host, KMSG "boot-6.12");
	assert_klog(host, 0, "");
}

/* SysRq's OOM kill and a cgroup's, each in two records; user space's words don't count. */
static void captured_events(void **state)
{
	struct host *host = *state;

	host_append_fixture(host, KMSG "events-6.12");
	assert_klog(host, 4, "kworker/1:0 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), "
		    "order=-1, oom_score_adj=0");
}

static void a_long_first_alarm_is_cut(void **state)
{
	struct host *host = *state;
	char record[2001] = "0,2,2,-;BUG: ";
	struct snapshot snapshot;

	memset(record + strlen(record), 'x', sizeof(record) - strlen(record));
	record[1999] = '\n';
	host_append(host, record, 2000);
	snapshot_take(&host->sources, &snapshot);
	assert_int_equal(snapshot.klog.alarms, 1);
	assert_int_equal(strlen(snapshot.klog.first), sizeof(snapshot.klog.first) - 1);
	snapshot_free(&snapshot);
}

/* No kernel writes a record that long. */
static void an_endless_record_is_refused(void **state)
{
	struct host *host = *state;
	char *record = malloc(40000);
	struct snapshot snapshot;

	assert_non_null(record);
	memset(record, '0', 40000);
	host_append(host, record, 40000);
	free(record);
	snapshot_take(&host->sources, &snapshot);
	assert_false(snapshot.status[SOURCE_KLOG].ok);
	assert_string_equal(snapshot.status[SOURCE_KLOG].why, "/dev/kmsg: Invalid argument");
	snapshot_free(&snapshot);
}

static void lost_records_are_no_clean_log(void **state)
{
	struct host *host = *state;
	struct snapshot snapshot;

	host->sources.klog_lost = true;
	snapshot_take(&host->sources, &snapshot);
	assert_false(snapshot.status[SOURCE_KLOG].ok);
	assert_string_equal(snapshot.status[SOURCE_KLOG].why,
			    "/dev/kmsg: the kernel overwrote records before they could be read");
	snapshot_free(&snapshot);
	host_append(host, "0,3,3,-;Oops: 0002 [#1]\n", 24);
	assert_klog(host, 1, "Oops: 0002 [#1]");
}

static void a_masked_log_is_unavailable(void **state)
{
	struct host *host = *state;
	struct snapshot snapshot;

	sources_close(&host->sources);
	assert_int_equal(unlink(host->kmsg), 0);
	assert_int_equal(symlink("/dev/null", host->kmsg), 0);
	sources_open(&host->sources, host->root, true);
	snapshot_take(&host->sources, &snapshot);
	assert_false(snapshot.status[SOURCE_KLOG].ok);
	assert_string_equal(snapshot.status[SOURCE_KLOG].why,
			    "/dev/kmsg is not the kernel log here: something masks it");
	snapshot_free(&snapshot);
}

#define WITH_HOST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_alarms),
		cmocka_unit_test(leaves_ordinary_records_alone),
		WITH_HOST(counts_from_the_start_of_the_run),
		WITH_HOST(a_boot_has_no_alarms),
		WITH_HOST(captured_events),
		WITH_HOST(a_long_first_alarm_is_cut),
		WITH_HOST(an_endless_record_is_refused),
		WITH_HOST(lost_records_are_no_clean_log),
		WITH_HOST(a_masked_log_is_unavailable),
	};

	return cmocka_run_group_tests_name("klog", tests, NULL, NULL);
}
