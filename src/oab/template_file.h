/* The display template file of an offline address book (MS-OXOAB 2.2): how a client that is offline shows the details of an
 * entry, and which addresses can be made by hand. One for each language, for Windows and for the Mac. The templates are those
 * that the address book endpoint gives (MS-OXOABKT). No state, any thread. */
#pragma once
#include "base/arena.h"

#define OAB_TEMPLATE_VERSION 7u
/* In this order: mail user, distribution list, forum, agent, organization, private list, remote mail user. */
#define OAB_TEMPLATE_COUNT 7u
#define OAB_CREATION_TEMPLATES_MAX 256u

struct oab_template {
    const char *dn;           /* "" for none */
    struct bytes controls;    /* PidTagTemplateData: the table of controls and the texts behind it; empty for none */
    struct bytes script;      /* PidTagScriptData of address creation templates */
    const char *display_name; /* of address creation templates */
};
struct oab_templates {
    struct oab_template templates[OAB_TEMPLATE_COUNT];
    uint32_t creation_count;  /* for addresses made by hand */
    const struct oab_template *creations;
};
/* False without memory. */
bool oab_template_file_write(const struct oab_templates *templates, struct buffer *output);
/* False for a file that is not well formed; the results point into the file, texts must end within it. */
bool oab_template_file_read(struct arena *arena, struct bytes file, struct oab_templates *ret_templates);
