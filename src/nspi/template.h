/* The dialogs in which clients show an entry, as rows of controls (MS-OXOABKT 2.2.2.1): one for each display type, drawn from
 * lists of fields, with labels in the client's language. No state, any thread. */
#pragma once
#include "base/arena.h"

#define TEMPLATE_SEARCH 0x200u /* DT_SEARCH: the fields of 'find people' */

/* The binary PidTagTemplateData for a display type (ADDRESS_BOOK_TYPE_..., or TEMPLATE_SEARCH), its texts in the code page.
 * Languages: English, French, German, Spanish; every other one gets English. False where no dialog shows that display type;
 * *ret_data has data NULL without memory. */
bool template_make(struct arena *arena, uint32_t display_type, uint32_t lcid, uint32_t code_page, struct bytes *ret_data);
