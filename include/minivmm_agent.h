/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between minivmm and its agent in a Linux guest (guest/agent.c): I/O ports of their own. Any program
 * of the guest may use them: nothing that comes from there is trusted.
 */
#ifndef MINIVMM_AGENT_H
#define MINIVMM_AGENT_H

#define AGENT_PORT 0x520
#define AGENT_PORTS 16

/* Ports, from AGENT_PORT on. */
#define AGENT_NEXT 0	/* in, 4 bytes: what to do next, an AGENT_DO_* and the length of its text */
#define AGENT_TEXT 4	/* in, 1 byte: the next byte of that text; after its end 0 */
#define AGENT_OUTPUT 5	/* out, 1 byte: what the command prints */
#define AGENT_OUTPUT_KEPT 4096u	/* of what it printed at once; the report has less */
#define AGENT_STATUS 8	/* out, 4 bytes: the command ended, with this exit status */
#define AGENT_MARK 12	/* out, 4 bytes: a mark, for until = mark:N */

#define AGENT_DO_WAIT (0u << 24)	/* nothing now: ask again */
#define AGENT_DO_RUN (1u << 24)		/* run the text as a command of the shell */
#define AGENT_DO_INIT (2u << 24)	/* become the program whose path is the text */
#define AGENT_DO_NAMES (3u << 24)	/* the mask of these */
#define AGENT_TEXT_MAX 4096u

/* Where it is in the guest's file system; as `mark` it makes a mark. */
#define AGENT_FOLDER "/minivmm"
#define AGENT_INIT AGENT_FOLDER "/init"
#define AGENT_MARKER AGENT_FOLDER "/mark"
#define AGENT_INIT_ARG "rdinit="

#endif
