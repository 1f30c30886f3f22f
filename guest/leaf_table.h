/* SPDX-License-Identifier: GPL-2.0-only */
/* Leaf tables of L1's nested tables that change from round to round: what L1 and L2 both do with them. */
#ifndef LEAF_TABLE_H
#define LEAF_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "minivmm_abi.h"
#include "touch.h"

/* What L2 is to do next. */
enum leaf_ask { LEAF_USE, LEAF_WRITE };

#define LEAF_TABLES 2			/* KVM must copy all of them anew, not only the first that it finds */

/* `count` pages of L2's, which the tables map in turn to as many of L1's, in another order from round to round. */
struct leaf {
	struct leaf_table {
		volatile uint64_t *entries;
		volatile uint64_t *link; /* to it, in the table above */
		uint64_t base;		/* the gpa of L2's first page that it maps */
	} tables[LEAF_TABLES];
	uint64_t page_bits;		/* of an entry that maps a page */
	uint64_t view;			/* so much higher, modulo 2^64, L2 has the same pages by the same tables, but can only read them; or 0 */
	uint64_t target;		/* the gpa of L1's first page */
	uint64_t count;			/* even */
	uint64_t shift;			/* the tables' entry i, which go in turn, is for L1's page (i + shift) modulo count */
	bool exchanged;			/* each table is in the other's place */
	enum abi_leaf_change change;	/* what differs from round to round */
	uint64_t pattern, round;	/* what is written: see leaf_value() */
	enum leaf_ask ask;
	bool unseen;			/* a change was not seen: the phase ends */
	bool stale;			/* L2's answer: a page did not hold what was written to it in the round before: */
	struct touch_error error;	/* the first such page; gpa is L1's */
	uint64_t stale_page;		/* and L2's */
};

/* The gpa of L1's page of this index, and of L2's. */
uint64_t leaf_target(const struct leaf *leaf, uint64_t index);
uint64_t leaf_page(const struct leaf *leaf, uint64_t index);
/* L2's page that is different, another one from round to round. */
uint64_t leaf_changed(const struct leaf *leaf);
/* The gpa of L2's page that the change does not let L2 use, or not write. */
uint64_t leaf_missed(const struct leaf *leaf);
/* What L2 writes in a round to L1's page at gpa. */
uint64_t leaf_value(const struct leaf *leaf, uint64_t gpa, uint64_t round);
/* Writes the entries, or where the tables were exchanged their links, as they are in this round. */
void leaf_write(const struct leaf *leaf);
/* What runs in L2: does what is asked, once. */
void leaf_serve(struct leaf *leaf);

#endif
