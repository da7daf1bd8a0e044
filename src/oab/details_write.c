#include "oab/details.h"

#include <string.h>
#include <unistd.h>

#define OAB_HDR_SIZE 12u

/* --- records --- */

void oab_record_begin(struct oab_record *record, uint32_t property_count)
{
    buffer_clear(&record->data);
    record->data.failed = false;
    size_t size = 4 + (property_count + 7) / 8; /* cbSize and the presence bits */
    uint8_t *head = buffer_extend(&record->data, size);
    if (head)
        memset(head, 0, size);
}

static void mark_present(struct oab_record *record, uint32_t index)
{
    if (!record->data.failed)
        record->data.data[4 + index / 8] |= (uint8_t)(0x80 >> index % 8);
}

/* Up to 127 in one byte; else 0x80 and the count of bytes, then these (MS-OXOAB 2.9.6.1). */
static void append_number(struct buffer *data, uint32_t number)
{
    unsigned count = number < 0x80 ? 0 : number < 0x100 ? 1 : number < 0x10000 ? 2 : number < 0x1000000 ? 3 : 4;
    if (count)
        buffer_append_u8(data, (uint8_t)(0x80 | count));
    buffer_append(data, &number, count ? count : 1);
}

static void append_text(struct buffer *data, struct bytes text)
{
    buffer_append(data, text.data, text.size);
    buffer_append_u8(data, 0);
}

static void append_binary(struct buffer *data, struct bytes value)
{
    append_number(data, (uint32_t)value.size);
    buffer_append(data, value.data, value.size);
}

void oab_record_put_number(struct oab_record *record, uint32_t index, uint32_t number)
{
    mark_present(record, index);
    append_number(&record->data, number);
}

void oab_record_put_boolean(struct oab_record *record, uint32_t index, bool value)
{
    mark_present(record, index);
    buffer_append_u8(&record->data, value);
}

void oab_record_put_text(struct oab_record *record, uint32_t index, struct bytes text)
{
    if (text.size == 0 || memchr(text.data, 0, text.size))
        return;
    mark_present(record, index);
    append_text(&record->data, text);
}

void oab_record_put_binary(struct oab_record *record, uint32_t index, struct bytes value)
{
    if (value.size == 0)
        return;
    mark_present(record, index);
    append_binary(&record->data, value);
}

void oab_record_put_numbers(struct oab_record *record, uint32_t index, uint32_t count, const uint32_t *numbers)
{
    if (count == 0)
        return;
    mark_present(record, index);
    append_number(&record->data, count);
    for (uint32_t i = 0; i < count; i++)
        append_number(&record->data, numbers[i]);
}

void oab_record_put_texts(struct oab_record *record, uint32_t index, uint32_t count, const struct bytes *texts)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++)
        used += texts[i].size && !memchr(texts[i].data, 0, texts[i].size);
    if (used == 0)
        return;
    mark_present(record, index);
    append_number(&record->data, used);
    for (uint32_t i = 0; i < count; i++)
        if (texts[i].size && !memchr(texts[i].data, 0, texts[i].size))
            append_text(&record->data, texts[i]);
}

void oab_record_put_binaries(struct oab_record *record, uint32_t index, uint32_t count, const struct bytes *values)
{
    if (count == 0)
        return;
    mark_present(record, index);
    append_number(&record->data, count);
    for (uint32_t i = 0; i < count; i++)
        append_binary(&record->data, values[i]);
}

struct bytes oab_record_finish(struct oab_record *record)
{
    if (record->data.failed)
        return BYTES_NONE;
    store_u32(record->data.data, (uint32_t)record->data.size);
    return buffer_bytes(&record->data);
}

/* --- the file --- */

static void write_counted(struct oab_details_writer *writer, struct bytes bytes)
{
    writer->serial = oab_crc(writer->serial, bytes);
    oab_output_write(&writer->output, bytes);
}

static void append_table(struct buffer *data, const struct oab_property *properties, uint32_t count)
{
    buffer_append_u32(data, count);
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_u32(data, properties[i].tag);
        buffer_append_u32(data, properties[i].flags);
    }
}

static const struct oab_property header_properties[] = {
    {OAB_TAG_NAME, 0}, {OAB_TAG_DN, 0}, {OAB_TAG_SEQUENCE, 0}, {OAB_TAG_CONTAINER_GUID, 0},
};
#define HEADER_PROPERTY_COUNT (sizeof header_properties / sizeof *header_properties)

static void write_tables(struct oab_details_writer *writer)
{
    struct buffer tables = {0};
    buffer_append_u32(&tables, 0);
    append_table(&tables, header_properties, HEADER_PROPERTY_COUNT);
    append_table(&tables, writer->properties, writer->property_count);
    if (!tables.failed)
        store_u32(tables.data, (uint32_t)tables.size);
    writer->output.failed |= tables.failed;
    write_counted(writer, buffer_bytes(&tables));
    buffer_free(&tables);
}

void oab_details_begin(struct oab_details_writer *writer, int fd, const struct oab_details_header *header,
                       const struct oab_property *properties, uint32_t property_count)
{
    *writer = (struct oab_details_writer){
        .output.fd = fd, .properties = properties, .property_count = property_count, .serial = OAB_CRC_START};
    oab_output_write(&writer->output, bytes_of((uint32_t[3]){0}, OAB_HDR_SIZE)); /* known at the end */
    write_tables(writer);
    struct oab_record record = {0};
    char container[GUID_TEXT_SIZE];
    guid_format(header->container, container);
    oab_record_begin(&record, HEADER_PROPERTY_COUNT);
    oab_record_put_text(&record, 0, bytes_of_string(header->name));
    oab_record_put_text(&record, 1, bytes_of_string(header->dn));
    oab_record_put_number(&record, 2, header->sequence);
    oab_record_put_text(&record, 3, bytes_of_string(container));
    struct bytes finished = oab_record_finish(&record);
    writer->output.failed |= finished.size == 0;
    write_counted(writer, finished);
    buffer_free(&record.data);
}

void oab_details_add(struct oab_details_writer *writer, struct bytes record)
{
    writer->output.failed |= record.size == 0;
    writer->record_count++;
    write_counted(writer, record);
}

bool oab_details_end(struct oab_details_writer *writer)
{
    bool fits = writer->output.size <= OAB_FILE_SIZE_MAX;
    int fd = writer->output.fd;
    bool written = oab_output_flush(&writer->output);
    uint32_t header[3] = {OAB_DETAILS_VERSION, writer->serial, writer->record_count};
    return written && fits && pwrite(fd, header, sizeof header, 0) == (ssize_t)sizeof header;
}
