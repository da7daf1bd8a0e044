/* mapihttpd: the server. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/certificate.h"
#include "server/process.h"

#define CONFIG_PATH_STANDARD "/etc/mapihttp/mapihttp.conf"
#define CERTIFICATE_DAYS 825u /* the longest that common clients take */

static void print_usage(FILE *file)
{
    fputs("usage: mapihttpd [--config FILE] [--check | --print-config | --make-certificate NAME...]\n"
          "\n"
          "  --config FILE            read this instead of " CONFIG_PATH_STANDARD "\n"
          "  --check                  check the configuration and what it names, and exit\n"
          "  --print-config           print an example configuration with every setting and its default\n"
          "  --make-certificate NAME  make a self-signed certificate for these host names and addresses, at the places\n"
          "                           that the configuration names; existing files are kept\n"
          "  --version, --help\n"
          "\n"
          "SIGHUP reads configuration and certificate again; SIGTERM stops after running requests, twice at once.\n",
        file);
}

static int print_config(void)
{
    struct buffer text = {0};
    bool done = config_describe(&text) && fwrite(text.data, 1, text.size, stdout) == text.size && fflush(stdout) == 0;
    buffer_free(&text);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int make_certificate(const struct config *config, char *const *names, int name_count)
{
    char error[512];
    if (!certificate_make((const char *const *)names, (size_t)name_count, CERTIFICATE_DAYS, config->certificate_path,
            config->key_path, error, sizeof error)) {
        fprintf(stderr, "mapihttpd: %s\n", error);
        return EXIT_FAILURE;
    }
    printf("%s\n%s\n", config->certificate_path, config->key_path);
    return EXIT_SUCCESS;
}

enum action { ACTION_SERVE, ACTION_CHECK, ACTION_PRINT_CONFIG, ACTION_MAKE_CERTIFICATE };

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
        {"print-config", no_argument, NULL, 'p'}, {"make-certificate", no_argument, NULL, 'm'},
        {"version", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'}, {0},
    };
    const char *config_path = CONFIG_PATH_STANDARD;
    enum action action = ACTION_SERVE;
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            config_path = optarg;
            break;
        case 'k':
            action = ACTION_CHECK;
            break;
        case 'p':
            action = ACTION_PRINT_CONFIG;
            break;
        case 'm':
            action = ACTION_MAKE_CERTIFICATE;
            break;
        case 'v':
            puts("mapihttpd " MAPIHTTP_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            print_usage(stdout);
            return EXIT_SUCCESS;
        default:
            print_usage(stderr);
            return 2;
        }
    }
    if (action == ACTION_PRINT_CONFIG)
        return print_config();
    if ((action == ACTION_MAKE_CERTIFICATE) != (optind < argc)) {
        print_usage(stderr);
        return 2;
    }
    struct config *config;
    struct config_error error;
    if (!config_read(config_path, &config, &error)) {
        fprintf(stderr, "mapihttpd: %s\n", error.text);
        return EXIT_FAILURE;
    }
    if (action == ACTION_SERVE)
        return process_run(config_path, config);
    int status = EXIT_SUCCESS;
    if (action == ACTION_MAKE_CERTIFICATE)
        status = make_certificate(config, argv + optind, argc - optind);
    else if (!process_check(config))
        status = EXIT_FAILURE;
    else
        puts("the configuration is good");
    config_free(config);
    return status;
}
