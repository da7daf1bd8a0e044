#include "rop/id_set.h"

#include "base/guid.h"
#include "protocol/id.h"

/* GLOBSET commands (MS-OXCFXICS 2.2.2.6.1 to .5); 0x01 to 0x06 push so many bytes. */
enum command { COMMAND_END = 0x00, COMMAND_BITMASK = 0x42, COMMAND_POP = 0x50, COMMAND_RANGE = 0x52 };

struct globset_reader {
    struct bytes rest;
    uint8_t pushed[ID_COUNTER_SIZE]; /* how many bytes each push on the stack brought */
    uint8_t push_count;
    uint8_t depth;                   /* bytes on the stack, fewer than six */
};

static bool take(struct globset_reader *reader, size_t size, const uint8_t **ret_data)
{
    if (reader->rest.size < size)
        return false;
    *ret_data = reader->rest.data;
    reader->rest = bytes_of(reader->rest.data + size, reader->rest.size - size);
    return true;
}

static bool read_push(struct globset_reader *reader, uint8_t size)
{
    const uint8_t *data;
    if (reader->depth + size > ID_COUNTER_SIZE || !take(reader, size, &data))
        return false;
    if (reader->depth + size == ID_COUNTER_SIZE)
        return true; /* a single value; this push goes by itself */
    reader->pushed[reader->push_count++] = size;
    reader->depth = (uint8_t)(reader->depth + size);
    return true;
}

static bool read_range(struct globset_reader *reader)
{
    size_t size = ID_COUNTER_SIZE - reader->depth;
    const uint8_t *low, *high;
    return take(reader, size, &low) && take(reader, size, &high) &&
        bytes_compare(bytes_of(low, size), bytes_of(high, size)) <= 0;
}

static bool read_command(struct globset_reader *reader, bool *ret_end)
{
    const uint8_t *command, *mask;
    if (!take(reader, 1, &command))
        return false;
    *ret_end = *command == COMMAND_END;
    switch (*command) {
    case COMMAND_END:
        return reader->push_count == 0;
    case COMMAND_BITMASK:
        return reader->depth == ID_COUNTER_SIZE - 1 && take(reader, 2, &mask);
    case COMMAND_POP:
        if (!reader->push_count)
            return false; /* R1966 */
        reader->depth = (uint8_t)(reader->depth - reader->pushed[--reader->push_count]);
        return true;
    case COMMAND_RANGE:
        return read_range(reader);
    default:
        return *command >= 1 && *command <= ID_COUNTER_SIZE && read_push(reader, *command);
    }
}

bool id_set_is_well_formed(struct bytes set)
{
    struct globset_reader reader = {.rest = set};
    while (reader.rest.size) {
        const uint8_t *guid;
        if (!take(&reader, sizeof(struct guid), &guid))
            return false;
        for (bool end = false; !end;) {
            if (!read_command(&reader, &end))
                return false;
        }
    }
    return true;
}
