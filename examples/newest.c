/* Prints the subjects of the newest messages of a mailbox: newest USER@DOMAIN [HOST[:PORT]], password in MAPIHTTP_PASSWORD.
 * cc newest.c $(pkg-config --cflags --libs libmapihttp) */
#include <mapihttp/mapihttp.h>
#include <stdio.h>
#include <stdlib.h>

#define SUBJECT 0x0037001F       /* PidTagSubject */
#define DELIVERY_TIME 0x0E060040 /* PidTagMessageDeliveryTime */

static int fail(const struct mapihttp_error *error)
{
    fprintf(stderr, "newest: %s\n", error->text);
    return 1;
}

int main(int argc, char **argv)
{
    struct mapihttp_options options;
    struct mapihttp_session *session;
    struct mapihttp_table *table;
    struct mapihttp_error error;
    const struct mapihttp_row *row = NULL;
    const uint32_t columns[] = {SUBJECT};
    const struct mapihttp_sort newest_first = {.tag = DELIVERY_TIME, .descending = true};
    const struct mapihttp_query query = {.columns = columns, .column_count = 1, .sorts = &newest_first, .sort_count = 1};

    mapihttp_options_initialize(&options);
    options.address = argc > 1 ? argv[1] : NULL;
    options.server = argc > 2 ? argv[2] : NULL;
    options.password = getenv("MAPIHTTP_PASSWORD");
    options.ca_file = getenv("MAPIHTTP_CA_FILE");
    if (mapihttp_session_open(&options, &session, &error))
        return fail(&error);

    uint64_t inbox = mapihttp_special_folder(session, MAPIHTTP_FOLDER_INBOX);
    enum mapihttp_status status = mapihttp_table_open(session, inbox, &query, &table, &error);
    if (!status) {
        printf("%u messages\n", mapihttp_table_row_count(table));
        for (int i = 0; i < 10 && !(status = mapihttp_table_next(table, &row, &error)) && row; i++)
            if (MAPIHTTP_TAG_TYPE(row->properties[0].tag) == MAPIHTTP_TYPE_STRING)
                printf("%s\n", (const char *)row->properties[0].blob.data);
        mapihttp_table_close(table);
    }
    mapihttp_session_close(session);
    return status ? fail(&error) : 0;
}
