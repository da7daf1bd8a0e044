#include "nspi/template.h"

#include <string.h>

#include "base/text.h"
#include "protocol/entry_ids.h"
#include "protocol/property_tags.h"
#include "wire/property_value.h"

/* Controls and their flags (MS-OXOABKT 2.2.2.1.2). */
enum control_type {
    CONTROL_LABEL = 0,
    CONTROL_EDIT = 1,
    CONTROL_LIST = 2,
    CONTROL_BUTTON = 7,
    CONTROL_PAGE = 8,
    CONTROL_TEXT_LIST = 11, /* the values of one multiple property */
};
#define FLAG_MULTILINE 0x01u
#define FLAG_EDITABLE 0x02u
#define FLAG_DOUBLE_BYTE 0x20u
#define ROW_SET_TYPE 1u
#define ROW_SET_HEADER_SIZE 8u
#define ROW_SIZE 36u
#define ANY_CHARACTERS "*"
#define CHARACTERS_MAX 1024u

enum label {
#define LABEL(name, ...) LABEL_##name,
#include "nspi/template_label.h"
#undef LABEL
    LABEL_COUNT
};

enum language { ENGLISH, GERMAN, FRENCH, SPANISH };
static const char *const labels[LABEL_COUNT][4] = {
#define LABEL(name, ...) {__VA_ARGS__},
#include "nspi/template_label.h"
#undef LABEL
};

static enum language language_of(uint32_t lcid)
{
    switch (lcid & 0x3FF) { /* the primary language (MS-LCID 2.1) */
    case 0x07: return GERMAN;
    case 0x0A: return SPANISH;
    case 0x0C: return FRENCH;
    default: return ENGLISH;
    }
}

/* A field: where it stands (LEFT, RIGHT: half a line; WIDE: a whole one, below both) and how many lines it takes. PAGE begins
 * a page. */
enum place { PAGE, LEFT, RIGHT, WIDE };
struct field {
    enum place place;
    enum label label;
    enum control_type control;
    uint32_t tag;
    unsigned lines;
};

#define TEXT(place, label, tag) {place, LABEL_##label, CONTROL_EDIT, PROPERTY_TAG(PROPERTY_ID(tag), PTYP_STRING8), 1}
#define LINES(place, label, tag, lines) {place, LABEL_##label, CONTROL_EDIT, PROPERTY_TAG(PROPERTY_ID(tag), PTYP_STRING8), lines}
#define LIST(label, tag, lines) {WIDE, LABEL_##label, CONTROL_LIST, PROPERTY_TAG(PROPERTY_ID(tag), PTYP_OBJECT), lines}
#define NEW_PAGE(label) {PAGE, LABEL_##label, CONTROL_PAGE, 0, 0}

#define PAGES_OF_ALL                                                                                                           \
    NEW_PAGE(MEMBER_OF), LIST(GROUPS, PID_TAG_ADDRESS_BOOK_IS_MEMBER_OF_DISTRIBUTION_LIST, 12), NEW_PAGE(ADDRESSES),           \
    {WIDE, LABEL_ADDRESS_LIST, CONTROL_TEXT_LIST, PROPERTY_TAG(PROPERTY_ID(PID_TAG_ADDRESS_BOOK_PROXY_ADDRESSES),              \
     PTYP_MULTIPLE_STRING8), 12}

static const struct field person_fields[] = {
    NEW_PAGE(GENERAL),
    TEXT(LEFT, FIRST_NAME, PID_TAG_GIVEN_NAME), TEXT(LEFT, INITIALS, PID_TAG_INITIALS), TEXT(LEFT, LAST_NAME, PID_TAG_SURNAME),
    TEXT(LEFT, DISPLAY_NAME, PID_TAG_DISPLAY_NAME), LINES(LEFT, STREET, PID_TAG_STREET_ADDRESS, 2),
    TEXT(LEFT, CITY, PID_TAG_LOCALITY), TEXT(LEFT, STATE, PID_TAG_STATE_OR_PROVINCE),
    TEXT(LEFT, POSTAL_CODE, PID_TAG_POSTAL_CODE), TEXT(LEFT, COUNTRY, PID_TAG_COUNTRY),
    TEXT(RIGHT, ALIAS, PID_TAG_ACCOUNT), TEXT(RIGHT, TITLE, PID_TAG_TITLE), TEXT(RIGHT, COMPANY, PID_TAG_COMPANY_NAME),
    TEXT(RIGHT, DEPARTMENT, PID_TAG_DEPARTMENT_NAME), TEXT(RIGHT, OFFICE, PID_TAG_OFFICE_LOCATION),
    TEXT(RIGHT, ASSISTANT, PID_TAG_ASSISTANT), TEXT(RIGHT, PHONE, PID_TAG_BUSINESS_TELEPHONE_NUMBER),
    NEW_PAGE(ORGANIZATION),
    LIST(MANAGER, PID_TAG_ADDRESS_BOOK_MANAGER, 2), LIST(REPORTS, PID_TAG_ADDRESS_BOOK_REPORTS, 8),
    NEW_PAGE(PHONE_NOTES),
    TEXT(LEFT, BUSINESS, PID_TAG_BUSINESS_TELEPHONE_NUMBER), TEXT(LEFT, BUSINESS_2, PID_TAG_BUSINESS2_TELEPHONE_NUMBER),
    TEXT(LEFT, FAX, PID_TAG_PRIMARY_FAX_NUMBER), TEXT(LEFT, ASSISTANT_PHONE, PID_TAG_ASSISTANT_TELEPHONE_NUMBER),
    TEXT(RIGHT, HOME, PID_TAG_HOME_TELEPHONE_NUMBER), TEXT(RIGHT, HOME_2, PID_TAG_HOME2_TELEPHONE_NUMBER),
    TEXT(RIGHT, MOBILE, PID_TAG_MOBILE_TELEPHONE_NUMBER), TEXT(RIGHT, PAGER, PID_TAG_PAGER_TELEPHONE_NUMBER),
    LINES(WIDE, NOTES, PID_TAG_COMMENT, 7),
    PAGES_OF_ALL,
};
static const struct field group_fields[] = {
    NEW_PAGE(GENERAL),
    TEXT(LEFT, DISPLAY_NAME, PID_TAG_DISPLAY_NAME), TEXT(RIGHT, ALIAS, PID_TAG_ACCOUNT),
    LIST(OWNER, PID_TAG_ADDRESS_BOOK_OWNER, 1), LINES(WIDE, NOTES, PID_TAG_COMMENT, 2),
    LIST(MEMBERS, PID_TAG_ADDRESS_BOOK_MEMBER, 6),
    {WIDE, LABEL_MODIFY_MEMBERS, CONTROL_BUTTON, PID_TAG_ADDRESS_BOOK_MANAGE_DISTRIBUTION_LIST, 1},
    PAGES_OF_ALL,
};
/* No button: members of a dynamic group are those its rule matches. */
static const struct field dynamic_group_fields[] = {
    NEW_PAGE(GENERAL),
    TEXT(LEFT, DISPLAY_NAME, PID_TAG_DISPLAY_NAME), TEXT(RIGHT, ALIAS, PID_TAG_ACCOUNT),
    LIST(OWNER, PID_TAG_ADDRESS_BOOK_OWNER, 1), LINES(WIDE, NOTES, PID_TAG_COMMENT, 4),
    PAGES_OF_ALL,
};
static const struct field search_fields[] = {
    NEW_PAGE(GENERAL),
    TEXT(LEFT, DISPLAY_NAME, PID_TAG_DISPLAY_NAME), TEXT(LEFT, FIRST_NAME, PID_TAG_GIVEN_NAME),
    TEXT(LEFT, LAST_NAME, PID_TAG_SURNAME), TEXT(LEFT, TITLE, PID_TAG_TITLE), TEXT(LEFT, ALIAS, PID_TAG_ACCOUNT),
    TEXT(RIGHT, COMPANY, PID_TAG_COMPANY_NAME), TEXT(RIGHT, DEPARTMENT, PID_TAG_DEPARTMENT_NAME),
    TEXT(RIGHT, OFFICE, PID_TAG_OFFICE_LOCATION), TEXT(RIGHT, CITY, PID_TAG_LOCALITY),
};

/* What is typed as the address is a property of the dialog's own. */
#define TYPED_ADDRESS 0x6800001Eu
static const struct field internet_address_fields[] = {
    NEW_PAGE(INTERNET),
    TEXT(LEFT, DISPLAY_NAME, PID_TAG_DISPLAY_NAME), TEXT(LEFT, E_MAIL, TYPED_ADDRESS),
};

static const struct {
    uint32_t display_type;
    const struct field *fields;
    size_t count;
} dialogs[] = {
#define DIALOG(type, fields) {type, fields, sizeof fields / sizeof *(fields)}
    DIALOG(ADDRESS_BOOK_TYPE_LOCAL_MAIL_USER, person_fields), DIALOG(ADDRESS_BOOK_TYPE_REMOTE_MAIL_USER, person_fields),
    DIALOG(ADDRESS_BOOK_TYPE_DISTRIBUTION_LIST, group_fields), DIALOG(ADDRESS_BOOK_TYPE_AUTOMATED, dynamic_group_fields),
    DIALOG(TEMPLATE_SEARCH, search_fields), DIALOG(TEMPLATE_INTERNET_ADDRESS, internet_address_fields),
};

/* --- drawing, in dialog units --- */

#define MARGIN 6u
#define LINE_HEIGHT 14u
#define LABEL_WIDTH 54u
#define COLUMN_WIDTH 178u
#define CONTROL_HEIGHT 12u

struct rectangle {
    uint32_t x, width, y, height;
};

struct drawing {
    struct arena *arena;
    struct buffer rows;
    struct buffer texts;
    uint32_t row_count, texts_begin; /* offset of the first text */
    uint32_t code_page;
    enum language language;
    bool editable, failed;
    uint32_t left_y, right_y; /* where the next field of each column goes */
};

static uint32_t put_text(struct drawing *drawing, const char *text)
{
    uint32_t offset = drawing->texts_begin + (uint32_t)drawing->texts.size;
    struct bytes unicode = text_utf16_of_utf8(drawing->arena, bytes_of_string(text));
    struct bytes bytes = unicode.data ? text_codepage_of_utf16(drawing->arena, drawing->code_page, unicode) : BYTES_NONE;
    drawing->failed |= !bytes.data;
    buffer_append(&drawing->texts, bytes.data, bytes.size);
    buffer_append_u8(&drawing->texts, 0);
    return offset;
}

static void put_row(struct drawing *drawing, struct rectangle where, enum control_type control, uint32_t flags, uint32_t tag,
                    uint32_t size, const char *text)
{
    const uint32_t row[] = {where.x, where.width, where.y, where.height, control, flags, tag, size, put_text(drawing, text)};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        buffer_append_u32(&drawing->rows, row[i]);
    drawing->row_count++;
}

static const char *label_of(const struct drawing *drawing, enum label label)
{
    return labels[label][drawing->language];
}

static void put_control(struct drawing *drawing, const struct field *field, struct rectangle where)
{
    uint32_t flags = 0;
    switch (field->control) {
    case CONTROL_EDIT:
        flags = FLAG_DOUBLE_BYTE | (drawing->editable ? FLAG_EDITABLE : 0) | (field->lines > 1 ? FLAG_MULTILINE : 0);
        put_row(drawing, where, CONTROL_EDIT, flags, field->tag, CHARACTERS_MAX, ANY_CHARACTERS);
        break;
    case CONTROL_BUTTON:
        put_row(drawing, where, CONTROL_BUTTON, 0, field->tag, 0, label_of(drawing, field->label));
        break;
    default:
        put_row(drawing, where, field->control, 0, field->tag, 0, ANY_CHARACTERS);
    }
}

static void draw_field(struct drawing *drawing, const struct field *field)
{
    bool wide = field->place == WIDE, right = field->place == RIGHT, button = field->control == CONTROL_BUTTON;
    uint32_t later = drawing->left_y > drawing->right_y ? drawing->left_y : drawing->right_y;
    uint32_t y = wide ? later : right ? drawing->right_y : drawing->left_y;
    uint32_t x = MARGIN + (right ? COLUMN_WIDTH : 0);
    uint32_t width = (wide && !button ? 2 * COLUMN_WIDTH : COLUMN_WIDTH) - LABEL_WIDTH - MARGIN;
    uint32_t height = (field->lines - 1) * LINE_HEIGHT + CONTROL_HEIGHT;
    if (!button)
        put_row(drawing, (struct rectangle){x, LABEL_WIDTH - 2, y + 2, CONTROL_HEIGHT - 2}, CONTROL_LABEL, 0, 0, 0,
                label_of(drawing, field->label));
    put_control(drawing, field, (struct rectangle){x + LABEL_WIDTH, width, y, height});
    y += field->lines * LINE_HEIGHT;
    if (wide || !right)
        drawing->left_y = y;
    if (wide || right)
        drawing->right_y = y;
}

static void draw_page(struct drawing *drawing, const struct field *field)
{
    put_row(drawing, (struct rectangle){0}, CONTROL_PAGE, 0, 0, 0, label_of(drawing, field->label));
    drawing->left_y = drawing->right_y = MARGIN;
}

static struct bytes draw(struct drawing *drawing, const struct field *fields, size_t count)
{
    struct buffer all = {0};
    struct bytes result = BYTES_NONE;
    uint32_t rows = 0;
    for (size_t i = 0; i < count; i++)
        rows += fields[i].control == CONTROL_PAGE || fields[i].control == CONTROL_BUTTON ? 1 : 2;
    drawing->texts_begin = ROW_SET_HEADER_SIZE + rows * ROW_SIZE;
    for (size_t i = 0; i < count; i++)
        if (fields[i].place == PAGE)
            draw_page(drawing, &fields[i]);
        else
            draw_field(drawing, &fields[i]);
    buffer_append_u32(&all, ROW_SET_TYPE);
    buffer_append_u32(&all, drawing->row_count);
    buffer_append(&all, drawing->rows.data, drawing->rows.size);
    buffer_append(&all, drawing->texts.data, drawing->texts.size);
    if (!all.failed && !drawing->rows.failed && !drawing->texts.failed && !drawing->failed)
        result = arena_bytes(drawing->arena, buffer_bytes(&all));
    buffer_free(&all);
    buffer_free(&drawing->rows);
    buffer_free(&drawing->texts);
    return result;
}

bool template_make(struct arena *arena, uint32_t display_type, uint32_t lcid, uint32_t code_page, struct bytes *ret_data)
{
    for (size_t i = 0; i < sizeof dialogs / sizeof *dialogs; i++) {
        if (dialogs[i].display_type != display_type)
            continue;
        struct drawing drawing = {.arena = arena, .code_page = code_page, .language = language_of(lcid),
                                  .editable = display_type == TEMPLATE_SEARCH || display_type == TEMPLATE_INTERNET_ADDRESS};
        *ret_data = draw(&drawing, dialogs[i].fields, dialogs[i].count);
        return true;
    }
    return false;
}

/* Instructions of scripts (MS-OXOABKT 2.2.2.2). */
#define SCRIPT_HALT 0u
#define SCRIPT_EMIT_PROPERTY_VALUE 2u

struct bytes template_script(struct arena *arena)
{
    static const uint32_t instructions[] = {SCRIPT_EMIT_PROPERTY_VALUE, TYPED_ADDRESS, SCRIPT_HALT};
    struct buffer script = {0};
    buffer_append_u32(&script, sizeof instructions / sizeof *instructions);
    for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++)
        buffer_append_u32(&script, instructions[i]);
    struct bytes result = script.failed ? BYTES_NONE : arena_bytes(arena, buffer_bytes(&script));
    buffer_free(&script);
    return result;
}

const char *template_internet_address_name(uint32_t lcid)
{
    return labels[LABEL_INTERNET][language_of(lcid)];
}
