/* Looking into a request. */
#include <string.h>
#include <strings.h>

#include "http/character.h"
#include "http/exchange.h"

struct http_header http_request_header_at(const struct http_request *request, unsigned index)
{
    const struct http_incoming *incoming = container_of((struct http_request *)request, struct http_incoming, request);
    const struct http_parser *parser = &incoming->parser;
    if (index >= parser->field_count)
        return (struct http_header){"", "", 0, 0};
    const struct http_field *field = &parser->fields[index];
    const char *head = (const char *)parser->head.data;
    return (struct http_header){head + field->name, head + field->value, field->name_size, field->value_size};
}

const char *http_request_header_next(const struct http_request *request, const char *name, unsigned *index)
{
    size_t name_size = strlen(name);
    while (*index < request->header_count) {
        struct http_header header = http_request_header_at(request, (*index)++);
        if (header.name_size == name_size && strcasecmp(header.name, name) == 0)
            return header.value;
    }
    return NULL;
}

const char *http_request_header(const struct http_request *request, const char *name)
{
    unsigned index = 0;
    return http_request_header_next(request, name, &index);
}

size_t http_query_decode(const char *text, size_t size, char *out, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t octet = (uint8_t)text[i];
        if (octet == '+') {
            octet = ' ';
        } else if (octet == '%') {
            int high = i + 2 < size ? http_hex_digit((uint8_t)text[i + 1]) : -1;
            int low = i + 2 < size ? http_hex_digit((uint8_t)text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high | low) == 0)
                return SIZE_MAX;
            octet = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (used + 1 >= room)
            return SIZE_MAX;
        out[used++] = (char)octet;
    }
    out[used] = 0;
    return used;
}

bool http_query_value(const char *query, const char *name, char *ret_value, size_t ret_size)
{
    size_t name_size = strlen(name);
    while (*query) {
        size_t size = strcspn(query, "&");
        if (size > name_size && query[name_size] == '=' && strncasecmp(query, name, name_size) == 0) {
            char decoded[HTTP_REQUEST_LINE_SIZE_MAX];
            size_t room = ret_size < sizeof decoded ? ret_size : sizeof decoded;
            size_t decoded_size = http_query_decode(query + name_size + 1, size - name_size - 1, decoded, room);
            if (decoded_size == SIZE_MAX)
                return false;
            memcpy(ret_value, decoded, decoded_size + 1);
            return true;
        }
        query += size + (query[size] == '&');
    }
    return false;
}
