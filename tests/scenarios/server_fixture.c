#include "server_fixture.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "directory/embedded.h"
#include "http/http_server.h"
#include "rop/executor.h"
#include "store/sqlite/sqlite_store.h"

/* Asserts that also hold where NDEBUG is set: fixtures must not go on half-made. */
static void must(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "fixture: %s\n", what);
        abort();
    }
}

static void add_user(struct directory *directory, const char *account, bool administrator)
{
    struct arena arena = {0};
    struct directory_user added;
    char password[64], display_name[64];
    snprintf(password, sizeof password, "secret of %s", account);
    snprintf(display_name, sizeof display_name, "%s <& \"Co\">", account);
    struct embedded_user user = {.account = account, .display_name = display_name, .password = password,
                                 .administrator = administrator};
    must(embedded_directory_add_user(directory, &arena, &user, &added) == DIRECTORY_OK, "no user");
    arena_free(&arena);
}

void server_fixture_open(struct server_fixture *fixture)
{
    *fixture = (struct server_fixture){0};
    strcpy(fixture->directory_path, "/tmp/mapihttp-scenario-XXXXXX");
    int file = mkstemp(fixture->directory_path);
    must(file >= 0, "no temporary file");
    close(file);
    strcpy(fixture->data_path, "/tmp/mapihttp-scenario-XXXXXX");
    must(mkdtemp(fixture->data_path) != NULL, "no temporary folder");
    snprintf(fixture->mailboxes_path, sizeof fixture->mailboxes_path, "%s/mailboxes", fixture->data_path);
    must(mkdir(fixture->mailboxes_path, 0700) == 0, "no temporary folder");
    must(embedded_directory_open(fixture->directory_path, true, &fixture->directory) == DIRECTORY_OK, "no directory");
    must(embedded_directory_set_organization(fixture->directory, "Engine", "engine.test", NULL) == DIRECTORY_OK, "no organization");
    add_user(fixture->directory, "ada", false);
    add_user(fixture->directory, "bob", false);
    add_user(fixture->directory, "chief", true);
    add_user(fixture->directory, "off", false);
    add_user(fixture->directory, "plain", false);
    must(embedded_directory_set_enabled(fixture->directory, "off", false) == DIRECTORY_OK, "not off");
    must(embedded_directory_set_mapi_enabled(fixture->directory, "plain", false) == DIRECTORY_OK, "not plain");
    log_set_level(LOG_LEVEL_ERROR);
}

void server_fixture_close(struct server_fixture *fixture)
{
    directory_close(fixture->directory);
    config_free(fixture->defaults);
    unlink(fixture->directory_path);
    rmdir(fixture->mailboxes_path);
    rmdir(fixture->data_path);
}

void server_fixture_configure(struct server_fixture *fixture)
{
    fixture->real = false;
    struct config_error error;
    if (!fixture->defaults)
        must(config_parse("(fixture)", "[authentication]\nmethods = basic\nbasic_over_plain = yes\n[organisation]\nname = Engine\n",
                          &fixture->defaults, &error), error.text);
    fixture->config = *fixture->defaults;
    fixture->config.data_path = fixture->data_path;
    fixture->config.disk_space_min = 0;
    fixture->config.listener_count = 0; /* it listens by itself, without TLS */
    fixture->config.remembered_max = 100;
    fixture->config.failure_delay_ms = 50;
    fixture->config.failures_per_account = fixture->config.failures_per_address = 0;
    fixture->config.failure_window_ms = 60000;
    fixture->config.lock_ms = 1000;
    fixture->config.parked_waits_max = 100;
    fixture->config.kept_answers_size_max = 1 << 20;
    fixture->config.fault_injection = true;
    fixture->config.autodiscover_requests_per_address = fixture->config.autodiscover_requests_per_user = 0;
}

static struct rop_executor make_executor(struct server_fixture *fixture)
{
    if (!fixture->real) {
        fixture->fake = fake_executor_new();
        return fake_executor_contract(fixture->fake, fixture->directory);
    }
    strcpy(fixture->store_path, "/tmp/mapihttp-scenario-XXXXXX");
    must(mkdtemp(fixture->store_path) != NULL, "no temporary folder");
    struct store_sqlite_configuration configuration = {.directory = fixture->store_path, .unsafe_without_sync = true};
    must(store_sqlite_open(&configuration, &fixture->store) == STORE_OK, "no store");
    fixture->rops = rop_server_new(&(struct rop_server_settings){.store = fixture->store, .directory = fixture->directory});
    must(fixture->rops != NULL, "no ROPs");
    return rop_server_executor(fixture->rops);
}

static void end_executor(struct server_fixture *fixture)
{
    if (!fixture->real) {
        fake_executor_free(fixture->fake);
        return;
    }
    char command[100];
    rop_server_free(fixture->rops);
    store_close(fixture->store);
    snprintf(command, sizeof command, "rm -r '%s'", fixture->store_path);
    must(system(command) == 0, "the store's folder stays");
}

void server_fixture_start(struct server_fixture *fixture)
{
    struct server *server = &fixture->server;
    struct http_server_limits limits = HTTP_SERVER_LIMITS_DEFAULT;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *server = (struct server){.config = &fixture->config, .loop_count = 2};
    server->loops = calloc(server->loop_count, sizeof *server->loops);
    for (unsigned i = 0; i < server->loop_count; i++)
        must((server->loops[i] = loop_new()) != NULL, "no loop");
    server->workers = worker_pool_new("worker", 4, 1000);
    server->blocking = worker_pool_new("blocking", 2, 100);
    server->router = http_router_new();
    server->administration = worker_pool_new("admin", 1, 100);
    must(server->workers && server->blocking && server->administration && server->router, "no pools");
    server->http = http_server_new(server->loops, server->loop_count, server->router, &limits);
    must(server->http != NULL, "no HTTP server");
    struct rop_executor executor = make_executor(fixture);
    must(settings_open(":memory:", &fixture->settings) == SETTINGS_OK, "no settings");
    fixture->services = services_new(server, fixture->directory, fixture->settings, &executor);
    must(fixture->services && services_add_routes(fixture->services), "no services");
    must(http_server_listen(server->http, (struct sockaddr *)&address, sizeof address, NULL, &fixture->port), "no port");
    for (unsigned i = 0; i < server->loop_count; i++)
        must(loop_start(server->loops[i], i), "no thread");
    http_server_accept(server->http);
    fixture->started = true;
}

void server_fixture_stop(struct server_fixture *fixture)
{
    struct server *server = &fixture->server;
    if (!fixture->started)
        return;
    fixture->started = false;
    services_drain(fixture->services);
    http_server_close_all(server->http);
    for (int tries = 0; tries < 500 && http_server_connection_count(server->http) > 0; tries++)
        usleep(10000);
    worker_pool_close(server->workers);
    worker_pool_close(server->blocking);
    worker_pool_close(server->administration);
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_stop(server->loops[i]);
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_wait(server->loops[i]);
    services_free(fixture->services);
    settings_close(fixture->settings);
    end_executor(fixture);
    http_server_free(server->http);
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_free(server->loops[i]);
    free(server->loops);
    worker_pool_free(server->workers);
    worker_pool_free(server->blocking);
    worker_pool_free(server->administration);
    http_router_free(server->router);
}
