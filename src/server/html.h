/* Writing HTML: every text that goes in by html() is escaped, so that markup comes from literals only. Any thread; appends to
 * the caller's buffer, whose 'failed' says in the end whether memory sufficed. */
#pragma once
#include "base/bytes.h"

/* Appends text with &, <, > and quotes escaped: right in text and in quoted attributes. */
void html_text(struct buffer *page, const char *text);
/* Like printf; the literal goes in as it is, each %s escaped, NULL as nothing. Knows %s, %c, %% and numbers (%d %u %ld %lu %lld
 * %llu %zu %.1f and the like). */
void html(struct buffer *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A value for a place in a URL (path segment or query), percent-encoded. */
void html_url(struct buffer *page, const char *text);
