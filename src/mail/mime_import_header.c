/* Header block -> properties (MS-OXCMAIL 2.2.3.1, 2.2.3.2). */
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "base/text.h"
#include "mail/mail_address.h"
#include "mail/mime_mend.h"
#include "mail/mime_properties.h"
#include "mail/mime_reader.h"
#include "protocol/property_tags.h"

struct address_tags {
    uint32_t name, type, address, entry_id, search_key, smtp_address;
};

static const struct address_tags from_tags = {PID_TAG_SENT_REPRESENTING_NAME, PID_TAG_SENT_REPRESENTING_ADDRESS_TYPE,
    PID_TAG_SENT_REPRESENTING_EMAIL_ADDRESS, PID_TAG_SENT_REPRESENTING_ENTRY_ID, PID_TAG_SENT_REPRESENTING_SEARCH_KEY,
    PID_TAG_SENT_REPRESENTING_SMTP_ADDRESS};
static const struct address_tags sender_tags = {PID_TAG_SENDER_NAME, PID_TAG_SENDER_ADDRESS_TYPE,
    PID_TAG_SENDER_EMAIL_ADDRESS, PID_TAG_SENDER_ENTRY_ID, PID_TAG_SENDER_SEARCH_KEY, PID_TAG_SENDER_SMTP_ADDRESS};
static const struct address_tags receipt_tags = {PID_TAG_READ_RECEIPT_NAME, PID_TAG_READ_RECEIPT_ADDRESS_TYPE,
    PID_TAG_READ_RECEIPT_EMAIL_ADDRESS, PID_TAG_READ_RECEIPT_ENTRY_ID, PID_TAG_READ_RECEIPT_SEARCH_KEY,
    PID_TAG_READ_RECEIPT_SMTP_ADDRESS};
static const struct address_tags recipient_tags = {PID_TAG_DISPLAY_NAME, PID_TAG_ADDRESS_TYPE, PID_TAG_EMAIL_ADDRESS,
    PID_TAG_ENTRY_ID, PID_TAG_SEARCH_KEY, PID_TAG_SMTP_ADDRESS};

static struct mail_address address_of(InternetAddress *address)
{
    const char *name = internet_address_get_name(address);
    const char *mailbox = INTERNET_ADDRESS_IS_MAILBOX(address)
        ? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address)) : NULL;
    struct mail_address result = {name ? name : "", "SMTP", mailbox ? mailbox : ""};
    if (!*result.name)
        result.name = result.address; /* MS-OXCMAIL 2.2.3.1.1: without a display name, the address */
    return result;
}

static void set_address(struct message *message, struct message_properties *properties, const struct address_tags *tags,
    const struct mail_address *address)
{
    struct arena *arena = message_arena(message);
    message_set_text(message, properties, tags->name, address->name);
    message_set_text(message, properties, tags->type, address->type);
    message_set_text(message, properties, tags->address, address->address);
    message_set_text(message, properties, tags->smtp_address, address->address);
    message_set_binary(message, properties, tags->entry_id, one_off_entry_id(arena, address));
    message_set_binary(message, properties, tags->search_key, address_search_key(arena, address));
}

static void add_recipient(struct message *message, uint8_t type, const struct mail_address *address)
{
    struct message_recipient *recipient = message_add_recipient(message, type);
    if (!recipient)
        return;
    struct message_properties *properties = &recipient->properties;
    set_address(message, properties, &recipient_tags, address);
    message_set_text(message, properties, PID_TAG_TRANSMITTABLE_DISPLAY_NAME, address->name);
    message_set_u32(message, properties, PID_TAG_OBJECT_TYPE, 6); /* MAPI_MAILUSER */
    message_set_u32(message, properties, PID_TAG_DISPLAY_TYPE, 0);
    message_set_boolean(message, properties, PID_TAG_SEND_RICH_INFO, false);
    message_set_boolean(message, properties, PID_TAG_RESPONSIBILITY, true); /* nobody has to deliver it any more */
}

static void import_recipients(struct mime_reader *reader, struct message *message, InternetAddressList *list, uint8_t type,
    const char *header, unsigned depth)
{
    for (int i = 0; list && i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            InternetAddressList *members = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address));
            if (depth < 8)
                import_recipients(reader, message, members, type, header, depth + 1);
            if (members && internet_address_list_length(members) > 0)
                reader_notice(reader, MIME_NOTICE_NOT_REPRESENTED, header,
                    "a group of addresses: its members became recipients, its name stands only in the transport headers");
            continue;
        }
        struct mail_address found = address_of(address);
        if (!*found.address)
            reader_notice(reader, MIME_NOTICE_DAMAGED, header, "a recipient without an address");
        add_recipient(message, type, &found);
    }
}

static InternetAddress *first_mailbox(InternetAddressList *list, unsigned depth)
{
    for (int i = 0; list && i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address) && depth < 8)
            address = first_mailbox(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), depth + 1);
        if (address && INTERNET_ADDRESS_IS_MAILBOX(address))
            return address;
    }
    return NULL;
}

/* From -> SentRepresenting, Sender (otherwise From) -> Sender: MS-OXCMAIL 2.2.3.1.2, 2.2.3.1.3. */
static void import_originator(struct mime_reader *reader, struct message *message, GMimeMessage *mime)
{
    InternetAddressList *from_list = g_mime_message_get_from(mime);
    InternetAddress *from = first_mailbox(from_list, 0);
    InternetAddress *sender = first_mailbox(g_mime_message_get_sender(mime), 0);
    if (from_list && internet_address_list_length(from_list) > 1)
        reader_notice(reader, MIME_NOTICE_NOT_REPRESENTED, "From header",
            "several authors: the first became the sender, all stand in the transport headers");
    if (!from && !sender)
        reader_notice(reader, MIME_NOTICE_DAMAGED, "From header", "missing or unreadable");
    if (!from)
        from = sender;
    if (!sender)
        sender = from;
    if (!from)
        return;
    struct mail_address address = address_of(from);
    set_address(message, &message->properties, &from_tags, &address);
    address = address_of(sender);
    set_address(message, &message->properties, &sender_tags, &address);
}

static void collect_reply_to(struct message *message, InternetAddressList *list, struct bytes *entry_ids, uint32_t *count,
    GString *names, unsigned depth)
{
    for (int i = 0; list && i < internet_address_list_length(list) && *count < ENTRY_IDS_MAX; i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            if (depth < 8)
                collect_reply_to(message, internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), entry_ids, count,
                    names, depth + 1);
            continue;
        }
        struct mail_address found = address_of(address);
        entry_ids[(*count)++] = one_off_entry_id(message_arena(message), &found);
        if (names->len)
            g_string_append_c(names, ';');
        g_string_append(names, found.name);
    }
}

static void import_reply_to(struct message *message, GMimeMessage *mime)
{
    InternetAddressList *list = g_mime_message_get_reply_to(mime);
    if (!list || internet_address_list_length(list) == 0)
        return;
    struct bytes *entry_ids = g_new0(struct bytes, ENTRY_IDS_MAX);
    GString *names = g_string_new(NULL);
    uint32_t count = 0;
    collect_reply_to(message, list, entry_ids, &count, names, 0);
    if (count) {
        message_set_binary(message, &message->properties, PID_TAG_REPLY_RECIPIENT_ENTRIES,
            flat_entry_list(message_arena(message), entry_ids, count));
        message_set_text(message, &message->properties, PID_TAG_REPLY_RECIPIENT_NAMES, names->str);
    }
    g_string_free(names, TRUE);
    g_free(entry_ids);
}

/* MS-OXCMSG 2.2.1.9: the prefix is up to three characters that are not digits, a colon and a blank. */
static size_t subject_prefix_length(const char *subject)
{
    size_t letters = 0;
    const char *at = subject;
    while (*at && *at != ':' && letters < 4) {
        if ((*at >= '0' && *at <= '9') || *at == ' ')
            return 0;
        at = g_utf8_next_char(at);
        letters++;
    }
    return letters >= 1 && letters <= 3 && at[0] == ':' && at[1] == ' ' ? (size_t)(at + 2 - subject) : 0;
}

static void import_subject(struct mime_reader *reader, struct message *message, GMimeMessage *mime)
{
    const char *subject = g_mime_message_get_subject(mime);
    if (!subject)
        return;
    char *valid = g_utf8_make_valid(subject, -1);
    if (strcmp(valid, subject) != 0 || strstr(valid, "\xEF\xBF\xBD"))
        reader_notice(reader, MIME_NOTICE_DAMAGED, "Subject header", "some bytes belong to no charset");
    size_t prefix = subject_prefix_length(valid);
    struct message_properties *properties = &message->properties;
    message_set_text(message, properties, PID_TAG_SUBJECT, valid);
    message_set_text_bytes(message, properties, PID_TAG_SUBJECT_PREFIX, bytes_of(valid, prefix));
    message_set_text(message, properties, PID_TAG_NORMALIZED_SUBJECT, valid + prefix);
    const char *topic = g_mime_object_get_header(GMIME_OBJECT(mime), "Thread-Topic");
    message_set_text(message, properties, PID_TAG_CONVERSATION_TOPIC, topic ? topic : valid + prefix);
    g_free(valid);
}

static uint64_t filetime_of_date(GDateTime *date)
{
    return date ? filetime_of_unix((time_t)g_date_time_to_unix(date)) : 0;
}

static void import_dates(struct mime_reader *reader, struct message *message, GMimeMessage *mime)
{
    struct message_properties *properties = &message->properties;
    uint64_t sent = filetime_of_date(g_mime_message_get_date(mime));
    if (sent)
        message_set_time(message, properties, PID_TAG_CLIENT_SUBMIT_TIME, sent);
    else if (g_mime_object_get_header(GMIME_OBJECT(mime), "Date"))
        reader_notice(reader, MIME_NOTICE_DAMAGED, "Date header", "unreadable: it stands only in the transport headers");
    /* MS-OXCMAIL 2.2.3.2.15: the topmost Received header is the last hop */
    const char *received = g_mime_object_get_header(GMIME_OBJECT(mime), "Received");
    const char *semicolon = received ? strrchr(received, ';') : NULL;
    if (semicolon) {
        GDateTime *date = g_mime_utils_header_decode_date(semicolon + 1);
        uint64_t delivered = filetime_of_date(date);
        if (delivered)
            message_set_time(message, properties, PID_TAG_MESSAGE_DELIVERY_TIME, delivered);
        if (date)
            g_date_time_unref(date);
    }
}

/* The value as it stands, unfolded, without encoded words decoded: ids and lists of ids. */
static void import_plain_header(struct message *message, GMimeMessage *mime, const char *header, uint32_t tag)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(GMIME_OBJECT(mime));
    GMimeHeader *found = g_mime_header_list_get_header(list, header);
    const char *raw = found ? g_mime_header_get_raw_value(found) : NULL;
    if (!raw)
        return;
    char *unfolded = g_mime_utils_header_unfold(raw);
    char *valid = g_utf8_make_valid(g_strstrip(unfolded), -1);
    if (*valid)
        message_set_text(message, &message->properties, tag, valid);
    g_free(valid);
    g_free(unfolded);
}

static bool header_begins(GMimeMessage *mime, const char *header, const char *word)
{
    const char *value = g_mime_object_get_header(GMIME_OBJECT(mime), header);
    while (value && (*value == ' ' || *value == '\t'))
        value++;
    return value && text_has_prefix_ignoring_case(value, word);
}

/* MS-OXCMAIL 2.2.3.2.3 (Importance, X-Priority, Priority) and 2.2.3.2.4 (Sensitivity). */
static void import_importance(struct message *message, GMimeMessage *mime)
{
    struct message_properties *properties = &message->properties;
    uint32_t importance = 1;
    if (header_begins(mime, "Importance", "high") || header_begins(mime, "X-Priority", "1")
        || header_begins(mime, "X-Priority", "2") || header_begins(mime, "Priority", "urgent")
        || header_begins(mime, "X-MSMail-Priority", "high"))
        importance = 2;
    else if (header_begins(mime, "Importance", "low") || header_begins(mime, "X-Priority", "4")
        || header_begins(mime, "X-Priority", "5") || header_begins(mime, "Priority", "non-urgent")
        || header_begins(mime, "X-MSMail-Priority", "low"))
        importance = 0;
    if (header_begins(mime, "Importance", "normal"))
        importance = 1;
    message_set_u32(message, properties, PID_TAG_IMPORTANCE, importance);
    message_set_u32(message, properties, PID_TAG_PRIORITY, importance - 1); /* -1, 0, 1 */
    uint32_t sensitivity = header_begins(mime, "Sensitivity", "personal") ? 1
        : header_begins(mime, "Sensitivity", "private")                   ? 2
        : header_begins(mime, "Sensitivity", "company-confidential")      ? 3
                                                                          : 0;
    message_set_u32(message, properties, PID_TAG_SENSITIVITY, sensitivity);
}

/* MS-OXCMAIL 2.2.3.2.19: Disposition-Notification-To; 2.2.3.2.20: Return-Receipt-To. */
static void import_receipts(struct mime_reader *reader, struct message *message, GMimeMessage *mime)
{
    struct message_properties *properties = &message->properties;
    const char *value = g_mime_object_get_header(GMIME_OBJECT(mime), "Disposition-Notification-To");
    if (value) {
        InternetAddressList *list = internet_address_list_parse(reader->parser_options, value);
        InternetAddress *to = first_mailbox(list, 0);
        message_set_boolean(message, properties, PID_TAG_READ_RECEIPT_REQUESTED, true);
        message_set_boolean(message, properties, PID_TAG_NON_RECEIPT_NOTIFICATION_REQUESTED, true);
        if (to) {
            struct mail_address address = address_of(to);
            set_address(message, properties, &receipt_tags, &address);
        }
        if (list)
            g_object_unref(list);
    }
    if (g_mime_object_get_header(GMIME_OBJECT(mime), "Return-Receipt-To"))
        message_set_boolean(message, properties, PID_TAG_ORIGINATOR_DELIVERY_REPORT_REQUESTED, true);
}

static void import_thread_index(struct mime_reader *reader, struct message *message, GMimeMessage *mime)
{
    const char *value = g_mime_object_get_header(GMIME_OBJECT(mime), "Thread-Index");
    if (!value)
        return;
    gsize size = 0;
    guchar *decoded = g_base64_decode(value, &size);
    if (decoded && size >= 22 && (size - 22) % 5 == 0) /* MS-OXOMSG 2.2.1.3 */
        message_set_binary(message, &message->properties, PID_TAG_CONVERSATION_INDEX, bytes_of(decoded, size));
    else
        reader_notice(reader, MIME_NOTICE_DAMAGED, "Thread-Index header", "not a conversation index");
    g_free(decoded);
}

/* The names with known meaning, and every X- header (MS-OXCMAIL 2.2.3.2.22), in the set of internet headers. */
static bool header_is_named_property(const char *name)
{
    static const char *const known[] = {"Content-Class", "Content-Language", "Accept-Language", "Content-Base",
        "Auto-Submitted", "Precedence", "List-Id", "List-Post", "Keywords", "Comments", "Organization", "Return-Path"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (text_equal_ignoring_case(name, known[i]))
            return true;
    return text_has_prefix_ignoring_case(name, "X-") && strlen(name) <= MIME_X_HEADER_NAME_SIZE_MAX;
}

static void import_named_headers(struct mime_reader *reader, struct message *message, GMimeMessage *mime)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(GMIME_OBJECT(mime));
    unsigned taken = 0;
    for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        const char *name = g_mime_header_get_name(header);
        if (!header_is_named_property(name))
            continue;
        if (taken++ >= MIME_X_HEADERS_MAX) {
            reader_notice(reader, MIME_NOTICE_NOT_REPRESENTED, "x-headers",
                "too many: the rest stand only in the transport headers");
            return;
        }
        char *lower = g_ascii_strdown(name, -1); /* MS-OXPROPS: names of internet headers are lower case */
        const struct mime_import_options *options = reader->options;
        if (options && options->takes_name && !options->takes_name(options->takes_name_data, lower)) {
            g_free(lower);
            continue;
        }
        uint16_t id = message_name_id_of_string(message, PROPERTY_SET_INTERNET_HEADERS, lower);
        const char *value = g_mime_header_get_value(header);
        char *valid = g_utf8_make_valid(value ? value : "", -1);
        uint32_t tag = PROPERTY_TAG(id, PTYP_STRING);
        if (id && !message_find(&message->properties, tag)) /* of several, the first */
            message_set_text(message, &message->properties, tag, valid);
        g_free(valid);
        g_free(lower);
    }
}

/* PidTagTransportMessageHeaders: the whole block, newlines as CRLF, bytes beyond ASCII as UTF-8 or Windows-1252. */
static void import_transport_headers(struct message *message, GMimeMessage *mime, struct bytes headers)
{
    char *own = NULL;
    if (!headers.data) {
        own = g_mime_object_get_headers(GMIME_OBJECT(mime), NULL);
        headers = bytes_of_string(own ? own : "");
    }
    struct buffer block = {0};
    for (size_t i = 0; i < headers.size; i++) {
        if (headers.data[i] == '\n' && (i == 0 || headers.data[i - 1] != '\r'))
            buffer_append_u8(&block, '\r');
        buffer_append_u8(&block, headers.data[i] ? headers.data[i] : ' ');
    }
    struct charset_text text = charset_decode(message_arena(message), NULL, buffer_bytes(&block));
    if (text.utf16.data && block.size)
        message_set(message, (struct property_value){.tag = PID_TAG_TRANSPORT_MESSAGE_HEADERS, .bytes = text.utf16});
    buffer_free(&block);
    g_free(own);
}

void mime_import_headers(struct mime_reader *reader, struct message *message, GMimeMessage *mime, struct bytes headers)
{
    import_transport_headers(message, mime, headers); /* as they stand: before they are mended */
    (void)mime_mend_headers(GMIME_OBJECT(mime));
    import_originator(reader, message, mime);
    import_recipients(reader, message, g_mime_message_get_to(mime), MESSAGE_RECIPIENT_TO, "To header", 0);
    import_recipients(reader, message, g_mime_message_get_cc(mime), MESSAGE_RECIPIENT_CC, "Cc header", 0);
    import_recipients(reader, message, g_mime_message_get_bcc(mime), MESSAGE_RECIPIENT_BCC, "Bcc header", 0);
    import_reply_to(message, mime);
    import_subject(reader, message, mime);
    import_dates(reader, message, mime);
    import_plain_header(message, mime, "Message-Id", PID_TAG_INTERNET_MESSAGE_ID);
    import_plain_header(message, mime, "In-Reply-To", PID_TAG_IN_REPLY_TO_ID);
    import_plain_header(message, mime, "References", PID_TAG_INTERNET_REFERENCES);
    import_plain_header(message, mime, "List-Help", PID_TAG_LIST_HELP);
    import_plain_header(message, mime, "List-Subscribe", PID_TAG_LIST_SUBSCRIBE);
    import_plain_header(message, mime, "List-Unsubscribe", PID_TAG_LIST_UNSUBSCRIBE);
    import_importance(message, mime);
    import_receipts(reader, message, mime);
    import_thread_index(reader, message, mime);
    import_named_headers(reader, message, mime);
}
