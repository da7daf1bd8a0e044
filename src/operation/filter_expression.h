/* The condition of Where-Object: '{ $_.ClientInfoString -like "*Outlook*" -and $_.Size -gt 10MB }', or 'ClientInfoString -like *Outlook*'.
 * As in PowerShell: names, operators and texts without regard to case (-clike and the like look at it), -and, -or, -xor bind alike and
 * from the left, -not and ! before them. Method calls, arithmetic and variables other than $_, $true, $false, $null are refused.
 *
 * It comes as the words that a shell made of it: either one word with the whole block in it, in quotes, or a word each for what stood
 * between blanks. In the second case the shell has taken the quotes away and put something for $_: what stands before an operator and ends in
 * '.Name' is a property there, what stands behind one is a text.
 *
 * No state, any thread; a filter lives as long as its arena. docs/command.md. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"

#define FILTER_DEPTH_MAX 64u
#define FILTER_TOKENS_MAX 4096u
#define FILTER_PATTERN_SIZE_MAX 4096u

struct filter; /* a node; the whole is the root */

/* NULL: *ret_error says in the arena what is wrong and where. */
struct filter *filter_parse(struct arena *arena, size_t word_count, const char *const *words, const char **ret_error);
/* Whether the object (or text) fulfils it. 'ret_error' is left alone unless the comparison itself is impossible (a regular expression
 * that is none, or that takes too long): then false, and a text. */
bool filter_accepts(const struct filter *filter, const json_t *object, const char **ret_error);
/* The compiled regular expressions; the tree is the arena's. */
void filter_free(struct filter *filter);
