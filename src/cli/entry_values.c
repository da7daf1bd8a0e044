#include "cli/entry_values.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#define VALUE_FILE_SIZE_MAX (4u << 20)

bool entry_file_load(const char *path, size_t size_max, struct buffer *file)
{
    int descriptor = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
    ssize_t size = -1;
    if (descriptor < 0)
        return false;
    do {
        uint8_t *place = buffer_extend(file, 65536);
        size = place ? read(descriptor, place, 65536) : -1;
        file->size -= place ? 65536 - (size_t)(size > 0 ? size : 0) : 0;
        if (size > 0 && file->size > size_max) {
            errno = EFBIG;
            size = -1;
        }
    } while (size > 0);
    int error = errno;
    close(descriptor);
    errno = error;
    return size == 0;
}

static struct bytes certificate_of_pem(struct arena *arena, const struct buffer *file)
{
    struct bytes der = BYTES_NONE;
    BIO *bio = BIO_new_mem_buf(file->data, (int)file->size);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    unsigned char *encoded = NULL;
    int size = certificate ? i2d_X509(certificate, &encoded) : 0;
    if (size > 0)
        der = arena_bytes(arena, bytes_of(encoded, (size_t)size));
    OPENSSL_free(encoded);
    X509_free(certificate);
    BIO_free(bio);
    return der;
}

bool entry_value_of_file(struct arena *arena, enum directory_attribute attribute, const char *path, struct bytes *ret_value,
                         const char **ret_error)
{
    struct buffer file = {0};
    bool is_certificate = attribute == DIRECTORY_ATTRIBUTE_CERTIFICATE || attribute == DIRECTORY_ATTRIBUTE_SMIME_CERTIFICATE;
    struct bytes value = BYTES_NONE;
    const char *error = NULL;
    if (!entry_file_load(path, VALUE_FILE_SIZE_MAX, &file))
        error = arena_format(arena, "%s: %s", path, strerror(errno));
    else if (is_certificate && file.size > 10 && !memcmp(file.data, "-----BEGIN", 10))
        value = certificate_of_pem(arena, &file);
    else
        value = arena_bytes(arena, buffer_bytes(&file));
    if (!error && value.size == 0)
        error = arena_format(arena, "%s: nothing in it that could be used", path);
    buffer_free(&file);
    if (error) {
        *ret_error = error;
        return false;
    }
    *ret_value = value;
    return true;
}

static bool is_number(struct bytes value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
    }
    return value.size > 0 && value.size < 11;
}

static struct bytes boolean_of(struct bytes value)
{
    static const char *const yes[] = {"1", "yes", "true", "on"}, *const no[] = {"0", "no", "false", "off"};
    for (size_t i = 0; i < 4; i++) {
        if (value.size == strlen(yes[i]) && !strncasecmp((const char *)value.data, yes[i], value.size))
            return BYTES_LITERAL("1");
        if (value.size == strlen(no[i]) && !strncasecmp((const char *)value.data, no[i], value.size))
            return BYTES_LITERAL("0");
    }
    return BYTES_NONE;
}

/* As the directory wants it; data NULL with the error said. */
static struct bytes converted(struct arena *arena, struct directory *directory, enum directory_attribute attribute,
                              struct bytes value, const char **ret_error)
{
    const struct directory_attribute_definition *definition = &directory_attributes[attribute];
    struct directory_entry entry;
    struct bytes result = BYTES_NONE;
    char *text = arena_string_of(arena, value);
    switch (definition->kind) {
    case DIRECTORY_VALUE_REFERENCE:
        if (text && directory_find_entry(directory, arena, DIRECTORY_KEY_LOGON, text, &entry) == DIRECTORY_OK)
            result = bytes_of(arena_copy(arena, entry.id.data, sizeof entry.id.data), sizeof entry.id.data);
        else
            *ret_error = arena_format(arena, "%s: there is nobody called '%s'", definition->name, text ? text : "");
        return result;
    case DIRECTORY_VALUE_NUMBER:
        if (is_number(value))
            return arena_bytes(arena, value);
        *ret_error = arena_format(arena, "%s: '%s' is not a number", definition->name, text ? text : "");
        return result;
    case DIRECTORY_VALUE_BOOLEAN:
        result = boolean_of(value);
        if (!result.data)
            *ret_error = arena_format(arena, "%s: '%s' is neither yes nor no", definition->name, text ? text : "");
        return result;
    default:
        result = arena_bytes(arena, value);
        if (!result.data)
            *ret_error = "out of memory";
        return result;
    }
}

static struct directory_value *value_in(struct entry_value_list *list, enum directory_attribute attribute)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->values[i].attribute == attribute)
            return &list->values[i];
    }
    list->values[list->count] = (struct directory_value){.attribute = attribute};
    return &list->values[list->count++];
}

bool entry_value_add(struct arena *arena, struct directory *directory, enum directory_attribute attribute, struct bytes value,
                     struct entry_value_list *list, const char **ret_error)
{
    struct directory_value *place = value_in(list, attribute);
    if (value.size == 0) {
        place->count = 0;
        return true;
    }
    if (place->count > 0 && !directory_attributes[attribute].multiple) {
        *ret_error = arena_format(arena, "%s: only one value", directory_attributes[attribute].name);
        return false;
    }
    struct bytes item = converted(arena, directory, attribute, value, ret_error);
    struct bytes *items = item.data ? arena_array(arena, struct bytes, place->count + 1) : NULL;
    if (!items)
        return false;
    for (uint32_t i = 0; i < place->count; i++)
        items[i] = place->items[i];
    items[place->count] = item;
    place->items = items;
    place->count++;
    return true;
}
