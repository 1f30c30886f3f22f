// SPDX-License-Identifier: GPL-2.0-only
/* The guest's side of a VM without KVM: where the payload lies, and what its vCPUs' exits mean. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "config/layout.h"
#include "config/ops.h"
#include "vm/guest.h"
#include "vm/latency.h"

#define M (1ull << 20)
#define MEMORY (16 * M)
#define BASE (2 * M)
#define IO_DATA 4096		/* of an exit, in the shared page */
#define PORT(name) (ABI_PORT_BASE_DEFAULT + ABI_PORT_##name)

extern const char payload_image[], payload_image_end[];

/* A VM of one slot and a vCPU of it, neither of which KVM knows. */
struct stage {
	struct memslot_cfg memslot;
	struct phase_cfg phase;
	struct config config;
	struct layout layout;
	struct backing backing;
	struct vm vm;
	struct payload payload;
	bool repeat;
	struct vcpu vcpu;
};

static int set(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct errors errors = { 0 };
	struct err err;

	s->memslot = (struct memslot_cfg){
		.name = "low", .id = -1, .node = -1, .count = 1, .base = BASE, .size = MEMORY,
		.stride = MEMORY, .plugged = MEMORY,
	};
	s->phase = (struct phase_cfg){ .name = "boot", .what = DO_BOOT };
	s->config = (struct config){
		.vm.vcpus = 2, .memslots = &s->memslot, .memslot_count = 1,
		.phases = &s->phase, .phase_count = 1, .guest.payload = PAYLOAD_NESTED,
	};
	assert_int_equal(layout_build(&s->config, &LAYOUT_LIMITS_DEFAULT, &s->layout, &errors), 0);
	s->backing.hva = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
	assert_ptr_not_equal(s->backing.hva, MAP_FAILED);
	s->vm = (struct vm){ .layout = &s->layout, .fd = -1, .backings = &s->backing };
	assert_int_equal(payload_place(&s->layout, 2, 2, &s->payload, &err), 0);
	s->vcpu = (struct vcpu){
		.vm = &s->vm, .payload = &s->payload, .fd = -1, .index = 1,
		.run = calloc(2, IO_DATA), .repeat = &s->repeat,
	};
	*state = s;
	return 0;
}

static int unset(void **state)
{
	struct stage *s = *state;

	munmap(s->backing.hva, MEMORY);
	layout_free(&s->layout);
	free(s->vcpu.run);
	free(s);
	return 0;
}

static enum vcpu_stop do_exit(struct stage *s, uint32_t reason)
{
	s->vcpu.run->exit_reason = reason;
	return s->payload.ops->exit(&s->vcpu);
}

static uint8_t *io(struct stage *s, uint16_t port, uint8_t size, bool in)
{
	s->vcpu.run->io.direction = in ? KVM_EXIT_IO_IN : KVM_EXIT_IO_OUT;
	s->vcpu.run->io.port = port;
	s->vcpu.run->io.size = size;
	s->vcpu.run->io.count = 1;
	s->vcpu.run->io.data_offset = IO_DATA;
	return (uint8_t *)s->vcpu.run + IO_DATA;
}

static enum vcpu_stop out(struct stage *s, uint16_t port, uint32_t value)
{
	memcpy(io(s, port, 4, false), &value, sizeof(value));
	return do_exit(s, KVM_EXIT_IO);
}

static enum vcpu_stop in(struct stage *s, uint16_t port)
{
	memset(io(s, port, 4, true), 0, 4);
	return do_exit(s, KVM_EXIT_IO);
}

static void say_version(struct stage *s)
{
	assert_int_equal(out(s, ABI_PORT_VERSION, ABI_VERSION), VCPU_GOES_ON);
}

static void expect_trouble(struct stage *s, enum vcpu_stop stop, enum guest_trouble trouble,
			   const char *text)
{
	assert_int_equal(stop, VCPU_TROUBLE);
	assert_int_equal(s->vcpu.trouble, trouble);
	assert_string_equal(s->vcpu.text, text);
}

static void every_kind_has_every_function(void **state)
{
	struct stage *s = *state;

	for (int kind = PAYLOAD_NESTED; kind <= PAYLOAD_MULTIBOOT; kind++) {
		const struct guest_ops *ops;

		s->config.guest.payload = kind;
		ops = guest_of(&s->config);
		assert_non_null(ops);
		assert_true(ops->needs_nesting && ops->place && ops->load && ops->start);
		assert_true(ops->resume && ops->exit && ops->report && ops->console);
	}
}

static void nesting_is_needed_where_a_phase_uses_it(void **state)
{
	static const int uses[] = { DO_L2, DO_RESTORE, DO_ENABLE, DO_FAILED_ENTRY };
	struct stage *s = *state;
	const struct guest_ops *ops = s->payload.ops;

	assert_false(ops->needs_nesting(&s->config));
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		s->phase.what = uses[i];
		assert_true(ops->needs_nesting(&s->config));
	}
	s->phase.what = DO_STRESS;
	s->phase.load = LOAD_L1;
	assert_false(ops->needs_nesting(&s->config));
	s->phase.load = LOAD_L2;
	assert_true(ops->needs_nesting(&s->config));
}

static void the_payload_lies_where_it_says(void **state)
{
	struct stage *s = *state;
	const struct payload *p = &s->payload;
	struct abi_report report = { .l2_pages = 42 }, read;
	const uint8_t *memory = s->backing.hva;
	const void *tree;
	struct err err;
	int node;

	assert_int_equal(payload_load(&s->payload, &s->vm, &err), 0);
	assert_in_range(p->base, BASE, BASE + MEMORY - p->size);
	assert_memory_equal(memory + (p->base - BASE), payload_image,
			    (size_t)(payload_image_end - payload_image));
	tree = memory + (p->tree - BASE);
	assert_int_equal(fdt_check_header(tree), 0);
	node = fdt_path_offset(tree, ABI_PATH_MINIVMM);
	assert_int_equal(fdt32_ld(fdt_getprop(tree, node, "vcpus", NULL)), 2);
	assert_int_equal(fdt64_ld(fdt_getprop(tree, node, "vcpu-blocks", NULL)), p->vcpu_blocks);
	assert_in_range(p->cr3, p->tables, p->tables_end - 1);

	/* The second vCPU's report is at the begin of its block. */
	assert_int_equal(vm_write(&s->vm, nested_block(p, 1), &report, sizeof(report)), 0);
	vcpu_report(&s->vcpu, &read);
	assert_int_equal(read.l2_pages, 42);
	assert_int_equal(nested_block(p, 1) - nested_block(p, 0),
			 (uint64_t)ABI_VCPU_PAGES * ABI_PAGE_SIZE);
}

static void too_little_memory_is_refused(void **state)
{
	struct stage *s = *state;
	struct payload payload;
	struct err err;

	assert_int_equal(payload_place(&s->layout, 1000, 2, &payload, &err), -EINVAL);
	assert_non_null(strstr(err.text, "contiguous writable guest memory"));
	assert_non_null(strstr(err.remedy, "[memslot.boot]"));
}

static void the_version_comes_first(void **state)
{
	struct stage *s = *state;

	expect_trouble(s, in(s, PORT(NEXT)), GUEST_ABI,
		       "the payload used port 0x504 before it told its ABI");
	expect_trouble(s, out(s, ABI_PORT_VERSION, ABI_VERSION + 1), GUEST_ABI,
		       "the payload speaks ABI 6, this minivmm 5");
	say_version(s);
	assert_int_equal(in(s, PORT(NEXT)), VCPU_GOES_ON);
}

static void a_vcpu_waits_until_it_is_told(void **state)
{
	struct latency *passes = calloc(1, sizeof(*passes));
	struct stage *s = *state;
	uint32_t next;

	say_version(s);
	s->vcpu.passes = passes;
	assert_true(s->payload.ops->resume(&s->vcpu));
	in(s, PORT(NEXT));
	assert_false(s->payload.ops->resume(&s->vcpu));
	assert_int_equal(passes->count, 0);
	vcpu_tell(&s->vcpu, 7);
	assert_true(s->payload.ops->resume(&s->vcpu));
	memcpy(&next, (uint8_t *)s->vcpu.run + IO_DATA, sizeof(next));
	assert_int_equal(next, 7);

	/* It is told once, and begins the same again only while it has to repeat. */
	in(s, PORT(NEXT));
	assert_int_equal(passes->count, 1);
	assert_false(s->payload.ops->resume(&s->vcpu));
	s->repeat = true;
	assert_true(s->payload.ops->resume(&s->vcpu));
	memcpy(&next, (uint8_t *)s->vcpu.run + IO_DATA, sizeof(next));
	assert_int_equal(next, 7);
	free(passes);
}

static void marks_time_the_first_entry(void **state)
{
	struct stage *s = *state;
	uint64_t first;

	say_version(s);
	out(s, PORT(MARK), ABI_MARK_L2_ENTERED + 1);
	assert_int_equal(s->vcpu.l2_enter_ns | s->vcpu.l2_entered_ns, 0);
	out(s, PORT(MARK), ABI_MARK_L2_ENTER);
	first = s->vcpu.l2_enter_ns;
	assert_int_not_equal(first, 0);
	out(s, PORT(MARK), ABI_MARK_L2_ENTER);
	assert_int_equal(s->vcpu.l2_enter_ns, first);
	assert_int_equal(s->vcpu.l2_entered_ns, 0);

	/* The entry failed, and the vCPU goes on: the same entry is timed anew. */
	vcpu_forgive(&s->vcpu);
	vcpu_tell(&s->vcpu, 1);
	assert_true(s->vcpu.l2_enter_ns > first);
	out(s, PORT(MARK), ABI_MARK_L2_ENTERED);
	assert_true(s->vcpu.l2_entered_ns >= s->vcpu.l2_enter_ns);
	/* Another pass of the phase does not hide when its first entry was. */
	vcpu_tell_again(&s->vcpu);
	assert_true(s->vcpu.told && s->vcpu.l2_enter_ns && s->vcpu.l2_entered_ns);
	vcpu_tell(&s->vcpu, 2);
	assert_int_equal(s->vcpu.l2_enter_ns | s->vcpu.l2_entered_ns, 0);
}

static void the_console_is_bounded(void **state)
{
	struct stage *s = *state;
	uint8_t *data;

	say_version(s);
	data = io(s, PORT(CONSOLE), 1, false);
	memset(data, 'x', 300);
	s->vcpu.run->io.count = 3;
	assert_int_equal(do_exit(s, KVM_EXIT_IO), VCPU_GOES_ON);
	assert_string_equal(s->payload.ops->console(&s->vcpu), "xxx");
	s->vcpu.run->io.count = 300;
	assert_int_equal(do_exit(s, KVM_EXIT_IO), VCPU_GOES_ON);
	assert_int_equal(strlen(s->payload.ops->console(&s->vcpu)),
			 sizeof(s->vcpu.nested.console) - 1);
}

static void put_report(struct stage *s, const struct abi_report *report)
{
	assert_int_equal(vm_write(&s->vm, nested_block(&s->payload, 1), report, sizeof(*report)), 0);
}

static void a_report_is_put_into_words(void **state)
{
	struct guest_outcome outcome = { 0 };
	struct stage *s = *state;

	say_version(s);
	assert_int_equal(out(s, PORT(REPORT), ABI_OK), VCPU_GOES_ON);
	put_report(s, &(struct abi_report){ .vector = 6, .rip = 0x1234, .l1_pages = 9 });
	expect_trouble(s, out(s, PORT(REPORT), ABI_EXCEPTION), GUEST_REPORTED,
		       "L1 took exception 6 (#UD), error code 0, at rip 0x1234, cr2 0");
	vcpu_outcome(&s->vcpu, "boot", &outcome);
	assert_int_equal(outcome.trouble, GUEST_REPORTED);
	assert_int_equal(outcome.vcpu, 1);
	assert_int_equal(outcome.report.status, ABI_EXCEPTION);
	assert_int_equal(outcome.report.l1_pages, 9);
	assert_string_equal(outcome.text, "phase boot: L1 took exception 6 (#UD), error code 0, "
					  "at rip 0x1234, cr2 0");

	put_report(s, &(struct abi_report){ .vendor = ABI_VENDOR_SVM, .exit_code = 0x400,
					    .exit_info = { 1, 2 }, .message = "m" });
	expect_trouble(s, out(s, PORT(REPORT), ABI_L2_EXIT), GUEST_REPORTED,
		       "L2 left unexpectedly: exit code 0x400 (npf), vector 0 (none), "
		       "info 0x1 0x2, at rip 0: m");
	put_report(s, &(struct abi_report){ .vendor = ABI_VENDOR_VMX, .instruction_error = 8 });
	expect_trouble(s, out(s, PORT(REPORT), ABI_ENTRY_FAILED), GUEST_REPORTED,
		       "VM entry failed: VM-instruction error 8 "
		       "(VM entry with invalid host-state field(s))");
	put_report(s, &(struct abi_report){ .rip = 0x5000, .exit_info = { 3, 4 } });
	expect_trouble(s, out(s, PORT(REPORT), ABI_BAD_MEMORY), GUEST_REPORTED,
		       "guest memory at gpa 0x5000 reads 0x4, written was 0x3");
	expect_trouble(s, out(s, PORT(REPORT), 99), GUEST_REPORTED,
		       "the payload reports the unknown status 99");
}

/* A message that the guest does not end is ended. */
static void a_report_is_not_trusted(void **state)
{
	struct stage *s = *state;
	struct abi_report report = { 0 };

	say_version(s);
	memset(report.message, 'm', sizeof(report.message));
	put_report(s, &report);
	vcpu_report(&s->vcpu, &report);
	assert_int_equal(strlen(report.message), sizeof(report.message) - 1);
	/* Its page is gone: all 0. */
	s->layout.normal_count = 0;
	vcpu_report(&s->vcpu, &report);
	assert_int_equal(report.message[0], 0);
	assert_int_equal(report.status, 0);
}

static void other_exits_are_trouble(void **state)
{
	struct stage *s = *state;

	say_version(s);
	expect_trouble(s, out(s, 0x999, 0), GUEST_EXIT,
		       "KVM_EXIT_IO: out at port 0x999, where nothing is");
	expect_trouble(s, in(s, ABI_PORT_VERSION), GUEST_EXIT,
		       "KVM_EXIT_IO: in at port 0x4d0, where nothing is");
	expect_trouble(s, do_exit(s, KVM_EXIT_HLT), GUEST_EXIT,
		       "KVM_EXIT_HLT: the payload halted without a report");
	expect_trouble(s, do_exit(s, KVM_EXIT_SHUTDOWN), GUEST_EXIT,
		       "KVM_EXIT_SHUTDOWN: the vCPU took a triple fault");
	s->vcpu.run->mmio.phys_addr = 0xfee00000;
	s->vcpu.run->mmio.len = 4;
	s->vcpu.run->mmio.is_write = 1;
	expect_trouble(s, do_exit(s, KVM_EXIT_MMIO), GUEST_EXIT,
		       "KVM_EXIT_MMIO: write of 4 bytes at gpa 0xfee00000, where no memslot is");
	assert_string_not_equal(s->vcpu.registers, "");
}

static void write_exit(struct stage *s, uint64_t gpa, uint64_t value)
{
	struct kvm_run *run = s->vcpu.run;

	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = gpa;
	run->mmio.len = sizeof(value);
	run->mmio.is_write = true;
	memcpy(run->mmio.data, &value, sizeof(value));
}

static uint64_t mmio(struct stage *s, uint64_t gpa, uint64_t value, bool write, bool tolerated)
{
	struct kvm_run *run = s->vcpu.run;

	write_exit(s, gpa, value);
	run->mmio.is_write = write;
	assert_int_equal(vcpu_access_missing_slot(&s->vcpu), tolerated);
	memcpy(&value, run->mmio.data, sizeof(value));
	return value;
}

static void protect(struct stage *s, int rights, uint64_t holds)
{
	uint64_t there;

	memcpy(&there, s->backing.hva + 4096, sizeof(there));
	assert_int_equal(there, holds);
	assert_int_equal(mprotect(s->backing.hva, MEMORY, rights), 0);
}

/* While a worker has taken a slot away, its pages are where they were: the VMM writes and reads them. */
static void a_missing_slot_loses_nothing(void **state)
{
	struct stage *s = *state;
	struct worker_cfg workers[] = {
		{ .name = "a", .op = OP_slot_delete, .slot = (char *)"low", .threads = 1 },
		{ .name = "b", .op = OP_mprotect, .slot = (char *)"low", .threads = 1 },
	};
	struct errors errors = { 0 };
	uint64_t there;

	mmio(s, BASE + 4096, 1, true, false);
	s->vcpu.patience = PATIENT_MMIO;
	mmio(s, BASE - 4096, 1, true, false);
	mmio(s, BASE + 4096, 0x1234, true, true);
	memcpy(&there, s->backing.hva + 4096, sizeof(there));
	assert_int_equal(there, 0x1234);
	assert_int_equal(mmio(s, BASE + 4096, 0, false, true), 0x1234);
	assert_int_equal(s->vcpu.vmm_accesses, 2);
	s->vcpu.run->exit_reason = KVM_EXIT_IO;
	assert_false(vcpu_access_missing_slot(&s->vcpu));

	/* Where workers write-protect the memory as well, a write is owed until it is allowed. */
	layout_free(&s->layout);
	s->config.workers = workers;
	s->config.worker_count = 2;
	assert_int_equal(layout_build(&s->config, &LAYOUT_LIMITS_DEFAULT, &s->layout, &errors), 0);
	protect(s, PROT_READ, 0x1234);
	mmio(s, BASE + 4096, 0x5678, true, false);
	s->vcpu.patience = PATIENT_MMIO | PATIENT_EFAULT;
	write_exit(s, BASE + 4096, 0x5678);
	assert_true(vcpu_takes_over_write(&s->vcpu));
	assert_true(vcpu_still_owes_write(&s->vcpu));
	assert_int_equal(mmio(s, BASE + 4096, 1, false, true), 0x1234);
	write_exit(s, BASE + 4096, 0x5678);
	protect(s, PROT_READ | PROT_WRITE, 0x1234);
	assert_false(vcpu_still_owes_write(&s->vcpu));
	protect(s, PROT_READ | PROT_WRITE, 0x5678);
	/* It is allowed at once also where the slot is missing, and nothing is write-protected in this phase. */
	s->vcpu.patience = PATIENT_MMIO;
	write_exit(s, BASE + 4096, 0x9abc);
	assert_true(vcpu_takes_over_write(&s->vcpu));
	protect(s, PROT_READ | PROT_WRITE, 0x9abc);
}

/* A write that KVM emulated, and could not do, waits until the VMM may do it. */
static void a_refused_write_is_owed(void **state)
{
	struct stage *s = *state;

	/* Memory that can be written has KVM_EXIT_MMIO for no good reason. */
	write_exit(s, BASE + 4096, 0x1234);
	assert_false(vcpu_takes_over_write(&s->vcpu));
	expect_trouble(s, do_exit(s, KVM_EXIT_MMIO), GUEST_EXIT,
		       "KVM_EXIT_MMIO: write of 8 bytes at gpa 0x201000, which KVM left to the VMM, though memslot.low is there");
	assert_false(vcpu_still_owes_write(&s->vcpu));
	protect(s, PROT_READ, 0x1234);
	write_exit(s, BASE + 4096, 0x5678);
	assert_true(vcpu_takes_over_write(&s->vcpu));
	assert_int_equal(s->vcpu.vmm_accesses, 2);
	assert_true(vcpu_still_owes_write(&s->vcpu));
	assert_int_equal(s->vcpu.vmm_accesses, 3);
	protect(s, PROT_READ | PROT_WRITE, 0x1234);
	assert_false(vcpu_still_owes_write(&s->vcpu));
	assert_false(vcpu_still_owes_write(&s->vcpu));
	protect(s, PROT_READ | PROT_WRITE, 0x5678);
	/* One that is not refused is none, unless the memory was write-protected a moment before. */
	s->vcpu.patience = PATIENT_EFAULT;
	write_exit(s, BASE + 4096, 0x9abc);
	assert_false(vcpu_takes_over_write(&s->vcpu));
	s->vcpu.patience = PATIENT_EFAULT | PATIENT_ANYWHERE;
	assert_true(vcpu_takes_over_write(&s->vcpu));
	assert_false(s->vcpu.owes_write);
	protect(s, PROT_READ | PROT_WRITE, 0x9abc);
}

/* Reads, other exits, other memory, slots that are gone or read-only. */
static void no_other_exit_is_a_refused_write(void **state)
{
	struct stage *s = *state;

	protect(s, PROT_READ, 0);
	s->vcpu.patience = PATIENT_EFAULT;
	write_exit(s, BASE - 4096, 1);
	assert_false(vcpu_takes_over_write(&s->vcpu));
	write_exit(s, BASE + 4096, 1);
	s->vcpu.run->mmio.is_write = false;
	assert_false(vcpu_takes_over_write(&s->vcpu));
	write_exit(s, BASE + 4096, 1);
	s->vcpu.run->exit_reason = KVM_EXIT_IO;
	assert_false(vcpu_takes_over_write(&s->vcpu));
	s->vcpu.run->exit_reason = KVM_EXIT_MMIO;
	s->layout.slots[0].kvm_flags = KVM_MEM_READONLY;
	assert_false(vcpu_takes_over_write(&s->vcpu));
	s->layout.slots[0].kvm_flags = 0;
	s->layout.slots[0].gone = true;
	assert_false(vcpu_takes_over_write(&s->vcpu));
	s->layout.slots[0].gone = false;
	/* A slot that workers take away, and do not protect. */
	s->vcpu.patience = PATIENT_MMIO | PATIENT_EFAULT;
	assert_false(vcpu_takes_over_write(&s->vcpu));
	s->vcpu.patience = PATIENT_EFAULT;
	assert_true(vcpu_takes_over_write(&s->vcpu));
	protect(s, PROT_READ | PROT_WRITE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_kind_has_every_function, set, unset),
		cmocka_unit_test_setup_teardown(nesting_is_needed_where_a_phase_uses_it, set, unset),
		cmocka_unit_test_setup_teardown(the_payload_lies_where_it_says, set, unset),
		cmocka_unit_test_setup_teardown(too_little_memory_is_refused, set, unset),
		cmocka_unit_test_setup_teardown(the_version_comes_first, set, unset),
		cmocka_unit_test_setup_teardown(a_vcpu_waits_until_it_is_told, set, unset),
		cmocka_unit_test_setup_teardown(marks_time_the_first_entry, set, unset),
		cmocka_unit_test_setup_teardown(the_console_is_bounded, set, unset),
		cmocka_unit_test_setup_teardown(a_report_is_put_into_words, set, unset),
		cmocka_unit_test_setup_teardown(a_report_is_not_trusted, set, unset),
		cmocka_unit_test_setup_teardown(other_exits_are_trouble, set, unset),
		cmocka_unit_test_setup_teardown(a_missing_slot_loses_nothing, set, unset),
		cmocka_unit_test_setup_teardown(a_refused_write_is_owed, set, unset),
		cmocka_unit_test_setup_teardown(no_other_exit_is_a_refused_write, set, unset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
