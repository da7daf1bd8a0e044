/* The subject and its two parts (MS-OXCMSG 2.2.1.9, 2.2.1.10; the prefix rule is MS-OXCMAIL 2.2.3.2.6.1): whichever the
 * client sets, all three are kept, so that tables can sort and select by any of them. */
#include "base/limits.h"
#include "mailbox/handles.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"

static struct bytes text_in(struct arena *arena, const struct content *content, uint32_t tag)
{
    struct property_source source = {.bag = &content->bag};
    struct found_property found;
    source_find(arena, &source, PROPERTY_ID(tag), &found);
    return found.kind == FOUND_VALUE && found.value.tag == tag ? found.value.bytes : BYTES_NONE;
}

/* Bytes of a prefix: at most three letters and a colon, and the blanks behind ("Re: ", "FW: "); 0 without one. */
static size_t prefix_size(struct bytes subject)
{
    size_t units = subject.size / 2, at = 0;
    while (at < units && at < 3) {
        uint16_t unit = load_u16(subject.data + 2 * at);
        bool blank_or_digit = unit == ' ' || unit == ':' || (unit >= '0' && unit <= '9');
        if (blank_or_digit)
            break;
        at++;
    }
    if (at == 0 || at >= units || load_u16(subject.data + 2 * at) != ':')
        return 0;
    at++;
    if (at < units && load_u16(subject.data + 2 * at) != ' ')
        return 0;
    while (at < units && load_u16(subject.data + 2 * at) == ' ')
        at++;
    return at * 2;
}

static bool begins_with(struct bytes text, struct bytes begin)
{
    return begin.size > 0 && text.size >= begin.size && __builtin_memcmp(text.data, begin.data, begin.size) == 0;
}

uint32_t message_subject_changed(struct arena *arena, struct mailbox *mailbox, struct content *content, uint16_t id)
{
    struct property_bag *bag = &content->bag;
    struct bytes prefix = text_in(arena, content, PID_TAG_SUBJECT_PREFIX);
    if (id == PROPERTY_ID(PID_TAG_SUBJECT)) {
        struct bytes subject = arena_bytes(arena, text_in(arena, content, PID_TAG_SUBJECT));
        size_t size = begins_with(subject, prefix) ? prefix.size : prefix_size(subject);
        struct property_value first = value_bytes(PID_TAG_SUBJECT_PREFIX, bytes_of(subject.data, size));
        struct property_value rest =
            value_bytes(PID_TAG_NORMALIZED_SUBJECT, bytes_of(subject.data + size, subject.size - size));
        uint32_t error = bag_set(mailbox, bag, &first);
        return error == EC_SUCCESS ? bag_set(mailbox, bag, &rest) : error;
    }
    struct bytes rest = text_in(arena, content, PID_TAG_NORMALIZED_SUBJECT);
    uint8_t *whole = arena_allocate(arena, prefix.size + rest.size + 1);
    if (whole == NULL)
        return EC_OUT_OF_MEMORY;
    if (prefix.size > 0)
        __builtin_memcpy(whole, prefix.data, prefix.size);
    if (rest.size > 0)
        __builtin_memcpy(whole + prefix.size, rest.data, rest.size);
    struct property_value subject = value_bytes(PID_TAG_SUBJECT, bytes_of(whole, prefix.size + rest.size));
    return bag_set(mailbox, bag, &subject);
}
