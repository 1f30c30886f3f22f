/* SPDX-License-Identifier: GPL-2.0-only */
/* What C cannot express: the first instruction, the exception stubs, the entry into L2. */

	.section .text.start, "ax"
	.globl _start
_start:				/* RDI = vCPU index, RSI = device tree, RSP = top of the stack */
	cld
	mov	%rsp, %rdx
	xor	%ebp, %ebp
	call	payload_main
0:	cli
	hlt
	jmp	0b

	.text

/* 32 stubs, TRAP_STUB_SIZE (trap.c) bytes each; all leave struct trap_frame on the stack. */
	.globl trap_stubs
	.hidden trap_stubs
	.balign	16
trap_stubs:
	vector = 0
	.rept	32
	.balign	16
	/* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX push an error code themselves. */
	.if (0x60227d00 >> vector) & 1 == 0
	push	$0
	.endif
	push	$vector
	jmp	trap_common
	vector = vector + 1
	.endr

trap_common:
	cld
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	trap_report	/* does not return */

/* All of struct l2_registers (l2.h) except RAX. */
	.macro load_l2 from
	mov	0x08(\from), %rbx
	mov	0x10(\from), %rcx
	mov	0x18(\from), %rdx
	mov	0x30(\from), %rbp
	mov	0x38(\from), %r8
	mov	0x40(\from), %r9
	mov	0x48(\from), %r10
	mov	0x50(\from), %r11
	mov	0x58(\from), %r12
	mov	0x60(\from), %r13
	mov	0x68(\from), %r14
	mov	0x70(\from), %r15
	.endm

	.macro save_l2 to
	mov	%rbx, 0x08(\to)
	mov	%rcx, 0x10(\to)
	mov	%rdx, 0x18(\to)
	mov	%rsi, 0x20(\to)
	mov	%rdi, 0x28(\to)
	mov	%rbp, 0x30(\to)
	mov	%r8, 0x38(\to)
	mov	%r9, 0x40(\to)
	mov	%r10, 0x48(\to)
	mov	%r11, 0x50(\to)
	mov	%r12, 0x58(\to)
	mov	%r13, 0x60(\to)
	mov	%r14, 0x68(\to)
	mov	%r15, 0x70(\to)
	.endm

	.macro push_l1
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm

	.macro pop_l1
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	.endm

/*
 * void svm_vmrun(struct vmcb *vmcb, struct l2_registers *registers, uint32_t restore_port)
 * L2's RAX and RSP are in the VMCB. With a port, the VMM enters L2 in place of VMRUN.
 */
	.globl svm_vmrun
	.hidden svm_vmrun
svm_vmrun:
	push_l1
	push	%rsi
	push	%rdx
	mov	%rdi, %rax
	test	%edx, %edx
	load_l2	%rsi
	mov	0x28(%rsi), %rdi
	mov	0x20(%rsi), %rsi
	clgi
	jnz	1f
	vmrun	%rax
	jmp	2f
1:	mov	(%rsp), %rdx
	out	%eax, %dx
2:	stgi
	pop	%rax
	pop	%rax
	save_l2	%rax
	pop_l1
	ret

/*
 * int vmx_vmenter(struct l2_registers *registers, enum way way, uint32_t restore_port)
 * Returns 0 after an exit of L2; 1 when VMLAUNCH, VMRESUME or, by the port, the VMM failed.
 */
	.globl vmx_vmenter
	.hidden vmx_vmenter
vmx_vmenter:
	push_l1
	push	%rdx
	push	%rdi
	mov	$0x6c14, %eax		/* host RSP */
	vmwrite	%rsp, %rax
	lea	2f(%rip), %rdx
	mov	$0x6c16, %eax		/* host RIP */
	vmwrite	%rdx, %rax
	cmp	$1, %esi		/* RESUME; LAUNCH is below, RESTORE above */
	load_l2	%rdi
	mov	0x00(%rdi), %rax
	mov	0x20(%rdi), %rsi
	mov	0x28(%rdi), %rdi
	je	1f
	ja	4f
	vmlaunch
	jmp	3f
1:	vmresume
	jmp	3f
4:	mov	8(%rsp), %rdx
	out	%eax, %dx
	jmp	3f
2:	push	%rax			/* L2 is back */
	mov	8(%rsp), %rax
	save_l2	%rax
	pop	0x00(%rax)
	pop	%rdi
	pop	%rdx
	xor	%eax, %eax
	pop_l1
	ret
3:	pop	%rdi			/* L2 did not run */
	pop	%rdx
	mov	$1, %eax
	pop_l1
	ret

	.section .note.GNU-stack, "", @progbits
