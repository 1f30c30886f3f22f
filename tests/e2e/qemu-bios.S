/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Firmware of a QEMU VM that minivmm stat is to see: a guest that halts. With --defsym NEST=1 it first runs a
 * nested guest under NPT, which halts, too. 64 KiB that end below 1 MiB; VMCB: AMD APM volume 2, appendix B.
 */
	.set	SEGMENT, 0xf0000
	.set	DIRECTORY, 0x10000
	.set	VMCB, 0x11000
	.set	HOST_SAVE, 0x12000

	.code16
start:
	cli
	.if	NEST
	lgdtl	%cs:gdt_register
	mov	%cr0, %eax
	or	$1, %eax			/* PE */
	mov	%eax, %cr0
	ljmpl	$8, $(SEGMENT + protected)
	.endif
halt:
	hlt
	jmp	halt

	.code32
protected:
	mov	$16, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss

	/* An identity map of pages of 4 MiB: L1's page directory, and its nested one. */
	mov	$DIRECTORY, %edi
	mov	$0x87, %eax			/* PS, US, RW, P */
1:	stosl
	add	$1 << 22, %eax
	jnc	1b
	mov	$DIRECTORY, %eax
	mov	%eax, %cr3
	mov	%cr4, %eax
	or	$0x10, %eax			/* PSE */
	mov	%eax, %cr4
	mov	%cr0, %eax
	or	$1 << 31, %eax			/* PG */
	mov	%eax, %cr0

	mov	$0xc0000080, %ecx		/* EFER */
	rdmsr
	or	$1 << 12, %eax			/* SVME */
	wrmsr
	mov	$0xc0010117, %ecx		/* VM_HSAVE_PA */
	mov	$HOST_SAVE, %eax
	xor	%edx, %edx
	wrmsr

	/* The rest of it is 0, as fresh memory is. */
	movl	$1 << 24, VMCB + 0x00c		/* intercept HLT */
	movl	$1, VMCB + 0x010		/* and VMRUN, which must be */
	movl	$1, VMCB + 0x058		/* ASID */
	movl	$1, VMCB + 0x090		/* nested paging */
	movl	$DIRECTORY, VMCB + 0x0b0	/* nCR3 */
	movl	$0x009bf000, VMCB + 0x410	/* CS: code, selector */
	movl	$0xffff, VMCB + 0x414
	movl	$SEGMENT, VMCB + 0x418
	movl	$1 << 12, VMCB + 0x4d0		/* EFER.SVME, which must be */
	movl	$0x10, VMCB + 0x558		/* CR0.ET: real mode */
	movl	$0x400, VMCB + 0x560		/* DR7 */
	movl	$0xffff0ff0, VMCB + 0x568	/* DR6 */
	movl	$2, VMCB + 0x570		/* RFLAGS */
	movl	$halt, VMCB + 0x578		/* RIP */
	movl	$0x00070406, VMCB + 0x668	/* PAT */
	movl	$0x00070406, VMCB + 0x66c
	mov	$VMCB, %eax
	vmrun
2:	hlt
	jmp	2b

	.balign	8
gdt:
	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_register:
	.word	. - gdt - 1
	.long	SEGMENT + gdt

	.code16
	.org	0xfff0
	ljmp	$(SEGMENT >> 4), $start
	.org	0x10000
