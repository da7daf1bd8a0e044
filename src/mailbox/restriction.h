/* Restrictions: copies that a session keeps, and whether a row matches (MS-OXCDATA 2.12). On the mailbox's strand. Internal to
 * the mailbox layer. */
#pragma once
#include "mailbox/row.h"
#include "protocol/property.h"

/* A deep copy, strings as UTF-16LE. EC_TOO_COMPLEX beyond RESTRICTIONS_MAX or RESTRICTION_DEPTH_MAX, EC_INVALID_PARAMETER for
 * a type that is none. */
uint32_t restriction_copy(
    struct arena *arena, uint32_t codepage, const struct restriction *restriction, const struct restriction **ret_copy);
/* 'counted' holds how many rows a count restriction has let through so far: zero it before the first row of a pass. NULL
 * restriction: every row. Texts of a content restriction are looked at up to RESTRICTION_TEXT_SIZE_MAX. */
#define RESTRICTION_TEXT_SIZE_MAX (4u << 20)
bool restriction_matches(struct row *row, const struct restriction *restriction, uint32_t *counted);
