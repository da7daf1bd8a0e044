/* Property rows (MS-OXCDATA 2.8.1; AddressBookPropertyRow, MS-OXCMAPIHTTP 2.2.1.7): every verb. The columns are those of the
 * context. */
#include "wire/engine.h"
#include <string.h>

#define ROW_STANDARD 0
#define ROW_FLAGGED 1

#define FLAG_VALUE 0x00
#define FLAG_ABSENT 0x01
#define FLAG_ERROR 0x0A

/* In a flagged row: what stands before the value. Turns *type into that of what follows, PTYP_UNSPECIFIED for nothing. Where
 * a column has no type, the written one should agree with the flag as our encoder has it. */
static bool decode_flag(struct decoder *decoder, bool has_type, uint16_t *type)
{
    if (!decode_need(decoder, 1))
        return false;
    uint16_t written = *type;
    switch (*decoder->at) {
    case FLAG_VALUE:
        decoder->canonical &= !has_type || written != PTYP_ERROR_CODE;
        break;
    case FLAG_ABSENT:
        decoder->canonical &= !has_type || written == PTYP_NULL;
        *type = PTYP_UNSPECIFIED;
        break;
    case FLAG_ERROR:
        decoder->canonical &= has_type == (written == PTYP_ERROR_CODE);
        *type = PTYP_ERROR_CODE;
        break;
    default:
        return decode_fail(decoder, WIRE_BAD_VALUE);
    }
    decoder->at++;
    return true;
}

static bool decode_cell(struct decoder *decoder, uint32_t column, uint8_t flag, struct property_value *ret_value)
{
    const uint8_t *begin = decoder->at;
    uint16_t type = value_base_type(PROPERTY_TYPE(column));
    bool has_type = type == PTYP_UNSPECIFIED;
    if (has_type) {
        if (!decode_need(decoder, 2))
            return false;
        type = load_u16(decoder->at);
        if (value_base_type(type) != type || type == PTYP_UNSPECIFIED)
            return decode_fail(decoder, WIRE_BAD_VALUE);
        decoder->at += 2;
    }
    if (flag == ROW_FLAGGED && !decode_flag(decoder, has_type, &type))
        return false;
    ret_value->tag = PROPERTY_TAG(PROPERTY_ID(column), type);
    return value_decode_printed(decoder, begin, ret_value);
}

static bool decode_raw(struct decoder *decoder, struct property_row *ret_row)
{
    if (!decoder->sized)
        return decode_fail(decoder, WIRE_NO_COLUMNS);
    *ret_row = (struct property_row){ .raw = bytes_of(decoder->at, decode_left(decoder)) };
    decoder->at = decoder->end;
    return true;
}

bool row_decode(struct decoder *decoder, struct property_row *ret_row)
{
    const struct wire_columns *columns = decoder->context.columns;
    if (!columns)
        return decode_raw(decoder, ret_row);
    if (!decode_need(decoder, 1))
        return false;
    uint8_t flag = *decoder->at;
    if (flag != ROW_STANDARD && flag != ROW_FLAGGED)
        return decode_fail(decoder, WIRE_BAD_VALUE);
    decoder->at++;
    if (columns->count > LARGE_PROPERTY_TAGS_MAX)
        return decode_fail(decoder, WIRE_TOO_MANY);
    struct property_value *values = decode_allocate(decoder, columns->count, sizeof *values);
    if (!values)
        return false;
    for (uint32_t i = 0; i < columns->count; i++) {
        if (!decode_cell(decoder, columns->tags[i], flag, &values[i])) {
            wire_path_index(decoder->error, i);
            return false;
        }
    }
    *ret_row = (struct property_row){ .count = columns->count, .flag = flag, .values = values };
    return true;
}

/* Whether the value cannot stand in a standard row. */
static bool needs_flag(uint32_t column, const struct property_value *value)
{
    uint16_t type = PROPERTY_TYPE(value->tag), expected = PROPERTY_TYPE(column);
    return type == PTYP_UNSPECIFIED || (type == PTYP_ERROR_CODE && expected != PTYP_ERROR_CODE && expected != PTYP_UNSPECIFIED);
}

static bool encode_cell(struct encoder *encoder, uint32_t column, bool flagged, const struct property_value *value)
{
    uint16_t expected = value_base_type(PROPERTY_TYPE(column)), type = value_base_type(PROPERTY_TYPE(value->tag));
    bool absent = type == PTYP_UNSPECIFIED, is_error = type == PTYP_ERROR_CODE && expected != PTYP_ERROR_CODE;
    if (expected == PTYP_UNSPECIFIED) {
        uint8_t *place = encode_place(encoder, 2);
        if (!place)
            return false;
        store_u16(place, absent ? (uint16_t)PTYP_NULL : type); /* some type must stand there */
    } else if (type != expected && !absent && !is_error) {
        return encode_fail(encoder, WIRE_BAD_VALUE);
    }
    if (flagged) {
        uint8_t *place = encode_place(encoder, 1);
        if (!place)
            return false;
        *place = absent ? FLAG_ABSENT : is_error ? FLAG_ERROR : FLAG_VALUE;
    }
    return absent || value_encode(encoder, type, value);
}

bool row_encode(struct encoder *encoder, const struct property_row *row)
{
    if (row->raw.data) {
        uint8_t *place = encode_place(encoder, row->raw.size);
        if (place)
            memcpy(place, row->raw.data, row->raw.size);
        return place;
    }
    const struct wire_columns *columns = encoder->context.columns;
    if (!columns)
        return encode_fail(encoder, WIRE_NO_COLUMNS);
    if (columns->count != row->count)
        return encode_fail(encoder, WIRE_BAD_VALUE);
    bool flagged = row->flag;
    for (uint32_t i = 0; i < row->count && !flagged; i++)
        flagged = needs_flag(columns->tags[i], &row->values[i]);
    uint8_t *place = encode_place(encoder, 1);
    if (!place)
        return false;
    *place = flagged ? ROW_FLAGGED : ROW_STANDARD;
    for (uint32_t i = 0; i < row->count; i++) {
        if (!encode_cell(encoder, columns->tags[i], flagged, &row->values[i])) {
            wire_path_index(encoder->error, i);
            return false;
        }
    }
    return true;
}

/* The flag is how a row was written, not what it says. */
bool row_equal(const struct equality *equality, const struct property_row *a, const struct property_row *b)
{
    if (a->count != b->count || !bytes_equal(a->raw, b->raw))
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (!value_equal(equality, &a->values[i], &b->values[i]))
            return false;
    return true;
}

void row_random(struct generator *generator, struct property_row *row)
{
    const struct wire_columns *columns = generator->context.columns;
    if (!columns)
        return;
    struct property_value *values = random_allocate(generator, columns->count, sizeof *values);
    if (!values)
        return;
    *row = (struct property_row){ .count = columns->count, .values = values };
    for (uint32_t i = 0; i < columns->count; i++) {
        uint16_t type = value_base_type(PROPERTY_TYPE(columns->tags[i]));
        uint32_t chance = random_below(generator, 8);
        if (chance == 0)
            type = PTYP_UNSPECIFIED;
        else if (chance == 1)
            type = PTYP_ERROR_CODE;
        else if (type == PTYP_UNSPECIFIED)
            type = random_type(generator);
        values[i].tag = PROPERTY_TAG(PROPERTY_ID(columns->tags[i]), type);
        if (type != PTYP_UNSPECIFIED)
            value_random(generator, type, &values[i]);
    }
}
