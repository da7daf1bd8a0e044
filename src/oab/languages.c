#include "oab/languages.h"

#include "nspi/template.h"

#define CODE_PAGE_WESTERN 1252u /* of the languages that have labels of their own, and of English */

/* Those for which Exchange 2016 publishes templates. */
static const uint16_t lcids[] = {
    0x0409, 0x0401, 0x0402, 0x0403, 0x0404, 0x0405, 0x0406, 0x0407, 0x0408, 0x040B, 0x040C, 0x040D, 0x040E, 0x0410, 0x0411,
    0x0412, 0x0413, 0x0414, 0x0415, 0x0416, 0x0418, 0x0419, 0x041A, 0x041B, 0x041D, 0x041E, 0x041F, 0x0421, 0x0422, 0x0424,
    0x0425, 0x0426, 0x0427, 0x0429, 0x042A, 0x042D, 0x0439, 0x043E, 0x0804, 0x0816, 0x081A, 0x0C0A, 0x0C1A,
};
#define LANGUAGE_COUNT (sizeof lcids / sizeof *lcids)

const struct oab_language *oab_languages(struct arena *arena, uint32_t *ret_count)
{
    struct oab_language *languages = arena_array(arena, struct oab_language, LANGUAGE_COUNT);
    if (!languages)
        return NULL;
    for (uint32_t i = 0; i < LANGUAGE_COUNT; i++) {
        languages[i].lcid = lcids[i];
        for (uint32_t type = 0; type < OAB_TEMPLATE_COUNT; type++) { /* the places in the file are the display types */
            struct bytes data = BYTES_NONE;
            if (!template_make(arena, type, lcids[i], CODE_PAGE_WESTERN, &data))
                continue; /* no dialog shows that type */
            if (!data.data)
                return NULL;
            languages[i].templates.templates[type] = (struct oab_template){"", data, BYTES_NONE, ""};
        }
    }
    *ret_count = LANGUAGE_COUNT;
    return languages;
}
