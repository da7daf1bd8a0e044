/* mapihttp put */
#include "cli/connection.h"
#include "cli/output.h"
#include "client/message.h"
#include "mail/mime_import.h"
#include "protocol/property_tags.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUT_FILES_MAX 1024u
#define PUT_RECIPIENTS_MAX 256u
#define PUT_FILE_SIZE_MAX ((size_t)512 << 20)

struct letter {
    const char *folder;
    const char *subject, *text;
    const char *to[PUT_RECIPIENTS_MAX];
    unsigned to_count;
    const char *attachments[PUT_FILES_MAX];
    unsigned attachment_count;
    const char *mails[PUT_FILES_MAX];
    unsigned mail_count;
    bool read;
};

/* The whole content; NULL after a complaint. */
static char *read_file(const struct command *command, const char *path, size_t *ret_size)
{
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    struct buffer content = {.size_max = PUT_FILE_SIZE_MAX};
    char piece[65536];
    size_t got;
    if (!file) {
        command_failed(command, "%s: %s", path, strerror(errno));
        return NULL;
    }
    while ((got = fread(piece, 1, sizeof piece, file)))
        buffer_append(&content, piece, got);
    bool failed = ferror(file) || content.failed || !buffer_string(&content);
    if (file != stdin)
        fclose(file);
    if (failed) {
        command_failed(command, "%s: cannot be read, or is too large", path);
        buffer_free(&content);
        return NULL;
    }
    *ret_size = content.size;
    return (char *)content.data;
}

static void notice(void *data, const struct mime_notice *told)
{
    const char *path = data;
    fprintf(stderr, "mapihttp put: %s: %s: %s\n", path, told->what, told->why);
}

static struct mapihttp_message *message_of_mail(const struct command *command, const struct letter *letter, const char *path)
{
    size_t size;
    char *content = read_file(command, path, &size);
    struct message *message = NULL;
    if (!content)
        return NULL;
    struct mime_import_options options = {.notices = {.notice = notice, .data = (void *)path}, .state = {.read = letter->read}};
    enum mime_status status = mime_import(bytes_of(content, size), &options, &message);
    free(content);
    struct mapihttp_message *made = status == MIME_OK ? client_message_of(message) : NULL;
    if (!made) {
        message_free(message);
        command_failed(command, "%s: %s", path, status == MIME_EMPTY ? "no mail in it" : status == MIME_TOO_LARGE ? "too large" : "no memory");
    }
    return made;
}

static bool add_recipient(struct mapihttp_message *message, const char *address)
{
    struct mapihttp_properties *recipient = mapihttp_message_add_recipient(message);
    return recipient && !mapihttp_properties_set_string(recipient, PID_TAG_ADDRESS_TYPE, "SMTP") &&
           !mapihttp_properties_set_string(recipient, PID_TAG_EMAIL_ADDRESS, address) &&
           !mapihttp_properties_set_string(recipient, PID_TAG_SMTP_ADDRESS, address) &&
           !mapihttp_properties_set_string(recipient, PID_TAG_DISPLAY_NAME, address);
}

static bool add_attachment(const struct command *command, struct mapihttp_message *message, const char *path)
{
    size_t size;
    char *content = read_file(command, path, &size);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct mapihttp_properties *attachment = content ? mapihttp_message_add_attachment(message) : NULL;
    bool good = attachment && !mapihttp_properties_set_integer(attachment, PID_TAG_ATTACH_METHOD, 1) &&
                !mapihttp_properties_set_integer(attachment, PID_TAG_RENDERING_POSITION, -1) &&
                !mapihttp_properties_set_string(attachment, PID_TAG_ATTACH_LONG_FILENAME, name) &&
                !mapihttp_properties_set_string(attachment, PID_TAG_DISPLAY_NAME, name) &&
                !mapihttp_properties_set_binary(attachment, PID_TAG_ATTACH_DATA_BINARY, content, size);
    free(content);
    return good;
}

static struct mapihttp_message *message_of_words(const struct command *command, const struct letter *letter)
{
    struct mapihttp_message *message = mapihttp_message_new();
    struct mapihttp_properties *properties = message ? mapihttp_message_properties(message) : NULL;
    size_t size = 0;
    char *text = letter->text ? read_file(command, letter->text, &size) : NULL;
    bool good = properties && (text || !letter->text) &&
                !mapihttp_properties_set_string(properties, PID_TAG_MESSAGE_CLASS, "IPM.Note") &&
                !mapihttp_properties_set_string(properties, PID_TAG_SUBJECT, letter->subject ? letter->subject : "") &&
                !mapihttp_properties_set_integer(properties, PID_TAG_MESSAGE_FLAGS, letter->read ? 1 : 0) &&
                (!text || !mapihttp_properties_set_string(properties, PID_TAG_BODY, text));
    for (unsigned i = 0; good && i < letter->to_count; i++)
        good = add_recipient(message, letter->to[i]);
    for (unsigned i = 0; good && i < letter->attachment_count; i++)
        good = add_attachment(command, message, letter->attachments[i]);
    free(text);
    if (good)
        return message;
    mapihttp_message_free(message);
    return NULL;
}

static int put_one(struct connection *connection, struct mapihttp_session *session, uint64_t folder, struct mapihttp_message *message,
                   const char *what)
{
    struct mapihttp_error error;
    uint64_t id;
    char text[ID_TEXT_SIZE];
    if (!message)
        return COMMAND_FAILED; /* said why */
    enum mapihttp_status status = mapihttp_message_put(session, folder, message, &id, &error);
    mapihttp_message_free(message);
    if (status)
        return connection_failed(connection, what, &error);
    id_format(id, text);
    puts(text);
    return COMMAND_DONE;
}

static int take_option(struct letter *letter, const struct command *command, int argc, char **argv, int *index)
{
    const char *word = argv[*index], *value = *index + 1 < argc ? argv[*index + 1] : NULL;
    if (!strcmp(word, "--read")) {
        letter->read = true;
        return COMMAND_DONE;
    }
    if (word[0] != '-' || !word[1]) {
        if (!letter->folder)
            letter->folder = word;
        else if (letter->mail_count < PUT_FILES_MAX)
            letter->mails[letter->mail_count++] = word;
        else
            return command_usage_error(command, "too many files");
        return COMMAND_DONE;
    }
    if (!value)
        return command_usage_error(command, "'%s' is not understood, or needs a value", word);
    ++*index;
    if (!strcmp(word, "--subject"))
        letter->subject = value;
    else if (!strcmp(word, "--text"))
        letter->text = value;
    else if (!strcmp(word, "--to") && letter->to_count < PUT_RECIPIENTS_MAX)
        letter->to[letter->to_count++] = value;
    else if (!strcmp(word, "--attach") && letter->attachment_count < PUT_FILES_MAX)
        letter->attachments[letter->attachment_count++] = value;
    else
        return command_usage_error(command, "'%s %s' is not understood", word, value);
    return COMMAND_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct connection connection;
    struct letter *letter = calloc(1, sizeof *letter);
    struct mapihttp_error error;
    uint64_t folder = 0;
    int status = letter ? COMMAND_DONE : COMMAND_FAILED;
    connection_initialize(&connection, command);
    for (int i = 1; !status && i < argc; i++) {
        int taken = connection_option(&connection, argc, argv, &i);
        status = taken < 0 ? COMMAND_USAGE : taken ? COMMAND_DONE : take_option(letter, command, argc, argv, &i);
    }
    bool written = letter && (letter->subject || letter->text || letter->to_count || letter->attachment_count);
    if (!status && (!letter->folder || written == (letter->mail_count > 0)))
        status = command_usage_error(command, "FOLDER and either mail files or --subject, --text, --to, --attach are needed");
    struct mapihttp_session *session = status ? NULL : connection_open(&connection);
    if (!status && !session)
        status = COMMAND_FAILED;
    if (!status && mapihttp_folder_find(session, letter->folder, &folder, &error))
        status = connection_failed(&connection, letter->folder, &error);
    if (!status && written)
        status = put_one(&connection, session, folder, message_of_words(command, letter), letter->folder);
    if (!status && letter->mail_count)
        mime_initialize();
    for (unsigned i = 0; !status && i < letter->mail_count; i++)
        status = put_one(&connection, session, folder, message_of_mail(command, letter, letter->mails[i]), letter->mails[i]);
    connection_close(&connection);
    free(letter);
    return status;
}

const struct command command_put = {
    .name = "put",
    .summary = "save a message into a folder",
    .usage = "mapihttp put FOLDER FILE...\n"
             "mapihttp put FOLDER --subject TEXT [--to ADDRESS]... [--text FILE] [--attach FILE]...\n"
             "\n"
             "Saves messages into a folder and prints their ids: mail files (RFC 5322; '-' is standard input), or one message made\n"
             "of the options. Each is there exactly once, whatever happens to the network meanwhile. 'mapihttp import' takes whole\n"
             "mailboxes.\n"
             "\n"
             "  --subject TEXT          its subject\n"
             "  --to ADDRESS            a recipient; may be given several times\n"
             "  --text FILE             its text, UTF-8; '-' is standard input\n"
             "  --attach FILE           an attachment; may be given several times\n"
             "  --read                  marked as read\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
