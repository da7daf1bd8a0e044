/* The life of the process, from outside: start, reload, stop, and what it says to the service manager. Each test runs the
 * server in a child process. Also supervisor.c and privileges.c. */
#include "server/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "http/certificate.h"

#define TIMEOUT_MS 10000

struct server_process {
    char folder[32];
    char config_path[64], log_path[64], notify_path[64];
    char certificate_path[64], key_path[64];
    uint16_t port, tls_port;
    int notify_fd;
    pid_t pid;
};

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void write_config(const struct server_process *server, const char *more)
{
    FILE *file = fopen(server->config_path, "w");
    assert_non_null(file);
    fprintf(file, "[server]\ndata = %s\nshutdown_timeout = 3s\n[http]\nlisten = 127.0.0.1:%u plain\nlisten = 127.0.0.1:%u tls\n"
                  "[tls]\ncertificate = %s\nkey = %s\n%s\n",
        server->folder, server->port, server->tls_port, server->certificate_path, server->key_path, more);
    fclose(file);
}

static void server_prepare(struct server_process *server)
{
    char error[256];
    const char *names[] = {"localhost"};
    *server = (struct server_process){.folder = "/tmp/mapihttp-process-XXXXXX"};
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->config_path, sizeof server->config_path, "%s/conf", server->folder);
    snprintf(server->log_path, sizeof server->log_path, "%s/log", server->folder);
    snprintf(server->notify_path, sizeof server->notify_path, "%s/notify", server->folder);
    snprintf(server->certificate_path, sizeof server->certificate_path, "%s/certificate.pem", server->folder);
    snprintf(server->key_path, sizeof server->key_path, "%s/key.pem", server->folder);
    assert_true(certificate_make(names, 1, 10, server->certificate_path, server->key_path, error, sizeof error));
    server->port = free_port();
    server->tls_port = free_port();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", server->notify_path);
    server->notify_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(server->notify_fd, (struct sockaddr *)&address, sizeof address), 0);
    struct timeval timeout = {TIMEOUT_MS / 1000, 0};
    setsockopt(server->notify_fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    write_config(server, "");
}

static void server_start(struct server_process *server)
{
    fflush(NULL);
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid > 0)
        return;
    alarm(60); /* should the test be gone by then */
    int log = open(server->log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(log, STDERR_FILENO);
    setenv("NOTIFY_SOCKET", server->notify_path, 1);
    struct config *config;
    struct config_error error;
    if (!config_read(server->config_path, &config, &error)) {
        log_error("%s", error.text);
        _exit(99);
    }
    _exit(process_run(server->config_path, config));
}

/* The next message to the service manager. */
static void expect_notice(struct server_process *server, const char *expected)
{
    char text[256];
    ssize_t size = recv(server->notify_fd, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = 0;
    if (size < 0)
        fail_msg("no message in time; expected %s", expected);
    if (strncmp(text, expected, strlen(expected)) != 0)
        fail_msg("'%s', not '%s'", text, expected);
}

static int server_wait(struct server_process *server)
{
    int status = 0;
    for (int i = 0; i < TIMEOUT_MS / 10; i++) {
        if (waitpid(server->pid, &status, WNOHANG) == server->pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
        usleep(10000);
    }
    kill(server->pid, SIGKILL);
    fail_msg("the server did not end");
    return -1;
}

static char *server_log(const struct server_process *server)
{
    static char text[65536];
    FILE *file = fopen(server->log_path, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = 0;
    fclose(file);
    return text;
}

#define assert_logged(server, part)                                                     \
    do {                                                                                \
        if (!strstr(server_log(server), part))                                          \
            fail_msg("'%s' is not in the log: %s", part, server_log(server));           \
    } while (0)

static void server_clean_up(struct server_process *server)
{
    char command[128];
    close(server->notify_fd);
    snprintf(command, sizeof command, "rm -rf '%s'", server->folder);
    assert_int_equal(system(command), 0);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval timeout = {TIMEOUT_MS / 1000, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void expect_answer(int fd, const char *expected)
{
    static const char request[] = "GET /there-is-no-such-thing HTTP/1.1\r\nHost: a\r\n\r\n";
    char answer[1024];
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    ssize_t size = recv(fd, answer, sizeof answer - 1, 0);
    assert_true(size >= 0);
    answer[size] = 0;
    if (strncmp(answer, expected, strlen(expected)) != 0)
        fail_msg("'%s', not '%s'", answer, expected);
}

static void starts_and_stops(void **state)
{
    struct server_process server;
    server_prepare(&server);
    server_start(&server);
    expect_notice(&server, "READY=1");
    int fd = connect_to(server.port);
    expect_answer(fd, "HTTP/1.1 404 ");
    kill(server.pid, SIGTERM);
    expect_notice(&server, "STOPPING=1");
    assert_int_equal(server_wait(&server), 0); /* the idle connection does not hold it up */
    char octet;
    assert_int_equal(recv(fd, &octet, 1, 0), 0);
    close(fd);
    assert_logged(&server, "info stopped");
    assert_int_equal(connect_to(server.port), -1);
    server_clean_up(&server);
}

/* A request that is only half there holds the stop up until the time is over; a second signal ends that. */
static void stops_at_once_on_a_second_signal(void **state)
{
    struct server_process server;
    server_prepare(&server);
    write_config(&server, "[server]\nlog_level = info\n");
    server_start(&server);
    expect_notice(&server, "READY=1");
    int fd = connect_to(server.port);
    assert_int_equal(send(fd, "POST / HTTP/1.1\r\n", 17, MSG_NOSIGNAL), 17);
    usleep(50000);
    kill(server.pid, SIGINT);
    expect_notice(&server, "STOPPING=1");
    usleep(100000);
    int status;
    assert_int_equal(waitpid(server.pid, &status, WNOHANG), 0);
    kill(server.pid, SIGTERM);
    assert_int_equal(server_wait(&server), 0);
    assert_logged(&server, "stopping at once");
    close(fd);
    server_clean_up(&server);
}

static void reloads(void **state)
{
    struct server_process server;
    server_prepare(&server);
    server_start(&server);
    expect_notice(&server, "READY=1");
    int fd = connect_to(server.port);
    expect_answer(fd, "HTTP/1.1 404 ");
    /* a changed limit takes effect */
    write_config(&server, "[http]\nidle_timeout = 300ms\n");
    kill(server.pid, SIGHUP);
    expect_notice(&server, "RELOADING=1\nMONOTONIC_USEC=");
    expect_notice(&server, "READY=1");
    int other = connect_to(server.port);
    expect_answer(other, "HTTP/1.1 404 ");
    char octet;
    assert_int_equal(recv(other, &octet, 1, 0), 0);
    close(other);
    /* a bad configuration and a bad certificate change nothing */
    write_config(&server, "[http]\nidle_timeout = soon\n");
    FILE *file = fopen(server.certificate_path, "w");
    fputs("nonsense", file);
    fclose(file);
    kill(server.pid, SIGHUP);
    expect_notice(&server, "RELOADING=1");
    expect_notice(&server, "READY=1");
    assert_logged(&server, "[http] idle_timeout: 'soon' is not a number; the configuration stays as it was");
    assert_logged(&server, "error [tls] certificate");
    assert_logged(&server, "the certificate stays as it was");
    other = connect_to(server.tls_port);
    assert_true(other >= 0);
    close(other);
    /* what cannot change is said */
    server.port = free_port();
    write_config(&server, "");
    kill(server.pid, SIGHUP);
    expect_notice(&server, "RELOADING=1");
    expect_notice(&server, "READY=1");
    assert_logged(&server, "need a restart");
    kill(server.pid, SIGTERM);
    expect_notice(&server, "STOPPING=1");
    assert_int_equal(server_wait(&server), 0);
    close(fd);
    server_clean_up(&server);
}

static void expect_no_start(struct server_process *server, const char *more, const char *reason)
{
    write_config(server, more);
    server_start(server);
    assert_int_equal(server_wait(server), EXIT_FAILURE);
    assert_logged(server, reason);
}

static void says_why_it_does_not_start(void **state)
{
    struct server_process server;
    server_prepare(&server);
    expect_no_start(&server, "[http]\nlisten = not.a.number:80 plain\n", "write an address, not a name");
    expect_no_start(&server, "[http]\nlisten = 192.0.2.1:80 plain\n", "192.0.2.1:80: Cannot assign requested address");
    expect_no_start(&server, "[server]\nuser = no-such-user\n", "there is no user 'no-such-user'");
    unlink(server.key_path);
    expect_no_start(&server, "", "error [tls] key");
    server_clean_up(&server);
}

static long status_of(pid_t pid, const char *field)
{
    char path[64], line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            value = atol(line + strlen(field) + 1);
    fclose(file);
    return value;
}

static void becomes_another_user(void **state)
{
    if (getuid() != 0) {
        print_message("not root: cannot become another user\n");
        skip();
    }
    struct server_process server;
    server_prepare(&server);
    assert_int_equal(chmod(server.folder, 0777), 0);
    assert_int_equal(chmod(server.key_path, 0644), 0);
    assert_int_equal(chmod(server.notify_path, 0777), 0);
    write_config(&server, "[server]\nuser = nobody\n");
    server_start(&server);
    expect_notice(&server, "READY=1");
    assert_int_equal(status_of(server.pid, "Uid:"), 65534);
    kill(server.pid, SIGTERM);
    assert_int_equal(server_wait(&server), 0);
    server_clean_up(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_and_stops),
        cmocka_unit_test(stops_at_once_on_a_second_signal),
        cmocka_unit_test(reloads),
        cmocka_unit_test(says_why_it_does_not_start),
        cmocka_unit_test(becomes_another_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
