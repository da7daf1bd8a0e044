#include "server/directory_backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "directory/embedded.h"
#include "directory/ldap_module.h"

#define PASSWORD_FILE_LINE_MAX 512

static struct directory *open_embedded(const struct config *config)
{
    struct arena arena = {0};
    struct directory *directory = NULL;
    const char *path = arena_format(&arena, "%s/directory.sqlite", config->data_path);
    enum directory_status status = path ? embedded_directory_open(path, true, &directory) : DIRECTORY_UNAVAILABLE;
    if (status != DIRECTORY_OK)
        log_error("%s/directory.sqlite: %s", config->data_path, directory_status_text(status));
    arena_free(&arena);
    return status == DIRECTORY_OK ? directory : NULL;
}

/* The file's first line. */
static bool read_password(const char *path, char password[PASSWORD_FILE_LINE_MAX])
{
    struct stat status;
    *password = '\0';
    if (!*path)
        return true;
    FILE *file = fopen(path, "re");
    if (!file) {
        log_error("%s: %s", path, strerror(errno));
        return false;
    }
    if (fstat(fileno(file), &status) == 0 && status.st_mode & S_IROTH)
        log_warning("%s: everybody on this machine can read the password", path);
    bool read = fgets(password, PASSWORD_FILE_LINE_MAX, file) != NULL;
    fclose(file);
    password[strcspn(password, "\r\n")] = '\0';
    if (!read || !*password)
        log_error("%s: there is no password in the first line", path);
    return read && *password;
}

static enum ldap_schema schema_named(const char *name)
{
    enum ldap_schema schema = LDAP_SCHEMA_ACTIVE_DIRECTORY;
    while (schema < LDAP_SCHEMA_COUNT - 1 && strcmp(ldap_schema_names[schema], name) != 0)
        schema++;
    return schema;
}

static void notice(void *user, const char *text)
{
    log_warning("directory: %s", text);
}

static struct directory *open_ldap(const struct config *config, const struct ldap_module *module, struct directory *local)
{
    struct directory *directory = NULL;
    struct ldap_directory_error error;
    char password[PASSWORD_FILE_LINE_MAX];
    if (!read_password(config->ldap_bind_password_path, password))
        return NULL;
    struct ldap_directory_settings settings = {
        .urls = config->ldap_urls, .start_tls = config->ldap_start_tls, .verify_certificate = config->ldap_verify_certificate,
        .ca_file = config->ldap_ca_path, .bind_dn = config->ldap_bind_dn, .bind_password = password,
        .base_dn = config->ldap_base_dn, .schema = schema_named(config->ldap_schema),
        .filters = {.user = config->ldap_user_filter, .shared = config->ldap_shared_filter, .room = config->ldap_room_filter,
                    .equipment = config->ldap_equipment_filter, .group = config->ldap_group_filter,
                    .contact = config->ldap_contact_filter},
        .administrators_dn = config->ldap_administrators_dn, .writable = config->ldap_writable,
        .page_size = config->ldap_page_size, .connections_max = config->ldap_connections_max,
        .connect_timeout_ms = config->ldap_connect_timeout_ms, .timeout_ms = config->ldap_timeout_ms,
        .cache_ms = config->ldap_cache_ms, .refresh_ms = config->ldap_refresh_ms,
        .organization_name = config->organisation_name, .domain = config->default_domain, .notice = notice};
    enum directory_status status = module->open(&settings, local, &directory, &error);
    explicit_bzero(password, sizeof password);
    if (status != DIRECTORY_OK)
        log_error("[directory] %s", error.text);
    return status == DIRECTORY_OK ? directory : NULL;
}

/* Names and ids that clients keep must not change with a setting later: the first start writes them down. */
static void keep_organization(struct directory *directory, struct directory *local)
{
    struct arena arena = {0};
    struct directory_organization organization;
    if (directory_organization(local, &arena, &organization) == DIRECTORY_NOT_FOUND &&
        directory_organization(directory, &arena, &organization) == DIRECTORY_OK &&
        embedded_directory_set_organization(local, organization.name, organization.domain, organization.netbios_name) != DIRECTORY_OK)
        log_warning("the organisation '%s' of '%s' could not be written down: run 'mapihttp organization init'", organization.name,
                    organization.domain);
    arena_free(&arena);
}

struct directory *directory_backend_open(const struct config *config)
{
    struct directory *local = open_embedded(config);
    struct ldap_directory_error error;
    if (!local || strcmp(config->directory_backend, "ldap") != 0)
        return local;
    const struct ldap_module *module = ldap_module_load(&error);
    if (!module)
        log_error("directory: %s", error.text);
    struct directory *directory = module ? open_ldap(config, module, local) : NULL;
    if (!directory) {
        directory_close(local);
        return NULL;
    }
    keep_organization(directory, local);
    if (module->check(directory, &error) == DIRECTORY_OK)
        log_info("directory: %s", config->ldap_urls);
    else
        log_warning("directory: %s; it is asked again at each log-on", error.text);
    return directory;
}
