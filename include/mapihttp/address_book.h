/* The address book of an organisation (MS-OXNSPI over MS-OXCMAPIHTTP 2.2.5): who is there, found by name, listed, looked at.
 * A connection of its own beside the mailbox's; a context that the server has lost is made anew. */
#pragma once
#include <mapihttp/property.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mapihttp_options;
struct mapihttp_address_book;
struct mapihttp_address_list;
struct mapihttp_entries;

/* Finds the endpoint as mapihttp_session_open() does (with options->url, the one beside that mailbox endpoint) and binds. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_address_book_open(const struct mapihttp_options *options,
    struct mapihttp_address_book **ret_book, struct mapihttp_error *ret_error);
/* Unbinds (an unreachable server is let be) and frees; NULL is fine. */
MAPIHTTP_PUBLIC void mapihttp_address_book_close(struct mapihttp_address_book *book);

/* Valid as long as the book. */
struct mapihttp_address_book_state {
    const char *url;
    const char *user_dn;        /* the mailbox's distinguished name, as Autodiscover or the options told it; "" without */
    const char *authentication; /* Basic, NTLM, Nego, Bearer, Anonymous */
    const char *server_name;    /* the host of the endpoint */
    const char *version;        /* X-ServerApplication */
    uint8_t server_guid[16];
};
MAPIHTTP_PUBLIC const struct mapihttp_address_book_state *mapihttp_address_book_state(struct mapihttp_address_book *book);

/* A container of entries: the global address list, other address lists. */
struct mapihttp_container {
    uint32_t id;            /* 0: the global address list */
    uint32_t depth;         /* below how many others it stands */
    const char *name;
    const char *dn;         /* '/', '/guid=...' */
    bool has_entries;       /* it may hold people, not only other containers */
};
/* Asked of the server once; valid as long as the book. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_address_book_containers(struct mapihttp_address_book *book,
    size_t *ret_count, const struct mapihttp_container **ret_containers, struct mapihttp_error *ret_error);
/* The container with that name, any case; MAPIHTTP_NOT_FOUND. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_address_book_container(struct mapihttp_address_book *book,
    const char *name, uint32_t *ret_container_id, struct mapihttp_error *ret_error);

/* An entry with the properties asked for, in their order; those it does not have are MAPIHTTP_TYPE_ERROR. */
struct mapihttp_entry {
    size_t property_count;
    const struct mapihttp_property *properties;
};

/* A container from its beginning, or from the first name at or after 'from' (NULL: the beginning), in the server's order. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_address_list_open(struct mapihttp_address_book *book,
    uint32_t container_id, const char *from, size_t column_count, const uint32_t *columns,
    struct mapihttp_address_list **ret_list, struct mapihttp_error *ret_error);
/* Entries in the container, as the server counted at the last request. */
MAPIHTTP_PUBLIC uint32_t mapihttp_address_list_count(const struct mapihttp_address_list *list);
/* The next entry, or NULL in *ret_entry after the last. Valid until the next call. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_address_list_next(struct mapihttp_address_list *list,
    const struct mapihttp_entry **ret_entry, struct mapihttp_error *ret_error);
MAPIHTTP_PUBLIC void mapihttp_address_list_close(struct mapihttp_address_list *list);

/* Entries as an answer that one keeps. */
MAPIHTTP_PUBLIC size_t mapihttp_entries_count(const struct mapihttp_entries *entries);
MAPIHTTP_PUBLIC const struct mapihttp_entry *mapihttp_entries_get(const struct mapihttp_entries *entries, size_t index);
MAPIHTTP_PUBLIC void mapihttp_entries_free(struct mapihttp_entries *entries);

/* What a name means (ambiguous name resolution): a display name or its beginnings, an alias, '=alias', an address. */
enum mapihttp_resolution { MAPIHTTP_UNRESOLVED, MAPIHTTP_AMBIGUOUS, MAPIHTTP_RESOLVED };
/* Each name against a container. ret_resolutions[i] says how it went; *ret_entries holds the resolved ones in the order of
 * their names. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_address_book_resolve(struct mapihttp_address_book *book,
    uint32_t container_id, size_t name_count, const char *const *names, size_t column_count, const uint32_t *columns,
    enum mapihttp_resolution *ret_resolutions, struct mapihttp_entries **ret_entries, struct mapihttp_error *ret_error);
/* All that a name may mean, at most 'count_max'; MAPIHTTP_SERVER with code 0x80040403 where there are more. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_address_book_search(struct mapihttp_address_book *book,
    uint32_t container_id, const char *text, uint32_t count_max, size_t column_count, const uint32_t *columns,
    struct mapihttp_entries **ret_entries, struct mapihttp_error *ret_error);
/* The entry with that distinguished name; MAPIHTTP_NOT_FOUND. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_address_book_entry(struct mapihttp_address_book *book,
    const char *dn, size_t column_count, const uint32_t *columns, struct mapihttp_entries **ret_entries,
    struct mapihttp_error *ret_error);
/* Where the mailbox endpoint of this user is, as the address book says it (GetMailboxUrl). Valid as long as the book. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_address_book_mailbox_url(struct mapihttp_address_book *book,
    const char **ret_url, struct mapihttp_error *ret_error);

#ifdef __cplusplus
}
#endif
