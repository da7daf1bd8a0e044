#include "mail/mime_export.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "mail/mime_properties.h"
#include "mail/mime_writer.h"

void writer_flush(struct mime_writer *writer)
{
    if (writer->pending_size && !writer->failed)
        writer->failed = !writer->options->write(writer->options->data, writer->pending, writer->pending_size);
    writer->pending_size = 0;
}

static void writer_byte(struct mime_writer *writer, char byte)
{
    if (writer->pending_size == sizeof writer->pending)
        writer_flush(writer);
    writer->pending[writer->pending_size++] = byte;
}

void writer_bytes(struct mime_writer *writer, const void *data, size_t size)
{
    const char *bytes = data;
    bool crlf = writer->options->newline == MIME_NEWLINE_CRLF;
    for (size_t i = 0; i < size; i++) {
        char byte = bytes[i];
        if (crlf && byte == '\n' && writer->last != '\r')
            writer_byte(writer, '\r');
        if (!crlf && writer->last == '\r' && byte != '\n')
            writer_byte(writer, '\r'); /* a CR that stood alone */
        if (crlf || byte != '\r')
            writer_byte(writer, byte);
        writer->last = byte;
    }
}

void writer_text(struct mime_writer *writer, const char *text)
{
    writer_bytes(writer, text, strlen(text));
}

void writer_format(struct mime_writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    writer_text(writer, text);
    g_free(text);
}

const char *mime_named_text(struct message *message, const struct message_properties *properties, const char *name)
{
    struct bytes wide = text_utf16_of_utf8(message_arena(message), bytes_of_string(name));
    uint16_t id = message_find_name(message, &(struct property_name){.kind = 1, .guid = PROPERTY_SET_MIME, .name = wide});
    return id ? message_get_text(message, properties, PROPERTY_TAG(id, PTYP_STRING)) : NULL;
}

bool mime_named_boolean(struct message *message, const struct message_properties *properties, const char *name)
{
    struct bytes wide = text_utf16_of_utf8(message_arena(message), bytes_of_string(name));
    uint16_t id = message_find_name(message, &(struct property_name){.kind = 1, .guid = PROPERTY_SET_MIME, .name = wide});
    return id && message_get_boolean(properties, PROPERTY_TAG(id, PTYP_BOOLEAN), false);
}

void mime_export_message(struct mime_writer *writer, struct message *message)
{
    mime_export_headers(writer, message);
    writer_text(writer, "MIME-Version: 1.0\n");
    mime_export_structure(writer, message);
}

bool mime_export(struct message *message, const struct mime_export_options *options)
{
    struct mime_writer writer = {.options = options};
    writer.parser_options = g_mime_parser_options_new();
    g_mime_parser_options_set_allow_addresses_without_domain(writer.parser_options, TRUE);
    writer.format_options = g_mime_format_options_new();
    mime_export_message(&writer, message);
    writer_flush(&writer);
    g_mime_format_options_free(writer.format_options);
    g_mime_parser_options_free(writer.parser_options);
    return !writer.failed && !message_failed(message);
}
