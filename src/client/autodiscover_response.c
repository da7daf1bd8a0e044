#include "client/autodiscover_response.h"
#include "base/text.h"
#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_TOLD_MAX 16u

static bool named(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && text_equal_ignoring_case((const char *)node->name, name);
}

static const xmlNode *child(const xmlNode *node, const char *name)
{
    for (const xmlNode *at = node ? node->children : NULL; at; at = at->next)
        if (named(at, name))
            return at;
    return NULL;
}

/* The text of an element without blanks around it; "" for none. */
static const char *content(struct arena *arena, const xmlNode *node)
{
    xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
    if (!text)
        return "";
    const char *from = (const char *)text;
    from += strspn(from, " \t\r\n");
    size_t size = strlen(from);
    while (size && strchr(" \t\r\n", from[size - 1]))
        size--;
    const char *copy = arena_string_of(arena, bytes_of(from, size));
    xmlFree(text);
    return copy ? copy : "";
}

static const char *child_content(struct arena *arena, const xmlNode *node, const char *name)
{
    return content(arena, child(node, name));
}

static bool has_type(const xmlNode *protocol, const char *type)
{
    xmlChar *value = xmlGetProp(protocol, (const xmlChar *)"Type");
    bool same = value && text_equal_ignoring_case((const char *)value, type);
    xmlFree(value);
    return same;
}

static const char *url_of(struct arena *arena, const xmlNode *protocol, const char *store)
{
    const xmlNode *node = child(protocol, store);
    const char *external = child_content(arena, node, "ExternalUrl");
    return *external ? external : child_content(arena, node, "InternalUrl");
}

/* The type of a Protocol block: an attribute of the one that came last, an element of all others. */
static const char *type_of(struct arena *arena, const xmlNode *protocol)
{
    xmlChar *value = xmlGetProp(protocol, (const xmlChar *)"Type");
    const char *type = value ? arena_string(arena, (const char *)value) : child_content(arena, protocol, "Type");
    xmlFree(value);
    return type && *type ? type : "?";
}

static void read_account(struct arena *arena, const xmlNode *account, struct autodiscover_answer *answer)
{
    const char *action = child_content(arena, account, "Action");
    if (text_equal_ignoring_case(action, "redirectAddr")) {
        answer->kind = AUTODISCOVER_REDIRECT_ADDRESS;
        answer->redirect = child_content(arena, account, "RedirectAddr");
    } else if (text_equal_ignoring_case(action, "redirectUrl")) {
        answer->kind = AUTODISCOVER_REDIRECT_URL;
        answer->redirect = child_content(arena, account, "RedirectUrl");
    }
    unsigned block_count = 0;
    for (const xmlNode *at = account->children; at; at = at->next) {
        if (!named(at, "Protocol"))
            continue;
        if (block_count++ < BLOCKS_TOLD_MAX) {
            const char *blocks = arena_format(arena, "%s%s%.40s", answer->blocks, *answer->blocks ? " " : "", type_of(arena, at));
            answer->blocks = blocks ? blocks : "";
        }
        const char *offline = child_content(arena, at, "OABUrl");
        if (text_has_prefix_ignoring_case(offline, "http")) /* 'Public Folder' is one too */
            answer->offline_address_book_url = offline;
        if (has_type(at, "mapiHttp")) {
            answer->mapi_http = true;
            answer->mailbox_url = url_of(arena, at, "MailStore");
            answer->address_book_url = url_of(arena, at, "AddressBook");
        }
    }
}

static bool read_response(struct arena *arena, const xmlNode *response, struct autodiscover_answer *answer,
                          const char **ret_failure)
{
    const xmlNode *error = child(response, "Error"), *user = child(response, "User"), *account = child(response, "Account");
    if (error) {
        answer->kind = AUTODISCOVER_ERROR;
        answer->error_code = (uint32_t)strtoul(child_content(arena, error, "ErrorCode"), NULL, 10);
        answer->error_message = child_content(arena, error, "Message");
        return true;
    }
    if (!account) {
        *ret_failure = "neither Account nor Error in the answer";
        return false;
    }
    answer->display_name = child_content(arena, user, "DisplayName");
    answer->legacy_dn = child_content(arena, user, "LegacyDN");
    answer->smtp_address = child_content(arena, user, "AutoDiscoverSMTPAddress");
    read_account(arena, account, answer);
    if (answer->kind != AUTODISCOVER_SETTINGS && !*answer->redirect) {
        *ret_failure = "a redirect to nowhere";
        return false;
    }
    return true;
}

bool autodiscover_answer_read(struct arena *arena, struct bytes xml, struct autodiscover_answer *ret_answer,
                              const char **ret_failure)
{
    struct autodiscover_answer answer = {.display_name = "", .legacy_dn = "", .smtp_address = "", .mailbox_url = "",
                                         .address_book_url = "", .offline_address_book_url = "", .blocks = "", .redirect = "", .error_message = ""};
    *ret_failure = "not well-formed XML";
    if (!xml.size || xml.size > AUTODISCOVER_ANSWER_SIZE_MAX)
        return false;
    xmlDoc *document = xmlReadMemory((const char *)xml.data, (int)xml.size, NULL, NULL,
                                     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS);
    if (!document)
        return false;
    const xmlNode *root = xmlDocGetRootElement(document);
    bool good = false;
    if (document->intSubset || document->extSubset)
        *ret_failure = "a document type in the answer"; /* entities that grow, or name files */
    else if (!root || !named(root, "Autodiscover") || !child(root, "Response"))
        *ret_failure = "not an Autodiscover answer";
    else
        good = read_response(arena, child(root, "Response"), &answer, ret_failure);
    xmlFreeDoc(document);
    if (good)
        *ret_answer = answer;
    return good;
}

const char *autodiscover_request_write(struct arena *arena, const char *address)
{
    xmlChar *quoted = xmlEncodeSpecialChars(NULL, (const xmlChar *)address);
    if (!quoted)
        return NULL;
    const char *request = arena_format(arena,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006\">\n"
        " <Request>\n  <EMailAddress>%s</EMailAddress>\n"
        "  <AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
        "</AcceptableResponseSchema>\n </Request>\n</Autodiscover>\n", (const char *)quoted);
    xmlFree(quoted);
    return request;
}

const char *autodiscover_json_url(struct arena *arena, struct bytes json)
{
    if (!json.size || json.size > AUTODISCOVER_ANSWER_SIZE_MAX)
        return NULL;
    json_t *root = json_loadb((const char *)json.data, json.size, 0, NULL);
    const char *protocol = NULL, *url = NULL, *name;
    json_t *value;
    if (json_is_object(root)) /* names in any case: servers differ */
        json_object_foreach(root, name, value) {
            if (text_equal_ignoring_case(name, "Protocol"))
                protocol = json_string_value(value);
            else if (text_equal_ignoring_case(name, "Url"))
                url = json_string_value(value);
        }
    bool good = protocol && url && *url && text_equal_ignoring_case(protocol, "AutodiscoverV1");
    const char *copy = good ? arena_string(arena, url) : NULL;
    json_decref(root);
    return copy;
}
