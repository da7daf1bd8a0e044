/* The dialogs in which clients show an entry, as rows of controls (MS-OXOABKT 2.2.2.1): one for each display type, drawn from
 * lists of fields, with labels in the client's language. No state, any thread. */
#pragma once
#include "base/arena.h"

#define TEMPLATE_SEARCH 0x200u /* DT_SEARCH: the fields of 'find people' */

#define TEMPLATE_INTERNET_ADDRESS 0x102u /* DT_ADDRESS_TEMPLATE: a recipient who is in no address book */

/* The binary PidTagTemplateData for a display type (ADDRESS_BOOK_TYPE_..., or TEMPLATE_SEARCH), its texts in the code page.
 * Languages: English, French, German, Spanish; every other one gets English. False where no dialog shows that display type;
 * *ret_data has data NULL without memory. */
bool template_make(struct arena *arena, uint32_t display_type, uint32_t lcid, uint32_t code_page, struct bytes *ret_data);
/* The binary PidTagScriptData of TEMPLATE_INTERNET_ADDRESS: how the address follows from what was typed (MS-OXOABKT 2.2.2.2).
 * Data NULL without memory. */
struct bytes template_script(struct arena *arena);
/* Its name in the list of templates, UTF-8. */
const char *template_internet_address_name(uint32_t lcid);
