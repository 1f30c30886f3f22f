/* SPDX-License-Identifier: GPL-2.0-only */
/* A multiboot kernel's first steps: it keeps what it found, maps 4 GiB to themselves, and goes to 64 bits. */
#define MAGIC 0x1badb002

	.section .text.entry, "ax"
	.code32
	.long MAGIC, 3, -(MAGIC + 3)

	.global _start
_start:
	mov	%eax, found_eax
	mov	%ebx, found_ebx
	mov	%cr0, %eax
	mov	%eax, found_cr0
	mov	%cr4, %eax
	mov	%eax, found_cr4
	mov	%cs, found_cs
	mov	%ds, found_ds
	mov	$stack_end, %esp
	pushf
	pop	found_eflags

	/* Present, writable, user (nested tables want it), pages of 2 MiB. */
	mov	$0x87, %eax
	mov	$directories, %edi
1:	mov	%eax, (%edi)
	add	$8, %edi
	add	$0x200000, %eax
	jnc	1b
	mov	$directories + 7, %eax
	mov	$pointers, %edi
	mov	$4, %ecx
2:	mov	%eax, (%edi)
	add	$4096, %eax
	add	$8, %edi
	loop	2b
	movl	$pointers + 7, root
	mov	$root, %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$0x20, %eax		/* PAE */
	mov	%eax, %cr4
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax		/* EFER.LME */
	wrmsr
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	lgdt	gdtr
	ljmp	$8, $long_mode

	.code64
long_mode:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	call	kernel
	cli
	hlt

/* vmrun(VMCB): the guest is in it, and ends with VMMCALL. */
	.global vmrun
vmrun:
	push	%rbx
	push	%rbp
	mov	%rdi, %rax
	clgi
	vmrun
	stgi
	pop	%rbp
	pop	%rbx
	ret

	.global l2_svm, l2_vmx
l2_svm:	incl	l2_ran
	vmmcall
	hlt
l2_vmx:	incl	l2_ran
	vmcall
	hlt

/* vmlaunch(): false: the entry was refused; true: L2 ended. */
	.global vmlaunch
vmlaunch:
	mov	$0x6c14, %eax		/* HOST_RSP */
	vmwrite	%rsp, %rax
	mov	$0x6c16, %eax		/* HOST_RIP */
	mov	$1f, %edx
	vmwrite	%rdx, %rax
	vmlaunch
	xor	%eax, %eax
	ret
1:	mov	$1, %eax
	ret

	.data
	.align 8
gdt:	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdtr:	.word . - gdt - 1
	.long gdt, 0

/* Each further CPU begins here, in real mode. */
	.section .low, "awx"
	.code16
	.global ap_start, ap_count
ap_start:
	xor	%ax, %ax
	mov	%ax, %ds
	lock incl ap_count
1:	cli
	hlt
	jmp	1b
	.align 4
ap_count: .long 0

	.bss
	.global found_eax, found_ebx, found_cr0, found_cr4, found_eflags, found_cs, found_ds, l2_ran, root
found_eax: .skip 4
found_ebx: .skip 4
found_cr0: .skip 4
found_cr4: .skip 4
found_eflags: .skip 4
found_cs: .skip 4
found_ds: .skip 4
l2_ran:	.skip 4
	.align 4096
root:	.skip 4096
pointers: .skip 4096
directories: .skip 4 * 4096
	.skip 16384
stack_end:
	.section .note.GNU-stack, "", @progbits
