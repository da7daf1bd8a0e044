/* mapihttp get */
#include "cli/message_option.h"
#include "client/message.h"
#include "mail/mime_export.h"
#include "mail/mime_import.h"
#include "protocol/property_tags.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void notice(void *data, const struct mime_notice *told)
{
    const struct command *command = data;
    fprintf(stderr, "mapihttp %s: %s: %s\n", command->name, told->what, told->why);
}

static bool write_bytes(void *data, const void *bytes, size_t size)
{
    return fwrite(bytes, 1, size, data) == size;
}

static int get_mail(const struct command *command, struct mapihttp_message *message, FILE *file)
{
    struct mime_export_options options = {.notices = {.notice = notice, .data = (void *)command}, .newline = MIME_NEWLINE_CRLF,
                                          .write = write_bytes, .data = file};
    mime_initialize();
    return mime_export(client_message_content(message), &options) ? COMMAND_DONE : command_failed(command, "cannot write the mail");
}

static int get_attachment(const struct command *command, struct mapihttp_message *message, unsigned long number, FILE *file)
{
    struct mapihttp_message *embedded = number ? mapihttp_attachment_message(message, number - 1) : NULL;
    struct mapihttp_properties *attachment = number ? mapihttp_message_attachment(message, number - 1) : NULL;
    const struct mapihttp_property *data = attachment ? mapihttp_properties_get(attachment, PID_TAG_ATTACH_DATA_BINARY) : NULL;
    if (embedded)
        return get_mail(command, embedded, file);
    if (!data)
        return command_failed(command, "no attachment %lu with content", number);
    return write_bytes(file, data->blob.data, data->blob.size) ? COMMAND_DONE : command_failed(command, "cannot write");
}

static int run(const struct command *command, int argc, char **argv)
{
    struct connection connection;
    const char *words[2] = {0}, *output = NULL, *attachment = NULL;
    unsigned count = 0;
    connection_initialize(&connection, command);
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(&connection, argc, argv, &i);
        if (taken < 0)
            return COMMAND_USAGE;
        if (taken)
            continue;
        if ((!strcmp(argv[i], "-o") || !strcmp(argv[i], "--output")) && i + 1 < argc)
            output = argv[++i];
        else if (!strcmp(argv[i], "--attachment") && i + 1 < argc)
            attachment = argv[++i];
        else if (argv[i][0] != '-' && count < 2)
            words[count++] = argv[i];
        else
            return command_usage_error(command, "'%s' is not understood", argv[i]);
    }
    char *end = NULL;
    unsigned long number = attachment ? strtoul(attachment, &end, 10) : 0;
    if (count < 2)
        return command_usage_error(command, "FOLDER and ID are needed");
    if (attachment && (*end || !number))
        return command_usage_error(command, "'%s' is not the number of an attachment", attachment);
    struct mapihttp_message *message = NULL;
    int status = message_option_get(&connection, words[0], words[1], &message);
    FILE *file = stdout;
    if (!status && output && !(file = fopen(output, "wb")))
        status = command_failed(command, "%s: %s", output, strerror(errno));
    if (!status)
        status = attachment ? get_attachment(command, message, number, file) : get_mail(command, message, file);
    if (file && (file == stdout ? fflush(file) : fclose(file)) && !status)
        status = command_failed(command, "%s: %s", output ? output : "standard output", strerror(errno));
    mapihttp_message_free(message);
    connection_close(&connection);
    return status;
}

const struct command command_get = {
    .name = "get",
    .summary = "fetch a message as mail, or one of its attachments",
    .usage = "mapihttp get FOLDER ID [--attachment N] [-o FILE]\n"
             "\n"
             "Writes a message as an Internet mail (RFC 5322), or the content of one attachment. The id is the one that\n"
             "'mapihttp list' shows.\n"
             "\n"
             "  --attachment N          the content of the Nth attachment instead, as 'mapihttp show' counts them\n"
             "  -o, --output FILE       there instead of standard output\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
