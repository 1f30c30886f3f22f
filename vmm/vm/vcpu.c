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
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/ops.h"
#include "vm/exits.h"
#include "vm/guest.h"
#include "vm/latency.h"
#include "vm/vcpu_filter.h"
#include "vm/vcpu_state.h"

/* Changes a CPUID leaf to what a VM without nesting sees: no VMX, no SVM, no SVM features. */
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
	if (vcpu->payload->ops->cpuid)
		vcpu->payload->ops->cpuid(vcpu, cpuid);
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
		.vm = vm, .payload = payload, .index = index, .fd = -1, .run = MAP_FAILED,
		.flushes = vm->layout->config->guest.payload == PAYLOAD_MULTIBOOT,
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
		code = payload->ops->start(vcpu, err);
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

enum vcpu_stop vcpu_trouble(struct vcpu *vcpu, enum guest_trouble trouble, const char *format, ...)
{
	va_list args;

	vcpu->trouble = trouble;
	va_start(args, format);
	vsnprintf(vcpu->text, sizeof(vcpu->text), format, args);
	va_end(args);
	vcpu_dump(vcpu, vcpu->registers, sizeof(vcpu->registers));
	return VCPU_TROUBLE;
}

void vcpu_report(const struct vcpu *vcpu, struct abi_report *report)
{
	*report = (struct abi_report){ 0 };
	vcpu->payload->ops->report(vcpu, report);
}

bool vcpu_begin_pass(struct vcpu *vcpu)
{
	if (!vcpu->told && !__atomic_load_n(vcpu->repeat, __ATOMIC_ACQUIRE))
		return false;
	vcpu->told = false;
	vcpu->pass_ns = clock_ns();
	return true;
}

void vcpu_end_pass(struct vcpu *vcpu)
{
	if (vcpu->passes && vcpu->pass_ns)
		latency_add(vcpu->passes, clock_ns() - vcpu->pass_ns);
	vcpu->pass_ns = 0;
}

bool vcpu_access_missing_slot(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t gpa = run->mmio.phys_addr;
	const struct slot *slot;

	if (!(__atomic_load_n(&vcpu->patience, __ATOMIC_RELAXED) & PATIENT_MMIO) || run->exit_reason != KVM_EXIT_MMIO)
		return false;
	slot = vm_slot_at(vcpu->vm, gpa);
	/* vcpu_takes_over_write() was to do the write: here it may be SIGSEGV. */
	if (!slot || (run->mmio.is_write && layout_traits(vcpu->vm->layout, slot->cfg) & OP_WRITE_PROTECTS))
		return false;
	__atomic_fetch_add(&vcpu->vmm_accesses, 1, __ATOMIC_RELAXED);
	return !(run->mmio.is_write ? vm_write(vcpu->vm, gpa, run->mmio.data, run->mmio.len) :
				      vm_read(vcpu->vm, gpa, run->mmio.data, run->mmio.len));
}

/* 0 or the errno of the write that an exit left to the VMM. */
static int write_for_kvm(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;

	/* Before the page changes: who sees that asks for the count next. */
	__atomic_fetch_add(&vcpu->vmm_accesses, 1, __ATOMIC_RELEASE);
	return -vm_write_if_allowed(vcpu->vm, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
}

/*
 * Is the write to memory that may be write-protected, rather than only to a slot that is missing? While slots are taken away
 * (PATIENT_MMIO), only to a slot that workers write-protect, which they may take away as well.
 */
static bool may_be_protected(const struct vcpu *vcpu, const struct slot *slot, unsigned int patience)
{
	const struct layout *layout = vcpu->vm->layout;

	if (!slot || slot->gone || slot->kvm_flags & KVM_MEM_READONLY)
		return false;
	return !(patience & PATIENT_MMIO) || layout_traits(layout, slot->cfg) & OP_WRITE_PROTECTS;
}

/* Memory that can be written now, and perhaps could not be a moment before, or whose slot may be missing. */
static bool was_the_vmms(const struct vcpu *vcpu, const struct slot *slot, unsigned int patience)
{
	if (patience & PATIENT_MMIO)
		return true;
	return patience & PATIENT_EFAULT &&
	       (patience & PATIENT_ANYWHERE || layout_traits(vcpu->vm->layout, slot->cfg) & OP_WRITE_PROTECTS);
}

bool vcpu_takes_over_write(struct vcpu *vcpu)
{
	unsigned int patience = __atomic_load_n(&vcpu->patience, __ATOMIC_RELAXED);
	const struct kvm_run *run = vcpu->run;
	const struct slot *slot;
	int code;

	if (run->exit_reason != KVM_EXIT_MMIO || !run->mmio.is_write)
		return false;
	slot = vm_slot_at(vcpu->vm, run->mmio.phys_addr);
	if (!may_be_protected(vcpu, slot, patience))
		return false;
	code = write_for_kvm(vcpu);
	vcpu->owes_write = code == EFAULT;
	return vcpu->owes_write || (!code && was_the_vmms(vcpu, slot, patience));
}

bool vcpu_still_owes_write(struct vcpu *vcpu)
{
	vcpu->owes_write = vcpu->owes_write && write_for_kvm(vcpu);
	return vcpu->owes_write;
}

/* Makes room in a full dirty ring. Which pages it named does not matter here. */
static bool empty_ring(struct vcpu *vcpu)
{
	if (vcpu->run->exit_reason != KVM_EXIT_DIRTY_RING_FULL)
		return false;
	dirty_ring_harvest(&vcpu->ring);
	return !dirty_rings_reset(vcpu->vm->fd);
}

static enum vcpu_stop unexpected_access(struct vcpu *vcpu, const char *exit)
{
	const struct kvm_run *run = vcpu->run;
	const struct slot *slot = vm_slot_at(vcpu->vm, run->mmio.phys_addr);
	char where[CONFIG_NAME_MAX + 80] = "where no memslot is", name[CONFIG_NAME_MAX + 16];

	if (slot && !slot->gone)
		snprintf(where, sizeof(where), "which KVM left to the VMM, though memslot.%s is there",
			 slot_name(vcpu->vm->layout, slot, name));
	return vcpu_trouble(vcpu, GUEST_EXIT, "%s: %s of %u bytes at gpa %#llx, %s", exit,
			    run->mmio.is_write ? "write" : "read", run->mmio.len, run->mmio.phys_addr, where);
}

enum vcpu_stop vcpu_unexpected_exit(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	const char *name = kvm_exit_name(run->exit_reason);

	switch (run->exit_reason) {
	case KVM_EXIT_SHUTDOWN:
		return vcpu_trouble(vcpu, GUEST_EXIT, "%s: the vCPU took a triple fault", name);
	case KVM_EXIT_INTERNAL_ERROR:
		return vcpu_trouble(vcpu, GUEST_EXIT, "%s: suberror %u (%s)", name,
				    run->internal.suberror,
				    kvm_internal_error_name(run->internal.suberror));
	case KVM_EXIT_FAIL_ENTRY:
		return vcpu_trouble(vcpu, GUEST_EXIT, "%s: hardware_entry_failure_reason %#llx",
				    name, run->fail_entry.hardware_entry_failure_reason);
	case KVM_EXIT_MMIO:
		return unexpected_access(vcpu, name);
	default:
		return vcpu_trouble(vcpu, GUEST_EXIT, "unexpected exit %u (%s)",
				    run->exit_reason, name);
	}
}

/* KVM_RUN, or the write that KVM left to the VMM, failed with errno `code`. */
static enum vcpu_stop handle_failure(struct vcpu *vcpu, int code)
{
	if (code == EFAULT && __atomic_load_n(&vcpu->patience, __ATOMIC_RELAXED) & PATIENT_EFAULT) {
		__atomic_fetch_add(&vcpu->refusals, 1, __ATOMIC_RELAXED);
		sched_yield();
	} else if (code != EINTR && code != EAGAIN) {
		vcpu->error = code;
		return vcpu_trouble(vcpu, GUEST_IOCTL, "%s(vCPU %u): %s%s",
				    vcpu->owes_write ? "KVM_EXIT_MMIO, and its write by the VMM" : "KVM_RUN", vcpu->index,
				    strerror(code),
				    code == ENOMEM ?
				    " (the kernel could not allocate what this entry needs)" : "");
	}
	/* Only a kick sets immediate_exit; other signals are not meant for this vCPU. */
	if (!__atomic_load_n(&vcpu->run->immediate_exit, __ATOMIC_ACQUIRE))
		return VCPU_GOES_ON;
	if (!__atomic_load_n(vcpu->pause, __ATOMIC_ACQUIRE))
		return vcpu_trouble(vcpu, GUEST_TIMEOUT, "vCPU %u did not come back", vcpu->index);
	return VCPU_WAITS;
}

/* KVM_RUN. -1 with errno. */
static int enter(struct vcpu *vcpu)
{
	int result = ioctl(vcpu->fd, KVM_RUN, NULL);

	__atomic_fetch_add(&vcpu->exits, 1, __ATOMIC_RELEASE);
	return result;
}

enum vcpu_stop vcpu_run(struct vcpu *vcpu)
{
	const struct guest_ops *guest = vcpu->payload->ops;
	enum vcpu_stop stop;

	if (vcpu->vm->layout->config->selftest.break_what == BREAK_DENIED_CALL)
		syscall(SYS_getppid);
	do {
		if (!guest->resume(vcpu))
			return VCPU_WAITS;
		if (vcpu_still_owes_write(vcpu))
			stop = handle_failure(vcpu, EFAULT);
		else if (enter(vcpu))
			stop = handle_failure(vcpu, errno);
		else if (vcpu_takes_over_write(vcpu) || vcpu_access_missing_slot(vcpu) || empty_ring(vcpu))
			stop = VCPU_GOES_ON;
		else
			stop = guest->exit(vcpu);
	} while (stop == VCPU_GOES_ON && !vcpu_filter_came());
	return stop == VCPU_GOES_ON ? vcpu_trouble(vcpu, GUEST_IOCTL, "a system call was denied") : stop;
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

void vcpu_tell_again(struct vcpu *vcpu)
{
	vcpu->told = true;
}

void vcpu_forgive(struct vcpu *vcpu)
{
	/* The VM entry that failed comes next: it is the one to be timed. */
	vcpu->resumes = vcpu->l2_enter_ns && !vcpu->l2_entered_ns;
	vcpu->trouble = GUEST_FINE;
	vcpu->text[0] = vcpu->registers[0] = '\0';
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_RELEASE);
}

bool vcpu_failed_with(const struct vcpu *vcpu, int error)
{
	return vcpu->trouble == GUEST_IOCTL && vcpu->error == error;
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
