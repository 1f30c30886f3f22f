// SPDX-License-Identifier: GPL-2.0-only
#include "vm/vcpu.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "vm/exits.h"
#include "vm/latency.h"
#include "vm/restore.h"
#include "vm/vcpu_state.h"

/* A leaf as a VM without nesting sees it: no VMX, no SVM, nothing of SVM's features. */
static void hide_nesting(struct kvm_cpuid_entry2 *leaf)
{
	if (leaf->function == 1)
		leaf->ecx &= ~(1u << 5);
	if (leaf->function == 0x80000001)
		leaf->ecx &= ~(1u << 2);
	if (leaf->function == 0x8000000a)
		leaf->eax = leaf->ebx = leaf->ecx = leaf->edx = 0;
}

static int set_cpuid(const struct vcpu *vcpu, struct err *err)
{
	const struct kvm_cpuid2 *host = vcpu->vm->kvm->cpuid;
	size_t size = sizeof(*host) + host->nent * sizeof(host->entries[0]);
	struct kvm_cpuid2 *cpuid = malloc(size);
	int code;

	if (!cpuid)
		return err_set(err, ENOMEM, "no memory for CPUID");
	memcpy(cpuid, host, size);
	for (uint32_t i = 0; !vcpu->vm->layout->config->vm.nested && i < cpuid->nent; i++)
		hide_nesting(&cpuid->entries[i]);
	code = kvm_ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid, err,
			 "KVM_SET_CPUID2(vCPU %u: %u leaves)", vcpu->index, cpuid->nent);
	free(cpuid);
	return code;
}

int vcpu_create(struct vcpu *vcpu, const struct vm *vm, const struct payload *payload,
		unsigned int index, struct err *err)
{
	int code;

	*vcpu = (struct vcpu){
		.vm = vm, .index = index, .fd = -1, .run = MAP_FAILED,
		.report_gpa = payload_vcpu_block(payload, index),
	};
	code = kvm_ioctl(vm->fd, KVM_CREATE_VCPU, (void *)(uintptr_t)index, err,
			 "KVM_CREATE_VCPU(%u)", index);
	if (code < 0)
		return code;
	vcpu->fd = code;
	vcpu->run = mmap(NULL, vm->kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		code = err_errno(err, errno, "mmap(vCPU %u's kvm_run)", index);
		goto fail;
	}
	code = dirty_ring_map(&vcpu->ring, vcpu->fd, vm->layout->config->vm.dirty_ring, err);
	if (!code)
		code = set_cpuid(vcpu, err);
	if (code >= 0)
		code = vcpu_init_state(vcpu, payload, err);
	if (code >= 0)
		return 0;
fail:
	vcpu_destroy(vcpu);
	return code;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	dirty_ring_unmap(&vcpu->ring);
	if (vcpu->run != MAP_FAILED)
		munmap(vcpu->run, vcpu->vm->kvm->run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	vcpu->run = MAP_FAILED;
	vcpu->fd = -1;
}

static enum vcpu_stop trouble(struct vcpu *vcpu, enum guest_trouble kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum vcpu_stop trouble(struct vcpu *vcpu, enum guest_trouble kind, const char *format, ...)
{
	va_list args;

	vcpu->trouble = kind;
	va_start(args, format);
	vsnprintf(vcpu->text, sizeof(vcpu->text), format, args);
	va_end(args);
	vcpu_dump(vcpu, vcpu->registers, sizeof(vcpu->registers));
	return VCPU_TROUBLE;
}

void vcpu_report(const struct vcpu *vcpu, struct abi_report *report)
{
	if (vm_read(vcpu->vm, vcpu->report_gpa, report, sizeof(*report)))
		memset(report, 0, sizeof(*report));
	report->message[sizeof(report->message) - 1] = '\0';
}

/* The payload told what is wrong: the same in words, codes by the vendor's names. */
static enum vcpu_stop payload_trouble(struct vcpu *vcpu, uint32_t status)
{
	enum guest_trouble kind = GUEST_REPORTED;
	struct abi_report r;

	vcpu_report(vcpu, &r);
	vcpu->status = status;
	switch (status) {
	case ABI_EXCEPTION:
		return trouble(vcpu, kind,
			       "L1 took exception %u (%s), error code %#llx, at rip %#llx, cr2 %#llx",
			       r.vector, exception_name(r.vector), (unsigned long long)r.error_code,
			       (unsigned long long)r.rip, (unsigned long long)r.cr2);
	case ABI_L2_EXIT:
		return trouble(vcpu, kind,
			       "L2 left unexpectedly: exit code %#llx (%s), vector %u (%s), "
			       "info %#llx %#llx, at rip %#llx%s%s",
			       (unsigned long long)r.exit_code, l2_exit_name(r.vendor, r.exit_code),
			       r.vector, r.vector ? exception_name(r.vector) : "none",
			       (unsigned long long)r.exit_info[0],
			       (unsigned long long)r.exit_info[1], (unsigned long long)r.rip,
			       r.message[0] ? ": " : "", r.message);
	case ABI_ENTRY_FAILED:
		if (r.instruction_error)
			return trouble(vcpu, kind, "VM entry failed: VM-instruction error %u (%s)",
				       r.instruction_error,
				       vmx_instruction_error_name(r.instruction_error));
		return trouble(vcpu, kind, "VM entry failed: exit code %#llx (%s), info %#llx %#llx",
			       (unsigned long long)r.exit_code, l2_exit_name(r.vendor, r.exit_code),
			       (unsigned long long)r.exit_info[0],
			       (unsigned long long)r.exit_info[1]);
	case ABI_BAD_MEMORY:
		return trouble(vcpu, kind, "guest memory at gpa %#llx reads %#llx, written was %#llx",
			       (unsigned long long)r.rip, (unsigned long long)r.exit_info[1],
			       (unsigned long long)r.exit_info[0]);
	case ABI_UNSUPPORTED:
		return trouble(vcpu, kind, "the vCPU can't do what the phase needs: %s", r.message);
	case ABI_BAD_TREE:
		return trouble(vcpu, kind, "the payload can't use its device tree: %s", r.message);
	default:
		return trouble(vcpu, kind, "the payload reports the unknown status %u", status);
	}
}

/* What does not fit any more is lost: the payload says a line, not a log. */
static void console_put(struct vcpu *vcpu, char character)
{
	size_t length = strlen(vcpu->console);

	if (length + 1 < sizeof(vcpu->console))
		vcpu->console[length] = character;
}

/* It asks for the next phase. */
static void end_pass(struct vcpu *vcpu)
{
	if (vcpu->passes && vcpu->pass_ns)
		latency_add(vcpu->passes, clock_ns() - vcpu->pass_ns);
	vcpu->pass_ns = 0;
	vcpu->asks = true;
}

static enum vcpu_stop restore(struct vcpu *vcpu)
{
	struct err err = { 0 };
	int code = restore_l2(vcpu, &err);

	if (code >= 0)
		return VCPU_GOES_ON;
	vcpu->error = -code;
	return trouble(vcpu, GUEST_IOCTL, "%s", err.text);
}

/* What an access to a port comes to. */
static enum vcpu_stop handle_port(struct vcpu *vcpu, uint16_t port, uint32_t value, bool in)
{
	if (port == ABI_PORT_VERSION && !in) {
		if (value != ABI_VERSION)
			return trouble(vcpu, GUEST_ABI, "the payload speaks ABI %u, this minivmm %u",
				       value, ABI_VERSION);
		vcpu->abi_seen = true;
		return VCPU_GOES_ON;
	}
	if (!vcpu->abi_seen)
		return trouble(vcpu, GUEST_ABI, "the payload used port %#x before it told its ABI",
			       port);
	switch (port - ABI_PORT_BASE_DEFAULT) {
	case ABI_PORT_CONSOLE:
		console_put(vcpu, (char)value);
		return VCPU_GOES_ON;
	case ABI_PORT_NEXT:
		end_pass(vcpu);
		return VCPU_GOES_ON;
	case ABI_PORT_MARK:
		if (value == ABI_MARK_L2_ENTER && !vcpu->l2_enter_ns)
			vcpu->l2_enter_ns = clock_ns();
		else if (value == ABI_MARK_L2_ENTERED && !vcpu->l2_entered_ns)
			vcpu->l2_entered_ns = clock_ns();
		return VCPU_GOES_ON;
	case ABI_PORT_RESTORE:
		return restore(vcpu);
	case ABI_PORT_REPORT:
		return value == ABI_OK ? VCPU_GOES_ON : payload_trouble(vcpu, value);
	}
	return trouble(vcpu, GUEST_EXIT, "KVM_EXIT_IO: %s at port %#x, where nothing is",
		       in ? "in" : "out", port);
}

static enum vcpu_stop handle_io(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	const uint8_t *data = (const uint8_t *)run + run->io.data_offset;
	bool in = run->io.direction == KVM_EXIT_IO_IN;

	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		uint32_t value = 0;
		enum vcpu_stop stop;

		memcpy(&value, data, run->io.size);
		stop = handle_port(vcpu, run->io.port, value, in);
		if (stop != VCPU_GOES_ON)
			return stop;
	}
	return VCPU_GOES_ON;
}

/* An access to a memslot that a worker has taken away. */
static bool bear_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (!(vcpu->patience & PATIENT_MMIO) || run->exit_reason != KVM_EXIT_MMIO ||
	    !vm_page(vcpu->vm, run->mmio.phys_addr))
		return false;
	if (!run->mmio.is_write)
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
	return true;
}

/* Nobody wants to know which pages they are. */
static bool empty_ring(struct vcpu *vcpu)
{
	if (vcpu->run->exit_reason != KVM_EXIT_DIRTY_RING_FULL)
		return false;
	dirty_ring_harvest(&vcpu->ring);
	return !dirty_rings_reset(vcpu->vm->fd);
}

static enum vcpu_stop unexpected_exit(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	const char *name = kvm_exit_name(run->exit_reason);

	switch (run->exit_reason) {
	case KVM_EXIT_SHUTDOWN:
		return trouble(vcpu, GUEST_EXIT, "%s: the vCPU took a triple fault", name);
	case KVM_EXIT_INTERNAL_ERROR:
		return trouble(vcpu, GUEST_EXIT, "%s: suberror %u (%s)", name,
			       run->internal.suberror,
			       kvm_internal_error_name(run->internal.suberror));
	case KVM_EXIT_FAIL_ENTRY:
		return trouble(vcpu, GUEST_EXIT, "%s: hardware_entry_failure_reason %#llx", name,
			       run->fail_entry.hardware_entry_failure_reason);
	case KVM_EXIT_MMIO:
		return trouble(vcpu, GUEST_EXIT, "%s: %s of %u bytes at gpa %#llx, where no memslot is",
			       name, run->mmio.is_write ? "write" : "read", run->mmio.len,
			       run->mmio.phys_addr);
	case KVM_EXIT_HLT:
		return trouble(vcpu, GUEST_EXIT, "%s: the payload halted without a report", name);
	default:
		return trouble(vcpu, GUEST_EXIT, "unexpected exit %u (%s)", run->exit_reason, name);
	}
}

static enum vcpu_stop run_failed(struct vcpu *vcpu, int code)
{
	vcpu->error = code;
	return trouble(vcpu, GUEST_IOCTL, "KVM_RUN(vCPU %u): %s%s", vcpu->index, strerror(code),
		       code == ENOMEM ? " (the kernel could not allocate what this entry needs)" :
					"");
}

/* Hands over what the vCPU asked for; false: it has not been told yet. */
static bool answer(struct vcpu *vcpu)
{
	if (!vcpu->told && !__atomic_load_n(vcpu->repeat, __ATOMIC_ACQUIRE))
		return false;
	memcpy((uint8_t *)vcpu->run + vcpu->run->io.data_offset, &vcpu->next, sizeof(vcpu->next));
	vcpu->asks = vcpu->told = false;
	vcpu->pass_ns = clock_ns();
	return true;
}

enum vcpu_stop vcpu_run(struct vcpu *vcpu)
{
	for (;;) {
		enum vcpu_stop stop;

		if (vcpu->asks && !answer(vcpu))
			return VCPU_WAITS;
		if (ioctl(vcpu->fd, KVM_RUN, NULL)) {
			if (errno == EFAULT && vcpu->patience & PATIENT_EFAULT)
				sched_yield();
			else if (errno != EINTR && errno != EAGAIN)
				return run_failed(vcpu, errno);
			/* Only the watchdog sets immediate_exit; other signals are not for us. */
			if (__atomic_load_n(&vcpu->run->immediate_exit, __ATOMIC_ACQUIRE))
				return trouble(vcpu, GUEST_TIMEOUT, "vCPU %u did not come back",
					       vcpu->index);
			continue;
		}
		if (bear_mmio(vcpu) || empty_ring(vcpu))
			continue;
		if (vcpu->run->exit_reason != KVM_EXIT_IO)
			return unexpected_exit(vcpu);
		stop = handle_io(vcpu);
		if (stop != VCPU_GOES_ON)
			return stop;
	}
}

void vcpu_tell(struct vcpu *vcpu, uint32_t next)
{
	vcpu->next = next;
	vcpu->told = true;
	vcpu->l2_enter_ns = vcpu->l2_entered_ns = 0;
	if (vcpu->resumes)
		vcpu->l2_enter_ns = clock_ns();
	vcpu->resumes = false;
}

void vcpu_forgive(struct vcpu *vcpu)
{
	/* The VM entry that failed is what comes next: it is the one to be timed. */
	vcpu->resumes = vcpu->l2_enter_ns && !vcpu->l2_entered_ns;
	vcpu->trouble = GUEST_FINE;
	vcpu->text[0] = vcpu->registers[0] = '\0';
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_RELEASE);
}

void vcpu_outcome(const struct vcpu *vcpu, const char *phase, struct guest_outcome *guest)
{
	guest->trouble = vcpu->trouble;
	guest->vcpu = vcpu->index;
	guest->error = vcpu->error;
	snprintf(guest->text, sizeof(guest->text), "phase %s: %.450s", phase, vcpu->text);
	memcpy(guest->registers, vcpu->registers, sizeof(guest->registers));
	if (vcpu->trouble == GUEST_REPORTED)
		vcpu_report(vcpu, &guest->report);
	guest->report.status = vcpu->status;
}
