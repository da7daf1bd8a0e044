/* Making the files of an offline address book and publishing them: generations in one folder. All files but the manifest are
 * written once under a name with the sequence in it and never changed; a generation comes into being when the new manifest
 * takes the place of the old one. Whoever reads the folder sees one generation whole; whoever downloads the one before goes on
 * for a while. A sequence is reserved on disk before its files are made, so that no number is ever used for two contents.
 *
 * One publication at a time, whoever makes it (a lock in the folder); others wait. Blocks for seconds: blocking pool, command. */
#pragma once
#include <stdatomic.h>

#include "oab/entry.h"
#include "oab/manifest.h"
#include "oab/template_file.h"

/* What a name in the folder is, as '<id>-data-7.lzx', '<id>-binpatch-7.lzx', '<id>-lng0409-7.lzx', '<id>-mac0409-7.lzx'. */
struct oab_file_name {
    char id[GUID_TEXT_SIZE];
    enum oab_file_kind kind;
    uint32_t sequence, language;
    enum oab_platform platform;
};
/* False for every other name; ASCII case is ignored. */
bool oab_file_name_read(const char *name, struct oab_file_name *ret_name);
const char *oab_file_name_make(struct arena *arena, const struct oab_file_name *name);

struct oab_language {
    uint32_t lcid;
    struct oab_templates templates;
};
struct oab_publication {
    const char *folder;         /* its parent exists; it is made */
    struct oab_source source;
    const char *list_name;      /* '\Global Address List' */
    enum lzx_method method;
    uint32_t difference_count_max; /* generations that can be reached by patches */
    uint32_t retain_s;          /* how long a generation's files stay after the next one was published */
    uint32_t language_count;    /* the first is the one whose files the others share where their templates are the same */
    const struct oab_language *languages;
    bool forced;                /* a new generation also where nothing changed */
    const atomic_bool *cancelled; /* once it is set: OAB_FAILED soon; NULL for never */
};
struct oab_published {
    bool changed;               /* a new generation, else what there was */
    uint32_t sequence;
    uint32_t entry_count;
    uint64_t content_size, file_size, difference_size; /* of this generation; 0 without a patch */
};
/* OAB_FAILED: disk, memory or directory; what was published stays as it is. */
enum oab_status oab_publish(const struct oab_publication *publication, struct oab_published *ret_published);
