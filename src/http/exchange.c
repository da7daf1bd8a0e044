/* Exchanges: the answering side of http.h. */
#include "http/connection.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE_KEPT_MAX 4096u
#define ARENA_FIRST_SIZE 976u /* what a parked wait keeps beside its exchange fits, and 10,000 of them in 10 MB */

/* --- life --- */

static void buffer_recycle(struct buffer *buffer)
{
    if (buffer->capacity > BUFFER_SIZE_KEPT_MAX)
        buffer_free(buffer);
    buffer_clear(buffer);
}

static struct http_exchange *exchange_allocate(struct http_home *home)
{
    struct http_exchange *exchange = calloc(1, sizeof *exchange);
    struct http_incoming *incoming = calloc(1, sizeof *incoming);
    if (!exchange || !incoming) {
        free(exchange);
        free(incoming);
        return NULL;
    }
    http_parser_start(&incoming->parser, &HTTP_PARSER_LIMITS_DEFAULT);
    exchange->home = home;
    exchange->incoming = incoming;
    return exchange;
}

struct http_exchange *exchange_new(struct http_home *home, struct http_connection *connection)
{
    struct http_exchange *exchange = home->spare;
    home->spare = NULL;
    if (!exchange)
        exchange = exchange_allocate(home);
    if (!exchange)
        return NULL;
    exchange->connection = connection;
    exchange->arena.first_size = ARENA_FIRST_SIZE;
    exchange->status = 200;
    exchange->minor_version = 1;
    memcpy(exchange->incoming->peer, connection->peer, sizeof connection->peer);
    return exchange;
}

void http_exchange_forget_request(struct http_exchange *exchange)
{
    struct http_incoming *incoming = exchange->incoming;
    if (!incoming)
        return;
    http_parser_free(&incoming->parser);
    buffer_free(&incoming->body);
    free(incoming);
    exchange->incoming = NULL;
}

static void exchange_release(struct http_exchange *exchange)
{
    http_exchange_forget_request(exchange);
    buffer_free(&exchange->fields);
    buffer_free(&exchange->whole);
    free(exchange);
}

void exchange_free_spare(struct http_home *home)
{
    if (home->spare)
        exchange_release(home->spare);
    home->spare = NULL;
}

static void exchange_free(struct http_exchange *exchange)
{
    struct http_home *home = exchange->home;
    struct http_incoming *incoming = exchange->incoming;
    arena_free(&exchange->arena);
    output_free(&exchange->outbox);
    if (home->spare || !incoming) {
        exchange_release(exchange);
        return;
    }
    http_parser_restart(&incoming->parser);
    buffer_recycle(&incoming->body);
    buffer_recycle(&exchange->fields);
    buffer_recycle(&exchange->whole);
    struct buffer fields = exchange->fields, whole = exchange->whole;
    memset(exchange, 0, sizeof *exchange);
    exchange->home = home;
    exchange->incoming = incoming;
    exchange->fields = fields;
    exchange->whole = whole;
    home->spare = exchange;
}

void exchange_end(struct http_exchange *exchange, enum http_ending ending)
{
    exchange->connection = NULL;
    if (exchange->delivery)
        delivery_settle(exchange->delivery, HTTP_DELIVERY_LOST);
    exchange->delivery = NULL;
    if (exchange->running)
        atomic_fetch_sub_explicit(&exchange->home->running_count, 1, memory_order_relaxed);
    if (exchange->callbacks.ended)
        exchange->callbacks.ended(exchange, ending, exchange->callbacks.argument);
    if (exchange->has_file)
        close(exchange->file_fd);
    exchange_free(exchange);
}

void exchange_fill_request(struct http_exchange *exchange)
{
    struct http_incoming *incoming = exchange->incoming;
    const struct http_parser *parser = &incoming->parser;
    const char *head = (const char *)parser->head.data;
    exchange->minor_version = parser->minor_version;
    exchange->without_body = parser->method == HTTP_METHOD_HEAD;
    exchange->keep_alive = parser->keep_alive;
    incoming->request = (struct http_request){
        .method = parser->method,
        .minor_version = parser->minor_version,
        .method_name = head + parser->method_name,
        .target = head + parser->target,
        .path = head + parser->path,
        .query = head + parser->query,
        .host = head + parser->host,
        .header_count = parser->field_count,
        .tls = exchange->connection->transport.tls != NULL,
        .body = buffer_bytes(&incoming->body),
    };
}

void http_exchange_set_callbacks(struct http_exchange *exchange, const struct http_exchange_callbacks *callbacks)
{
    exchange->callbacks = *callbacks;
}

/* --- the head of the answer --- */

void http_answer_status(struct http_exchange *exchange, unsigned status)
{
    assert(status >= 200 && status <= 599 && !exchange->begun);
    exchange->status = (uint16_t)status;
}

static void append_checked(struct buffer *fields, const char *text)
{
    assert(!text[strcspn(text, "\r\n")]); /* a line of our own must not become two */
    buffer_append_string(fields, text);
}

void http_answer_header(struct http_exchange *exchange, const char *name, const char *value)
{
    assert(!exchange->begun);
    append_checked(&exchange->fields, name);
    buffer_append(&exchange->fields, ": ", 2);
    append_checked(&exchange->fields, value);
    buffer_append(&exchange->fields, "\r\n", 2);
}

void http_answer_header_format(struct http_exchange *exchange, const char *name, const char *format, ...)
{
    char value[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    assert(size >= 0 && (size_t)size < sizeof value); /* longer values: http_answer_header */
    http_answer_header(exchange, name, value);
}

void http_answer_close(struct http_exchange *exchange)
{
    exchange->close = true;
}

const char *http_status_text(unsigned status)
{
    static const struct {
        uint16_t status;
        const char *text;
    } texts[] = {
        {200, "OK"}, {204, "No Content"}, {206, "Partial Content"}, {301, "Moved Permanently"}, {302, "Found"}, {304, "Not Modified"},
        {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"},
        {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"},
        {411, "Length Required"}, {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"}, {417, "Expectation Failed"}, {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"}, {501, "Not Implemented"}, {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "";
}

/* The Date field's value, made once a second (RFC 9110 6.6.1). */
static const char *home_date(struct http_home *home)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != home->date_s) {
        struct tm parts;
        gmtime_r(&now.tv_sec, &parts);
        static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
            "Dec"}; /* strftime would follow the locale */
        snprintf(home->date, sizeof home->date, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday],
            parts.tm_mday, months[parts.tm_mon], (parts.tm_year + 1900) % 10000, parts.tm_hour, parts.tm_min, parts.tm_sec);
        home->date_s = now.tv_sec;
    }
    return home->date;
}

static char *put(char *place, const void *data, size_t size)
{
    memcpy(place, data, size);
    return place + size;
}
#define PUT_LITERAL(place, literal) put((place), (literal), sizeof(literal) - 1)

static char *put_number(char *place, size_t number)
{
    char digits[20];
    unsigned count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count)
        *place++ = digits[--count];
    return place;
}

void exchange_emit_head(struct http_exchange *exchange, struct output *output, bool keep_alive, bool chunked)
{
    const char *status_text = http_status_text(exchange->status);
    const char *date = home_date(exchange->home);
    char line[256]; /* all but the handler's fields: at most 150 bytes */
    char *place = PUT_LITERAL(line, "HTTP/1.1 ");
    place = put_number(place, exchange->status);
    *place++ = ' ';
    place = put(place, status_text, strlen(status_text));
    place = PUT_LITERAL(place, "\r\nDate: ");
    place = put(place, date, strlen(date));
    place = PUT_LITERAL(place, "\r\n");
    if (chunked && exchange->minor_version > 0) {
        place = PUT_LITERAL(place, "Transfer-Encoding: chunked\r\n");
    } else if (!chunked && exchange->status != 204 && exchange->status != 304) {
        place = PUT_LITERAL(place, "Content-Length: ");
        place = put_number(place, exchange->has_file ? exchange->file_left : exchange->whole.size);
        place = PUT_LITERAL(place, "\r\n");
    }
    if (!keep_alive)
        place = PUT_LITERAL(place, "Connection: close\r\n");
    else if (exchange->minor_version == 0)
        place = PUT_LITERAL(place, "Connection: keep-alive\r\n");
    size_t line_size = (size_t)(place - line);
    size_t fields_size = exchange->fields.size;
    uint8_t *out = output_extend(output, line_size + fields_size + 2);
    output->failed |= exchange->fields.failed;
    if (out) {
        memcpy(out, line, line_size);
        if (fields_size)
            memcpy(out + line_size, exchange->fields.data, fields_size);
        memcpy(out + line_size + fields_size, "\r\n", 2);
    }
    exchange->head_sent = true;
}

/* --- loop side: from what the holder has said to the connection --- */

/* Whether another request may follow on the connection. */
static bool keeps_alive(const struct http_exchange *exchange, bool chunked)
{
    return exchange->keep_alive && !exchange->close && !exchange->connection->closing
        && !(chunked && exchange->minor_version == 0);
}

static void emit_chunked_head(struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    bool keep_alive = keeps_alive(exchange, true);
    connection->closing |= !keep_alive;
    exchange_emit_head(exchange, &connection->output, keep_alive, true);
    buffer_free(&exchange->fields);
}

static void append_chunk(const struct http_exchange *exchange, struct output *output, struct bytes chunk)
{
    if (exchange->without_body || chunk.size == 0)
        return;
    if (exchange->minor_version == 0) {
        output_append(output, chunk.data, chunk.size);
        return;
    }
    char size_line[24];
    int size = snprintf(size_line, sizeof size_line, "%zx\r\n", chunk.size);
    uint8_t *out = output_extend(output, (size_t)size + chunk.size + 2);
    if (!out)
        return;
    memcpy(out, size_line, (size_t)size);
    memcpy(out + size, chunk.data, chunk.size);
    memcpy(out + (size_t)size + chunk.size, "\r\n", 2);
}

static void finish_on_loop(struct http_exchange *exchange, enum exchange_finish finish)
{
    struct http_connection *connection = exchange->connection;
    if (!connection) {
        exchange_end(exchange, HTTP_ENDING_BROKEN);
        return;
    }
    connection_enter(connection);
    if (finish == FINISH_ABORT) {
        connection->exchange = NULL;
        connection_close(connection, CAUSE_RESET);
        exchange_end(exchange, HTTP_ENDING_BROKEN);
    } else {
        if (finish == FINISH_WHOLE) {
            bool keep_alive = keeps_alive(exchange, false);
            connection->closing |= !keep_alive;
            exchange_emit_head(exchange, &connection->output, keep_alive, false);
            if (exchange->without_body)
                exchange->file_left = 0;
            else
                output_take(&connection->output, &exchange->whole);
            connection->output.failed |= exchange->whole.failed;
        } else {
            if (!exchange->head_sent)
                emit_chunked_head(exchange);
            if (!exchange->without_body && exchange->minor_version > 0)
                output_append(&connection->output, "0\r\n\r\n", 5);
        }
        connection_answered(connection);
    }
    connection_leave(connection);
}

void exchange_repeat(struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    append_chunk(exchange, &connection->output, bytes_of_string(exchange->repeat_text));
    connection_flush(connection);
}

static void exchange_set_repeat(struct http_exchange *exchange, const char *text, uint32_t period_ms)
{
    exchange->repeat_text = text;
    exchange->repeat_ms = period_ms;
}

/* Has the connection set its deadline anew. */
static void exchange_look_again(struct http_exchange *exchange)
{
    struct http_connection *connection = exchange->connection;
    if (!connection)
        return;
    connection_enter(connection);
    connection_leave(connection);
}

static void send_outbox(struct http_exchange *exchange, struct output *outbox, bool flush)
{
    struct http_connection *connection = exchange->connection;
    if (!connection) {
        output_free(outbox);
        return;
    }
    connection_enter(connection);
    if (!exchange->head_sent)
        emit_chunked_head(exchange);
    output_splice(&connection->output, outbox);
    if (flush)
        connection_flush(connection);
    connection_leave(connection);
}

/* What other threads, or the end of the connection, have left for the loop. */
static void exchange_run_task(struct loop_task *task)
{
    struct http_exchange *exchange = container_of(task, struct http_exchange, task);
    struct output outbox = {0};
    pthread_mutex_lock(&exchange->home->lock);
    output_splice(&outbox, &exchange->outbox);
    enum exchange_finish finish = exchange->finish;
    bool repeat = exchange->repeat_ms_new > 0;
    if (repeat)
        exchange_set_repeat(exchange, exchange->repeat_text_new, exchange->repeat_ms_new);
    exchange->repeat_ms_new = 0;
    bool broken = exchange->break_notice;
    exchange->break_notice = exchange->posted = false;
    pthread_mutex_unlock(&exchange->home->lock);
    if (outbox.first || outbox.failed)
        send_outbox(exchange, &outbox, finish == FINISH_NOT_YET);
    if (finish != FINISH_NOT_YET) { /* nobody holds it any more */
        finish_on_loop(exchange, finish);
        return;
    }
    if (repeat)
        exchange_look_again(exchange);
    if (broken && !exchange->notified) {
        exchange->notified = true;
        if (exchange->callbacks.broken) /* may finish the exchange: the last thing here */
            exchange->callbacks.broken(exchange, exchange->callbacks.argument);
    }
}

/* With home->lock. */
static void post_locked(struct http_exchange *exchange)
{
    if (!exchange->posted) {
        exchange->posted = true;
        exchange->task.run = exchange_run_task;
        loop_post(exchange->home->loop, &exchange->task);
    }
}

void exchange_notify_broken(struct http_exchange *exchange)
{
    pthread_mutex_lock(&exchange->home->lock);
    if (exchange->finish == FINISH_NOT_YET) {
        exchange->break_notice = true;
        post_locked(exchange);
    }
    pthread_mutex_unlock(&exchange->home->lock);
}

/* --- the holder's side --- */

/* True when the caller is on the loop thread and nothing posted is still to come: it may go ahead. Otherwise the lock is
 * taken for it to leave its wish. */
static bool direct_or_lock(struct http_exchange *exchange)
{
    if (loop_is_current(exchange->home->loop)) {
        pthread_mutex_lock(&exchange->home->lock);
        if (!exchange->posted) {
            pthread_mutex_unlock(&exchange->home->lock);
            return true;
        }
        return false;
    }
    pthread_mutex_lock(&exchange->home->lock);
    return false;
}

static void answer_finish(struct http_exchange *exchange, enum exchange_finish finish)
{
    if (direct_or_lock(exchange)) {
        finish_on_loop(exchange, finish);
        return;
    }
    struct http_home *home = exchange->home;
    exchange->finish = finish;
    post_locked(exchange);
    pthread_mutex_unlock(&home->lock);
}

void http_answer_whole(struct http_exchange *exchange, struct bytes body)
{
    assert(!exchange->begun);
    buffer_append(&exchange->whole, body.data, body.size);
    answer_finish(exchange, FINISH_WHOLE);
}

void http_answer_take(struct http_exchange *exchange, struct buffer *body)
{
    assert(!exchange->begun);
    buffer_free(&exchange->whole);
    exchange->whole = *body;
    *body = (struct buffer){.size_max = body->size_max};
    answer_finish(exchange, FINISH_WHOLE);
}

void http_answer_file(struct http_exchange *exchange, int fd, uint64_t offset, uint64_t size)
{
    assert(!exchange->begun);
    exchange->has_file = true;
    exchange->file_fd = fd;
    exchange->file_offset = offset;
    exchange->file_left = size;
    answer_finish(exchange, FINISH_WHOLE);
}

bool http_answer_write(struct http_exchange *exchange, struct bytes chunk)
{
    exchange->begun = true;
    if (atomic_load_explicit(&exchange->gone, memory_order_relaxed))
        return false;
    atomic_fetch_add_explicit(&exchange->unsent, chunk.size, memory_order_relaxed);
    if (direct_or_lock(exchange)) {
        struct http_connection *connection = exchange->connection;
        if (!connection)
            return false;
        connection_enter(connection);
        if (!exchange->head_sent)
            emit_chunked_head(exchange);
        append_chunk(exchange, &connection->output, chunk);
        connection_flush(connection);
        connection_leave(connection);
        return !atomic_load_explicit(&exchange->gone, memory_order_relaxed);
    }
    append_chunk(exchange, &exchange->outbox, chunk);
    post_locked(exchange);
    pthread_mutex_unlock(&exchange->home->lock);
    return true;
}

bool http_answer_must_wait(struct http_exchange *exchange)
{
    if (atomic_load_explicit(&exchange->unsent, memory_order_relaxed) <= HTTP_OUTPUT_SIZE_MAX)
        return false;
    /* In this order, as the loop stores 'unsent' before it looks at 'waits': one of both sees what the other did. */
    atomic_store(&exchange->waits, true);
    return atomic_load(&exchange->unsent) > HTTP_OUTPUT_SIZE_MAX;
}

void http_answer_repeat(struct http_exchange *exchange, const char *text, uint32_t period_ms)
{
    assert(exchange->begun && period_ms > 0);
    if (direct_or_lock(exchange)) {
        exchange_set_repeat(exchange, text, period_ms);
        exchange_look_again(exchange);
        return;
    }
    exchange->repeat_text_new = text;
    exchange->repeat_ms_new = period_ms;
    post_locked(exchange);
    pthread_mutex_unlock(&exchange->home->lock);
}

void http_answer_finish(struct http_exchange *exchange)
{
    answer_finish(exchange, FINISH_CHUNKED);
}

void http_answer_abort(struct http_exchange *exchange)
{
    answer_finish(exchange, FINISH_ABORT);
}

void http_answer_error(struct http_exchange *exchange, unsigned status, const char *text)
{
    char page[512];
    http_answer_status(exchange, status);
    http_answer_header(exchange, "Content-Type", "text/plain; charset=utf-8");
    int size = snprintf(page, sizeof page, "%u %s: %s\n", status, http_status_text(status), text);
    http_answer_whole(exchange, bytes_of(page, (size_t)size < sizeof page ? (size_t)size : sizeof page - 1));
}
