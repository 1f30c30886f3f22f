// SPDX-License-Identifier: GPL-2.0-only
#include "l2.h"

#include "touch.h"

static void call_l1(const struct l2_job *job, enum l2_call call)
{
	if (job->vendor == ABI_VENDOR_SVM)
		asm volatile("vmmcall" :: "a"(call) : "memory");
	else
		asm volatile("vmcall" :: "a"(call) : "memory");
}

void l2_main(struct l2_job *job)
{
	call_l1(job, L2_HELLO);
	if (job->ud2)
		asm volatile("ud2");
	job->pages = touch_write(job->tree, &job->touch, job->index);
	call_l1(job, L2_DONE);
	for (;;)
		asm volatile("hlt" ::: "memory");
}
