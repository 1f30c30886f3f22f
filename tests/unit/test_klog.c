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
	sources_open(&host->sources, host->root, SOURCES_CHEAP);
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

static void write_file(const char *root, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void make_folder(const char *root, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", root, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void remove_one(const char *root, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", root, name);
	assert_int_equal(remove(path), 0);
}

/* A hybrid host has two hierarchies: the one of the memory controller counts. */
static void reads_who_it_is(void **state)
{
	struct host *host = *state;
	struct sources sources;

	make_folder(host->root, "/proc");
	make_folder(host->root, "/proc/self");
	write_file(host->root, "/proc/self/comm", "a vmm\n");
	write_file(host->root, "/proc/self/cgroup", "9:name=systemd:/\n0::/b/c\n1:cpu:/d\n");
	sources_open(&sources, host->root, SOURCES_CHEAP);
	assert_string_equal(sources.klog_watch.command, "a vmm");
	assert_string_equal(sources.klog_watch.cgroup, "/b/c");
	sources_close(&sources);
	write_file(host->root, "/proc/self/cgroup", "4:cpu,memory:/a:/b\n1:cpu:/d\n0::/\n");
	sources_open(&sources, host->root, SOURCES_CHEAP);
	assert_string_equal(sources.klog_watch.cgroup, "/a:/b");
	sources_close(&sources);
	remove_one(host->root, "/proc/self/cgroup");
	remove_one(host->root, "/proc/self/comm");
	remove_one(host->root, "/proc/self");
	remove_one(host->root, "/proc");
}

/* The log is looked at by a minivmm in a cgroup of its own. */
static struct klog_watch watcher(void)
{
	return (struct klog_watch){ .command = "minivmm", .cgroup = "/vms/1" };
}

static void watch_fixture(struct klog_watch *watch, const char *path)
{
	char line[9000];
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		klog_watch_record(watch, line);
	}
	fclose(file);
}

/* How many alarms of a captured log concern a program of that name in that cgroup. */
static unsigned int concerning(const char *path, const char *command, const char *cgroup)
{
	struct klog_watch watch = { 0 };

	snprintf(watch.command, sizeof(watch.command), "%s", command);
	snprintf(watch.cgroup, sizeof(watch.cgroup), "%s", cgroup);
	watch_fixture(&watch, path);
	return watch.concerning;
}

static void an_oom_kill_concerns_its_cgroup(void **state)
{
	static const char path[] = KMSG "cgroup-oom-6.18";
	struct klog_watch watch = watcher();

	(void)state;
	watch_fixture(&watch, path);
	assert_int_equal(watch.alarms, 2);
	assert_int_equal(watch.concerning, 0);
	assert_int_equal(concerning(path, "minivmm", "/elsewhere"), 1);
	/* Its limit holds for this one as well, and yet another one's process died. */
	assert_int_equal(concerning(path, "minivmm", "/elsewhere/vms/1"), 0);
	assert_int_equal(concerning(path, "minivmm", "/elsewhere2"), 0);
	assert_int_equal(concerning(path, "minivmm", "/else"), 0);
	assert_int_equal(concerning(path, "minivmm", "/"), 0);
	assert_int_equal(concerning(path, "minivmm", ""), 0);
	/* Another process of this name, in a cgroup of its own. */
	assert_int_equal(concerning(path, "python3", "/vms/1"), 0);
}

/* SysRq's, for which a worker of the kernel stands, and one in the cgroup /t. Whoever asks first may not be who took the memory. */
static void an_oom_kill_of_the_host_concerns_nobody(void **state)
{
	static const char path[] = KMSG "events-6.12";

	(void)state;
	assert_int_equal(concerning(path, "minivmm", "/vms/1"), 0);
	assert_int_equal(concerning(path, "evt", "/vms/1"), 0);
	assert_int_equal(concerning(path, "kworker/1:0", "/vms/1"), 0);
	assert_int_equal(concerning(path, "minivmm", "/t"), 1);
	assert_int_equal(concerning(path, "", ""), 0);
}

/* Records after the formats in the images of Linux 5.10 to 7.3, as texts. */
#define TRACE "Call Trace:", " <TASK>"
#define CPU(command) "CPU: 1 UID: 0 PID: 7 Comm: " command " Not tainted 6.12.0 #1"

static void watch_texts(struct klog_watch *watch, const char *const *texts)
{
	for (; *texts; texts++) {
		char record[512];

		snprintf(record, sizeof(record), "4,500,1000,-;%s", *texts);
		klog_watch_record(watch, record);
	}
}

static void assert_concerns(unsigned int count, const char *const *texts)
{
	struct klog_watch watch = watcher();

	watch_texts(&watch, texts);
	if (watch.concerning != count || !watch.alarms)
		fail_msg("%s: %u alarms, %u of them concern KVM or us, not %u", texts[0], watch.alarms,
			 watch.concerning, count);
	if (count)
		assert_string_equal(watch.first_concerning, texts[0]);
}

#define CONCERNS(...) assert_concerns(1, (const char *const[]){ __VA_ARGS__, NULL })
#define IS_ELSEWHERE(...) assert_concerns(0, (const char *const[]){ __VA_ARGS__, NULL })

static void a_trace_concerns_kvm(void **state)
{
	(void)state;
	CONCERNS("WARNING: CPU: 1 PID: 7 at arch/x86/kvm/mmu/mmu.c:1 kvm_mmu_load+0x1/0x2 [kvm]");
	CONCERNS("WARNING: CPU: 1 PID: 7 at kernel/x.c:1 f+0x1/0x2", CPU("qemu"), TRACE,
		 " g+0x1/0x2", " kvm_arch_vcpu_ioctl_run+0x1/0x2 [kvm]", " </TASK>");
	CONCERNS("WARNING: CPU: 1 PID: 7 at kernel/x.c:1 f+0x1/0x2", CPU("qemu"), TRACE,
		 " nested_svm_vmrun+0x1/0x2 [kvm_amd 1234abcd]");
	CONCERNS("UBSAN: shift-out-of-bounds in x.c:1:2", CPU("qemu"), TRACE,
		 " kvm_vm_ioctl+0x1/0x2");
	CONCERNS("WARNING: possible circular locking dependency detected",
		 "qemu/8 is trying to acquire lock:",
		 "ffff8880 (&kvm->slots_arch_lock){+.+.}-{3:3}, at: f+0x1/0x2");
	CONCERNS("rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", "NMI backtrace for cpu 0",
		 CPU("swapper/0"), TRACE, " do_idle+0x1/0x2", " </TASK>", "NMI backtrace for cpu 1",
		 CPU("qemu"), "RIP: 0010:kvm_mmu_zap_all+0x1/0x2", TRACE, " x+0x1/0x2");
}

static void a_trace_concerns_this_program(void **state)
{
	(void)state;
	CONCERNS("WARNING: CPU: 1 PID: 7 at mm/x.c:1 f+0x1/0x2", CPU("minivmm"), TRACE, " f+0x1/0x2");
	CONCERNS("WARNING: mm/x.c:1 at f+0x1/0x2, CPU#1: minivmm/7");
	CONCERNS("INFO: task minivmm:7 blocked for more than 120 seconds.");
	CONCERNS("watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [minivmm:7]");
	CONCERNS("WARNING: possible recursive locking detected", "minivmm/7 is trying to acquire lock:");
}

/* It came while a vCPU ran, which says nothing of KVM. What KVM does in an interrupt is its own. */
static void an_interrupt_concerns_not_whom_it_finds(void **state)
{
	(void)state;
	IS_ELSEWHERE("WARNING: CPU: 1 PID: 7 at net/sched/sch_generic.c:525 dev_watchdog+0x1/0x2", CPU("minivmm"),
		     "RIP: 0010:dev_watchdog+0x1/0x2", "Call Trace:", " <IRQ>", " call_timer_fn+0x1/0x2", " </IRQ>", " <TASK>",
		     " asm_sysvec_apic_timer_interrupt+0x1/0x2", "RIP: 0010:vcpu_enter_guest+0x1/0x2 [kvm]",
		     " kvm_arch_vcpu_ioctl_run+0x1/0x2 [kvm]", " </TASK>", "---[ end trace 0000000000000000 ]---");
	IS_ELSEWHERE("WARNING: net/sched/sch_generic.c:525 at dev_watchdog+0x1/0x2, CPU#1: minivmm/7", CPU("minivmm"),
		     "Call Trace:", " <IRQ>", " call_timer_fn+0x1/0x2", " </IRQ>", " <TASK>", " kvm_vcpu_ioctl+0x1/0x2 [kvm]");
	IS_ELSEWHERE("WARNING: CPU: 1 PID: 7 at arch/x86/events/intel/core.c:3014 intel_pmu_handle_irq+0x1/0x2", CPU("minivmm"),
		     "Call Trace:", " <NMI>", " perf_event_nmi_handler+0x1/0x2", " </NMI>", " <TASK>",
		     " vmx_vcpu_run+0x1/0x2 [kvm_intel]");
	CONCERNS("WARNING: CPU: 1 PID: 7 at kernel/x.c:1 f+0x1/0x2", CPU("minivmm"), "Call Trace:", " <IRQ>",
		 " pi_wakeup_handler+0x1/0x2 [kvm_intel]", " </IRQ>", " <TASK>", " f+0x1/0x2");
	CONCERNS("WARNING: CPU: 1 PID: 7 at kernel/x.c:1 f+0x1/0x2", CPU("minivmm"), "RIP: 0010:f+0x1/0x2 [kvm]", "Call Trace:",
		 " <IRQ>", " g+0x1/0x2", " </IRQ>");
}

static void corruption_concerns_everyone(void **state)
{
	(void)state;
	CONCERNS("BUG: kernel NULL pointer dereference, address: 0000000000000008");
	CONCERNS("Oops: 0002 [#1] PREEMPT SMP NOPTI");
	CONCERNS("invalid opcode: 0000 [#1] PREEMPT SMP");
	CONCERNS("BUG: KASAN: use-after-free in nfs_x+0x1/0x2");
	CONCERNS("BUG: Bad page state in process bash  pfn:12345");
	CONCERNS("BUG dentry (Not tainted): Poison overwritten");
	CONCERNS("kernel BUG at fs/x.c:1!");
	CONCERNS("general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP");
	CONCERNS("WARNING: CPU: 1 PID: 8 at lib/list_debug.c:56 __list_del_entry_valid+0x1/0x2");
	CONCERNS("WARNING: lib/refcount.c:28 at refcount_warn_saturate+0x1/0x2, CPU#1: bash/8");
}

static void other_alarms_are_elsewhere(void **state)
{
	(void)state;
	IS_ELSEWHERE("WARNING: CPU: 1 PID: 8 at fs/btrfs/x.c:1 f+0x1/0x2 [btrfs]",
		     "Modules linked in: btrfs kvm_amd kvm irqbypass [last unloaded: kvm_intel]",
		     CPU("btrfs-cleaner"), "RIP: 0010:f+0x1/0x2 [btrfs]", TRACE, " f+0x1/0x2 [btrfs]",
		     " ? kvm_vcpu_ioctl+0x1/0x2 [kvm]", " kthread+0x1/0x2", " </TASK>",
		     "---[ end trace 0000000000000000 ]---", "kvm: running nested virtualization",
		     CPU("minivmm"), TRACE, " kvm_vcpu_ioctl+0x1/0x2 [kvm]");
	IS_ELSEWHERE("INFO: task jbd2/sda1-8:161 blocked for more than 120 seconds.",
		     "      Not tainted 5.10.0-8-cloud-amd64 #1 Debian 5.10.46-4",
		     "task:jbd2/sda1-8     state:D stack:    0 pid:  161 ppid:     2", "Call Trace:",
		     " __schedule+0x282/0x870", " wbt_wait+0x9f/0x130", " kthread+0x11b/0x140");
	IS_ELSEWHERE("INFO: task minivmm-helper:161 blocked for more than 120 seconds.");
	IS_ELSEWHERE("watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [kworker/u8:1:9]",
		     CPU("kworker/u8:1"), "RIP: 0010:kvm_wait+0x1/0x2", TRACE,
		     " kvm_sched_clock_read+0x1/0x2", " xhci_irq+0x1/0x2");
	IS_ELSEWHERE("BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!");
	/* A refused allocation of this run, which is ordinary, is not part of the alarm before it. */
	IS_ELSEWHERE("INFO: task bash:161 blocked for more than 120 seconds.",
		     "minivmm: vmalloc error: size 1468006400, exceeds total pages",
		     CPU("minivmm"), TRACE, " memslot_rmap_alloc+0x1/0x2 [kvm]");
	IS_ELSEWHERE("rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
		     "minivmm: page allocation failure: order:0, mode:0x40cc0",
		     CPU("minivmm"), TRACE, " kvm_vcpu_ioctl+0x1/0x2 [kvm]");
}

/* An alarm that does not concern us neither hides nor becomes one that does. */
static void each_alarm_stands_for_itself(void **state)
{
	static const char *const texts[] = {
		"WARNING: CPU: 1 PID: 8 at fs/x.c:1 f+0x1/0x2", CPU("bash"), TRACE, " f+0x1/0x2",
		"WARNING: CPU: 0 PID: 9 at arch/x86/kvm/x86.c:1 g+0x1/0x2 [kvm]", CPU("minivmm"),
		TRACE, " kvm_vcpu_ioctl+0x1/0x2 [kvm]", "INFO: task minivmm:7 blocked for more than",
		NULL
	};
	struct klog_watch watch = watcher();

	(void)state;
	watch_texts(&watch, texts);
	assert_int_equal(watch.alarms, 3);
	assert_int_equal(watch.concerning, 2);
	assert_string_equal(watch.first, texts[0]);
	assert_non_null(strstr(watch.first_concerning, "arch/x86/kvm/x86.c"));
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
	assert_string_equal(snapshot_remedy(&snapshot, SOURCE_KLOG), "boot with a larger log_buf_len=");
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
	sources_open(&host->sources, host->root, SOURCES_CHEAP);
	snapshot_take(&host->sources, &snapshot);
	assert_false(snapshot.status[SOURCE_KLOG].ok);
	assert_string_equal(snapshot.status[SOURCE_KLOG].why,
			    "/dev/kmsg is not the kernel log here: something masks it");
	assert_string_equal(snapshot_remedy(&snapshot, SOURCE_KLOG), "run it where nothing masks /dev/kmsg, as a container does");
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
		cmocka_unit_test(an_oom_kill_concerns_its_cgroup),
		cmocka_unit_test(an_oom_kill_of_the_host_concerns_nobody),
		cmocka_unit_test(a_trace_concerns_kvm),
		cmocka_unit_test(a_trace_concerns_this_program),
		cmocka_unit_test(an_interrupt_concerns_not_whom_it_finds), cmocka_unit_test(corruption_concerns_everyone),
		cmocka_unit_test(other_alarms_are_elsewhere),
		cmocka_unit_test(each_alarm_stands_for_itself),
		WITH_HOST(reads_who_it_is),
		WITH_HOST(a_long_first_alarm_is_cut),
		WITH_HOST(an_endless_record_is_refused),
		WITH_HOST(lost_records_are_no_clean_log),
		WITH_HOST(a_masked_log_is_unavailable),
	};

	return cmocka_run_group_tests_name("klog", tests, NULL, NULL);
}
