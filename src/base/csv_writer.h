/* Writing CSV (RFC 4180): cells with a delimiter, a quote or a line break in them are quoted, quotes doubled; lines end with CR LF or LF.
 * Any thread; appends to the caller's buffer. */
#pragma once
#include "base/bytes.h"

struct csv_style {
    char delimiter;          /* ',' */
    bool quote_all;          /* also cells that need none, as Export-Csv does */
    bool for_spreadsheets;   /* text that a spreadsheet would take for a formula (it begins with = + - @, tab, CR or LF, or with apostrophes before
                                one of them) gets an apostrophe before it */
    const char *line_end;    /* "\n", "\r\n" */
};
#define CSV_STYLE_PLAIN ((struct csv_style){',', false, false, "\n"})
#define CSV_STYLE_SPREADSHEET ((struct csv_style){',', false, true, "\r\n"})

/* One cell, with the delimiter before it unless it is the first of its line. */
void csv_writer_text(struct buffer *output, const struct csv_style *style, bool first, const char *text);
/* The text that a cell written for spreadsheets stands for: behind our apostrophe, where there is one. */
const char *csv_writer_text_of_cell(const char *cell);
/* The same for what we know to be a number: a sign is no formula there. */
void csv_writer_number(struct buffer *output, const struct csv_style *style, bool first, const char *digits);
void csv_writer_end_line(struct buffer *output, const struct csv_style *style);
