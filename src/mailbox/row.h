/* One row of a table: a message, folder or attachment seen as properties, computed ones included. On the mailbox's strand.
 * Internal to the mailbox layer. */
#pragma once
#include "mailbox/content.h"
#include "mailbox/model.h"

enum row_kind { ROW_MESSAGE, ROW_FOLDER, ROW_ATTACHMENT, ROW_LIST };
struct row {
    enum row_kind kind;
    struct arena *arena; /* for values; may be reset by the caller between rows */
    struct mailbox *mailbox;
    uint32_t codepage;
    union {
        const struct store_message *message;
        const struct store_folder *folder;
        struct {
            const struct attachment_listed *listed;
            struct bytes packed;
        } attachment;
        const struct property_list *list; /* a recipient */
    };
};

/* The property in its own type; values kept apart are read up to size_max bytes and cut there. */
bool row_find(struct row *row, uint32_t tag, size_t size_max, struct property_value *ret_value);

/* A column set made ready, so that a row costs one pass over its packed properties. */
struct column_plan {
    uint32_t count;
    uint32_t *tags; /* as asked */
    uint32_t packed_count;
    uint32_t *packed_tags;   /* those kept in packed properties, ascending */
    uint32_t *packed_places; /* the column each belongs to */
    uint32_t computed_count;
    uint32_t *computed_places;
};
/* One block, freed with free(); NULL without memory. */
struct column_plan *column_plan_new(enum row_kind kind, const uint32_t *tags, uint32_t count);
/* One value for each column, cut to VALUE_ROW_SIZE_MAX, type PTYP_ERROR_CODE where there is none. False without memory. */
bool row_values(struct row *row, const struct column_plan *plan, struct property_value *ret_values);
