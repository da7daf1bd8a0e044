/* From words to attribute values: texts, files (photos, certificates in DER or PEM), references by alias or address. */
#pragma once
#include "base/arena.h"
#include "cli/command.h"
#include "directory/directory.h"

struct entry_value_list {
    uint32_t count;
    struct directory_value values[DIRECTORY_ATTRIBUTE_COUNT];
};

/* Adds 'value' to the list: text as the attribute's kind wants it; a second value of an attribute with one is false with
 * *ret_error (in the arena), as are a reference to nobody and a text that is no number. "" stands for 'no value'. */
bool entry_value_add(struct arena *arena, struct directory *directory, enum directory_attribute attribute, struct bytes value,
                     struct entry_value_list *list, const char **ret_error);
/* The bytes of a photo or certificate file; a certificate in PEM becomes DER. False with *ret_error. */
bool entry_value_of_file(struct arena *arena, enum directory_attribute attribute, const char *path, struct bytes *ret_value,
                         const char **ret_error);
/* A whole file, at most 'size_max' bytes. False with errno set (EFBIG for a larger one). */
bool entry_file_load(const char *path, size_t size_max, struct buffer *file);
