// SPDX-License-Identifier: GPL-2.0-only
/* What ended a guest's run has the name that the kernel's headers give it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vm/exits.h"

static void l2_exits_have_the_names_of_the_kernels_headers(void **state)
{
	(void)state;
	assert_string_equal(l2_exit_name(ABI_VENDOR_SVM, 0x81), "hypercall");
	assert_string_equal(l2_exit_name(ABI_VENDOR_SVM, 0x46), "UD excp");
	assert_string_equal(l2_exit_name(ABI_VENDOR_SVM, 0x400), "npf");
	assert_string_equal(l2_exit_name(ABI_VENDOR_VMX, 0), "EXCEPTION_NMI");
	assert_string_equal(l2_exit_name(ABI_VENDOR_VMX, 18), "VMCALL");
	assert_string_equal(l2_exit_name(ABI_VENDOR_VMX, 48), "EPT_VIOLATION");
	/* bit 31: the VM entry failed */
	assert_string_equal(l2_exit_name(ABI_VENDOR_VMX, 0x80000021), "INVALID_STATE");
	assert_string_equal(l2_exit_name(ABI_VENDOR_NONE, 0), "?");
	assert_string_equal(l2_exit_name(ABI_VENDOR_VMX, 0x7fff), "?");
}

/* KVM has left the high half of VMEXIT_INVALID 0. */
static void a_refused_vmcb_has_its_name_in_either_width(void **state)
{
	(void)state;
	assert_string_equal(svm_exit_name(UINT64_MAX), "invalid_guest_state");
	assert_string_equal(svm_exit_name(UINT32_MAX), "invalid_guest_state");
}

/* The last one is newer than Debian 12's headers. */
static void exits_to_user_space_have_their_macros_name(void **state)
{
	(void)state;
	assert_string_equal(kvm_exit_name(8), "KVM_EXIT_SHUTDOWN");
	assert_string_equal(kvm_exit_name(39), "KVM_EXIT_MEMORY_FAULT");
	assert_string_equal(kvm_exit_name(9999), "?");
}

static void instruction_errors_have_their_text(void **state)
{
	(void)state;
	assert_string_equal(vmx_instruction_error_name(7), "VM entry with invalid control field(s)");
	assert_string_equal(vmx_instruction_error_name(99), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(l2_exits_have_the_names_of_the_kernels_headers),
		cmocka_unit_test(a_refused_vmcb_has_its_name_in_either_width),
		cmocka_unit_test(exits_to_user_space_have_their_macros_name),
		cmocka_unit_test(instruction_errors_have_their_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
