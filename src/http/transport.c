#include "http/transport.h"

#include <errno.h>
#include <linux/sockios.h>
#include <openssl/err.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECES_MAX 8u

static enum transport_status tls_status(SSL *tls, int result)
{
    int system_error = errno;
    switch (SSL_get_error(tls, result)) {
    case SSL_ERROR_WANT_READ:
        return TRANSPORT_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TRANSPORT_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TRANSPORT_CLOSED;
    case SSL_ERROR_SYSCALL:
        ERR_clear_error();
        return system_error == 0 ? TRANSPORT_CLOSED : TRANSPORT_BROKEN;
    default: {
        /* A FIN without close_notify: HTTP messages know their own ends. */
        bool unexpected_end = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
        ERR_clear_error();
        return unexpected_end ? TRANSPORT_CLOSED : TRANSPORT_BROKEN;
    }
    }
}

enum transport_status transport_handshake(struct http_transport *transport)
{
    if (!transport->tls)
        return TRANSPORT_DONE;
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(transport->tls);
    if (result == 1)
        return TRANSPORT_DONE;
    enum transport_status status = tls_status(transport->tls, result);
    return status == TRANSPORT_CLOSED ? TRANSPORT_BROKEN : status;
}

static enum transport_status plain_read(int fd, void *data, size_t size, size_t *ret_size)
{
    ssize_t result;
    do
        result = recv(fd, data, size, 0);
    while (result < 0 && errno == EINTR);
    if (result > 0) {
        *ret_size = (size_t)result;
        return TRANSPORT_DONE;
    }
    if (result == 0)
        return TRANSPORT_CLOSED;
    return errno == EAGAIN || errno == EWOULDBLOCK ? TRANSPORT_WANT_READ : TRANSPORT_BROKEN;
}

enum transport_status transport_read(struct http_transport *transport, void *data, size_t size, size_t *ret_size,
    bool *ret_more)
{
    *ret_more = false;
    if (!transport->tls)
        return plain_read(transport->fd, data, size, ret_size);
    ERR_clear_error();
    errno = 0;
    int result = SSL_read_ex(transport->tls, data, size, ret_size);
    if (result != 1)
        return tls_status(transport->tls, result);
    *ret_more = SSL_has_pending(transport->tls);
    return TRANSPORT_DONE;
}

static enum transport_status plain_send(int fd, struct output *output)
{
    while (output->size) {
        struct iovec pieces[PIECES_MAX];
        struct msghdr message = {.msg_iov = pieces, .msg_iovlen = output_pieces(output, pieces, PIECES_MAX)};
        ssize_t result = message.msg_iovlen == 1 ? send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                                                 : sendmsg(fd, &message, MSG_NOSIGNAL);
        if (result >= 0)
            output_consume(output, (size_t)result);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return TRANSPORT_WANT_WRITE;
        else if (errno != EINTR)
            return TRANSPORT_BROKEN;
    }
    return TRANSPORT_DONE;
}

enum transport_status transport_send(struct http_transport *transport, struct output *output)
{
    if (!transport->tls)
        return plain_send(transport->fd, output);
    while (output->size) {
        struct iovec piece;
        size_t sent = 0;
        output_pieces(output, &piece, 1);
        ERR_clear_error();
        errno = 0;
        int result = SSL_write_ex(transport->tls, piece.iov_base, piece.iov_len, &sent);
        if (result != 1)
            return tls_status(transport->tls, result);
        output_consume(output, sent);
    }
    return TRANSPORT_DONE;
}

uint64_t transport_sent_size(const struct http_transport *transport, uint64_t plain_sent_size)
{
    return transport->tls ? BIO_number_written(SSL_get_wbio(transport->tls)) : plain_sent_size;
}

uint64_t transport_unacknowledged_size(int fd)
{
    int size = 0;
    if (ioctl(fd, SIOCOUTQ, &size) < 0)
        return 0; /* not a TCP socket */
    return (uint64_t)size;
}

void transport_finish(struct http_transport *transport)
{
    ERR_clear_error();
    if (transport->tls && SSL_is_init_finished(transport->tls))
        SSL_shutdown(transport->tls);
    ERR_clear_error();
    shutdown(transport->fd, SHUT_WR);
}

void transport_close(struct http_transport *transport)
{
    if (transport->tls)
        SSL_free(transport->tls);
    transport->tls = NULL;
    if (transport->fd >= 0)
        close(transport->fd);
    transport->fd = -1;
}
