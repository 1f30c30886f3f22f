/* SPDX-License-Identifier: GPL-2.0-only */
/* The answer to a question that can't always be answered: "unknown" is not "no". */
#ifndef ANSWER_H
#define ANSWER_H

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

#endif
