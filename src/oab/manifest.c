#include "oab/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include "base/text.h"

#define LISTS_MAX 256u
#define FILES_MAX 4096u

static const char *const kind_names[] = {[OAB_FULL] = "Full", [OAB_DIFFERENCE] = "Diff", [OAB_TEMPLATE] = "Template"};
static const char *const platform_names[] = {[OAB_WINDOWS] = "windows", [OAB_MAC] = "mac"};

bool oab_file_name_allowed(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t size = strlen(name);
    return size > 0 && size < OAB_FILE_NAME_SIZE_MAX && name[0] != '.' && strspn(name, allowed) == size;
}

/* --- writing --- */

static void append_escaped(struct buffer *output, const char *text)
{
    for (; *text; text++) {
        uint8_t byte = (uint8_t)*text;
        switch (byte) {
        case '&': buffer_append_string(output, "&amp;"); break;
        case '<': buffer_append_string(output, "&lt;"); break;
        case '>': buffer_append_string(output, "&gt;"); break;
        case '"': buffer_append_string(output, "&quot;"); break;
        default:
            if (byte >= 0x20) /* other controls are no characters of XML */
                buffer_append_u8(output, byte);
        }
    }
}

static void append_file(struct buffer *output, const struct oab_file *file)
{
    buffer_append_format(output, "    <%s seq=\"%u\" ver=\"%u\" size=\"%u\" uncompressedsize=\"%u\" SHA=\"%s\"",
        kind_names[file->kind], file->sequence, file->version, file->size, file->content_size, file->hash);
    if (file->kind == OAB_TEMPLATE)
        buffer_append_format(output, " langid=\"%04x\" type=\"%s\"", file->language, platform_names[file->platform]);
    buffer_append_format(output, ">%s</%s>\n", file->name, kind_names[file->kind]);
}

bool oab_manifest_write(const struct oab_manifest *manifest, struct buffer *output)
{
    buffer_append_string(output, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<OAB>\n");
    for (uint32_t i = 0; i < manifest->list_count; i++) {
        const struct oab_list *list = &manifest->lists[i];
        buffer_append_format(output, "  <OAL id=\"%s\" dn=\"", list->id);
        append_escaped(output, list->dn);
        buffer_append_string(output, "\" name=\"");
        append_escaped(output, list->name);
        buffer_append_string(output, "\">\n");
        for (uint32_t j = 0; j < list->file_count; j++)
            append_file(output, &list->files[j]);
        buffer_append_string(output, "  </OAL>\n");
    }
    return buffer_append_string(output, "</OAB>\n");
}

/* --- reading --- */

static bool named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* NULL where it is missing. */
static const char *attribute(struct arena *arena, const xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
    const char *copy = value ? arena_string(arena, (const char *)value) : NULL;
    xmlFree(value);
    return copy;
}

static bool read_number(struct arena *arena, const xmlNode *node, const char *name, int base, uint32_t *ret_number)
{
    const char *text = attribute(arena, node, name);
    size_t size = text ? strlen(text) : 0;
    if (size == 0 || size > 10 || strspn(text, base == 16 ? "0123456789abcdefABCDEF" : "0123456789") != size)
        return false;
    unsigned long long number = strtoull(text, NULL, base);
    *ret_number = (uint32_t)number;
    return number <= UINT32_MAX;
}

static bool read_hash(struct arena *arena, const xmlNode *node, char *ret_hash)
{
    const char *text = attribute(arena, node, "SHA");
    if (!text || strlen(text) != OAB_HASH_TEXT_SIZE - 1
        || strspn(text, "0123456789abcdefABCDEF") != OAB_HASH_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < OAB_HASH_TEXT_SIZE; i++)
        ret_hash[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] + 'a' - 'A') : text[i];
    return true;
}

static const char *file_name(struct arena *arena, const xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    if (!content)
        return NULL;
    const char *begin = (const char *)content + strspn((const char *)content, " \t\r\n");
    size_t size = strcspn(begin, " \t\r\n");
    bool alone = !begin[size + strspn(begin + size, " \t\r\n")];
    const char *name = alone ? arena_string_of(arena, bytes_of(begin, size)) : NULL;
    xmlFree(content);
    return name && oab_file_name_allowed(name) ? name : NULL;
}

static bool read_template_attributes(struct arena *arena, const xmlNode *node, struct oab_file *file)
{
    const char *type = attribute(arena, node, "type");
    file->platform = type && text_equal_ignoring_case(type, platform_names[OAB_MAC]) ? OAB_MAC : OAB_WINDOWS;
    return read_number(arena, node, "langid", 16, &file->language);
}

static bool read_file(struct arena *arena, const xmlNode *node, enum oab_file_kind kind, struct oab_file *ret_file)
{
    struct oab_file file = {.kind = kind, .name = file_name(arena, node)};
    if (!file.name || !read_number(arena, node, "seq", 10, &file.sequence) || !read_number(arena, node, "ver", 10, &file.version)
        || !read_number(arena, node, "size", 10, &file.size)
        || !read_number(arena, node, "uncompressedsize", 10, &file.content_size) || !read_hash(arena, node, file.hash)
        || (kind == OAB_TEMPLATE && !read_template_attributes(arena, node, &file)))
        return false;
    *ret_file = file;
    return true;
}

static uint32_t count_elements(const xmlNode *parent, uint32_t count_max)
{
    uint32_t count = 0;
    for (const xmlNode *node = parent->children; node && count <= count_max; node = node->next)
        count += node->type == XML_ELEMENT_NODE;
    return count;
}

static bool read_list(struct arena *arena, const xmlNode *node, struct oab_list *list)
{
    struct guid id;
    list->id = attribute(arena, node, "id");
    list->dn = attribute(arena, node, "dn");
    list->name = attribute(arena, node, "name");
    uint32_t count = count_elements(node, FILES_MAX);
    struct oab_file *files = arena_array(arena, struct oab_file, count + 1);
    if (!list->id || !guid_parse(list->id, &id) || !list->dn || !list->name || count > FILES_MAX || !files)
        return false;
    for (const xmlNode *at = node->children; at; at = at->next)
        for (enum oab_file_kind kind = OAB_FULL; kind <= OAB_TEMPLATE; kind++)
            if (named(at, kind_names[kind]) && !read_file(arena, at, kind, &files[list->file_count++]))
                return false;
    list->files = files;
    return true;
}

static bool read_root(struct arena *arena, const xmlNode *root, struct oab_manifest *ret_manifest)
{
    uint32_t count = count_elements(root, LISTS_MAX), used = 0;
    struct oab_list *lists = arena_array(arena, struct oab_list, count + 1);
    if (!named(root, "OAB") || count > LISTS_MAX || !lists)
        return false;
    for (const xmlNode *node = root->children; node; node = node->next)
        if (named(node, "OAL") && !read_list(arena, node, &lists[used++]))
            return false;
    *ret_manifest = (struct oab_manifest){used, lists};
    return true;
}

bool oab_manifest_read(struct arena *arena, struct bytes xml, struct oab_manifest *ret_manifest)
{
    if (xml.size == 0 || xml.size > OAB_MANIFEST_SIZE_MAX)
        return false;
    /* No entities are replaced, no other files read; a document type is refused below. */
    xmlDoc *document = xmlReadMemory((const char *)xml.data, (int)xml.size, NULL, NULL,
        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!document)
        return false;
    const xmlNode *root = document->intSubset || document->extSubset ? NULL : xmlDocGetRootElement(document);
    bool read = root && read_root(arena, root, ret_manifest);
    xmlFreeDoc(document);
    return read;
}

/* --- finding --- */

const struct oab_file *oab_list_find(const struct oab_list *list, enum oab_file_kind kind, uint32_t sequence, uint32_t language,
                                     enum oab_platform platform)
{
    for (uint32_t i = 0; i < list->file_count; i++) {
        const struct oab_file *file = &list->files[i];
        if (file->kind == kind && file->sequence == sequence
            && (kind != OAB_TEMPLATE || (file->language == language && file->platform == platform)))
            return file;
    }
    return NULL;
}

const struct oab_file *oab_list_newest(const struct oab_list *list)
{
    const struct oab_file *newest = NULL;
    for (uint32_t i = 0; i < list->file_count; i++)
        if (list->files[i].kind == OAB_FULL && (!newest || list->files[i].sequence > newest->sequence))
            newest = &list->files[i];
    return newest;
}
