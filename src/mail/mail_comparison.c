#include "mail/mail_comparison.h"

#include <gmime/gmime.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "mail/mime_charset.h"
#include "mail/mime_mend.h"

#define NESTING_MAX 40u

/* The differences that are accepted, and why. */
static const char tolerated_charset[] = "the text was not in its declared charset: it was read by the documented rule";
static const char tolerated_newlines[] = "only the line endings, or blank lines at the end, of a part that is text";
static const char tolerated_name_is_address[] = "the display name only repeats the address";
static const char tolerated_unsplit[] = "a multipart whose boundary never appears: its content became the text";
static const char tolerated_empty[] = "an empty part";

struct comparison {
    struct mail_comparison result;
    void (*difference)(void *data, const struct mail_difference *difference);
    void *data;
    GMimeParserOptions *options;
    GString *prefix;
    unsigned depth;
};

struct leaf {
    char *type;
    char *name;         /* NULL without; what belongs to no charset is U+FFFD */
    GByteArray *bytes;  /* decoded; NULL for a message */
    char *hash;         /* SHA-256 in hex of the bytes */
    GByteArray *text;   /* UTF-16 with LF, without newlines at the end; NULL for what is no text */
    bool repaired;      /* its charset did not hold */
    GMimeMessage *message;
    bool matched;
};

static void leaf_free(void *pointer)
{
    struct leaf *leaf = pointer;
    g_free(leaf->type);
    g_free(leaf->name);
    g_free(leaf->hash);
    if (leaf->message)
        g_object_unref(leaf->message);
    if (leaf->bytes)
        g_byte_array_unref(leaf->bytes);
    if (leaf->text)
        g_byte_array_unref(leaf->text);
    g_free(leaf);
}

static void report(struct comparison *comparison, const char *where, const char *original, const char *exported,
    const char *tolerated)
{
    if (tolerated)
        comparison->result.tolerated_count++;
    else
        comparison->result.difference_count++;
    if (!comparison->difference)
        return;
    char *full = g_strconcat(comparison->prefix->str, where, NULL);
    comparison->difference(comparison->data, &(struct mail_difference){full, original, exported, tolerated});
    g_free(full);
}

static void compare_strings(struct comparison *comparison, const char *where, const char *original, const char *exported)
{
    if (g_strcmp0(original && *original ? original : NULL, exported && *exported ? exported : NULL) != 0)
        report(comparison, where, original, exported, NULL);
}

/* Runs of blanks are one: folding may change them. */
static char *squeezed(const char *text)
{
    GString *out = g_string_new(NULL);
    bool blank = true;
    for (; text && *text; text++) {
        bool is_blank = g_ascii_isspace(*text);
        if (!is_blank)
            g_string_append_c(out, *text);
        else if (!blank)
            g_string_append_c(out, ' ');
        blank = is_blank;
    }
    while (out->len && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

static void add_addresses(GString *out, GString *without_names, InternetAddressList *list, unsigned depth)
{
    for (int i = 0; list && i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            if (depth < 8)
                add_addresses(out, without_names, internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), depth + 1);
            continue;
        }
        const char *name = internet_address_get_name(address);
        const char *mailbox = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
        bool repeats = !name || !*name || g_strcmp0(name, mailbox) == 0;
        g_string_append_printf(out, "%s <%s>, ", name ? name : "", mailbox ? mailbox : "");
        g_string_append_printf(without_names, "%s <%s>, ", repeats ? "" : name, mailbox ? mailbox : "");
    }
}

static void compare_addresses(struct comparison *comparison, const char *where, InternetAddressList *original,
    InternetAddressList *exported)
{
    GString *full[2] = {g_string_new(NULL), g_string_new(NULL)}, *plain[2] = {g_string_new(NULL), g_string_new(NULL)};
    add_addresses(full[0], plain[0], original, 0);
    add_addresses(full[1], plain[1], exported, 0);
    char *text[4] = {squeezed(full[0]->str), squeezed(full[1]->str), squeezed(plain[0]->str), squeezed(plain[1]->str)};
    if (strcmp(text[0], text[1]) != 0)
        report(comparison, where, text[0], text[1], strcmp(text[2], text[3]) == 0 ? tolerated_name_is_address : NULL);
    for (int i = 0; i < 4; i++)
        g_free(text[i]);
    for (int i = 0; i < 2; i++) {
        g_string_free(full[i], TRUE);
        g_string_free(plain[i], TRUE);
    }
}

static void compare_dates(struct comparison *comparison, GDateTime *original, GDateTime *exported)
{
    if (!original && !exported)
        return;
    if (original && exported && g_date_time_to_unix(original) == g_date_time_to_unix(exported))
        return;
    char *text[2] = {original ? g_date_time_format_iso8601(original) : NULL, exported ? g_date_time_format_iso8601(exported) : NULL};
    report(comparison, "Date", text[0], text[1], NULL);
    g_free(text[0]);
    g_free(text[1]);
}

static void compare_headers(struct comparison *comparison, GMimeMessage *original, GMimeMessage *exported)
{
    char *subjects[2] = {squeezed(g_mime_message_get_subject(original)), squeezed(g_mime_message_get_subject(exported))};
    compare_strings(comparison, "Subject", subjects[0], subjects[1]);
    g_free(subjects[0]);
    g_free(subjects[1]);
    static const struct {
        const char *where;
        GMimeAddressType type;
    } lists[] = {{"From", GMIME_ADDRESS_TYPE_FROM}, {"Sender", GMIME_ADDRESS_TYPE_SENDER},
        {"Reply-To", GMIME_ADDRESS_TYPE_REPLY_TO}, {"To", GMIME_ADDRESS_TYPE_TO}, {"Cc", GMIME_ADDRESS_TYPE_CC},
        {"Bcc", GMIME_ADDRESS_TYPE_BCC}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        compare_addresses(comparison, lists[i].where, g_mime_message_get_addresses(original, lists[i].type),
            g_mime_message_get_addresses(exported, lists[i].type));
    compare_dates(comparison, g_mime_message_get_date(original), g_mime_message_get_date(exported));
    static const char *const texts[] = {"Message-Id", "In-Reply-To", "References"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *values[2] = {squeezed(g_mime_object_get_header(GMIME_OBJECT(original), texts[i])),
            squeezed(g_mime_object_get_header(GMIME_OBJECT(exported), texts[i]))};
        compare_strings(comparison, texts[i], values[0], values[1]);
        g_free(values[0]);
        g_free(values[1]);
    }
}

static GByteArray *content_of(GMimePart *part)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
    bool base64 = wrapper && g_mime_data_wrapper_get_encoding(wrapper) == GMIME_CONTENT_ENCODING_BASE64;
    if (base64) { /* by our own decoder: mime_mend.h says why */
        GMimeStream *encoded = g_mime_data_wrapper_get_stream(wrapper);
        (void)g_mime_stream_reset(encoded);
        (void)g_mime_stream_write_to_stream(encoded, stream);
    } else if (wrapper) {
        (void)g_mime_data_wrapper_write_to_stream(wrapper, stream);
    }
    GByteArray *array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    g_object_unref(stream);
    if (base64) /* the decoded bytes never overtake the encoded ones */
        g_byte_array_set_size(array, (guint)mime_decode_base64(bytes_of(array->data, array->len), array->data, NULL));
    return array;
}

/* A forwarded message whose encoding keeps GMime from looking into it. */
static GMimeMessage *message_in_part(struct leaf *leaf, GMimeParserOptions *options)
{
    if (strcmp(leaf->type, "message/rfc822") != 0 || !leaf->bytes || !leaf->bytes->len)
        return NULL;
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)leaf->bytes->data, leaf->bytes->len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, options);
    g_object_unref(parser);
    g_object_unref(stream);
    if (message)
        mime_mend_all(GMIME_OBJECT(message));
    return message;
}

/* Characters instead of bytes, one kind of newline, none at the end. */
static void leaf_read_text(struct leaf *leaf, const char *charset)
{
    struct arena arena = {.size_max = (size_t)1 << 30};
    struct charset_text text = charset_decode(&arena, charset, bytes_of(leaf->bytes->data, leaf->bytes->len));
    leaf->repaired = text.repair != CHARSET_AS_DECLARED;
    leaf->text = g_byte_array_new();
    for (size_t i = 0; i + 2 <= text.utf16.size; i += 2)
        if (load_u16(text.utf16.data + i) != '\r' || i + 4 > text.utf16.size || load_u16(text.utf16.data + i + 2) != '\n')
            g_byte_array_append(leaf->text, text.utf16.data + i, 2);
    while (leaf->text->len >= 2 && strchr(" \t\r\n", load_u16(leaf->text->data + leaf->text->len - 2) < 0x80
               ? (int)load_u16(leaf->text->data + leaf->text->len - 2) : 'x'))
        g_byte_array_set_size(leaf->text, leaf->text->len - 2);
    arena_free(&arena);
}

static void collect_leaves(GMimeObject *part, GPtrArray *leaves, GMimeParserOptions *options, unsigned depth)
{
    if (!part || depth > NESTING_MAX * 2)
        return;
    if (GMIME_IS_MULTIPART(part)) {
        for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(part)); i++)
            collect_leaves(g_mime_multipart_get_part(GMIME_MULTIPART(part), i), leaves, options, depth + 1);
        return;
    }
    struct leaf *leaf = g_new0(struct leaf, 1);
    char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(part));
    leaf->type = g_ascii_strdown(type, -1);
    g_free(type);
    const char *name = g_mime_object_get_content_disposition_parameter(part, "filename");
    if (!name)
        name = g_mime_object_get_content_type_parameter(part, "name");
    char *valid = name ? g_utf8_make_valid(name, -1) : NULL;
    leaf->name = valid ? squeezed(valid) : NULL;
    g_free(valid);
    if (GMIME_IS_MESSAGE_PART(part)) {
        leaf->message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
        if (leaf->message)
            g_object_ref(leaf->message);
    } else if (GMIME_IS_PART(part)) {
        leaf->bytes = content_of(GMIME_PART(part));
        leaf->hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, leaf->bytes->data, leaf->bytes->len);
        if (g_str_has_prefix(leaf->type, "text/") || g_str_has_prefix(leaf->type, "message/"))
            leaf_read_text(leaf, g_mime_object_get_content_type_parameter(part, "charset"));
        leaf->message = message_in_part(leaf, options);
    }
    g_ptr_array_add(leaves, leaf);
}

static void compare_messages(struct comparison *comparison, GMimeMessage *original, GMimeMessage *exported);

/* Whether two messages inside are equal, without reporting. */
static bool messages_equal(struct comparison *comparison, GMimeMessage *original, GMimeMessage *exported)
{
    if (!original || !exported)
        return original == exported;
    struct comparison silent = {.options = comparison->options, .prefix = comparison->prefix, .depth = comparison->depth};
    compare_messages(&silent, original, exported);
    return silent.result.difference_count == 0;
}

enum likeness { DIFFERENT, EQUAL_TEXT, EQUAL };

static enum likeness leaf_likeness(struct comparison *comparison, const struct leaf *a, const struct leaf *b)
{
    if (strcmp(a->type, b->type) != 0 || g_strcmp0(a->name, b->name) != 0)
        return DIFFERENT;
    if (a->message || b->message)
        return messages_equal(comparison, a->message, b->message) ? EQUAL : DIFFERENT;
    if (!a->bytes || !b->bytes)
        return a->bytes == b->bytes ? EQUAL : DIFFERENT;
    if (strcmp(a->hash, b->hash) == 0)
        return EQUAL;
    if (a->text && b->text && a->text->len == b->text->len && memcmp(a->text->data, b->text->data, a->text->len) == 0)
        return EQUAL_TEXT;
    return DIFFERENT;
}

static struct leaf *find_match(struct comparison *comparison, const struct leaf *leaf, GPtrArray *others, enum likeness least)
{
    for (guint i = 0; i < others->len; i++) {
        struct leaf *other = others->pdata[i];
        bool same_kind = strcmp(leaf->type, other->type) == 0 && g_strcmp0(leaf->name, other->name) == 0;
        if (!other->matched && same_kind && leaf_likeness(comparison, leaf, other) >= least)
            return other;
    }
    return NULL;
}

/* Bodies are compared as characters; that their bytes differ (another charset) is no difference. */
static bool is_body(const struct leaf *leaf)
{
    return !leaf->name && (strcmp(leaf->type, "text/plain") == 0 || strcmp(leaf->type, "text/html") == 0);
}

static void compare_different(struct comparison *comparison, const struct leaf *leaf, struct leaf *other, unsigned number)
{
    if (leaf->message && other->message && comparison->depth < NESTING_MAX) {
        gsize length = comparison->prefix->len;
        g_string_append_printf(comparison->prefix, "message %u: ", number);
        comparison->depth++;
        compare_messages(comparison, leaf->message, other->message);
        comparison->depth--;
        g_string_truncate(comparison->prefix, length);
        return;
    }
    char *where = g_strdup_printf("part %s%s%s", leaf->type, leaf->name ? " " : "", leaf->name ? leaf->name : "");
    report(comparison, where, leaf->hash, other->hash, leaf->repaired ? tolerated_charset : NULL);
    g_free(where);
}

static char *leaf_description(const struct leaf *leaf)
{
    return g_strdup_printf("%s '%s' %u bytes", leaf->type, leaf->name ? leaf->name : "", leaf->bytes ? leaf->bytes->len : 0);
}

static void compare_leaves(struct comparison *comparison, GPtrArray *originals, GPtrArray *exports, bool unsplit)
{
    for (int pass = EQUAL; pass >= DIFFERENT; pass--)
        for (guint i = 0; i < originals->len; i++) {
            struct leaf *leaf = originals->pdata[i];
            struct leaf *other = leaf->matched ? NULL : find_match(comparison, leaf, exports, (enum likeness)pass);
            if (!other)
                continue;
            leaf->matched = other->matched = true;
            if (pass == EQUAL_TEXT && !is_body(leaf))
                report(comparison, leaf->name ? leaf->name : leaf->type, leaf->hash, other->hash, tolerated_newlines);
            else if (pass == DIFFERENT)
                compare_different(comparison, leaf, other, i + 1);
        }
    for (int side = 0; side < 2; side++) {
        GPtrArray *leaves = side ? exports : originals;
        for (guint i = 0; i < leaves->len; i++) {
            struct leaf *leaf = leaves->pdata[i];
            if (leaf->matched)
                continue;
            bool empty = is_body(leaf) && leaf->text && leaf->text->len == 0;
            char *text = leaf_description(leaf);
            report(comparison, side ? "part that is new" : "part that is gone", side ? NULL : text, side ? text : NULL,
                empty ? tolerated_empty : unsplit ? tolerated_unsplit : NULL);
            g_free(text);
        }
    }
}

static bool is_unsplit(GMimeObject *part)
{
    return part && GMIME_IS_MULTIPART(part) && g_mime_multipart_get_count(GMIME_MULTIPART(part)) == 0;
}

static void compare_messages(struct comparison *comparison, GMimeMessage *original, GMimeMessage *exported)
{
    compare_headers(comparison, original, exported);
    GPtrArray *originals = g_ptr_array_new_with_free_func(leaf_free), *exports = g_ptr_array_new_with_free_func(leaf_free);
    collect_leaves(g_mime_message_get_mime_part(original), originals, comparison->options, 0);
    collect_leaves(g_mime_message_get_mime_part(exported), exports, comparison->options, 0);
    compare_leaves(comparison, originals, exports, is_unsplit(g_mime_message_get_mime_part(original)));
    g_ptr_array_unref(originals);
    g_ptr_array_unref(exports);
}

static GMimeMessage *parse(struct bytes mail, GByteArray *view, GMimeParserOptions *options)
{
    *view = (GByteArray){(guint8 *)(uintptr_t)mail.data, (guint)mail.size};
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), view);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, TRUE);
    GMimeMessage *message = g_mime_parser_construct_message(parser, options);
    g_object_unref(parser);
    g_object_unref(stream);
    if (message)
        mime_mend_all(GMIME_OBJECT(message));
    return message;
}

static GMimeParserOptions *make_options(void)
{
    static const char *const fallback[] = {"utf-8", "windows-1252", NULL};
    GMimeParserOptions *options = g_mime_parser_options_new();
    g_mime_parser_options_set_allow_addresses_without_domain(options, TRUE);
    g_mime_parser_options_set_fallback_charsets(options, (const char **)fallback);
    return options;
}

char *mail_comparison_key(struct bytes mail)
{
    GMimeParserOptions *options = make_options();
    GByteArray view;
    GMimeMessage *message = parse(mail, &view, options);
    char *key = NULL;
    if (message) {
        char *subject = squeezed(g_mime_message_get_subject(message));
        char *id = squeezed(g_mime_object_get_header(GMIME_OBJECT(message), "Message-Id"));
        key = g_strdup_printf("%s\n%s", subject, id);
        g_free(subject);
        g_free(id);
        g_object_unref(message);
    }
    g_mime_parser_options_free(options);
    return key ? key : g_strdup("");
}

struct mail_comparison mail_compare(struct bytes original, struct bytes exported,
    void (*difference)(void *data, const struct mail_difference *difference), void *data)
{
    struct comparison comparison = {.difference = difference, .data = data, .prefix = g_string_new(NULL)};
    comparison.options = make_options();
    GByteArray views[2];
    GMimeMessage *first = parse(original, &views[0], comparison.options);
    GMimeMessage *second = parse(exported, &views[1], comparison.options);
    if (first && second)
        compare_messages(&comparison, first, second);
    comparison.result.unreadable = !first || !second;
    if (first)
        g_object_unref(first);
    if (second)
        g_object_unref(second);
    g_mime_parser_options_free(comparison.options);
    g_string_free(comparison.prefix, TRUE);
    return comparison.result;
}
