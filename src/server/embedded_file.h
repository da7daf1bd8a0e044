/* Files that the program carries with it; made by tools/embed.py. */
#pragma once
#include <stddef.h>

struct embedded_file {
    const char *name;
    const char *media_type;
    const char *entity_tag; /* with its quotes */
    const char *version;    /* of the content: in the file's address, so that browsers may keep it for good */
    const char *digest;     /* 'sha256-...', as a content security policy names it */
    size_t size;
    const char *data;
};

/* Ended by a NULL name. */
extern const struct embedded_file admin_site_files[]; /* of the pages at /admin/ */

/* NULL where there is none. */
const struct embedded_file *embedded_file_find(const struct embedded_file *files, const char *name);
