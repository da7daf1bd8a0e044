/* Exchanges whose answer is a file. */
#include "http/exchange.h"

#include <fcntl.h>
#include <unistd.h>

#include "http/connection.h"

#define FILE_PIECE_SIZE 131072u
#define READ_AHEAD_SIZE (1u << 20)

bool exchange_read_file(struct http_exchange *exchange)
{
    uint64_t left = exchange->file_left;
    struct buffer piece = {0};
    uint8_t *place = buffer_extend(&piece, left < FILE_PIECE_SIZE ? left : FILE_PIECE_SIZE);
    ssize_t size = place ? pread(exchange->file_fd, place, piece.size, (off_t)exchange->file_offset) : -1;
    if (size <= 0) { /* it has become shorter, or the disk fails */
        buffer_free(&piece);
        return false;
    }
    piece.size = (size_t)size;
    exchange->file_offset += (uint64_t)size;
    exchange->file_left -= (uint64_t)size;
    /* What comes next shall be in memory when it is wanted: the loop must not wait for a disk. */
    (void)posix_fadvise(exchange->file_fd, (off_t)exchange->file_offset, READ_AHEAD_SIZE, POSIX_FADV_WILLNEED);
    output_take(&exchange->connection->output, &piece);
    return true;
}
