/* mapihttp shell: Exchange's command lines as they stand on the pages that people have. Each stage of a pipeline is one 'mapihttp'
 * process, joined by ordinary pipes: what runs here runs in any shell too, stage by stage. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/command.h"
#include "cli/pipeline.h"

#define PROMPT "mapihttp> "
#define PROMPT_MORE ">> "
#define PROGRAM "/proc/self/exe"

/* Runs in the child and does not return. */
static void become_stage(const struct pipeline_stage *stage, int input, int output)
{
    char *words[PIPELINE_WORDS_MAX + 2];
    unsigned count = 0, first = stage->word_count > 1 && !strcasecmp(stage->words[0], "mapihttp");
    words[count++] = "mapihttp";
    for (unsigned i = first; i < stage->word_count; i++)
        words[count++] = stage->words[i];
    words[count] = NULL;
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0)
        execv(PROGRAM, words);
    fprintf(stderr, "mapihttp shell: %s: %s\n", words[1], strerror(errno));
    _exit(COMMAND_FAILED);
}

/* The first failure from the left is the line's; a stage that ended because its reader had enough did not fail. */
static int status_of(const pid_t *children, unsigned count)
{
    int result = COMMAND_DONE;
    for (unsigned i = 0; i < count; i++) {
        int status = 0;
        while (waitpid(children[i], &status, 0) < 0 && errno == EINTR)
            ;
        int own = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status) == SIGPIPE ? COMMAND_DONE : COMMAND_FAILED;
        if (result == COMMAND_DONE)
            result = own;
    }
    return result;
}

static int run_pipeline(const struct command *command, const struct pipeline *pipeline)
{
    pid_t children[PIPELINE_STAGES_MAX];
    unsigned count = 0;
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC), failure = input < 0 ? errno : 0;
    fflush(stdout);
    while (!failure && count < pipeline->stage_count) {
        int ends[2] = {-1, STDOUT_FILENO};
        bool last = count + 1 == pipeline->stage_count;
        if (!last && pipe2(ends, O_CLOEXEC) != 0) {
            failure = errno;
            break;
        }
        pid_t child = fork();
        if (child == 0)
            become_stage(&pipeline->stages[count], input, ends[1]);
        failure = child < 0 ? errno : 0;
        if (child > 0)
            children[count++] = child;
        close(input);
        if (!last)
            close(ends[1]);
        input = ends[0];
    }
    if (input >= 0)
        close(input);
    int status = status_of(children, count);
    return failure ? command_failed(command, "%s", strerror(failure)) : status;
}

/* 'PS C:\> ' and '[PS] C:\Windows\system32>' stand before the command on many pages. */
static const char *after_prompt(const char *text)
{
    const char *start = text + strspn(text, " \t\r\n");
    if (strncmp(start, "PS ", 3) != 0 && strncmp(start, "[PS]", 4) != 0)
        return text;
    const char *line_end = start + strcspn(start, "\n"), *end = memchr(start, '>', (size_t)(line_end - start));
    return end ? end + 1 : text;
}

static bool is_exit(const struct pipeline *pipeline)
{
    const char *word = pipeline->stages[0].words[0];
    return pipeline->stage_count == 1 && pipeline->stages[0].word_count == 1 && (!strcasecmp(word, "exit") || !strcasecmp(word, "quit"));
}

enum progress { PROGRESS_DONE, PROGRESS_MORE, PROGRESS_EXIT };

/* All statements of a text. MORE: it ends within one, of which nothing has run; *ret_left is where that begins. */
static enum progress run_text(const struct command *command, const char *text, bool last, int *status, const char **ret_left)
{
    for (;;) {
        struct arena arena = {0};
        struct pipeline pipeline;
        const char *error = NULL, *rest = text;
        text = after_prompt(text);
        enum pipeline_status parsed = pipeline_parse(&arena, text, &pipeline, &rest, &error);
        bool more = parsed == PIPELINE_INCOMPLETE && !last, leave = parsed == PIPELINE_OK && is_exit(&pipeline);
        if (parsed == PIPELINE_OK && !leave)
            *status = run_pipeline(command, &pipeline);
        else if (!more && (parsed == PIPELINE_INCOMPLETE || parsed == PIPELINE_INVALID))
            *status = command_usage_error(command, "%s", error);
        arena_free(&arena);
        if (more)
            *ret_left = text;
        if (more || leave || parsed != PIPELINE_OK)
            return more ? PROGRESS_MORE : leave ? PROGRESS_EXIT : PROGRESS_DONE;
        text = rest;
    }
}

/* Line by line: what is complete runs before the next line is read. A script ends at the first statement that fails to be understood
 * only by going on: as in PowerShell, a failure does not end it. */
static int run_lines(const struct command *command, FILE *file)
{
    bool ask = isatty(fileno(file));
    struct buffer text = {.size_max = PIPELINE_SIZE_MAX};
    char *line = NULL;
    size_t room = 0;
    int status = COMMAND_DONE;
    enum progress progress = PROGRESS_DONE;
    while (progress != PROGRESS_EXIT) {
        if (ask) {
            fputs(progress == PROGRESS_MORE ? PROMPT_MORE : PROMPT, stdout);
            fflush(stdout);
        }
        ssize_t size = getline(&line, &room, file);
        if (size > 0)
            buffer_append(&text, line, (size_t)size);
        buffer_append_u8(&text, 0);
        if (text.failed) {
            status = command_usage_error(command, "a statement is longer than %u bytes", PIPELINE_SIZE_MAX);
            break;
        }
        const char *left = (const char *)buffer_bytes(&text).data;
        progress = run_text(command, left, size <= 0, &status, &left);
        char *kept = progress == PROGRESS_MORE ? strdup(left) : NULL;
        buffer_clear(&text);
        if (kept)
            buffer_append_string(&text, kept);
        free(kept);
        if (size <= 0)
            break;
    }
    if (ask)
        putchar('\n');
    free(line);
    buffer_free(&text);
    return status;
}

static int run(const struct command *command, int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "-c")) {
        int status = COMMAND_DONE;
        const char *left;
        (void)run_text(command, argv[2], true, &status, &left); /* nothing is left of the last text */
        return status;
    }
    if (argc == 1 || (argc == 2 && !strcmp(argv[1], "-")))
        return run_lines(command, stdin);
    if (argc != 2 || argv[1][0] == '-')
        return command_usage_error(command, "say nothing, '-c PIPELINE' or one FILE");
    FILE *file = fopen(argv[1], "re");
    if (!file)
        return command_failed(command, "%s: %s", argv[1], strerror(errno));
    int status = run_lines(command, file);
    fclose(file);
    return status;
}

const struct command command_shell = {
    .name = "shell",
    .summary = "take Exchange's command lines as they stand on a page",
    .usage = "mapihttp shell\n"
             "mapihttp shell -c 'PIPELINE'\n"
             "mapihttp shell FILE\n"
             "\n"
             "Reads lines as they are typed into the Exchange Management Shell, with its quoting, blocks, lists and pipes, and runs each\n"
             "stage as a 'mapihttp' command. For pages and scripts that are there already: in an ordinary shell the same commands go by\n"
             "'mapihttp Get-Mailbox | mapihttp Select-Object Alias', with $true and { } in single quotes. Variables, expressions in ( ) and\n"
             "loops are not there. Ends with the status of the last line.\n"
             "\n"
             "  -c PIPELINE             these lines instead of those on standard input\n",
    .run = run,
};
