/* Property values (MS-OXCDATA 2.11) and, in an address-book context, AddressBookPropertyValues (MS-OXCMAPIHTTP 2.2.1.1): every
 * verb. In the address book a string, binary or multiple value begins with HasValue (0xFF; 0x00: absent), and so does each
 * element of a list of strings or binaries; absent is a NULL pointer in memory. */
#include "wire/engine.h"
#include <string.h>

#define HAS_VALUE 0xFF

uint16_t value_base_type(uint16_t type)
{
    return type & PTYP_INSTANCE_FLAG ? type & (uint16_t)~(PTYP_MULTIPLE_FLAG | PTYP_INSTANCE_FLAG) : type;
}

size_t property_type_fixed_size(uint16_t type)
{
    switch (type & ~PTYP_MULTIPLE_FLAG) {
    case PTYP_BOOLEAN:
        return 1;
    case PTYP_INTEGER16:
        return 2;
    case PTYP_INTEGER32:
    case PTYP_FLOATING32:
    case PTYP_ERROR_CODE:
        return 4;
    case PTYP_FLOATING64:
    case PTYP_CURRENCY:
    case PTYP_FLOATING_TIME:
    case PTYP_INTEGER64:
    case PTYP_TIME:
        return 8;
    case PTYP_GUID:
        return 16;
    default:
        return 0;
    }
}

static bool is_known_multiple(uint16_t type)
{
    switch (type) {
    case PTYP_MULTIPLE_INTEGER16:
    case PTYP_MULTIPLE_INTEGER32:
    case PTYP_MULTIPLE_FLOATING32:
    case PTYP_MULTIPLE_FLOATING64:
    case PTYP_MULTIPLE_CURRENCY:
    case PTYP_MULTIPLE_FLOATING_TIME:
    case PTYP_MULTIPLE_INTEGER64:
    case PTYP_MULTIPLE_STRING8:
    case PTYP_MULTIPLE_STRING:
    case PTYP_MULTIPLE_TIME:
    case PTYP_MULTIPLE_GUID:
    case PTYP_MULTIPLE_BINARY:
        return true;
    default:
        return false;
    }
}

static bool has_presence(uint16_t type)
{
    return type == PTYP_STRING || type == PTYP_STRING8 || type == PTYP_BINARY || type & PTYP_MULTIPLE_FLAG;
}

/* Decode */

static bool sizes_are_wide(const struct wire_context *context)
{
    return (context->wide || context->wide_values) && !context->blob;
}

static bool decode_binary(struct decoder *decoder, struct bytes *ret_bytes)
{
    bool wide = sizes_are_wide(&decoder->context);
    if (!decode_need(decoder, wide ? 4 : 2))
        return false;
    uint32_t size = wide ? load_u32(decoder->at) : load_u16(decoder->at);
    decoder->at += wide ? 4 : 2;
    if (!decode_need(decoder, size))
        return false;
    *ret_bytes = bytes_of(decoder->at, size);
    decoder->at += size;
    return true;
}

static bool decode_presence(struct decoder *decoder, bool *ret_present)
{
    if (!decode_need(decoder, 1))
        return false;
    if (*decoder->at != 0 && *decoder->at != HAS_VALUE)
        decoder->canonical = false;
    *ret_present = *decoder->at++ != 0;
    return true;
}

/* Outlook is seen to count an odd byte that it does not write. */
static bool decode_blob_string(struct decoder *decoder, struct bytes *ret_bytes)
{
    if (!decode_need(decoder, 2))
        return false;
    size_t size = load_u16(decoder->at);
    decoder->canonical &= size % 2 == 0;
    size -= size % 2;
    decoder->at += 2;
    if (!decode_need(decoder, size))
        return false;
    *ret_bytes = bytes_of(decoder->at, size);
    decoder->at += size;
    return true;
}

static bool decode_text_or_binary(struct decoder *decoder, uint16_t type, struct bytes *ret_bytes)
{
    if (decoder->context.blob)
        return type == PTYP_STRING ? decode_blob_string(decoder, ret_bytes) : decode_binary(decoder, ret_bytes);
    switch (type) {
    case PTYP_STRING8:
        return decode_string8(decoder, ret_bytes);
    case PTYP_STRING:
        return decode_string(decoder, ret_bytes);
    default:
        return decode_binary(decoder, ret_bytes);
    }
}

static bool decode_texts(struct decoder *decoder, uint16_t type, uint32_t count, struct bytes *elements)
{
    for (uint32_t i = 0; i < count; i++) {
        bool present = true;
        if (decoder->context.address_book && !decode_presence(decoder, &present))
            return false;
        if (present && !decode_text_or_binary(decoder, type & (uint16_t)~PTYP_MULTIPLE_FLAG, &elements[i])) {
            wire_path_index(decoder->error, i);
            return false;
        }
    }
    return true;
}

static bool decode_multiple(struct decoder *decoder, uint16_t type, struct property_value *ret_value)
{
    if (!is_known_multiple(type))
        return decode_fail(decoder, WIRE_BAD_VALUE);
    if (!decode_need(decoder, 4))
        return false;
    uint32_t count = load_u32(decoder->at);
    decoder->at += 4;
    size_t size = property_type_fixed_size(type);
    if (count > PROPERTY_VALUES_MAX)
        return decode_fail(decoder, WIRE_TOO_MANY);
    if (!decode_need(decoder, count * (size ? size : 1)))
        return false;
    void *elements = decode_allocate(decoder, count, size ? size : sizeof(struct bytes));
    if (!elements)
        return false;
    ret_value->multiple.count = count;
    ret_value->multiple.bytes = elements;
    if (!size)
        return decode_texts(decoder, type, count, elements);
    memcpy(elements, decoder->at, count * size);
    decoder->at += count * size;
    return true;
}

static bool decode_wide_boolean(struct decoder *decoder, struct property_value *ret_value)
{
    if (!decode_need(decoder, 2))
        return false;
    uint16_t value = load_u16(decoder->at);
    if (value > UINT8_MAX)
        return decode_fail(decoder, WIRE_BAD_VALUE);
    ret_value->boolean = (uint8_t)value;
    decoder->at += 2;
    return true;
}

bool value_decode(struct decoder *decoder, uint16_t type, struct property_value *ret_value)
{
    type = value_base_type(type);
    if (decoder->context.address_book && has_presence(type)) {
        bool present;
        if (!decode_presence(decoder, &present))
            return false;
        if (!present) {
            if (type & PTYP_MULTIPLE_FLAG && !is_known_multiple(type))
                return decode_fail(decoder, WIRE_BAD_VALUE);
            memset(&ret_value->multiple, 0, sizeof ret_value->multiple);
            ret_value->bytes = BYTES_NONE;
            return true;
        }
    }
    if (type & PTYP_MULTIPLE_FLAG)
        return decode_multiple(decoder, type, ret_value);
    if (type == PTYP_BOOLEAN && decoder->context.blob)
        return decode_wide_boolean(decoder, ret_value);
    size_t size = property_type_fixed_size(type);
    if (size) {
        if (!decode_need(decoder, size))
            return false;
        memcpy(&ret_value->guid, decoder->at, size); /* every member of the union begins at the same place */
        decoder->at += size;
        return true;
    }
    switch (type) {
    case PTYP_NULL:
        return true;
    case PTYP_STRING8:
    case PTYP_STRING:
    case PTYP_BINARY:
    case PTYP_SERVER_ID:
        return decode_text_or_binary(decoder, type, &ret_value->bytes);
    case PTYP_OBJECT: /* no bytes in the address book (data sheet; R2237 has Exchange refuse such a request) */
        return decoder->context.address_book || decode_binary(decoder, &ret_value->bytes);
    case PTYP_RESTRICTION:
        return decode_pointed(decoder, decoder->vocabulary->restriction, (const void **)&ret_value->restriction);
    case PTYP_RULE_ACTION:
        return decode_pointed(decoder, decoder->vocabulary->rule_actions, (const void **)&ret_value->rule_actions);
    default:
        return decode_fail(decoder, WIRE_BAD_VALUE);
    }
}

bool value_decode_printed(struct decoder *decoder, const uint8_t *begin, struct property_value *value)
{
    uint16_t type = PROPERTY_TYPE(value->tag);
    bool pointed = type == PTYP_RESTRICTION || type == PTYP_RULE_ACTION;
    if (decoder->printer && (pointed || type == PTYP_UNSPECIFIED))
        print_value(decoder, begin, value, pointed ? "" : "absent");
    if (type != PTYP_UNSPECIFIED && !value_decode(decoder, type, value))
        return false;
    if (decoder->printer && !pointed && type != PTYP_UNSPECIFIED)
        print_value(decoder, begin, value, NULL);
    return true;
}

static bool decode_with_tag(struct decoder *decoder, size_t header, struct property_value *ret_value)
{
    const uint8_t *begin = decoder->at;
    struct property_value value = { 0 };
    if (!decode_need(decoder, header))
        return false;
    value.tag = header == 4 ? load_u32(decoder->at) : load_u16(decoder->at);
    if (PROPERTY_TYPE(value.tag) == PTYP_UNSPECIFIED)
        return decode_fail(decoder, WIRE_BAD_VALUE);
    decoder->at += header;
    if (!value_decode_printed(decoder, begin, &value))
        return false;
    *ret_value = value;
    return true;
}

bool tagged_decode(struct decoder *decoder, struct property_value *ret_value)
{
    return decode_with_tag(decoder, 4, ret_value);
}

bool typed_decode(struct decoder *decoder, struct property_value *ret_value)
{
    return decode_with_tag(decoder, 2, ret_value);
}

/* In the filter of an address-book request practice and text differ: Outlook is said to send HasValue before the tagged value
 * and again before its string or binary, the specification's own parser reads neither. Neither can be mistaken for the other:
 * no property type ends in 0xFF, and without the first byte a 0xFF before a string counts as the second only where no
 * 'y with diaeresis' could stand there. */
bool filter_value_decode(struct decoder *decoder, struct property_value *ret_value)
{
    if (!decoder->context.address_book)
        return tagged_decode(decoder, ret_value);
    if (!decode_need(decoder, 1))
        return false;
    if (*decoder->at == HAS_VALUE) {
        decoder->at++;
        return tagged_decode(decoder, ret_value);
    }
    decoder->canonical = false;
    if (!decode_need(decoder, 4))
        return false;
    uint16_t type = load_u16(decoder->at);
    const uint8_t *value = decoder->at + 4;
    bool inner = has_presence(type) && decoder->end - value >= 2 && *value == HAS_VALUE && !(type == PTYP_STRING && value[1] == 0);
    decoder->context.address_book = inner;
    bool done = tagged_decode(decoder, ret_value);
    decoder->context.address_book = true;
    return done;
}

/* Encode */

static bool encode_binary(struct encoder *encoder, struct bytes bytes)
{
    bool wide = sizes_are_wide(&encoder->context);
    if (bytes.size > (wide ? UINT32_MAX : UINT16_MAX))
        return encode_fail(encoder, WIRE_TOO_LARGE);
    size_t header = wide ? 4 : 2;
    uint8_t *place = encode_place(encoder, header + bytes.size);
    if (!place)
        return false;
    if (wide)
        store_u32(place, (uint32_t)bytes.size);
    else
        store_u16(place, (uint16_t)bytes.size);
    if (bytes.size)
        memcpy(place + header, bytes.data, bytes.size);
    return true;
}

static bool encode_presence(struct encoder *encoder, bool present)
{
    uint8_t *place = encode_place(encoder, 1);
    if (place)
        *place = present ? HAS_VALUE : 0;
    return place;
}

static bool encode_text_or_binary(struct encoder *encoder, uint16_t type, struct bytes bytes)
{
    if (encoder->context.blob)
        return encode_binary(encoder, bytes);
    switch (type) {
    case PTYP_STRING8:
        return encode_string8(encoder, bytes);
    case PTYP_STRING:
        return encode_string(encoder, bytes);
    default:
        return encode_binary(encoder, bytes);
    }
}

static bool encode_multiple(struct encoder *encoder, uint16_t type, const struct property_value *value)
{
    if (!is_known_multiple(type))
        return encode_fail(encoder, WIRE_BAD_VALUE);
    uint32_t count = value->multiple.count;
    size_t size = property_type_fixed_size(type);
    uint8_t *place = encode_place(encoder, 4 + count * size);
    if (!place)
        return false;
    store_u32(place, count);
    if (size) {
        if (count)
            memcpy(place + 4, value->multiple.bytes, count * size);
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct bytes element = value->multiple.bytes[i];
        if (encoder->context.address_book && !encode_presence(encoder, element.data))
            return false;
        if (encoder->context.address_book && !element.data)
            continue;
        if (!encode_text_or_binary(encoder, type & (uint16_t)~PTYP_MULTIPLE_FLAG, element))
            return false;
    }
    return true;
}

bool value_encode(struct encoder *encoder, uint16_t type, const struct property_value *value)
{
    type = value_base_type(type);
    if (encoder->context.address_book && has_presence(type)) {
        bool present = type & PTYP_MULTIPLE_FLAG ? value->multiple.bytes != NULL : value->bytes.data != NULL;
        if (!encode_presence(encoder, present))
            return false;
        if (!present)
            return true;
    }
    if (type & PTYP_MULTIPLE_FLAG)
        return encode_multiple(encoder, type, value);
    size_t size = property_type_fixed_size(type);
    if (size) {
        bool padded = type == PTYP_BOOLEAN && encoder->context.blob;
        uint8_t *place = encode_place(encoder, size + padded);
        if (!place)
            return false;
        memcpy(place, &value->guid, size);
        if (padded)
            place[1] = 0;
        return true;
    }
    switch (type) {
    case PTYP_NULL:
        return true;
    case PTYP_STRING8:
    case PTYP_STRING:
    case PTYP_BINARY:
    case PTYP_SERVER_ID:
        return encode_text_or_binary(encoder, type, value->bytes);
    case PTYP_OBJECT:
        return encoder->context.address_book || encode_text_or_binary(encoder, PTYP_BINARY, value->bytes);
    case PTYP_RESTRICTION:
        return value->restriction ? encode_record(encoder, encoder->vocabulary->restriction, value->restriction)
                                  : encode_fail(encoder, WIRE_BAD_VALUE);
    case PTYP_RULE_ACTION:
        return value->rule_actions ? encode_record(encoder, encoder->vocabulary->rule_actions, value->rule_actions)
                                   : encode_fail(encoder, WIRE_BAD_VALUE);
    default:
        return encode_fail(encoder, WIRE_BAD_VALUE);
    }
}

bool tagged_encode(struct encoder *encoder, const struct property_value *value)
{
    uint8_t *place = encode_place(encoder, 4);
    if (!place)
        return false;
    store_u32(place, value->tag);
    return value_encode(encoder, PROPERTY_TYPE(value->tag), value);
}

bool typed_encode(struct encoder *encoder, const struct property_value *value)
{
    uint8_t *place = encode_place(encoder, 2);
    if (!place)
        return false;
    store_u16(place, PROPERTY_TYPE(value->tag));
    return value_encode(encoder, PROPERTY_TYPE(value->tag), value);
}

bool filter_value_encode(struct encoder *encoder, const struct property_value *value)
{
    if (encoder->context.address_book && !encode_presence(encoder, true))
        return false;
    return tagged_encode(encoder, value);
}

/* Compare */

static bool equal_multiple(uint16_t type, const struct property_value *a, const struct property_value *b)
{
    if (a->multiple.count != b->multiple.count)
        return false;
    if (!a->multiple.count)
        return true;
    size_t size = property_type_fixed_size(type);
    if (size)
        return !memcmp(a->multiple.bytes, b->multiple.bytes, a->multiple.count * size);
    for (uint32_t i = 0; i < a->multiple.count; i++)
        if (!bytes_equal(a->multiple.bytes[i], b->multiple.bytes[i]))
            return false;
    return true;
}

bool value_equal(const struct equality *equality, const struct property_value *a, const struct property_value *b)
{
    if (a->tag != b->tag)
        return false;
    uint16_t type = value_base_type(PROPERTY_TYPE(a->tag));
    if (type & PTYP_MULTIPLE_FLAG)
        return equal_multiple(type, a, b);
    size_t size = property_type_fixed_size(type);
    if (size)
        return !memcmp(&a->guid, &b->guid, size);
    switch (type) {
    case PTYP_NULL:
    case PTYP_UNSPECIFIED:
        return true;
    case PTYP_RESTRICTION:
        return equal_record(equality, equality->vocabulary->restriction, a->restriction, b->restriction);
    case PTYP_RULE_ACTION:
        return equal_record(equality, equality->vocabulary->rule_actions, a->rule_actions, b->rule_actions);
    default:
        return bytes_equal(a->bytes, b->bytes);
    }
}

/* Random */

uint16_t random_type(struct generator *generator)
{
    static const uint16_t types[] = { PTYP_NULL, PTYP_INTEGER16, PTYP_INTEGER32, PTYP_FLOATING32, PTYP_FLOATING64, PTYP_CURRENCY,
        PTYP_FLOATING_TIME, PTYP_ERROR_CODE, PTYP_BOOLEAN, PTYP_INTEGER64, PTYP_STRING8, PTYP_STRING, PTYP_TIME, PTYP_GUID,
        PTYP_SERVER_ID, PTYP_BINARY, PTYP_MULTIPLE_INTEGER16, PTYP_MULTIPLE_INTEGER32, PTYP_MULTIPLE_FLOATING32,
        PTYP_MULTIPLE_FLOATING64, PTYP_MULTIPLE_CURRENCY, PTYP_MULTIPLE_FLOATING_TIME, PTYP_MULTIPLE_INTEGER64,
        PTYP_MULTIPLE_STRING8, PTYP_MULTIPLE_STRING, PTYP_MULTIPLE_TIME, PTYP_MULTIPLE_GUID, PTYP_MULTIPLE_BINARY,
        PTYP_RESTRICTION, PTYP_RULE_ACTION };
    uint32_t count = sizeof types / sizeof *types;
    return types[random_below(generator, generator->depth > 3 ? count - 2 : count)];
}

static struct bytes random_element(struct generator *generator, uint16_t type)
{
    if (type == PTYP_STRING8 || type == PTYP_STRING)
        return random_text(generator, type == PTYP_STRING);
    return random_bytes_of(generator, 24);
}

static void random_multiple(struct generator *generator, uint16_t type, struct property_value *value)
{
    uint32_t count = random_below(generator, 4);
    size_t size = property_type_fixed_size(type);
    uint8_t *elements = random_allocate(generator, count, size ? size : sizeof(struct bytes));
    if (!elements)
        return;
    value->multiple.count = count;
    value->multiple.bytes = (const struct bytes *)elements;
    for (size_t i = 0; i < count * size; i++)
        elements[i] = (uint8_t)random_next(generator);
    for (uint32_t i = 0; !size && i < count; i++)
        ((struct bytes *)elements)[i] = random_element(generator, type & (uint16_t)~PTYP_MULTIPLE_FLAG);
}

void value_random(struct generator *generator, uint16_t type, struct property_value *value)
{
    type = value_base_type(type);
    uint64_t number[2] = { random_next(generator), random_next(generator) };
    if (type & PTYP_MULTIPLE_FLAG) {
        random_multiple(generator, type, value);
        return;
    }
    size_t size = property_type_fixed_size(type);
    if (size) {
        memcpy(&value->guid, number, size);
        return;
    }
    switch (type) {
    case PTYP_STRING8:
    case PTYP_STRING:
    case PTYP_BINARY:
    case PTYP_SERVER_ID:
    case PTYP_OBJECT:
        value->bytes = random_element(generator, type);
        break;
    case PTYP_RESTRICTION:
    case PTYP_RULE_ACTION: {
        const struct wire_structure *structure = type == PTYP_RESTRICTION ? generator->vocabulary->restriction
                                                                          : generator->vocabulary->rule_actions;
        void *object = random_allocate(generator, 1, structure->size);
        if (object)
            random_record(generator, structure, object);
        value->restriction = object;
        break;
    }
    default:
        break;
    }
}
