#include "http/output.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENT_CAPACITY_MIN 2032u /* with its header and the allocator's 2 KiB */
#define COPY_SIZE_MAX 16384u       /* larger pieces are worth a segment of their own */

struct output_segment {
    struct output_segment *next;
    uint8_t *data; /* 'content', or memory taken over */
    size_t begin, end, capacity;
    uint8_t content[];
};

static void segment_free(struct output_segment *segment)
{
    if (segment->data != segment->content)
        free(segment->data);
    free(segment);
}

static void segment_add(struct output *output, struct output_segment *segment)
{
    if (output->last)
        output->last->next = segment;
    else
        output->first = segment;
    output->last = segment;
}

static struct output_segment *segment_new(struct output *output, size_t capacity)
{
    struct output_segment *segment = malloc(sizeof *segment + capacity);
    if (!segment) {
        output->failed = true;
        return NULL;
    }
    *segment = (struct output_segment){.data = segment->content, .capacity = capacity};
    segment_add(output, segment);
    return segment;
}

uint8_t *output_extend(struct output *output, size_t size)
{
    struct output_segment *segment = output->last;
    if (output->failed)
        return NULL;
    if (!segment || segment->capacity - segment->end < size)
        segment = segment_new(output, size > SEGMENT_CAPACITY_MIN ? size : SEGMENT_CAPACITY_MIN);
    if (!segment)
        return NULL;
    uint8_t *place = segment->data + segment->end;
    segment->end += size;
    output->size += size;
    return place;
}

void output_append(struct output *output, const void *data, size_t size)
{
    if (size == 0)
        return;
    uint8_t *place = output_extend(output, size);
    if (place)
        memcpy(place, data, size);
}

void output_take(struct output *output, struct buffer *buffer)
{
    if (buffer->size <= COPY_SIZE_MAX) {
        output_append(output, buffer->data, buffer->size);
        buffer_free(buffer);
        return;
    }
    struct output_segment *segment = output->failed ? NULL : segment_new(output, 0);
    if (!segment) {
        buffer_free(buffer);
        return;
    }
    segment->data = buffer->data;
    segment->end = segment->capacity = buffer->size;
    output->size += buffer->size;
    *buffer = (struct buffer){.size_max = buffer->size_max};
}

void output_splice(struct output *output, struct output *from)
{
    if (from->first) {
        segment_add(output, from->first);
        output->last = from->last;
    }
    output->size += from->size;
    output->failed |= from->failed;
    *from = (struct output){0};
}

unsigned output_pieces(const struct output *output, struct iovec *pieces, unsigned count)
{
    unsigned used = 0;
    for (struct output_segment *segment = output->first; segment && used < count; segment = segment->next)
        if (segment->end > segment->begin)
            pieces[used++] = (struct iovec){segment->data + segment->begin, segment->end - segment->begin};
    return used;
}

void output_consume(struct output *output, size_t size)
{
    output->size -= size;
    while (output->first) {
        struct output_segment *segment = output->first;
        size_t part = segment->end - segment->begin;
        if (size < part) {
            segment->begin += size;
            return;
        }
        size -= part;
        output->first = segment->next;
        if (!output->first)
            output->last = NULL;
        segment_free(segment);
    }
}

void output_free(struct output *output)
{
    output_consume(output, output->size);
    *output = (struct output){0};
}
