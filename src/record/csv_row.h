/* One row of a CSV log, built cell by cell where it stands, fast: requests are logged on their way. Cells are quoted where that is
 * needed, control characters become blanks (a row is one line), what a spreadsheet would take for a formula gets an apostrophe before it, and
 * texts of more than CSV_ROW_TEXT_MAX bytes are cut. The first cell must not be empty.
 * No allocation; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_ROW_SIZE_MAX 8192u
#define CSV_ROW_TEXT_MAX 512u

struct csv_row {
    size_t size;
    char data[CSV_ROW_SIZE_MAX];
};

void csv_row_begin(struct csv_row *row);
void csv_row_text(struct csv_row *row, const char *text);
/* Text of our own that needs no look: letters, digits, '-', '.', ':', ';'. */
void csv_row_word(struct csv_row *row, const char *word);
void csv_row_number(struct csv_row *row, uint64_t number);
/* '0x8004010F'; 0 as '0'. */
void csv_row_code(struct csv_row *row, uint32_t code);
/* A FILETIME as '2026-11-22T08:48:24.123Z'. */
void csv_row_time(struct csv_row *row, uint64_t filetime);
/* '12.345': milliseconds. */
void csv_row_milliseconds(struct csv_row *row, uint32_t microseconds);
/* '00:00:00.0123450': hours, minutes, seconds. */
void csv_row_span(struct csv_row *row, uint32_t microseconds);
/* A cell of several words: begin, then words with ';' between them. */
void csv_row_list(struct csv_row *row);
void csv_row_list_word(struct csv_row *row, bool first, const char *word);
/* '=0x8004010F' behind what stands in the cell. */
void csv_row_list_code(struct csv_row *row, uint32_t code);
void csv_row_end(struct csv_row *row);
