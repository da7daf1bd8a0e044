#include "protocol/explain.h"
#include "base/text.h"
#include "protocol/auxiliary.h"
#include "protocol/error_code.h"
#include "protocol/extended_buffer.h"
#include "wire/value_text.h"
#include <inttypes.h>
#include <string.h>

#define INDENT 1u

struct explanation {
    struct arena *arena;
    struct explain_session *session;
    struct buffer *text;
};

void explain_session_free(struct explain_session *session)
{
    rop_columns_free(&session->columns);
    arena_free(&session->arena);
    *session = (struct explain_session){ 0 };
}

static bool say_error(const struct explanation *explanation, const struct wire_error *error, size_t base)
{
    struct wire_error absolute = *error;
    char line[WIRE_ERROR_TEXT_SIZE];
    absolute.offset += base;
    wire_error_format(&absolute, line);
    buffer_append_format(explanation->text, "%06zx  *** %s (offset 0x%zx)\n", absolute.offset, line, absolute.offset);
    return false;
}

static bool explain_structure(const struct explanation *explanation, const struct wire_structure *structure, struct bytes bytes,
    const struct wire_context *context, size_t base, unsigned indent)
{
    struct wire_error error;
    if (wire_print(explanation->arena, structure, bytes, context, base, indent, explanation->text, &error))
        return true;
    return say_error(explanation, &error, base);
}

/* A unit's payload has offsets of the capture where it is plain there; otherwise its own, from 0. */
static size_t unit_base(const struct explanation *explanation, const struct extended_unit *unit, size_t base)
{
    uint16_t hidden = unit->flags & (EXTENDED_FLAGS_COMPRESSED | EXTENDED_FLAGS_XOR_MAGIC);
    buffer_append_format(explanation->text, "%06zx  unit: RPC_HEADER_EXT (MS-OXCRPC 2.2.2.1) flags 0x%04X%s%s%s, %zu bytes%s\n",
        base + unit->offset, unit->flags, unit->flags & EXTENDED_FLAGS_COMPRESSED ? " compressed" : "",
        unit->flags & EXTENDED_FLAGS_XOR_MAGIC ? " xor" : "", unit->flags & EXTENDED_FLAGS_LAST ? " last" : "", unit->payload.size,
        hidden ? "; offsets below count in the plain payload" : "");
    return hidden ? 0 : base + unit->offset + EXTENDED_HEADER_SIZE;
}

static bool read_units(const struct explanation *explanation, struct bytes bytes, size_t base, struct extended_units *ret_units)
{
    size_t offset;
    if (extended_buffer_read(explanation->arena, bytes, ret_units, &offset))
        return true;
    buffer_append_format(explanation->text, "%06zx  *** no well-formed RPC_HEADER_EXT unit (MS-OXCRPC 2.2.2.1)\n", base + offset);
    return false;
}

/* Texts by offset stand in 'data'; the fields that lead there end in _offset. */
static void explain_offsets(const struct explanation *explanation, const struct auxiliary_item *item, size_t base)
{
    for (uint16_t i = 0; i < item->structure->field_count; i++) {
        const struct wire_field *field = &item->structure->fields[i];
        size_t size = field->name ? strlen(field->name) : 0;
        if (size < 7 || strcmp(field->name + size - 7, "_offset") || strstr(field->name, "_ip_") || strstr(field->name, "mac_"))
            continue;
        uint16_t offset = load_u16((const uint8_t *)item->body + field->offset);
        struct bytes found = auxiliary_text(item, offset);
        if (!found.data)
            continue;
        buffer_append_format(explanation->text, "%06zx      %.*s  ", base + offset, (int)(size - 7), field->name);
        value_text_append_string(explanation->text, found);
        buffer_append_u8(explanation->text, '\n');
    }
}

static bool explain_auxiliary(const struct explanation *explanation, struct bytes bytes, size_t base)
{
    struct extended_units units;
    struct auxiliary_items items;
    bool done = true;
    if (bytes.size == 0)
        return true;
    buffer_append_format(explanation->text, "%06zx  auxiliary buffer (MS-OXCRPC 3.1.4.1.2)\n", base);
    if (!read_units(explanation, bytes, base, &units))
        return false;
    for (uint32_t u = 0; u < units.count && done; u++) {
        size_t inside = unit_base(explanation, &units.units[u], base);
        if (!auxiliary_read_blocks(explanation->arena, units.units[u].payload, &items)) {
            buffer_append_format(explanation->text, "%06zx  *** no well-formed auxiliary blocks\n", inside);
            return false;
        }
        for (uint32_t i = 0; i < items.count && done; i++) {
            const struct auxiliary_item *item = &items.items[i];
            buffer_append_format(explanation->text, "%06zx    block version %u type 0x%02X: %s (%s)\n", inside + item->offset, item->version,
                item->type, item->structure ? item->structure->name : "not known", item->structure ? item->structure->section : "MS-OXCRPC 2.2.2.2");
            if (item->structure) {
                done = explain_structure(explanation, item->structure, item->payload, NULL, inside + item->offset + 4, INDENT + 2);
                explain_offsets(explanation, item, inside + item->offset);
            } else {
                buffer_append_format(explanation->text, "%06zx      payload  ", inside + item->offset + 4);
                value_text_append_bytes(explanation->text, item->payload, VALUE_TEXT_BYTES_MAX);
                buffer_append_u8(explanation->text, '\n');
            }
        }
    }
    return done;
}

static void explain_handles(const struct explanation *explanation, const uint32_t *handles, uint32_t count, size_t base)
{
    for (uint32_t i = 0; i < count; i++)
        buffer_append_format(explanation->text, handles[i] == ROP_HANDLE_NONE ? "%06zx    handle[%" PRIu32 "]  none\n" : "%06zx    handle[%" PRIu32 "]  0x%" PRIX32 "\n",
            base + 4 * (size_t)i, i, handles[i]);
}

static void explain_request_head(const struct explanation *explanation, const struct rop_request *request, uint32_t index, size_t offset)
{
    const struct rop_definition *definition = rop_definitions[request->rop_id];
    buffer_append_format(explanation->text, "%06zx    rop[%" PRIu32 "] 0x%02X %s request (%s)  logon %u", offset, index, request->rop_id,
        definition->spec_name, definition->section, request->logon_id);
    static const char *const slots[][2] = {
        [ROP_HANDLES_NONE] = { "", "" }, [ROP_HANDLES_IN] = { "input", "" }, [ROP_HANDLES_IN_OUT] = { "input", "output" },
        [ROP_HANDLES_OUT] = { "", "output" }, [ROP_HANDLES_SOURCE_DEST] = { "source", "destination" },
        [ROP_HANDLES_RESPONSE_IN] = { "input", "response" },
    };
    const char *const *names = slots[definition->handles];
    if (names[0][0])
        buffer_append_format(explanation->text, " %s %u", names[0], request->handle_index);
    if (names[1][0])
        buffer_append_format(explanation->text, " %s %u", names[1], request->output_handle_index);
    buffer_append_u8(explanation->text, '\n');
}

/* The list's frame; false with a line where it is malformed. */
static bool split(const struct explanation *explanation, struct bytes payload, size_t base, struct bytes *ret_rops, uint32_t **ret_handles, uint32_t *ret_count)
{
    if (!rop_payload_split(explanation->arena, payload, 0, ret_rops, ret_handles, ret_count)) {
        buffer_append_format(explanation->text, "%06zx  *** BAD_VALUE in rop_size (MS-OXCROPS 2.2.1): no well-formed ROP list and handle table\n", base);
        return false;
    }
    buffer_append_format(explanation->text, "%06zx    rop_size  %zu\n", base, ret_rops->size + 2);
    return true;
}

static bool explain_requests(const struct explanation *explanation, struct bytes payload, size_t base)
{
    struct bytes rops;
    uint32_t *handles, handle_count, index = 0;
    if (!split(explanation, payload, base, &rops, &handles, &handle_count))
        return false;
    struct rop_logon_kinds kinds = explanation->session->logons;
    for (; rops.size; index++) {
        size_t offset = base + (size_t)(rops.data - payload.data);
        struct rop_request request;
        struct wire_error error;
        struct wire_context context = { .public_logon = rops.size > 1 && kinds.public_bits[rops.data[1] / 8] >> rops.data[1] % 8 & 1 };
        if (!rop_request_decode(explanation->arena, &rops, &kinds, &request, &error))
            return say_error(explanation, &error, offset);
        const struct wire_structure *structure = rop_definitions[request.rop_id]->request;
        explain_request_head(explanation, &request, index, offset);
        size_t header = 3 + (rop_definitions[request.rop_id]->handles != ROP_HANDLES_IN && rop_definitions[request.rop_id]->handles != ROP_HANDLES_OUT);
        if (!explain_structure(explanation, structure, bytes_of(request.bytes.data + header, request.bytes.size - header), &context, offset + header, INDENT + 2))
            return false;
    }
    explain_handles(explanation, handles, handle_count, base + (size_t)(rops.data - payload.data));
    struct rop_request_list list;
    struct explain_session *session = explanation->session;
    arena_reset(&session->arena);
    struct bytes kept = arena_bytes(&session->arena, payload);
    session->has_requests = kept.data && rop_requests_decode(&session->arena, kept, &session->logons, &list, NULL);
    if (session->has_requests)
        session->requests = list;
    return true;
}

static bool explain_one_response(const struct explanation *explanation, const struct rop_response *response, uint32_t index, size_t offset)
{
    enum { FRAME_SIZE = 6 };
    const struct rop_definition *definition = rop_definitions[response->rop_id];
    bool framed = definition->handles != ROP_HANDLES_NONE;
    const struct wire_structure *structure = framed ? rop_response_structure(definition, response->return_value) : definition->success;
    buffer_append_format(explanation->text, "%06zx    rop[%" PRIu32 "] 0x%02X %s response (%s)", offset, index, response->bytes.data[0], definition->spec_name, definition->section);
    if (framed) {
        const char *name = error_code_name(response->return_value);
        buffer_append_format(explanation->text, "  handle %u return value 0x%08" PRIX32 "%s%s", response->handle_index, response->return_value, name ? " " : "", name ? name : "");
    }
    if (framed && response->request < 0)
        buffer_append_string(explanation->text, "  (its request is not known)");
    buffer_append_u8(explanation->text, '\n');
    if (!structure)
        return true;
    size_t header = framed ? FRAME_SIZE : 1;
    struct wire_context context = { .columns = response->columns, .return_value = response->return_value };
    return explain_structure(explanation, structure, bytes_of(response->bytes.data + header, response->bytes.size - header), &context, offset + header, INDENT + 2);
}

/* Reads as far as it goes: responses before one that cannot be read are still explained. */
static bool explain_responses(const struct explanation *explanation, struct bytes payload, size_t base)
{
    struct explain_session *session = explanation->session;
    struct rop_response_list list = { 0 };
    struct wire_error error;
    struct bytes rops;
    uint32_t *handles, handle_count;
    if (!split(explanation, payload, base, &rops, &handles, &handle_count))
        return false;
    const struct rop_request_list *requests = session->has_requests ? &session->requests : NULL;
    bool done = rop_responses_read(explanation->arena, payload, requests, &session->columns, &list, &error);
    for (uint32_t i = 0; i < list.count; i++)
        if (!explain_one_response(explanation, &list.responses[i], i, base + (size_t)(list.responses[i].bytes.data - payload.data)))
            return false;
    if (!done) {
        say_error(explanation, &error, base);
        if (error.status == WIRE_NO_COLUMNS)
            buffer_append_string(explanation->text, "        Rows can be read only with the columns that were set: give the requests that came before (--request-file).\n");
        return false;
    }
    explain_handles(explanation, handles, handle_count, base + (size_t)(rops.data - payload.data) + rops.size);
    return true;
}

static bool explain_rop_buffer(const struct explanation *explanation, struct bytes bytes, size_t base, bool is_response)
{
    struct extended_units units;
    buffer_append_format(explanation->text, "%06zx  ROP buffer (MS-OXCROPS 2.2.1)\n", base);
    if (!read_units(explanation, bytes, base, &units))
        return false;
    for (uint32_t i = 0; i < units.count; i++) {
        size_t inside = unit_base(explanation, &units.units[i], base);
        bool done = is_response ? explain_responses(explanation, units.units[i].payload, inside)
                                : explain_requests(explanation, units.units[i].payload, inside);
        if (!done)
            return false;
    }
    return true;
}

/* The members that hold bodies of their own, found by name: rop_buffer and auxiliary_buffer. */
static struct bytes inner(const struct wire_structure *structure, const void *object, const char *name)
{
    struct bytes found = BYTES_NONE;
    for (uint16_t i = 0; i < structure->field_count; i++)
        if (structure->fields[i].name && !strcmp(structure->fields[i].name, name))
            memcpy(&found, (const uint8_t *)object + structure->fields[i].offset, sizeof found);
    return found;
}

static bool explain_body(struct explain_session *session, const struct wire_structure *structure, struct bytes body, size_t base, bool is_response, struct buffer *text)
{
    struct arena arena = { 0 };
    struct explanation explanation = { &arena, session, text };
    buffer_append_format(text, "%06zx  %s (%s)\n", base, structure->name, structure->section);
    bool done = explain_structure(&explanation, structure, body, NULL, base, INDENT);
    void *object = done ? arena_allocate(&arena, structure->size) : NULL;
    done = done && object && wire_decode(&arena, structure, body, NULL, object, NULL);
    if (done) {
        struct bytes rops = inner(structure, object, "rop_buffer"), auxiliary = inner(structure, object, "auxiliary_buffer");
        if (rops.size)
            done = explain_rop_buffer(&explanation, rops, base + (size_t)(rops.data - body.data), is_response);
        if (auxiliary.size)
            done = explain_auxiliary(&explanation, auxiliary, base + (size_t)(auxiliary.data - body.data)) && done;
    }
    arena_free(&arena);
    return done;
}

bool explain_request(struct explain_session *session, const struct body_definition *definition, struct bytes body, size_t base, struct buffer *text)
{
    return explain_body(session, definition->request, body, base, false, text);
}

bool explain_response(struct explain_session *session, const struct body_definition *definition, struct bytes body, size_t base, struct buffer *text)
{
    bool failed = body.size >= 4 && load_u32(body.data) != 0;
    return explain_body(session, failed ? &failure_response_structure : definition->success, body, base, true, text);
}

/* How well the bytes fit: 0 not at all; more for bodies whose content says more about itself. */
static unsigned fits(const struct wire_structure *structure, struct bytes body)
{
    struct arena arena = { 0 };
    unsigned points = 0;
    void *object = arena_allocate(&arena, structure->size);
    if (object && wire_decode(&arena, structure, body, NULL, object, NULL)) {
        struct bytes rops = inner(structure, object, "rop_buffer"), auxiliary = inner(structure, object, "auxiliary_buffer");
        struct extended_units units;
        struct auxiliary_items items;
        points = 1;
        if (auxiliary.size)
            points = auxiliary_read(&arena, auxiliary, &items) ? 3 : 0;
        if (points && rops.size)
            points = extended_buffer_read(&arena, rops, &units, NULL) ? points + 3 : 0;
    }
    arena_free(&arena);
    return points;
}

const struct body_definition *explain_guess(struct bytes body, bool is_response)
{
    const struct body_definition *best = NULL;
    unsigned best_points = 0;
    for (uint32_t i = 0; i < body_definition_count; i++) {
        const struct body_definition *definition = &body_definitions[i];
        unsigned points = fits(is_response ? definition->success : definition->request, body);
        if (points > best_points) {
            best = definition;
            best_points = points;
        }
    }
    if (!best && is_response && fits(&failure_response_structure, body))
        best = &body_definitions[0];
    return best;
}
