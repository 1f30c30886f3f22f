/* SPDX-License-Identifier: GPL-2.0-only */
/* The header that makes linux.c a Linux kernel to a boot loader (Documentation/arch/x86/boot.rst), and its 64-bit entry. */
	.section .setup, "a"
	.org 0x1f1
	.byte 1				/* setup_sects */
	.org 0x1fe
	.word 0xaa55
	.word 0x66eb			/* a jump, whose offset is the header's end */
	.ascii "HdrS"
	.word 0x20c			/* version: 2.12 has xloadflags */
	.org 0x211
	.byte 1				/* loadflags: LOADED_HIGH */
	.org 0x22c
	.long 0x7fffffff		/* initrd_addr_max */
	.org 0x236
	.word 1				/* xloadflags: XLF_KERNEL_64 */
	.long 255			/* cmdline_size */
	.org 0x258
	.quad 0x1000000			/* pref_address */
	.long 0x200000			/* init_size */
	.org 1024

	.section .text.entry, "ax"
	.globl _start
_start:	lea stack_end(%rip), %rsp
	mov %rsi, %rdi
	call main
1:	hlt
	jmp 1b
	.bss
	.space 16384
stack_end:
	.section .note.GNU-stack, "", @progbits
