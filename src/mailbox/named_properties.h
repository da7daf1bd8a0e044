/* Named properties: names to ids and back (MS-OXCPRPT 3.2.5.9, .10). Registered ids are the mailbox's, 0x8000 and up; PS_MAPI
 * names are ids below 0x8000. On the mailbox's strand. */
#pragma once
#include "mailbox/mailbox.h"

extern const struct guid PS_MAPI_GUID;
extern const struct guid PS_PUBLIC_STRINGS_GUID;
extern const struct guid PS_INTERNET_HEADERS_GUID;

/* One id per name, 0 where it is not registered and 'create' is not set. With create EC_OUT_OF_MEMORY (0x8007000E) once
 * NAMED_PROPERTIES_MAX are taken (R53502). */
uint32_t property_ids_of_names(
    struct logon *logon, const struct property_name *names, uint32_t count, bool create, uint16_t *ret_ids);
/* One name per id: PS_MAPI for ids below 0x8000, kind 0xFF for unknown ones (R518..R524). Text is in the arena. */
uint32_t property_names_of_ids(
    struct arena *arena, struct logon *logon, const uint16_t *ids, uint32_t count, struct property_name *ret_names);
/* Every registered one (RopQueryNamedProperties, and RopGetPropertyIdsFromNames without names on a logon). */
uint32_t property_names_all(struct arena *arena, struct logon *logon, bool no_strings, bool no_ids, const struct guid *set,
    uint16_t **ret_ids, struct property_name **ret_names, uint32_t *ret_count);
