/* Properties -> header block (MS-OXCMAIL 2.1.3.1, 2.1.3.2).
 *
 * A message that came from a mail carries the mail's own header block in PidTagTransportMessageHeaders. Its lines are written
 * again as they are, in their order, with one exception: a header that MAPI has properties for is written anew where those
 * properties no longer say what the line says (somebody edited the message). That is found out by reading the block with
 * the same code that import uses and comparing the properties. So signatures over headers survive, nothing that MAPI cannot
 * say is lost, and properties always win. */
#include <stdio.h>
#include <string.h>

#include "base/filetime.h"
#include "base/text.h"
#include "mail/mail_address.h"
#include "mail/mime_properties.h"
#include "mail/mime_reader.h"
#include "mail/mime_writer.h"
#include "protocol/property_tags.h"

enum header_kind {
    HEADER_FROM, HEADER_SENDER, HEADER_REPLY_TO, HEADER_TO, HEADER_CC, HEADER_BCC, HEADER_SUBJECT, HEADER_DATE,
    HEADER_MESSAGE_ID, HEADER_IN_REPLY_TO, HEADER_REFERENCES, HEADER_IMPORTANCE, HEADER_SENSITIVITY, HEADER_READ_RECEIPT,
    HEADER_DELIVERY_RECEIPT, HEADER_THREAD_TOPIC, HEADER_THREAD_INDEX, HEADER_LIST_HELP, HEADER_LIST_SUBSCRIBE,
    HEADER_LIST_UNSUBSCRIBE, HEADER_UNSENT,
    HEADER_KINDS,
    HEADER_OTHER = HEADER_KINDS, /* written as it is */
    HEADER_CONTENT,              /* of the outermost part, or of the mail file it came from: written anew */
};

static const struct {
    const char *name;
    enum header_kind kind;
} header_names[] = {
    {"From", HEADER_FROM}, {"Sender", HEADER_SENDER}, {"Reply-To", HEADER_REPLY_TO}, {"To", HEADER_TO}, {"Cc", HEADER_CC},
    {"Bcc", HEADER_BCC}, {"Subject", HEADER_SUBJECT}, {"Date", HEADER_DATE}, {"Message-Id", HEADER_MESSAGE_ID},
    {"In-Reply-To", HEADER_IN_REPLY_TO}, {"References", HEADER_REFERENCES}, {"Importance", HEADER_IMPORTANCE},
    {"X-Priority", HEADER_IMPORTANCE}, {"Priority", HEADER_IMPORTANCE}, {"X-MSMail-Priority", HEADER_IMPORTANCE},
    {"Sensitivity", HEADER_SENSITIVITY}, {"Disposition-Notification-To", HEADER_READ_RECEIPT},
    {"Return-Receipt-To", HEADER_DELIVERY_RECEIPT}, {"Thread-Topic", HEADER_THREAD_TOPIC},
    {"Thread-Index", HEADER_THREAD_INDEX}, {"List-Help", HEADER_LIST_HELP}, {"List-Subscribe", HEADER_LIST_SUBSCRIBE},
    {"List-Unsubscribe", HEADER_LIST_UNSUBSCRIBE}, {"X-Unsent", HEADER_UNSENT}, {"MIME-Version", HEADER_CONTENT},
    {"Content-Type", HEADER_CONTENT}, {"Content-Disposition", HEADER_CONTENT}, {"Content-Transfer-Encoding", HEADER_CONTENT},
    {"Content-Id", HEADER_CONTENT}, {"Content-Location", HEADER_CONTENT}, {"Content-Base", HEADER_CONTENT},
    {"Content-Description", HEADER_CONTENT}, {"Content-Length", HEADER_CONTENT}, {"Content-MD5", HEADER_CONTENT},
    {"Lines", HEADER_CONTENT}, {"Status", HEADER_CONTENT}, {"X-Status", HEADER_CONTENT},
    {"X-Mozilla-Status", HEADER_CONTENT}, {"X-Mozilla-Status2", HEADER_CONTENT},
};

/* The properties that a header is made of, where they are all. */
static const struct {
    enum header_kind kind;
    uint32_t tag;
} header_tags[] = {
    {HEADER_FROM, PID_TAG_SENT_REPRESENTING_NAME}, {HEADER_FROM, PID_TAG_SENT_REPRESENTING_EMAIL_ADDRESS},
    {HEADER_SENDER, PID_TAG_SENDER_NAME}, {HEADER_SENDER, PID_TAG_SENDER_EMAIL_ADDRESS},
    {HEADER_REPLY_TO, PID_TAG_REPLY_RECIPIENT_ENTRIES}, {HEADER_SUBJECT, PID_TAG_SUBJECT},
    {HEADER_DATE, PID_TAG_CLIENT_SUBMIT_TIME}, {HEADER_MESSAGE_ID, PID_TAG_INTERNET_MESSAGE_ID},
    {HEADER_IN_REPLY_TO, PID_TAG_IN_REPLY_TO_ID}, {HEADER_REFERENCES, PID_TAG_INTERNET_REFERENCES},
    {HEADER_IMPORTANCE, PID_TAG_IMPORTANCE}, {HEADER_SENSITIVITY, PID_TAG_SENSITIVITY},
    {HEADER_READ_RECEIPT, PID_TAG_READ_RECEIPT_REQUESTED},
    {HEADER_DELIVERY_RECEIPT, PID_TAG_ORIGINATOR_DELIVERY_REPORT_REQUESTED},
    {HEADER_THREAD_TOPIC, PID_TAG_CONVERSATION_TOPIC}, {HEADER_THREAD_INDEX, PID_TAG_CONVERSATION_INDEX},
    {HEADER_LIST_HELP, PID_TAG_LIST_HELP}, {HEADER_LIST_SUBSCRIBE, PID_TAG_LIST_SUBSCRIBE},
    {HEADER_LIST_UNSUBSCRIBE, PID_TAG_LIST_UNSUBSCRIBE},
};

/* The state of one block. */
struct header_export {
    struct mime_writer *writer;
    struct message *message;
    bool is_report;
    bool kept[HEADER_KINDS];    /* the block's own lines still hold */
    bool written[HEADER_KINDS];
    GMimeMessage *builder;      /* encodes and folds what is written anew */
};

static enum header_kind kind_of(const char *line, size_t name_size)
{
    for (size_t i = 0; i < sizeof header_names / sizeof *header_names; i++)
        if (strlen(header_names[i].name) == name_size && text_has_prefix_ignoring_case(line, header_names[i].name))
            return header_names[i].kind;
    return HEADER_OTHER;
}

/* Strings, bytes, times, integers and booleans: the types of header_tags. */
static bool value_equal(const struct property_value *a, const struct property_value *b)
{
    if (!a || !b)
        return a == b;
    switch (PROPERTY_TYPE(a->tag)) {
    case PTYP_STRING:
    case PTYP_BINARY: return bytes_equal(a->bytes, b->bytes);
    case PTYP_TIME: return a->time == b->time;
    case PTYP_BOOLEAN: return !a->boolean == !b->boolean;
    default: return a->integer32 == b->integer32;
    }
}

static uint32_t next_of_type(const struct message *message, uint32_t from, uint8_t type)
{
    while (from < message->recipient_count && (message->recipients[from].type & 0x0F) != type)
        from++;
    return from;
}

static bool recipients_equal(const struct message *a, const struct message *b, uint8_t type)
{
    static const uint32_t tags[] = {PID_TAG_DISPLAY_NAME, PID_TAG_SMTP_ADDRESS};
    uint32_t i = next_of_type(a, 0, type), k = next_of_type(b, 0, type);
    for (; i < a->recipient_count && k < b->recipient_count;
         i = next_of_type(a, i + 1, type), k = next_of_type(b, k + 1, type))
        for (size_t t = 0; t < sizeof tags / sizeof *tags; t++)
            if (!value_equal(message_find(&a->recipients[i].properties, tags[t]),
                    message_find(&b->recipients[k].properties, tags[t])))
                return false;
    return i >= a->recipient_count && k >= b->recipient_count;
}

static GMimeMessage *parse_block(struct mime_writer *writer, struct bytes block)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)block.data, block.size);
    (void)g_mime_stream_seek(stream, 0, GMIME_STREAM_SEEK_END);
    (void)g_mime_stream_write_string(stream, "\r\n\r\n");
    (void)g_mime_stream_seek(stream, 0, GMIME_STREAM_SEEK_SET);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *mime = g_mime_parser_construct_message(parser, writer->parser_options);
    g_object_unref(parser);
    g_object_unref(stream);
    return mime;
}

/* Which headers of the block still say what the properties say. */
static void compare_block(struct header_export *export, struct bytes block)
{
    GMimeMessage *mime = parse_block(export->writer, block);
    struct message *scratch = message_new();
    if (!mime || !scratch) {
        message_free(scratch);
        if (mime)
            g_object_unref(mime);
        return;
    }
    struct mime_reader reader = {.parser_options = export->writer->parser_options};
    mime_import_headers(&reader, scratch, mime, block);
    const struct message *message = export->message;
    for (int kind = 0; kind < HEADER_KINDS; kind++)
        export->kept[kind] = true;
    for (size_t i = 0; i < sizeof header_tags / sizeof *header_tags; i++)
        export->kept[header_tags[i].kind] &= value_equal(message_find(&scratch->properties, header_tags[i].tag),
            message_find(&message->properties, header_tags[i].tag));
    if (!export->is_report) {
        export->kept[HEADER_TO] = recipients_equal(scratch, message, MESSAGE_RECIPIENT_TO);
        export->kept[HEADER_CC] = recipients_equal(scratch, message, MESSAGE_RECIPIENT_CC);
        export->kept[HEADER_BCC] = recipients_equal(scratch, message, MESSAGE_RECIPIENT_BCC);
    }
    export->kept[HEADER_UNSENT] = false;
    message_free(scratch);
    g_object_unref(mime);
}

struct address_source {
    uint32_t name, type, address, smtp_address, entry_id;
};

static const struct address_source from_source = {PID_TAG_SENT_REPRESENTING_NAME, PID_TAG_SENT_REPRESENTING_ADDRESS_TYPE,
    PID_TAG_SENT_REPRESENTING_EMAIL_ADDRESS, PID_TAG_SENT_REPRESENTING_SMTP_ADDRESS, PID_TAG_SENT_REPRESENTING_ENTRY_ID};
static const struct address_source sender_source = {PID_TAG_SENDER_NAME, PID_TAG_SENDER_ADDRESS_TYPE,
    PID_TAG_SENDER_EMAIL_ADDRESS, PID_TAG_SENDER_SMTP_ADDRESS, PID_TAG_SENDER_ENTRY_ID};
static const struct address_source recipient_source = {PID_TAG_DISPLAY_NAME, PID_TAG_ADDRESS_TYPE, PID_TAG_EMAIL_ADDRESS,
    PID_TAG_SMTP_ADDRESS, PID_TAG_ENTRY_ID};
static const struct address_source receipt_source = {PID_TAG_READ_RECEIPT_NAME, PID_TAG_READ_RECEIPT_ADDRESS_TYPE,
    PID_TAG_READ_RECEIPT_EMAIL_ADDRESS, PID_TAG_READ_RECEIPT_SMTP_ADDRESS, PID_TAG_READ_RECEIPT_ENTRY_ID};
static const struct address_source receiver_source = {PID_TAG_RECEIVED_REPRESENTING_NAME,
    PID_TAG_RECEIVED_REPRESENTING_ADDRESS_TYPE, PID_TAG_RECEIVED_REPRESENTING_EMAIL_ADDRESS,
    PID_TAG_RECEIVED_REPRESENTING_SMTP_ADDRESS, PID_TAG_RECEIVED_REPRESENTING_ENTRY_ID};

/* MS-OXCMAIL 2.1.3.1.1 (IMCEA): an address that is not one of SMTP, packed into one that is. */
static char *encapsulated(const char *type, const char *address)
{
    GString *packed = g_string_new(NULL);
    g_string_append_printf(packed, "IMCEA%s-", type);
    for (; *address; address++) {
        if (g_ascii_isalnum(*address) || *address == '-' || *address == '=')
            g_string_append_c(packed, *address);
        else if (*address == '/')
            g_string_append_c(packed, '_');
        else
            g_string_append_printf(packed, "+%02X", (unsigned char)*address);
    }
    g_string_append(packed, "@invalid");
    return g_string_free(packed, FALSE);
}

/* NULL when the properties name nobody. */
static InternetAddress *read_address(struct header_export *export, const struct message_properties *properties,
    const struct address_source *source)
{
    struct message *message = export->message;
    const char *name = message_get_text(message, properties, source->name);
    const char *type = message_get_text(message, properties, source->type);
    const char *address = message_get_text(message, properties, source->smtp_address);
    if ((!address || !*address) && (!type || text_equal_ignoring_case(type, "SMTP")))
        address = message_get_text(message, properties, source->address);
    struct mail_address one_off;
    if ((!address || !*address)
        && one_off_entry_id_parse(message_arena(message), message_get_binary(properties, source->entry_id), &one_off)) {
        address = one_off.address;
        name = name && *name ? name : one_off.name;
    }
    if ((!address || !*address) && (!name || !*name))
        return NULL;
    char *packed = NULL;
    const char *other = message_get_text(message, properties, source->address);
    if ((!address || !*address) && other && *other) {
        packed = encapsulated(type && *type ? type : "EX", other);
        writer_notice(export->writer, MIME_NOTICE_NOT_REPRESENTED, "address",
            "has no SMTP address: written in the packed form IMCEA...@invalid");
    }
    const char *shown = name && address && strcmp(name, address) == 0 ? NULL : name;
    InternetAddress *result = internet_address_mailbox_new(shown, packed ? packed : address ? address : "");
    g_free(packed);
    return result;
}

static void write_raw_header(struct header_export *export, const char *name)
{
    GMimeHeader *header = g_mime_header_list_get_header(g_mime_object_get_header_list(GMIME_OBJECT(export->builder)), name);
    const char *raw = header ? g_mime_header_get_raw_value(header) : NULL;
    if (!raw)
        return;
    writer_format(export->writer, "%s:%s", name, raw);
    if (!*raw || raw[strlen(raw) - 1] != '\n')
        writer_text(export->writer, "\n");
}

static void write_addresses(struct header_export *export, const char *name, InternetAddressList *list)
{
    if (internet_address_list_length(list) > 0) {
        char *encoded = internet_address_list_to_string(list, export->writer->format_options, TRUE);
        writer_format(export->writer, "%s: %s\n", name, encoded);
        g_free(encoded);
    }
    g_object_unref(list);
}

static void write_one_address(struct header_export *export, const char *name, const struct address_source *source)
{
    InternetAddress *address = read_address(export, &export->message->properties, source);
    if (!address)
        return;
    InternetAddressList *list = internet_address_list_new();
    internet_address_list_add(list, address);
    g_object_unref(address);
    write_addresses(export, name, list);
}

/* MS-OXCMAIL 2.1.3.1.4: only when it is another than From. */
static void write_sender(struct header_export *export)
{
    const struct message_properties *properties = &export->message->properties;
    const char *from = message_get_text(export->message, properties, PID_TAG_SENT_REPRESENTING_EMAIL_ADDRESS);
    const char *sender = message_get_text(export->message, properties, PID_TAG_SENDER_EMAIL_ADDRESS);
    if (sender && from && text_equal_ignoring_case(sender, from))
        return;
    write_one_address(export, from ? "Sender" : "From", &sender_source);
}

static void write_recipients(struct header_export *export, const char *name, uint8_t type)
{
    struct message *message = export->message;
    if (export->is_report) {
        if (type == MESSAGE_RECIPIENT_TO) /* MS-OXCMAIL 2.1.3.1.1.1 */
            write_one_address(export, name, &receiver_source);
        return;
    }
    InternetAddressList *list = internet_address_list_new();
    for (uint32_t i = next_of_type(message, 0, type); i < message->recipient_count; i = next_of_type(message, i + 1, type)) {
        InternetAddress *address = read_address(export, &message->recipients[i].properties, &recipient_source);
        if (!address)
            continue;
        internet_address_list_add(list, address);
        g_object_unref(address);
    }
    write_addresses(export, name, list);
}

static void write_reply_to(struct header_export *export)
{
    struct message *message = export->message;
    const struct bytes *entry_ids;
    uint32_t count;
    struct bytes list = message_get_binary(&message->properties, PID_TAG_REPLY_RECIPIENT_ENTRIES);
    if (!list.size || !flat_entry_list_parse(message_arena(message), list, &entry_ids, &count))
        return;
    InternetAddressList *addresses = internet_address_list_new();
    for (uint32_t i = 0; i < count; i++) {
        struct mail_address parsed;
        if (!one_off_entry_id_parse(message_arena(message), entry_ids[i], &parsed)) {
            writer_notice(export->writer, MIME_NOTICE_NOT_REPRESENTED, "Reply-To", "an entry of an address book: left out");
            continue;
        }
        const char *name = strcmp(parsed.name, parsed.address) == 0 ? NULL : parsed.name;
        InternetAddress *address = internet_address_mailbox_new(name, parsed.address);
        internet_address_list_add(addresses, address);
        g_object_unref(address);
    }
    write_addresses(export, "Reply-To", addresses);
}

static void write_date(struct header_export *export)
{
    uint64_t time = message_get_time(&export->message->properties, PID_TAG_CLIENT_SUBMIT_TIME);
    GDateTime *date = time ? g_date_time_new_from_unix_utc(filetime_to_unix(time)) : NULL;
    if (!date)
        return;
    char *text = g_mime_utils_header_format_date(date);
    writer_format(export->writer, "Date: %s\n", text);
    g_free(text);
    g_date_time_unref(date);
}

/* Text that may need encoding and folding. */
static void write_text_header(struct header_export *export, const char *name, uint32_t tag)
{
    const char *text = message_get_text(export->message, &export->message->properties, tag);
    if (!text)
        return;
    char *line = g_strdelimit(g_strdup(text), "\r\n", ' ');
    g_mime_object_set_header(GMIME_OBJECT(export->builder), name, line, "utf-8");
    write_raw_header(export, name);
    g_free(line);
}

/* Ids: never encoded, folded only where they have blanks. */
static void write_id_header(struct header_export *export, const char *name, uint32_t tag)
{
    const char *text = message_get_text(export->message, &export->message->properties, tag);
    if (!text || !*text)
        return;
    char *line = g_strdelimit(g_strdup(text), "\r\n\t", ' ');
    size_t column = strlen(name) + 1;
    writer_format(export->writer, "%s:", name);
    for (char *save, *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        size_t size = strlen(word) + 1;
        bool fold = column + size > 78 && column > strlen(name) + 1;
        writer_format(export->writer, "%s %s", fold ? "\n" : "", word);
        column = fold ? size : column + size;
    }
    writer_text(export->writer, "\n");
    g_free(line);
}

static void write_levels(struct header_export *export, enum header_kind kind)
{
    const struct message_properties *properties = &export->message->properties;
    uint32_t importance = message_get_u32(properties, PID_TAG_IMPORTANCE, 1);
    uint32_t sensitivity = message_get_u32(properties, PID_TAG_SENSITIVITY, 0);
    static const char *const sensitivities[] = {"", "Personal", "Private", "Company-Confidential"};
    if (kind == HEADER_IMPORTANCE && importance == 2)
        writer_text(export->writer, "Importance: high\nX-Priority: 1\n");
    if (kind == HEADER_IMPORTANCE && importance == 0)
        writer_text(export->writer, "Importance: low\nX-Priority: 5\n");
    if (kind == HEADER_SENSITIVITY && sensitivity >= 1 && sensitivity <= 3)
        writer_format(export->writer, "Sensitivity: %s\n", sensitivities[sensitivity]);
}

static void write_receipts(struct header_export *export, enum header_kind kind)
{
    const struct message_properties *properties = &export->message->properties;
    bool read = message_get_boolean(properties, PID_TAG_READ_RECEIPT_REQUESTED, false);
    bool delivery = message_get_boolean(properties, PID_TAG_ORIGINATOR_DELIVERY_REPORT_REQUESTED, false);
    bool named = message_find(properties, PID_TAG_READ_RECEIPT_EMAIL_ADDRESS) != NULL;
    if (kind == HEADER_READ_RECEIPT && read)
        write_one_address(export, "Disposition-Notification-To", named ? &receipt_source : &from_source);
    if (kind == HEADER_DELIVERY_RECEIPT && delivery)
        write_one_address(export, "Return-Receipt-To", &from_source);
}

static void write_thread(struct header_export *export, enum header_kind kind)
{
    const struct message_properties *properties = &export->message->properties;
    struct bytes index = message_get_binary(properties, PID_TAG_CONVERSATION_INDEX);
    const char *topic = message_get_text(export->message, properties, PID_TAG_CONVERSATION_TOPIC);
    const char *subject = message_get_text(export->message, properties, PID_TAG_NORMALIZED_SUBJECT);
    if (kind == HEADER_THREAD_INDEX && index.size) {
        char *encoded = g_base64_encode(index.data, index.size);
        writer_format(export->writer, "Thread-Index: %s\n", encoded);
        g_free(encoded);
    }
    if (kind == HEADER_THREAD_TOPIC && topic && *topic && (index.size || (subject && strcmp(topic, subject) != 0)))
        write_text_header(export, "Thread-Topic", PID_TAG_CONVERSATION_TOPIC);
}

static void write_anew(struct header_export *export, enum header_kind kind)
{
    switch (kind) {
    case HEADER_FROM: write_one_address(export, "From", &from_source); return;
    case HEADER_SENDER: write_sender(export); return;
    case HEADER_REPLY_TO: write_reply_to(export); return;
    case HEADER_TO: write_recipients(export, "To", MESSAGE_RECIPIENT_TO); return;
    case HEADER_CC: write_recipients(export, "Cc", MESSAGE_RECIPIENT_CC); return;
    case HEADER_BCC: write_recipients(export, "Bcc", MESSAGE_RECIPIENT_BCC); return;
    case HEADER_SUBJECT: write_text_header(export, "Subject", PID_TAG_SUBJECT); return;
    case HEADER_DATE: write_date(export); return;
    case HEADER_MESSAGE_ID: write_id_header(export, "Message-ID", PID_TAG_INTERNET_MESSAGE_ID); return;
    case HEADER_IN_REPLY_TO: write_id_header(export, "In-Reply-To", PID_TAG_IN_REPLY_TO_ID); return;
    case HEADER_REFERENCES: write_id_header(export, "References", PID_TAG_INTERNET_REFERENCES); return;
    case HEADER_IMPORTANCE:
    case HEADER_SENSITIVITY: write_levels(export, kind); return;
    case HEADER_READ_RECEIPT:
    case HEADER_DELIVERY_RECEIPT: write_receipts(export, kind); return;
    case HEADER_THREAD_TOPIC:
    case HEADER_THREAD_INDEX: write_thread(export, kind); return;
    case HEADER_LIST_HELP: write_id_header(export, "List-Help", PID_TAG_LIST_HELP); return;
    case HEADER_LIST_SUBSCRIBE: write_id_header(export, "List-Subscribe", PID_TAG_LIST_SUBSCRIBE); return;
    case HEADER_LIST_UNSUBSCRIBE: write_id_header(export, "List-Unsubscribe", PID_TAG_LIST_UNSUBSCRIBE); return;
    case HEADER_UNSENT:
        if (message_get_u32(&export->message->properties, PID_TAG_MESSAGE_FLAGS, 0) & 8u)
            writer_text(export->writer, "X-Unsent: 1\n"); /* Outlook opens such a file as a draft */
        return;
    case HEADER_OTHER:
    case HEADER_CONTENT: return;
    }
}

/* The block's headers one by one; a folded header is one. */
static void write_block(struct header_export *export, struct bytes block)
{
    for (size_t start = 0, end; start < block.size; start = end) {
        const uint8_t *newline = memchr(block.data + start, '\n', block.size - start);
        end = newline ? (size_t)(newline + 1 - block.data) : block.size;
        while (end < block.size && (block.data[end] == ' ' || block.data[end] == '\t')) {
            newline = memchr(block.data + end, '\n', block.size - end);
            end = newline ? (size_t)(newline + 1 - block.data) : block.size;
        }
        const char *line = (const char *)block.data + start;
        const char *colon = memchr(line, ':', end - start);
        size_t name_size = colon ? (size_t)(colon - line) : 0;
        while (name_size && (line[name_size - 1] == ' ' || line[name_size - 1] == '\t'))
            name_size--;
        enum header_kind kind = name_size ? kind_of(line, name_size) : HEADER_CONTENT;
        if (!name_size || memchr(line, ' ', name_size)) {
            if (end - start > 2)
                writer_notice(export->writer, MIME_NOTICE_DAMAGED, "transport headers", "a line that is no header: left out");
        } else if (kind == HEADER_OTHER || (kind < HEADER_KINDS && export->kept[kind])) {
            writer_bytes(export->writer, line, end - start);
            if (line[end - start - 1] != '\n')
                writer_text(export->writer, "\n");
        }
        if (kind >= HEADER_KINDS || export->written[kind])
            continue;
        export->written[kind] = true;
        if (!export->kept[kind])
            write_anew(export, kind);
    }
}

/* Internet headers that somebody set as named properties and that the block does not have. */
static void write_named_headers(struct header_export *export, const char *block)
{
    struct message *message = export->message;
    uint32_t count;
    const struct property_name *names = message_names(message, &count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t tag = PROPERTY_TAG(PROPERTY_ID_NAMED_MIN + i, PTYP_STRING);
        const struct property_value *value = message_find(&message->properties, tag);
        if (names[i].kind != 1 || !guid_equal(names[i].guid, PROPERTY_SET_INTERNET_HEADERS) || !value)
            continue;
        char *name = text_utf8_of_utf16(message_arena(message), names[i].name);
        bool usable = name && *name && kind_of(name, strlen(name)) == HEADER_OTHER;
        for (const char *at = name; usable && *at; at++)
            usable = *at > 0x20 && *at < 0x7F && *at != ':';
        char *search = usable ? arena_format(message_arena(message), "\n%s:", name) : NULL;
        if (search && !strcasestr(block, search) && !text_has_prefix_ignoring_case(block, search + 1))
            write_text_header(export, name, tag);
    }
}

void mime_export_headers(struct mime_writer *writer, struct message *message)
{
    struct header_export export = {.writer = writer, .message = message, .builder = g_mime_message_new(FALSE)};
    const char *message_class = message_get_text(message, &message->properties, PID_TAG_MESSAGE_CLASS);
    export.is_report = message_class && text_has_prefix_ignoring_case(message_class, "REPORT.")
        && (strcasestr(message_class, ".NDR") || strcasestr(message_class, ".DR"));
    const char *headers = message_get_text(message, &message->properties, PID_TAG_TRANSPORT_MESSAGE_HEADERS);
    if (headers) {
        compare_block(&export, bytes_of_string(headers));
        write_block(&export, bytes_of_string(headers));
    }
    for (int kind = 0; kind < HEADER_KINDS; kind++)
        if (!export.written[kind] && !export.kept[kind])
            write_anew(&export, (enum header_kind)kind);
    write_named_headers(&export, headers ? headers : "");
    g_object_unref(export.builder);
}
