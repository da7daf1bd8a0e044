#include "cli/operation_question.h"

#include <string.h>
#include <unistd.h>

/* The terminal itself, since standard input may be a pipe of objects. Where standard error is none, nobody would see the question. */
static FILE *terminal_of(struct operation_question *question)
{
    if (!question->terminal && isatty(STDERR_FILENO))
        question->terminal = fopen("/dev/tty", "r+e");
    return question->terminal;
}

static enum operation_answer answer_of(struct operation_question *question, int letter)
{
    question->all_yes |= letter == 'a' || letter == 'A';
    question->all_no |= letter == 'l' || letter == 'L' || letter == EOF;
    bool yes = question->all_yes || letter == 'y' || letter == 'Y' || letter == '\n';
    return yes ? OPERATION_ANSWER_YES : OPERATION_ANSWER_NO;
}

enum operation_answer operation_question_ask(struct operation_question *question, enum operation_confirm confirm, bool grave,
                                             const char *operation, const char *subject)
{
    if (confirm == OPERATION_CONFIRM_NEVER || (confirm == OPERATION_CONFIRM_STANDARD && !grave) || question->all_yes)
        return OPERATION_ANSWER_YES;
    if (question->all_no)
        return OPERATION_ANSWER_NO;
    FILE *terminal = terminal_of(question);
    if (!terminal)
        return confirm == OPERATION_CONFIRM_ALWAYS ? OPERATION_ANSWER_NOBODY : OPERATION_ANSWER_YES;
    for (;;) {
        char line[64];
        fprintf(terminal, "%s%s%s%s: do it?\n[Y] Yes  [A] Yes to All  [N] No  [L] No to All  (default is \"Y\"): ", operation, *subject ? " '" : "",
                subject, *subject ? "'" : "");
        fflush(terminal);
        int letter = fgets(line, sizeof line, terminal) ? line[0] : EOF;
        if (letter == EOF || (letter && (letter == '\n' || strchr("yYnNaAlL", letter))))
            return answer_of(question, letter);
    }
}

void operation_question_end(struct operation_question *question)
{
    if (question->terminal)
        fclose(question->terminal);
    question->terminal = NULL;
}
