/* Showing JSON on the pages of /admin/: values, tables, lists, notices; and tables as CSV. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/admin_site_view.h"
#include "server/form.h"

#define COLUMNS_SHOWN_MAX 64u
#define UNBROKEN_MAX 26u /* characters of a cell that stay in one line */
#define WIDE_MIN 60u     /* from there a cell gets more room */
#define ITEMS_SHOWN_MAX 8u /* of a list in a cell; the CSV file has all */
#define LONG_TABLE_ROWS 30u /* from there it scrolls within its frame, its heads staying */

/* --- words --- */

/* A capital begins a word, unless it goes on an abbreviation: 'MAPIBlockOutlookVersions', 'CID', 'ClientIPAddress'. */
static bool begins_word(const char *name, size_t i)
{
    if (!isupper((unsigned char)name[i]))
        return false;
    return islower((unsigned char)name[i - 1]) || isdigit((unsigned char)name[i - 1]) || islower((unsigned char)name[i + 1]);
}

/* Names that are written so, wherever they stand in a property's name. */
static const char *spelling_of(const char *word, size_t size)
{
    static const char *const spellings[] = {"MAPI", "HTTP", "RPC", "URL", "SMTP", "DN", "IP", "GUID", "SPN", "CID", "ROP", "ID", "UPN", "IIS", "TLS", "CSV",
                                            "Outlook", "NetBIOS", "Exchange", "OAuth", "Kerberos"};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (strlen(spellings[i]) == size && strncasecmp(spellings[i], word, size) == 0)
            return spellings[i];
    return NULL;
}

const char *site_words(struct arena *arena, const char *name)
{
    struct buffer words = {0};
    size_t at = 0;
    if (strcmp(name, "Anr") == 0) /* Exchange's word for it, 'ambiguous name resolution' */
        return "Name begins with";
    if (strchr(name, ' ')) /* words already */
        return name;
    while (name[at]) {
        size_t size = 1;
        while (name[at + size] && !begins_word(name, at + size))
            size++;
        const char *spelling = spelling_of(name + at, size);
        bool capitals = size > 1 && isupper((unsigned char)name[at + 1]);
        if (at)
            buffer_append_u8(&words, ' ');
        if (spelling)
            buffer_append_string(&words, spelling);
        else if (at == 0 || capitals)
            buffer_append(&words, name + at, size);
        else
            buffer_append_format(&words, "%c%.*s", tolower((unsigned char)name[at]), (int)size - 1, name + at + 1);
        at += size;
    }
    const char *text = arena_string_of(arena, buffer_bytes(&words));
    buffer_free(&words);
    return text ? text : name;
}

const char *site_query(const struct site_view *view, const char *name)
{
    const char *value = form_value(view->query, name);
    return value && *value ? value : NULL;
}

const char *site_property(struct site_view *view, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    const char *text = NULL;
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING: text = json_string_value(value); break;
    case JSON_INTEGER: text = arena_format(view->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value)); break;
    case JSON_REAL: text = arena_format(view->arena, "%.1f", json_real_value(value)); break;
    case JSON_TRUE: text = "yes"; break;
    case JSON_FALSE: text = "no"; break;
    default: break;
    }
    return text ? text : "";
}

/* --- values --- */

/* Digits in groups of three, with spaces that do not break lines. */
static void show_integer(struct buffer *page, json_int_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, number < 0 ? -number : number);
    if (number < 0)
        buffer_append_string(page, "\xE2\x88\x92");
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0 && size > 4)
            buffer_append_string(page, "\xE2\x80\xAF");
        buffer_append_u8(page, (uint8_t)digits[i]);
    }
}

static void show_seconds(struct buffer *page, double seconds)
{
    uint64_t whole = seconds < 0 ? 0 : (uint64_t)(seconds + 0.5);
    if (seconds < 10 && seconds != (double)whole)
        html(page, "%.1f s", seconds);
    else if (whole < 120)
        html(page, "%llu s", (unsigned long long)whole);
    else if (whole < 2 * 3600)
        html(page, "%llu min", (unsigned long long)whole / 60);
    else if (whole < 48 * 3600)
        html(page, "%llu h %llu min", (unsigned long long)whole / 3600, (unsigned long long)whole / 60 % 60);
    else
        html(page, "%llu days", (unsigned long long)whole / 86400);
}

static void show_size(struct buffer *page, double size)
{
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
    unsigned unit = 0;
    for (; size >= 1024 && unit < 4; unit++)
        size /= 1024;
    if (unit == 0)
        html(page, "%.0f %s", size, units[unit]);
    else
        html(page, "%.1f %s", size, units[unit]);
}

static bool is_time(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    size_t i = 0;
    while (text && form[i] && (form[i] == 'd' ? isdigit((unsigned char)text[i]) : text[i] == form[i]))
        i++;
    return !form[i];
}

/* '2026-11-22T08:47:51.123Z' as '2026-11-22 08:47:51 UTC'; the script shows the reader's own time. */
static void show_time(struct buffer *page, const char *text)
{
    if (!is_time(text)) {
        html_text(page, text);
        return;
    }
    html(page, "<time datetime=\"%s\">%c%c%c%c%c%c%c%c%c%c ", text, text[0], text[1], text[2], text[3], text[4], text[5],
         text[6], text[7], text[8], text[9]);
    for (size_t i = 11; i < 19; i++)
        html(page, "%c", text[i]);
    buffer_append_string(page, "</time>");
}

static bool is_one_of(const char *word, const char *words)
{
    size_t size = strlen(word);
    for (const char *p = words; *p; p += strcspn(p, "|"), p += *p == '|')
        if (strncasecmp(p, word, size) == 0 && (p[size] == '|' || p[size] == 0))
            return true;
    return false;
}

static const char *badge_class(const char *word)
{
    if (is_one_of(word, "ok|success|succeeded|healthy|ready|active|live|established|pass|passed|true|yes|valid"))
        return "good";
    if (is_one_of(word, "information|paused"))
        return "information";
    if (is_one_of(word, "warning|expiring|idle|degraded"))
        return "warning";
    if (is_one_of(word, "error|failure|failed|blocking|critical|unhealthy|false|no|invalid|expired"))
        return "bad";
    return "plain";
}

static void show_text(struct buffer *page, enum site_kind kind, const char *text)
{
    if (kind == SITE_TIME)
        show_time(page, text);
    else if (kind == SITE_BADGE && *text)
        html(page, "<span class=\"badge %s\">%s</span>", badge_class(text), text);
    else if (kind == SITE_CODE && *text)
        html(page, "<code>%s</code>", text);
    else
        html_text(page, text);
}

static void show_boolean(struct buffer *page, enum site_kind kind, bool value)
{
    if (kind == SITE_BADGE)
        html(page, "<span class=\"badge %s\">%s</span>", value ? "good" : "bad", value ? "yes" : "no");
    else
        buffer_append_string(page, value ? "yes" : "no");
}

static void show_items(struct buffer *page, enum site_kind kind, const json_t *array)
{
    const json_t *item;
    size_t i;
    json_array_foreach(array, i, item) {
        if (i == ITEMS_SHOWN_MAX && json_array_size(array) > ITEMS_SHOWN_MAX + 1) {
            html(page, " and %zu more", json_array_size(array) - ITEMS_SHOWN_MAX);
            return;
        }
        if (i)
            buffer_append_string(page, json_is_object(item) ? "<br>" : ", ");
        site_value(page, kind, item);
    }
}

static void show_members(struct buffer *page, enum site_kind kind, const json_t *object)
{
    const char *name;
    json_t *member;
    bool first = true;
    json_object_foreach((json_t *)object, name, member) {
        html(page, first ? "%s: " : "; %s: ", name);
        site_value(page, kind, member);
        first = false;
    }
}

void site_value(struct buffer *page, enum site_kind kind, const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING: show_text(page, kind, json_string_value(value)); break;
    case JSON_TRUE:
    case JSON_FALSE: show_boolean(page, kind, json_is_true(value)); break;
    case JSON_INTEGER:
    case JSON_REAL:
        if (kind == SITE_SECONDS)
            show_seconds(page, json_number_value(value));
        else if (kind == SITE_SIZE)
            show_size(page, json_number_value(value));
        else if (json_is_real(value))
            html(page, "%.1f", json_real_value(value));
        else
            show_integer(page, json_integer_value(value));
        break;
    case JSON_ARRAY: show_items(page, kind, value); break;
    case JSON_OBJECT: show_members(page, kind, value); break;
    case JSON_NULL: buffer_append_string(page, "<span class=\"none\">\xE2\x80\x93</span>"); break;
    }
}

void site_text(struct site_view *view, const char *markup)
{
    buffer_append_string(&view->main, markup);
}

/* --- tables --- */

/* The columns that are shown where none are named: the properties of the first object. */
static const struct site_column *columns_of(struct site_view *view, const json_t *object)
{
    struct site_column *columns = arena_array(view->arena, struct site_column, COLUMNS_SHOWN_MAX + 1);
    const char *name;
    json_t *value;
    unsigned count = 0;
    if (!columns)
        return NULL;
    json_object_foreach((json_t *)object, name, value) {
        if (count == COLUMNS_SHOWN_MAX)
            break;
        columns[count].property = arena_string(view->arena, name);
        columns[count++].kind = json_is_number(value) ? SITE_NUMBER : is_time(json_string_value(value)) ? SITE_TIME : SITE_TEXT;
    }
    return columns;
}

static bool is_number(enum site_kind kind)
{
    return kind == SITE_NUMBER || kind == SITE_SECONDS || kind == SITE_SIZE;
}

static const char *label_of(struct site_view *view, const struct site_column *column)
{
    return column->label ? column->label : site_words(view->arena, column->property);
}

static void show_cell(struct site_view *view, const struct site_column *column, const json_t *row, bool heads)
{
    struct buffer *page = &view->main;
    const json_t *value = json_object_get(row, column->property);
    const char *tag = heads ? "th" : "td";
    const char *target = column->link ? site_property(view, row, column->link_property ? column->link_property : column->property) : "";
    bool linked = *target;
    const char *text = json_string_value(value);
    html(page, heads ? "<th scope=\"row\"" : "<td");
    if (text && !is_number(column->kind) && strlen(text) <= UNBROKEN_MAX)
        buffer_append_string(page, " class=\"short\"");
    else if (json_is_array(value) || (text && strlen(text) > WIDE_MIN))
        buffer_append_string(page, " class=\"wide\"");
    if (is_number(column->kind)) /* what the script sorts and draws by */
        html(page, " class=\"number\" data-value=\"%.3f\"", json_number_value(value));
    html(page, " data-label=\"%s\">", label_of(view, column));
    if (linked) {
        html(page, "<a href=\"%s", column->link);
        html_url(page, target);
        buffer_append_string(page, "\">");
    }
    site_value(page, column->kind, value);
    html(page, linked ? "</a></%s>" : "</%s>", tag);
}

static void show_rows(struct site_view *view, const struct site_table *table, const struct site_column *columns, const json_t *rows)
{
    struct buffer *page = &view->main;
    const json_t *row;
    size_t i;
    html(page, "<div class=\"scroll%s\" tabindex=\"0\" role=\"region\" aria-labelledby=\"%s-caption\">\n"
               "<table id=\"%s\" class=\"%s\"><caption id=\"%s-caption\">%s</caption>\n<thead><tr>", json_array_size(rows) > LONG_TABLE_ROWS ? " long" : "", table->id, table->id,
         columns[0].property && columns[1].property && columns[2].property && columns[3].property ? "stacks" : "", table->id, table->caption);
    for (const struct site_column *column = columns; column->property; column++)
        html(page, is_number(column->kind) ? "<th scope=\"col\" class=\"number\">%s</th>" : "<th scope=\"col\">%s</th>",
             label_of(view, column));
    buffer_append_string(page, "</tr></thead>\n<tbody>\n");
    json_array_foreach(rows, i, row) {
        buffer_append_string(page, "<tr>");
        for (const struct site_column *column = columns; column->property; column++)
            show_cell(view, column, row, column == columns);
        buffer_append_string(page, "</tr>\n");
    }
    buffer_append_string(page, "</tbody></table></div>\n");
}

/* Drawn by the script; without it there is the table. */
void site_chart(struct site_view *view, const char *table_id, const char *kind, const char *chart_label, const char *columns)
{
    if (view->csv_table)
        return;
    html(&view->main, "<figure class=\"chart %s\" data-chart=\"%s\" data-table=\"%s\" data-columns=\"%s\" hidden><figcaption>%s</figcaption><div>"
                      "<canvas role=\"img\" aria-label=\"%s; the same numbers are in the table below\"></canvas></div></figure>\n",
         kind, kind, table_id, columns ? columns : "", chart_label, chart_label);
}

static void show_csv_link(struct site_view *view, const struct site_table *table)
{
    struct buffer *page = &view->main;
    const char *name;
    json_t *values;
    html(page, "<p class=\"tools\"><a class=\"button\" download href=\"/admin/%s.csv?table=%s", *view->page->path ? view->page->path : "overview",
         table->id);
    json_object_foreach(view->query, name, values) {
        const json_t *value;
        size_t i;
        json_array_foreach(values, i, value) {
            if (!*json_string_value(value) || strcmp(name, "table") == 0)
                continue;
            buffer_append_string(page, "&amp;");
            html_url(page, name);
            buffer_append_u8(page, '=');
            html_url(page, json_string_value(value));
        }
    }
    html(page, "\">Save as CSV<span class=\"unseen\">: %s</span></a></p>\n", table->caption);
}

void site_table(struct site_view *view, const struct site_table *table, const json_t *rows)
{
    size_t count = json_array_size(rows);
    if (view->csv_table) {
        if (strcmp(view->csv_table, table->id) == 0) {
            view->csv_found = true;
            site_csv(&view->csv, rows);
        }
        return;
    }
    const struct site_column *columns = table->columns ? table->columns : columns_of(view, json_array_get(rows, 0));
    if (!count || !columns) {
        html(&view->main, "<p class=\"empty\" id=\"%s\">%s</p>\n", table->id, table->empty ? table->empty : "There is nothing to show.");
        return;
    }
    if (table->chart)
        site_chart(view, table->id, table->chart, table->chart_label ? table->chart_label : table->caption, NULL);
    if (table->folded)
        buffer_append_string(&view->main, "<details><summary>The numbers</summary>\n");
    if (!table->whole)
        show_csv_link(view, table);
    show_rows(view, table, columns, rows);
    if (table->folded)
        buffer_append_string(&view->main, "</details>\n");
}

void site_list(struct site_view *view, const struct site_column *columns, const json_t *object)
{
    struct buffer *page = &view->main;
    if (!columns)
        columns = columns_of(view, object);
    buffer_append_string(page, "<dl class=\"list\">\n");
    for (const struct site_column *column = columns; column && column->property; column++) {
        html(page, "<div><dt>%s</dt><dd>", label_of(view, column));
        site_value(page, column->kind, json_object_get(object, column->property));
        buffer_append_string(page, "</dd></div>\n");
    }
    buffer_append_string(page, "</dl>\n");
}

/* --- notices --- */

void site_notice(struct site_view *view, const char *kind, const char *title, const char *text)
{
    html(&view->main, "<div class=\"notice %s\" role=\"%s\"><p><strong>%s</strong> %s</p></div>\n", kind,
         strcmp(kind, "bad") == 0 ? "alert" : "status", title, text);
}

void site_problem(struct site_view *view, const char *operation, const struct site_result *result)
{
    const json_t *warning;
    size_t i;
    if (result->error != OPERATION_DONE && result->error_parameter)
        site_notice(view, "bad", arena_format(view->arena, "%s, %s:", operation, result->error_parameter), result->error_text);
    else if (result->error != OPERATION_DONE)
        site_notice(view, "bad", arena_format(view->arena, "%s:", operation), result->error_text);
    json_array_foreach(result->warnings, i, warning)
        site_notice(view, "warning", "Note:", json_string_value(warning));
    if (result->truncated)
        site_notice(view, "information", "There is more:",
                    view->csv_table ? "the file has the first rows only." : "the first rows are shown; narrow it down, or save it as CSV.");
}

/* --- periods --- */

static const struct {
    const char *name, *label;
} periods[] = {{"D7", "7 days"}, {"D30", "30 days"}, {"D90", "90 days"}, {"D180", "180 days"}};

const char *site_period(struct site_view *view)
{
    const char *asked = site_query(view, "period"), *chosen = "D30";
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++)
        if (asked && text_equal_ignoring_case(asked, periods[i].name))
            chosen = periods[i].name;
    html(&view->main, "<nav class=\"periods\" aria-label=\"Period\"><ul>");
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++)
        html(&view->main, chosen == periods[i].name ? "<li><a aria-current=\"true\" href=\"/admin/%s?period=%s\">%s</a></li>"
                                                    : "<li><a href=\"/admin/%s?period=%s\">%s</a></li>",
             view->page->path, periods[i].name, periods[i].label);
    buffer_append_string(&view->main, "</ul></nav>\n");
    return chosen;
}
