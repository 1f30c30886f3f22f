/* SPDX-License-Identifier: GPL-2.0-only */
/* configs/guard.ini, which so needs no file on a host that is tested; the Makefile says where it is. */
	.section .rodata
	.globl builtin_guard
builtin_guard:
	.incbin GUARD_INI
	.byte 0
	.section .note.GNU-stack, "", @progbits
