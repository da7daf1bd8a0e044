#include "oab/template_file.h"

#include <string.h>

#define OAB_HDR_SIZE 12u
#define ENTRY_SIZE 32u  /* TMPLT_ENTRY: four places and sizes */
#define NAMES_SIZE 16u  /* NAMES_STRUCT: no named properties */
#define ENTRIES_START OAB_HDR_SIZE
#define NAMES_START (ENTRIES_START + OAB_TEMPLATE_COUNT * ENTRY_SIZE)
#define COUNT_START (NAMES_START + NAMES_SIZE)
#define CREATIONS_START (COUNT_START + 4u)

/* --- writing --- */

/* Appends to the data section and says in the entry's field where it is. */
static void put_data(struct buffer *output, size_t field, struct bytes data)
{
    size_t place = output->size;
    if (data.size == 0 || !buffer_append(output, data.data, data.size))
        return;
    store_u32(output->data + field, (uint32_t)place);
    store_u32(output->data + field + 4, (uint32_t)data.size);
    while (output->size % 4) /* the tables of controls are words */
        buffer_append_u8(output, 0);
}

static struct bytes text_with_end(const char *text)
{
    return text && *text ? bytes_of(text, strlen(text) + 1) : BYTES_NONE;
}

static void put_template(struct buffer *output, size_t entry, const struct oab_template *template)
{
    put_data(output, entry, text_with_end(template->dn));
    put_data(output, entry + 8, template->controls);
    put_data(output, entry + 16, template->script);
    put_data(output, entry + 24, text_with_end(template->display_name));
}

bool oab_template_file_write(const struct oab_templates *templates, struct buffer *output)
{
    size_t head_size = CREATIONS_START + (size_t)templates->creation_count * ENTRY_SIZE;
    uint8_t *head = buffer_extend(output, head_size);
    if (!head)
        return false;
    memset(head, 0, head_size);
    store_u32(head, OAB_TEMPLATE_VERSION);
    store_u32(head + COUNT_START, templates->creation_count);
    for (uint32_t i = 0; i < OAB_TEMPLATE_COUNT; i++)
        put_template(output, ENTRIES_START + i * ENTRY_SIZE, &templates->templates[i]);
    for (uint32_t i = 0; i < templates->creation_count; i++)
        put_template(output, CREATIONS_START + i * ENTRY_SIZE, &templates->creations[i]);
    return !output->failed;
}

/* --- reading --- */

static bool get_data(struct bytes file, size_t field, struct bytes *ret_data)
{
    uint32_t place = load_u32(file.data + field), size = load_u32(file.data + field + 4);
    *ret_data = BYTES_NONE;
    if (place == 0)
        return true;
    if (place > file.size || size > file.size - place)
        return false;
    *ret_data = bytes_of(file.data + place, size);
    return true;
}

static bool get_text(struct bytes file, size_t field, const char **ret_text)
{
    struct bytes data;
    if (!get_data(file, field, &data))
        return false;
    *ret_text = data.size ? (const char *)data.data : "";
    return data.size == 0 || data.data[data.size - 1] == 0;
}

static bool get_template(struct bytes file, size_t entry, struct oab_template *template)
{
    return get_text(file, entry, &template->dn) && get_data(file, entry + 8, &template->controls)
        && get_data(file, entry + 16, &template->script) && get_text(file, entry + 24, &template->display_name);
}

bool oab_template_file_read(struct arena *arena, struct bytes file, struct oab_templates *ret_templates)
{
    struct oab_templates templates = {.creation_count = 0};
    if (file.size < CREATIONS_START || load_u32(file.data) != OAB_TEMPLATE_VERSION)
        return false;
    templates.creation_count = load_u32(file.data + COUNT_START);
    if (templates.creation_count > OAB_CREATION_TEMPLATES_MAX
        || templates.creation_count > (file.size - CREATIONS_START) / ENTRY_SIZE)
        return false;
    struct oab_template *creations = arena_array(arena, struct oab_template, templates.creation_count + 1);
    if (!creations)
        return false;
    for (uint32_t i = 0; i < OAB_TEMPLATE_COUNT; i++)
        if (!get_template(file, ENTRIES_START + i * ENTRY_SIZE, &templates.templates[i]))
            return false;
    for (uint32_t i = 0; i < templates.creation_count; i++)
        if (!get_template(file, CREATIONS_START + i * ENTRY_SIZE, &creations[i]))
            return false;
    templates.creations = creations;
    *ret_templates = templates;
    return true;
}
