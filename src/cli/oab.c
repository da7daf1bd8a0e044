/* mapihttp oab */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/connection.h"
#include "cli/local_directory.h"
#include "cli/oab_command.h"
#include "oab/languages.h"
#include "server/config.h"
#include "server/directory_backend.h"

#define CONFIG_PATH_DEFAULT "/etc/mapihttp/mapihttp.conf"

/* --- make --- */

/* Root makes what the server's own user must be able to read and write. */
static void give_to_owner(const char *data_path)
{
    struct stat status;
    if (geteuid() != 0 || stat(data_path, &status) != 0 || status.st_uid == 0)
        return;
    if (setegid(status.st_gid) != 0 || seteuid(status.st_uid) != 0)
        return; /* then the files are root's, and the server says that it cannot read them */
}

static int publish(const struct command *command, const struct config *config, struct directory *directory,
                   struct address_book *book, bool forced)
{
    struct arena arena = {0};
    char id[GUID_TEXT_SIZE];
    guid_format(address_book_organization(book)->address_book_id, id);
    const char *parent = arena_format(&arena, "%s/oab", config->data_path);
    struct oab_publication publication = {
        .folder = arena_format(&arena, "%s/oab/%s", config->data_path, id),
        .source = {.book = book, .directory = directory, .photos = config->oab_photos,
                   .certificates = config->oab_certificates, .members = config->oab_members},
        .list_name = "\\Global Address List",
        .method = strcmp(config->oab_compression, "stored") == 0 ? LZX_STORED : LZX_COMPRESSED,
        .difference_count_max = config->oab_keep, .retain_s = config->oab_retain_ms / 1000, .forced = forced};
    publication.languages = oab_languages(&arena, &publication.language_count);
    int result = COMMAND_DONE;
    struct oab_published published;
    if (!parent || !publication.folder || !publication.languages) {
        result = command_failed(command, "no memory");
    } else if (mkdir(parent, 0700) != 0 && errno != EEXIST) {
        result = command_failed(command, "%s: %s", parent, strerror(errno));
    } else if (oab_publish(&publication, &published) != OAB_OK) {
        result = command_failed(command, "%s: it cannot be made (%s)", publication.folder, strerror(errno));
    } else if (published.changed) {
        printf("generation %u: %u entries, %llu bytes, compressed %llu, as a patch %llu\n", published.sequence,
               published.entry_count, (unsigned long long)published.content_size, (unsigned long long)published.file_size,
               (unsigned long long)published.difference_size);
    } else {
        printf("nothing has changed since generation %u\n", published.sequence);
    }
    arena_free(&arena);
    return result;
}

static int make(const struct command *command, const struct config *config, bool forced)
{
    int result;
    give_to_owner(config->data_path);
    struct directory *directory = directory_backend_open(config);
    struct address_book_cache *cache = directory ? address_book_cache_new(directory) : NULL;
    struct address_book *book = cache ? address_book_acquire(cache) : NULL;
    if (!book)
        result = command_failed(command, "the directory cannot be read; 'mapihttp organization init' makes one");
    else if (guid_is_zero(address_book_organization(book)->address_book_id))
        result = command_failed(command, "the organisation has no offline address book");
    else
        result = publish(command, config, directory, book, forced);
    address_book_release(book);
    address_book_cache_free(cache);
    if (directory)
        directory_close(directory);
    return result;
}

int oab_make_run(const struct command *command, int argc, char **argv)
{
    const char *path = NULL;
    bool forced = false;
    for (int i = 1; i < argc; i++) {
        int taken = local_directory_option(command, argc, argv, &i, &path);
        if (taken < 0)
            return COMMAND_USAGE;
        if (!taken && strcmp(argv[i], "--force") != 0)
            return command_usage_error(command, "'%s' is not understood", argv[i]);
        forced |= !taken;
    }
    struct config *config;
    struct config_error error;
    if (!path && access(CONFIG_PATH_DEFAULT, F_OK) == 0)
        path = CONFIG_PATH_DEFAULT;
    if (!config_read(path, &config, &error))
        return command_failed(command, "%s", error.text);
    int result = make(command, config, forced);
    config_free(config);
    return result;
}

/* --- the command --- */

static int run(const struct command *command, int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const struct command *command, int argc, char **argv);
    } rows[] = {{"make", oab_make_run}, {"list", oab_list_run}, {"get", oab_get_run}, {"verify", oab_verify_run},
        {"print", oab_print_run}};
    if (argc < 2)
        return command_usage_error(command, "make, list, get, verify or print?");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(argv[1], rows[i].name) == 0)
            return rows[i].run(command, argc - 1, argv + 1);
    return command_usage_error(command, "'%s' is not one of make, list, get, verify, print", argv[1]);
}

const struct command command_oab = {
    .name = "oab",
    .summary = "make, download, check and print offline address books",
    .usage = "mapihttp oab make [--force]\n"
             "mapihttp oab list [--json]\n"
             "mapihttp oab get [--language LCID] [--full] FOLDER\n"
             "mapihttp oab verify FILE...|FOLDER\n"
             "mapihttp oab print [--json] FILE\n"
             "\n"
             "The offline address book is what Outlook in cached mode looks people up in. 'make' makes a new generation of the\n"
             "server on this machine, if the directory has changed since the last one; the server does that by itself from time\n"
             "to time. 'list' shows which files a server offers. 'get' downloads the book into a folder, checks it and unpacks\n"
             "it; where the folder has an older generation, by patches if they lead there. 'verify' checks files, or all that\n"
             "the manifest in a folder names. 'print' shows the entries of a book, packed or not.\n"
             "\n"
             "  --force                 make: a new generation even if nothing has changed\n"
             LOCAL_DIRECTORY_USAGE
             "  --language LCID         get: the display templates of a language too, such as 0409\n"
             "  --full                  get: the whole file, no patches\n"
             "  --json                  as JSON\n"
             "\n"
             "For list and get, --url is the folder of the files (https://mail.example.org/oab/.../): no Autodiscover.\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
