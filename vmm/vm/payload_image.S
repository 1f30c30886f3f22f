/* SPDX-License-Identifier: GPL-2.0-only */
/* The payload's flat binary, and the agent's program; the Makefile says where they are. */
#ifdef __CET__
#include <cet.h>	/* an object that does not say what it is compatible with switches it off for the program */
#endif
	.section .rodata
	.balign 4096
	.globl payload_image, payload_image_end
payload_image:
	.incbin PAYLOAD_BIN
payload_image_end:
	.balign 4096
	.globl agent_image, agent_image_end
agent_image:
	.incbin AGENT_BIN
agent_image_end:
	.section .note.GNU-stack, "", @progbits
