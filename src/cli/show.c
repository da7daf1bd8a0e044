/* mapihttp show */
#include "cli/message_option.h"
#include "cli/output.h"
#include "cli/property_json.h"
#include "client/message.h"
#include "protocol/property_tags.h"
#include <stdio.h>
#include <string.h>

#define SHOWN_DEPTH_MAX 16u

static json_t *properties_json(const struct mapihttp_properties *properties)
{
    json_t *array = json_array();
    for (size_t i = 0; i < mapihttp_properties_count(properties); i++) {
        const struct mapihttp_property *property = mapihttp_properties_at(properties, i);
        if (property)
            json_array_append_new(array, property_json_row(property, mapihttp_properties_name_at(properties, i)));
    }
    return array;
}

static json_t *message_json(struct mapihttp_message *message, unsigned depth)
{
    json_t *recipients = json_array(), *attachments = json_array();
    for (size_t i = 0; i < mapihttp_message_recipient_count(message); i++)
        json_array_append_new(recipients, properties_json(mapihttp_message_recipient(message, i)));
    for (size_t i = 0; i < mapihttp_message_attachment_count(message); i++) {
        struct mapihttp_message *embedded = mapihttp_attachment_message(message, i);
        json_t *attachment = json_pack("{s:o}", "properties", properties_json(mapihttp_message_attachment(message, i)));
        if (embedded && depth < SHOWN_DEPTH_MAX)
            json_object_set_new(attachment, "message", message_json(embedded, depth + 1));
        json_array_append_new(attachments, attachment);
    }
    return json_pack("{s:o, s:o, s:o}", "properties", properties_json(mapihttp_message_properties(message)), "recipients",
                     recipients, "attachments", attachments);
}

static void indent(unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        fputs("    ", stdout);
}

static void show_properties(const struct mapihttp_properties *properties, unsigned depth)
{
    char title[300];
    for (size_t i = 0; i < mapihttp_properties_count(properties); i++) {
        const struct mapihttp_property *property = mapihttp_properties_at(properties, i);
        if (!property)
            continue;
        property_title(property, mapihttp_properties_name_at(properties, i), title, sizeof title);
        indent(depth);
        printf("0x%08X ", property->tag);
        output_text(title, false);
        fputs(" = ", stdout);
        if (MAPIHTTP_TAG_TYPE(property->tag) == MAPIHTTP_TYPE_BINARY) {
            printf("%zu bytes\n", property->blob.size);
            continue;
        }
        json_t *value = property_json(property);
        json_dumpf(value, stdout, JSON_ENCODE_ANY);
        json_decref(value);
        putchar('\n');
    }
}

static const char *text_of(const struct mapihttp_properties *properties, uint32_t tag)
{
    const struct mapihttp_property *property = properties ? mapihttp_properties_get(properties, tag) : NULL;
    return property && MAPIHTTP_TAG_TYPE(property->tag) == MAPIHTTP_TYPE_STRING ? property->blob.data : "";
}

static void show_line(const char *title, const char *text, unsigned depth)
{
    if (!*text)
        return;
    indent(depth);
    printf("%-9s ", title);
    output_text(text, false);
    putchar('\n');
}

static void show_person(const char *title, const char *name, const char *address, unsigned depth)
{
    if (!*name && !*address)
        return;
    indent(depth);
    printf("%-9s ", title);
    output_text(name, false);
    if (*address && strcmp(name, address)) {
        fputs(*name ? " <" : "<", stdout);
        output_text(address, false);
        putchar('>');
    }
    putchar('\n');
}

static void show_recipients(struct mapihttp_message *message, unsigned depth)
{
    static const char *const titles[] = {"From:", "To:", "Cc:", "Bcc:"};
    for (size_t i = 0; i < mapihttp_message_recipient_count(message); i++) {
        const struct mapihttp_properties *recipient = mapihttp_message_recipient(message, i);
        const struct mapihttp_property *type = recipient ? mapihttp_properties_get(recipient, PID_TAG_RECIPIENT_TYPE) : NULL;
        unsigned kind = type ? (unsigned)type->integer32 & 0x0F : 1;
        const char *smtp = text_of(recipient, PID_TAG_SMTP_ADDRESS);
        show_person(titles[kind < 4 ? kind : 1], text_of(recipient, PID_TAG_DISPLAY_NAME), *smtp ? smtp : text_of(recipient, PID_TAG_EMAIL_ADDRESS), depth);
    }
}

static void show_message(struct mapihttp_message *message, bool all, unsigned depth);

static void show_attachments(struct mapihttp_message *message, bool all, unsigned depth)
{
    for (size_t i = 0; i < mapihttp_message_attachment_count(message); i++) {
        const struct mapihttp_properties *attachment = mapihttp_message_attachment(message, i);
        struct mapihttp_message *embedded = mapihttp_attachment_message(message, i);
        const char *name = text_of(attachment, PID_TAG_ATTACH_LONG_FILENAME);
        const struct mapihttp_property *data = attachment ? mapihttp_properties_get(attachment, PID_TAG_ATTACH_DATA_BINARY) : NULL;
        if (!*name)
            name = text_of(attachment, PID_TAG_ATTACH_FILENAME);
        if (!*name)
            name = text_of(attachment, PID_TAG_DISPLAY_NAME);
        putchar('\n');
        indent(depth);
        printf("Attachment %zu: ", i + 1);
        output_text(*name ? name : "(no name)", false);
        if (data)
            printf(", %zu bytes", data->blob.size);
        const char *type = text_of(attachment, PID_TAG_ATTACH_MIME_TAG);
        if (*type) {
            fputs(", ", stdout);
            output_text(type, false);
        }
        putchar('\n');
        if (all && attachment)
            show_properties(attachment, depth + 1);
        if (embedded && depth < SHOWN_DEPTH_MAX)
            show_message(embedded, all, depth + 1);
    }
}

static void show_body(const struct mapihttp_properties *properties, unsigned depth)
{
    const struct mapihttp_property *html = mapihttp_properties_get(properties, PID_TAG_HTML);
    const char *body = text_of(properties, PID_TAG_BODY);
    if (*body) {
        putchar('\n');
        output_text(body, true);
        if (body[strlen(body) - 1] != '\n')
            putchar('\n');
    } else if (html && html->blob.size) {
        indent(depth);
        printf("(%zu bytes of HTML; 'mapihttp get' gives them)\n", html->blob.size);
    }
}

static void show_message(struct mapihttp_message *message, bool all, unsigned depth)
{
    const struct mapihttp_properties *properties = mapihttp_message_properties(message);
    if (!properties)
        return;
    if (all) {
        show_properties(properties, depth);
        for (size_t i = 0; i < mapihttp_message_recipient_count(message); i++) {
            const struct mapihttp_properties *recipient = mapihttp_message_recipient(message, i);
            indent(depth);
            printf("Recipient %zu:\n", i + 1);
            if (recipient)
                show_properties(recipient, depth + 1);
        }
        show_attachments(message, all, depth);
        return;
    }
    const char *smtp = text_of(properties, PID_TAG_SENT_REPRESENTING_SMTP_ADDRESS);
    show_person("From:", text_of(properties, PID_TAG_SENT_REPRESENTING_NAME), *smtp ? smtp : text_of(properties, PID_TAG_SENT_REPRESENTING_EMAIL_ADDRESS), depth);
    show_recipients(message, depth);
    show_line("Subject:", text_of(properties, PID_TAG_SUBJECT), depth);
    const struct mapihttp_property *sent = mapihttp_properties_get(properties, PID_TAG_CLIENT_SUBMIT_TIME);
    if (sent) {
        json_t *date = property_json(sent);
        show_line("Date:", json_string_value(date) ? json_string_value(date) : "", depth);
        json_decref(date);
    }
    show_line("Class:", text_of(properties, PID_TAG_MESSAGE_CLASS), depth);
    show_body(properties, depth);
    show_attachments(message, all, depth);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct connection connection;
    const char *words[2] = {0};
    unsigned count = 0;
    bool as_json = false, all = false;
    connection_initialize(&connection, command);
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(&connection, argc, argv, &i);
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        if (!strcmp(argv[i], "--json"))
            as_json = true;
        else if (!strcmp(argv[i], "--properties"))
            all = true;
        else if (argv[i][0] != '-' && count < 2)
            words[count++] = argv[i];
        else
            return command_usage_error(command, "'%s' is not understood", argv[i]);
    }
    if (count < 2)
        return command_usage_error(command, "FOLDER and ID are needed");
    struct mapihttp_message *message = NULL;
    int status = message_option_get(&connection, words[0], words[1], &message);
    if (!status && as_json) {
        json_t *json = message_json(message, 0);
        json_dumpf(json, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(json);
    } else if (!status) {
        show_message(message, all, 0);
    }
    if (!status && (fflush(stdout) || ferror(stdout)))
        status = command_failed(command, "cannot write");
    mapihttp_message_free(message);
    connection_close(&connection);
    return status;
}

const struct command command_show = {
    .name = "show",
    .summary = "show a message",
    .usage = "mapihttp show FOLDER ID [--properties] [--json]\n"
             "\n"
             "Shows a message: sender, recipients, subject, text, attachments. The id is the one that 'mapihttp list' shows.\n"
             "\n"
             "  --properties            all properties of the message, its recipients and attachments\n"
             "  --json                  the same as JSON, binaries in base64\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
