// SPDX-License-Identifier: GPL-2.0-only
/* What ended a guest's run, by the name its vendor or kernel gives it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vm/exits.h"

static void exits_have_the_vendors_names(void **state)
{
	(void)state;
	assert_string_equal(l2_exit_name(ABI_VENDOR_SVM, 0x81), "SVM_EXIT_VMMCALL");
	assert_string_equal(l2_exit_name(ABI_VENDOR_SVM, 0x46), "SVM_EXIT_EXCP #UD");
	assert_string_equal(l2_exit_name(ABI_VENDOR_SVM, 0x400), "SVM_EXIT_NPF");
	assert_string_equal(l2_exit_name(ABI_VENDOR_VMX, 0), "EXIT_REASON_EXCEPTION_NMI");
	assert_string_equal(l2_exit_name(ABI_VENDOR_VMX, 18), "EXIT_REASON_VMCALL");
	assert_string_equal(l2_exit_name(ABI_VENDOR_VMX, 48), "EXIT_REASON_EPT_VIOLATION");
	/* bit 31: the VM entry failed */
	assert_string_equal(l2_exit_name(ABI_VENDOR_VMX, 0x80000021), "EXIT_REASON_INVALID_STATE");
	assert_string_equal(l2_exit_name(ABI_VENDOR_NONE, 0), "?");
	assert_string_equal(l2_exit_name(ABI_VENDOR_VMX, 0x7fff), "?");
}

/* KVM has left the high half of VMEXIT_INVALID 0. */
static void a_refused_vmcb_is_told_in_either_width(void **state)
{
	(void)state;
	assert_string_equal(svm_exit_name(UINT64_MAX), svm_exit_name(UINT32_MAX));
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
		cmocka_unit_test(exits_have_the_vendors_names),
		cmocka_unit_test(a_refused_vmcb_is_told_in_either_width),
		cmocka_unit_test(instruction_errors_have_their_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
