// SPDX-License-Identifier: GPL-2.0-only
/*
 * payload = nested: what its vCPUs ask of the VMM, through the ports of minivmm_abi.h, and what
 * they report.
 */
#include <string.h>

#include "base/clock.h"
#include "vm/exits.h"
#include "vm/guest.h"
#include "vm/restore.h"

typedef unsigned long long ull;

static bool needs_nesting(const struct config *config)
{
	for (size_t i = 0; i < config->phase_count; i++)
		if (phase_needs_nesting(config, &config->phases[i]) ||
		    config->phases[i].what == DO_ENABLE || config->phases[i].what == DO_FAILED_ENTRY)
			return true;
	return false;
}

static void report(const struct vcpu *vcpu, struct abi_report *report)
{
	uint64_t gpa = nested_block(vcpu->payload, vcpu->index);

	if (vm_read(vcpu->vm, gpa, report, sizeof(*report)))
		*report = (struct abi_report){ 0 };
	report->message[sizeof(report->message) - 1] = '\0';
}

static const char *console(const struct vcpu *vcpu)
{
	return vcpu->nested.console;
}

/* L2 ended with an exit that L1 does not expect. */
static enum vcpu_stop l2_left(struct vcpu *vcpu, const struct abi_report *r)
{
	return vcpu_trouble(vcpu, GUEST_REPORTED,
			    "L2 left unexpectedly: exit code %#llx (%s), vector %u (%s), "
			    "info %#llx %#llx, at rip %#llx%s%s",
			    (ull)r->exit_code, l2_exit_name(r->vendor, r->exit_code), r->vector,
			    r->vector ? exception_name(r->vector) : "none",
			    (ull)r->exit_info[0], (ull)r->exit_info[1], (ull)r->rip,
			    r->message[0] ? ": " : "", r->message);
}

/* VMRUN or VMLAUNCH failed. */
static enum vcpu_stop entry_failed(struct vcpu *vcpu, const struct abi_report *r)
{
	if (r->instruction_error)
		return vcpu_trouble(vcpu, GUEST_REPORTED,
				    "VM entry failed: VM-instruction error %u (%s)",
				    r->instruction_error,
				    vmx_instruction_error_name(r->instruction_error));
	return vcpu_trouble(vcpu, GUEST_REPORTED,
			    "VM entry failed: exit code %#llx (%s), info %#llx %#llx",
			    (ull)r->exit_code, l2_exit_name(r->vendor, r->exit_code),
			    (ull)r->exit_info[0], (ull)r->exit_info[1]);
}

/* The payload reported a failure: puts it into words. */
static enum vcpu_stop reported(struct vcpu *vcpu, uint32_t status)
{
	struct abi_report r;

	vcpu_report(vcpu, &r);
	vcpu->status = status;
	switch (status) {
	case ABI_EXCEPTION:
		return vcpu_trouble(vcpu, GUEST_REPORTED,
				    "L1 took exception %u (%s), error code %#llx, at rip %#llx, cr2 %#llx",
				    r.vector, exception_name(r.vector), (ull)r.error_code,
				    (ull)r.rip, (ull)r.cr2);
	case ABI_L2_EXIT:
		return l2_left(vcpu, &r);
	case ABI_ENTRY_FAILED:
		return entry_failed(vcpu, &r);
	case ABI_BAD_MEMORY:
		return vcpu_trouble(vcpu, GUEST_REPORTED,
				    "guest memory at gpa %#llx reads %#llx, written was %#llx%s%s",
				    (ull)r.rip, (ull)r.exit_info[1], (ull)r.exit_info[0],
				    r.message[0] ? ": " : "", r.message);
	case ABI_UNSUPPORTED:
		return vcpu_trouble(vcpu, GUEST_REPORTED,
				    "the vCPU can't do what the phase needs: %s", r.message);
	case ABI_BAD_TREE:
		return vcpu_trouble(vcpu, GUEST_REPORTED,
				    "the payload can't use its device tree: %s", r.message);
	default:
		return vcpu_trouble(vcpu, GUEST_REPORTED,
				    "the payload reports the unknown status %u", status);
	}
}

static enum vcpu_stop check_version(struct vcpu *vcpu, uint32_t version)
{
	if (version != ABI_VERSION)
		return vcpu_trouble(vcpu, GUEST_ABI, "the payload speaks ABI %u, this minivmm %u",
				    version, ABI_VERSION);
	vcpu->nested.abi_seen = true;
	return VCPU_GOES_ON;
}

/* Drops what does not fit: the payload prints a line, not a log. */
static void console_put(struct nested_vcpu *nested, char character)
{
	size_t length = strlen(nested->console);

	if (length + 1 < sizeof(nested->console))
		nested->console[length] = character;
}

static void note_mark(struct vcpu *vcpu, uint32_t mark)
{
	if (mark == ABI_MARK_L2_ENTER && !vcpu->l2_enter_ns)
		vcpu->l2_enter_ns = clock_ns();
	else if (mark == ABI_MARK_L2_ENTERED && !vcpu->l2_entered_ns)
		vcpu->l2_entered_ns = clock_ns();
}

static enum vcpu_stop restore(struct vcpu *vcpu)
{
	struct err err = { 0 };
	int code = restore_l2(vcpu, &err);

	if (code >= 0)
		return VCPU_GOES_ON;
	vcpu->error = -code;
	return vcpu_trouble(vcpu, GUEST_IOCTL, "%s", err.text);
}

/*
 * An access to one of the ports that the device tree places at ABI_PORT_BASE_DEFAULT, or to
 * another port.
 */
static enum vcpu_stop handle_port(struct vcpu *vcpu, uint16_t port, uint32_t value, bool in)
{
	switch (port - ABI_PORT_BASE_DEFAULT) {
	case ABI_PORT_CONSOLE:
		console_put(&vcpu->nested, (char)value);
		return VCPU_GOES_ON;
	case ABI_PORT_NEXT:
		vcpu_end_pass(vcpu);
		vcpu->nested.asks = true;
		return VCPU_GOES_ON;
	case ABI_PORT_MARK:
		note_mark(vcpu, value);
		return VCPU_GOES_ON;
	case ABI_PORT_RESTORE:
		return restore(vcpu);
	case ABI_PORT_REPORT:
		return value == ABI_OK ? VCPU_GOES_ON : reported(vcpu, value);
	}
	return vcpu_trouble(vcpu, GUEST_EXIT, "KVM_EXIT_IO: %s at port %#x, where nothing is",
			    in ? "in" : "out", port);
}

/* An access to a port; before any other the payload has to say its ABI version. */
static enum vcpu_stop check_port(struct vcpu *vcpu, uint16_t port, uint32_t value, bool in)
{
	if (port == ABI_PORT_VERSION && !in)
		return check_version(vcpu, value);
	if (!vcpu->nested.abi_seen)
		return vcpu_trouble(vcpu, GUEST_ABI,
				    "the payload used port %#x before it told its ABI", port);
	return handle_port(vcpu, port, value, in);
}

/* A REP OUTS gives one exit for several accesses. */
static enum vcpu_stop handle_io(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	const uint8_t *data = (const uint8_t *)run + run->io.data_offset;
	enum vcpu_stop stop = VCPU_GOES_ON;

	for (uint32_t i = 0; stop == VCPU_GOES_ON && i < run->io.count; i++) {
		uint32_t value = 0;

		memcpy(&value, data, run->io.size);
		stop = check_port(vcpu, run->io.port, value, run->io.direction == KVM_EXIT_IO_IN);
		data += run->io.size;
	}
	return stop;
}

static enum vcpu_stop handle_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		return handle_io(vcpu);
	case KVM_EXIT_HLT:
		return vcpu_trouble(vcpu, GUEST_EXIT, "%s: the payload halted without a report",
				    kvm_exit_name(KVM_EXIT_HLT));
	default:
		return vcpu_unexpected_exit(vcpu);
	}
}

/* Answers the vCPU's read of ABI_PORT_NEXT, if that is where it stopped. */
static bool resume(struct vcpu *vcpu)
{
	if (!vcpu->nested.asks)
		return true;
	if (!vcpu_begin_pass(vcpu))
		return false;
	memcpy((uint8_t *)vcpu->run + vcpu->run->io.data_offset, &vcpu->next, sizeof(vcpu->next));
	vcpu->nested.asks = false;
	return true;
}

const struct guest_ops guest_nested = {
	.needs_nesting = needs_nesting,
	.place = nested_place,
	.load = nested_load,
	.start = nested_start,
	.resume = resume,
	.exit = handle_exit,
	.report = report,
	.console = console,
};
