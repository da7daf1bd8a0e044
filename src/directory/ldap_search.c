/* Searches: small ones with a limit, whole ones page by page (RFC 2696), the long member lists of Active Directory part by
 * part. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/filetime.h"
#include "directory/ldap_directory.h"
#include "directory/ldap_text.h"

#define MEMBERS_MAX 1000000u
#define RECORDS_OF_DN_MAX 2u

void ldap_directory_notice(struct ldap_directory *directory, const char *format, ...)
{
    char text[512];
    va_list arguments;
    if (!directory->settings.notice)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    directory->settings.notice(directory->settings.notice_user, text);
}

/* --- one page --- */

struct page {
    const char *base;
    int scope;
    const char *filter;
    char **attributes;
    uint32_t count_max; /* 0: a page of a whole search */
    struct berval *cookie;
};

/* Sends the search and waits. On any answer *ret_answer is the caller's. */
static int ask(struct ldap_directory *directory, LDAP *handle, const struct page *page, uint64_t deadline_ms,
               LDAPMessage **ret_answer)
{
    LDAPControl *paged = NULL;
    LDAPControl *controls[2] = {NULL, NULL};
    int message_id, code = LDAP_SUCCESS;
    uint64_t now = monotonic_ms(), left = deadline_ms > now ? deadline_ms - now : 0;
    struct timeval limit = {(time_t)(left / 1000) + 1, 0};
    if (!page->count_max)
        code = ldap_create_page_control(handle, (ber_int_t)directory->settings.page_size, page->cookie, 0, &paged);
    controls[0] = paged;
    if (code == LDAP_SUCCESS)
        code = ldap_search_ext(handle, page->base, page->scope, page->filter, page->attributes, 0, controls, NULL, &limit,
                               (int)page->count_max, &message_id);
    if (paged)
        ldap_control_free(paged);
    return code == LDAP_SUCCESS ? ldap_await(handle, message_id, deadline_ms, ret_answer) : code;
}

/* The result code, and the cookie of the next page: empty after the last one. */
static int finish_page(LDAP *handle, LDAPMessage *answer, struct berval **cookie)
{
    LDAPControl **controls = NULL;
    int code = LDAP_OTHER;
    int parsed = ldap_parse_result(handle, answer, &code, NULL, NULL, NULL, &controls, 0);
    struct berval next = {0};
    ber_int_t estimate;
    ber_bvfree(*cookie);
    *cookie = NULL;
    LDAPControl *paged = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
    if (parsed == LDAP_SUCCESS && paged && ldap_parse_pageresponse_control(handle, paged, &estimate, &next) == LDAP_SUCCESS) {
        if (next.bv_len)
            *cookie = ber_bvdup(&next);
        ber_memfree(next.bv_val);
    }
    ldap_controls_free(controls);
    return parsed == LDAP_SUCCESS ? code : parsed;
}

/* --- members part by part --- */

static bool append_names(struct arena *arena, struct ldap_names *names, const struct ldap_names *more)
{
    if (!more->count || names->count > MEMBERS_MAX - more->count)
        return true;
    const char **items = arena_array(arena, const char *, (size_t)names->count + more->count);
    if (!items)
        return false;
    if (names->count)
        memcpy(items, names->items, names->count * sizeof *items);
    memcpy(items + names->count, more->items, more->count * sizeof *items);
    names->items = items;
    names->count += more->count;
    return true;
}

/* The rest of the attribute of which the record has the first values only. */
static int complete_members(struct ldap_directory *directory, struct arena *arena, LDAP *handle, struct ldap_record *record)
{
    int code = LDAP_SUCCESS;
    while (code == LDAP_SUCCESS && record->range_next && record->member_dns.count < MEMBERS_MAX) {
        char name[96];
        char *attributes[] = {name, (char *)"objectGUID", (char *)"cn", NULL};
        struct page page = {record->dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, NULL};
        LDAPMessage *answer = NULL;
        snprintf(name, sizeof name, "%s;range=%u-*", record->range_name, record->range_next);
        code = ask(directory, handle, &page, monotonic_ms() + directory->settings.timeout_ms, &answer);
        if (code != LDAP_SUCCESS)
            break;
        LDAPMessage *message = ldap_first_entry(handle, answer);
        struct ldap_record part = {0};
        uint32_t next = 0;
        if (message && ldap_record_read(&directory->map, handle, message, record->entry.kind, arena, &part) == LDAP_RECORD_READ) {
            code = append_names(arena, &record->member_dns, &part.member_dns) ? LDAP_SUCCESS : LDAP_NO_MEMORY;
            next = part.range_next > record->range_next ? part.range_next : 0;
        }
        record->range_next = next;
        ldap_msgfree(answer);
    }
    return code;
}

/* --- records --- */

struct search_run {
    struct ldap_directory *directory;
    struct arena *arena;
    const struct ldap_search *search;
    ldap_taker take;
    void (*restart)(void *user);
    void *user;
    bool begun;
    uint32_t left_out;
};

static int take_message(struct search_run *run, LDAP *handle, LDAPMessage *message)
{
    struct ldap_record record;
    switch (ldap_record_read(&run->directory->map, handle, message, run->search->kind, run->arena, &record)) {
    case LDAP_RECORD_NO_MEMORY:
        return LDAP_NO_MEMORY;
    case LDAP_RECORD_LEFT_OUT:
        run->left_out++;
        return LDAP_SUCCESS;
    case LDAP_RECORD_READ:
        break;
    }
    int code = complete_members(run->directory, run->arena, handle, &record);
    if (code != LDAP_SUCCESS)
        return code;
    return run->take(run->user, &record) ? LDAP_SUCCESS : LDAP_NO_MEMORY;
}

static int take_page(struct search_run *run, LDAP *handle, LDAPMessage *answer)
{
    int code = LDAP_SUCCESS;
    for (LDAPMessage *message = ldap_first_entry(handle, answer); message && code == LDAP_SUCCESS;
         message = ldap_next_entry(handle, message))
        code = take_message(run, handle, message);
    return code;
}

static int search_operation(LDAP *handle, uint64_t deadline_ms, void *argument)
{
    struct search_run *run = argument;
    const struct ldap_search *search = run->search;
    struct berval *cookie = NULL;
    int code;
    if (run->begun && run->restart)
        run->restart(run->user);
    run->begun = true;
    do {
        LDAPMessage *answer = NULL;
        struct page page = {search->base, search->scope, search->filter, run->directory->map.selections[search->selection],
                            search->count_max, cookie};
        code = ask(run->directory, handle, &page, deadline_ms, &answer);
        if (code != LDAP_SUCCESS)
            break;
        int taken = take_page(run, handle, answer);
        code = finish_page(handle, answer, &cookie);
        code = taken == LDAP_SUCCESS ? code : taken;
        ldap_msgfree(answer);
        deadline_ms = monotonic_ms() + run->directory->settings.timeout_ms;
    } while (code == LDAP_SUCCESS && cookie);
    ber_bvfree(cookie);
    return code;
}

int ldap_search_run(struct ldap_directory *directory, struct arena *arena, const struct ldap_search *search, ldap_taker take,
                    void (*restart)(void *user), void *user)
{
    struct search_run run = {.directory = directory, .arena = arena, .search = search, .take = take, .restart = restart, .user = user};
    int code = ldap_pool_run(directory->pool, search_operation, &run);
    if (run.left_out && !search->count_max)
        ldap_directory_notice(directory, "%u entries of '%s' were left out: no readable id or name, or a mailbox of the system",
                              run.left_out, search->filter);
    return code;
}

/* --- a DN --- */

struct single {
    struct ldap_record record;
    uint32_t count;
};

static bool take_single(void *user, const struct ldap_record *record)
{
    struct single *single = user;
    if (single->count++ == 0)
        single->record = *record;
    return true;
}

static void restart_single(void *user)
{
    ((struct single *)user)->count = 0;
}

enum directory_status ldap_search_dn(struct ldap_directory *directory, struct arena *arena, const char *dn,
                                     enum directory_kind kind, enum ldap_selection selection, struct ldap_record *ret_record)
{
    struct single single = {.count = 0};
    struct ldap_search search = {.base = dn, .scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)", .kind = kind,
                                 .selection = selection, .count_max = RECORDS_OF_DN_MAX};
    int code = ldap_search_run(directory, arena, &search, take_single, restart_single, &single);
    if (code == LDAP_NO_SUCH_OBJECT || code == LDAP_INVALID_DN_SYNTAX || code == LDAP_REFERRAL)
        return DIRECTORY_NOT_FOUND;
    if (code != LDAP_SUCCESS)
        return DIRECTORY_UNAVAILABLE;
    if (!single.count)
        return DIRECTORY_NOT_FOUND;
    *ret_record = single.record;
    return DIRECTORY_OK;
}

/* --- DNs only --- */

struct dns_run {
    struct ldap_directory *directory;
    struct arena *arena;
    const struct ldap_query *query;
    uint32_t count_max, capacity;
    struct ldap_names names;
};

static bool take_dn(struct dns_run *run, LDAP *handle, LDAPMessage *message)
{
    struct ldap_names *names = &run->names;
    if (names->count == run->capacity) {
        uint32_t capacity = run->capacity ? run->capacity * 2 : 64;
        const char **items = arena_array(run->arena, const char *, capacity);
        if (!items)
            return false;
        if (names->count)
            memcpy(items, names->items, names->count * sizeof *items);
        names->items = items;
        run->capacity = capacity;
    }
    char *dn = ldap_get_dn(handle, message);
    const char *copy = dn ? arena_string(run->arena, dn) : NULL;
    ldap_memfree(dn);
    if (copy)
        names->items[names->count++] = copy;
    return copy != NULL;
}

static int dns_operation(LDAP *handle, uint64_t deadline_ms, void *argument)
{
    struct dns_run *run = argument;
    char *attributes[] = {(char *)LDAP_NO_ATTRS, NULL};
    struct berval *cookie = NULL;
    int code;
    run->names.count = 0;
    do {
        LDAPMessage *answer = NULL;
        struct page page = {run->query->base, run->query->scope, run->query->filter, attributes, 0, cookie};
        code = ask(run->directory, handle, &page, deadline_ms, &answer);
        if (code != LDAP_SUCCESS)
            break;
        bool taken = true;
        for (LDAPMessage *message = ldap_first_entry(handle, answer); message && taken && run->names.count < run->count_max;
             message = ldap_next_entry(handle, message))
            taken = take_dn(run, handle, message);
        code = finish_page(handle, answer, &cookie);
        code = taken ? code : LDAP_NO_MEMORY;
        ldap_msgfree(answer);
        deadline_ms = monotonic_ms() + run->directory->settings.timeout_ms;
    } while (code == LDAP_SUCCESS && cookie && run->names.count < run->count_max);
    ber_bvfree(cookie);
    return code;
}

int ldap_search_dns(struct ldap_directory *directory, struct arena *arena, const struct ldap_query *query, uint32_t count_max,
                    struct ldap_names *ret_dns)
{
    struct dns_run run = {.directory = directory, .arena = arena, .query = query, .count_max = count_max};
    int code = ldap_pool_run(directory->pool, dns_operation, &run);
    if (code == LDAP_SUCCESS)
        *ret_dns = run.names;
    return code;
}
