#include "server/autodiscover_request.h"

#include <libxml/parser.h>
#include <pthread.h>
#include <string.h>

#define REQUEST_SCHEMA "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
#define TEXT_SIZE_MAX 1024u

static pthread_once_t parser_once = PTHREAD_ONCE_INIT;

static xmlNode *child(xmlNode *parent, const char *name)
{
    for (xmlNode *node = parent ? parent->children : NULL; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0)
            return node;
    return NULL;
}

/* The element's own text without white space around it; "" without the element, NULL where it is no plain short text. */
static const char *text_of(struct arena *arena, xmlNode *parent, const char *name)
{
    struct buffer text = {.size_max = TEXT_SIZE_MAX};
    xmlNode *element = child(parent, name);
    bool plain = true;
    for (xmlNode *node = element ? element->children : NULL; node; node = node->next) {
        if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE)
            plain = plain && buffer_append_string(&text, (const char *)node->content);
        else if (node->type != XML_COMMENT_NODE)
            plain = false;
    }
    size_t start = 0, end = text.size;
    while (start < end && strchr(" \t\r\n", text.data[start]))
        start++;
    while (end > start && strchr(" \t\r\n", text.data[end - 1]))
        end--;
    const char *copy = plain ? arena_string_of(arena, bytes_of(text.data ? text.data + start : NULL, end - start)) : NULL;
    buffer_free(&text);
    return copy;
}

static unsigned read_document(struct arena *arena, xmlDoc *document, struct autodiscover_request *ret_request)
{
    xmlNode *root = xmlDocGetRootElement(document);
    if (document->intSubset || !root || strcmp((const char *)root->name, "Autodiscover") != 0)
        return 600;
    xmlNode *request = child(root, "Request");
    const char *address = text_of(arena, request, "EMailAddress");
    const char *legacy_dn = text_of(arena, request, "LegacyDN");
    const char *schema = text_of(arena, request, "AcceptableResponseSchema");
    if (!request || !address || !legacy_dn || !schema || !*schema)
        return 600;
    if (!root->ns || strcmp((const char *)root->ns->href, REQUEST_SCHEMA) != 0 ||
        strcmp(schema, AUTODISCOVER_RESPONSE_SCHEMA) != 0)
        return 601;
    if (!*address && !*legacy_dn)
        return 600;
    *ret_request = (struct autodiscover_request){.address = address, .legacy_dn = legacy_dn};
    return 0;
}

unsigned autodiscover_request_read(struct arena *arena, struct bytes body, struct autodiscover_request *ret_request)
{
    pthread_once(&parser_once, xmlInitParser);
    if (body.size == 0 || body.size > INT32_MAX)
        return 600;
    xmlDoc *document = xmlReadMemory((const char *)body.data, (int)body.size, NULL, NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
    if (!document)
        return 600;
    unsigned error = read_document(arena, document, ret_request);
    xmlFreeDoc(document);
    return error;
}
