// SPDX-License-Identifier: GPL-2.0-only
#include "base/stacks.h"

#include <pthread.h>

#define STACK_SIZE (1ul << 20)

/*
 * A stack of 8 MiB, the C library's default, has room for a huge page: where the kernel gives one, as before 6.7
 * (calc_vm_flag_bits() turns MAP_STACK into VM_NOHUGEPAGE since then), a thread costs the host 2 MiB, of which it uses some KiB.
 */
void stacks_limit(void)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
}
