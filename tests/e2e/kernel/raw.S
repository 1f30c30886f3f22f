/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A multiboot kernel that is no ELF file, though it looks like one: its header says which part of it belongs where. It
 * ends with exit status 0 where that part, and zeros behind it, are there; else with 1.
 */
	.code32
	.globl _start
_start:	.ascii "\177ELF not loaded"
	.align 16
load:	.long 0
header:	.long 0x1badb002, 1 << 16, -(0x1badb002 + (1 << 16))
	.long header, load, 0, bss + 8192, entry

entry:	cmp $0x2badb002, %eax
	jne failed
	cmpl $0, _start
	jne failed
	xor %eax, %eax
	mov $bss, %edi
	mov $2048, %ecx
	cld
	repe scasl
	jne failed
	movl $1, bss + 8188	/* what the next run must not find */
	jmp end
failed:	mov $1, %eax
end:	out %eax, $0xf4
1:	hlt
	jmp 1b
	.align 4
bss:
	.section .note.GNU-stack, "", @progbits
