/* What the pages of /admin/ are made with: one view is one page being made for one administrator. A page asks operations by
 * site_call and shows objects by site_table, site_list and site_form; everything it says goes into 'main', by html().
 *
 * Thread: one thread of a pool makes a view from start to end; it may block. Ownership: everything in a view lives in its
 * arena or is freed with it; JSON that functions return is a new reference unless they say otherwise. */
#pragma once
#include "operation/operation.h"
#include "server/html.h"
#include "server/services.h"

struct site_view;

/* A page: one row of the table in admin_site_pages.c. */
struct site_page {
    const char *path;  /* below /admin/; "" for the first */
    const char *title; /* its heading, and its name in the navigation */
    const char *group; /* heading in the navigation, of the first of several; NULL */
    void (*show)(struct site_view *view);
};
extern const struct site_page site_pages[]; /* ended by a NULL path */

/* What an operation answered. */
struct site_result {
    json_t *objects;             /* array */
    json_t *warnings;            /* array of strings */
    bool truncated;              /* there were more objects than asked for */
    enum operation_error error;
    const char *error_parameter; /* NULL */
    const char *error_text;
};

struct site_view {
    struct services *services;
    const struct operation_host *host;
    struct operation_actor actor;
    const char *token;            /* goes into every form */
    struct arena *arena;
    const struct site_page *page;
    json_t *query;                /* of the address: form.h */
    json_t *form;                 /* of a POST, NULL */
    struct buffer main;           /* content of the page */
    struct buffer csv;            /* where csv_table is one that the page shows */
    const char *csv_table;        /* id of the table that is wanted as CSV; NULL */
    bool csv_found;
    unsigned status;              /* of the answer; 200 */
    const char *redirect;         /* where to go instead; NULL */
    /* The form that was sent and could not be done, so that it is shown again as it was filled in. */
    const struct operation *submitted;
    struct site_result submitted_result;
    json_t *results[16];          /* to be freed with the view */
    unsigned result_count;
};

#define SITE_ROWS_MAX 500u        /* of a table on a page */
#define SITE_CSV_ROWS_MAX 100000u /* of one taken as CSV */

/* --- operations: admin_site_call.c --- */

/* Runs an operation of that name; 'given' is taken over (NULL: no parameters). Objects live as long as the view. False where it
 * failed, or there is no such operation: the result says so. At most SITE_ROWS_MAX objects, SITE_CSV_ROWS_MAX for CSV. */
bool site_call(struct site_view *view, const char *operation, json_t *given, struct site_result *ret_result);
/* The same, and says on the page what went wrong; warnings are shown too. */
bool site_get(struct site_view *view, const char *operation, json_t *given, struct site_result *ret_result);
/* The first object, or NULL (borrowed). */
json_t *site_first(const struct site_result *result);
/* Does what a form asks for (site_form); then either a redirect is set, or the page is shown again with the mistake. */
void site_submit(struct site_view *view);

/* --- showing: admin_site_show.c --- */

enum site_kind {
    SITE_TEXT,     /* whatever the value is */
    SITE_NUMBER,   /* to the right, with separators */
    SITE_TIME,     /* ISO 8601, shown to the second */
    SITE_YES_NO,
    SITE_SECONDS,  /* '2 h 5 min' */
    SITE_SIZE,     /* '1.5 MB' */
    SITE_BADGE,    /* a word with a colour by what it says: Success, Warning, Error... */
    SITE_CODE,     /* text that is typed or copied */
};

struct site_column {
    const char *property;
    const char *label;      /* NULL: the property's name with spaces */
    enum site_kind kind;
    const char *link;       /* '/admin/connections?cid=': a link to that with link_property's value behind; NULL */
    const char *link_property;
};

struct site_table {
    const char *id;
    const char *caption;
    const struct site_column *columns; /* ended by a NULL property; NULL: all properties of the first object */
    const char *empty;                 /* said where there is no row */
    bool folded;                       /* shown when somebody asks for it: there is a picture */
    bool whole;                        /* not worth a link to its CSV, nor a box to narrow it down */
    const char *chart;                 /* 'line', 'bar', 'bars' (lying), 'stacked', 'doughnut': drawn of the first column and the numbers; NULL */
    const char *chart_label;           /* what the picture shows, for who cannot see it */
};

/* A literal, as it is; left out where a table is wanted as CSV. */
void site_text(struct site_view *view, const char *markup);
void site_table(struct site_view *view, const struct site_table *table, const json_t *rows);
/* A picture of a table that follows: of its first column and its numbers, or those with these labels ('Requests,Failures'). */
void site_chart(struct site_view *view, const char *table_id, const char *kind, const char *label, const char *columns);
/* All properties of an object, or those of 'columns', one a line. */
void site_list(struct site_view *view, const struct site_column *columns, const json_t *object);
void site_value(struct buffer *page, enum site_kind kind, const json_t *value);
/* A sentence that stands out; 'kind' is "good", "bad", "warning" or "information". */
void site_notice(struct site_view *view, const char *kind, const char *title, const char *text);
/* What went wrong in a result, and its warnings. */
void site_problem(struct site_view *view, const char *operation, const struct site_result *result);
/* '<nav>' of the periods; the one chosen, 'D30' where none or a wrong one was. */
const char *site_period(struct site_view *view);
/* A value of the address; NULL where it is absent or empty. */
const char *site_query(const struct site_view *view, const char *name);
/* A property as text: "" where it is absent or null; numbers and booleans in words. In the view's arena. */
const char *site_property(struct site_view *view, const json_t *object, const char *name);
/* 'MapiHttpEnabled' as 'Mapi http enabled'. In the arena. */
const char *site_words(struct arena *arena, const char *name);

/* All properties of the objects as CSV, for spreadsheets (admin_site_csv.c). */
void site_csv(struct buffer *output, const json_t *rows);

/* --- forms: admin_site_form.c --- */

struct site_form {
    const char *id;
    const char *operation;
    const char *const *parameters; /* to be shown, ended by NULL; NULL: all */
    const json_t *fixed;           /* parameters that go with it unseen: {"Identity": "ada@example.org"}; NULL */
    const json_t *values;          /* what is now: an object with properties of the parameters' names; NULL */
    const char *const *always;     /* parameters sent also where they are as shown, ended by NULL; NULL: none */
    const char *submit;            /* on the button */
    bool dangerous;
    bool asks;                     /* a search: GET, the answers are in the address */
};
void site_form(struct site_view *view, const struct site_form *form);
/* What a form of this operation sends, as parameters; only what differs from what was shown. A new reference. */
json_t *site_form_parameters(const struct operation *operation, const json_t *form);
