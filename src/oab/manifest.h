/* The manifest of an offline address book, oab.xml (MS-OXWOAB): which files there are for each address list, of which
 * sequence, how large and with which hash. No state, any thread. */
#pragma once
#include "base/arena.h"
#include "base/guid.h"

#define OAB_MANIFEST_NAME "oab.xml"
#define OAB_MANIFEST_SIZE_MAX (4u << 20)
#define OAB_FILE_NAME_SIZE_MAX 128u
#define OAB_HASH_TEXT_SIZE 41 /* SHA-1 in lower-case hexadecimal digits, and NUL */

enum oab_file_kind { OAB_FULL, OAB_DIFFERENCE, OAB_TEMPLATE };
enum oab_platform { OAB_WINDOWS, OAB_MAC };

struct oab_file {
    enum oab_file_kind kind;
    uint32_t sequence;
    uint32_t version;               /* 32 of details, 7 of templates */
    uint32_t size;                  /* of the file as it is downloaded, which the hash is of */
    uint32_t content_size;
    char hash[OAB_HASH_TEXT_SIZE];
    uint32_t language;              /* of templates: an LCID */
    enum oab_platform platform;
    const char *name;               /* beside the manifest; letters, digits, '-', '_' and '.', not beginning with one */
};
struct oab_list {
    const char *id;                 /* GUID text of the sequence of generations */
    const char *dn, *name;
    uint32_t file_count;
    const struct oab_file *files;
};
struct oab_manifest {
    uint32_t list_count;
    const struct oab_list *lists;
};

bool oab_manifest_write(const struct oab_manifest *manifest, struct buffer *output);
/* False for what is no manifest: not well formed, with a document type, a name that might lead elsewhere, a size or hash that
 * is none. Unknown elements and attributes are passed over. */
bool oab_manifest_read(struct arena *arena, struct bytes xml, struct oab_manifest *ret_manifest);
/* A file's name as a manifest may have it. */
bool oab_file_name_allowed(const char *name);
/* The file of that kind, sequence, language and platform (both ignored for details), or NULL. */
const struct oab_file *oab_list_find(const struct oab_list *list, enum oab_file_kind kind, uint32_t sequence, uint32_t language,
                                     enum oab_platform platform);
/* The full file with the highest sequence, or NULL. */
const struct oab_file *oab_list_newest(const struct oab_list *list);
