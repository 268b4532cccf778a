/* The commands that read a store: has its server answer, where one runs; else opens it, asks,
 * prints the answer. */
#include "code/answer.h"
#include "code/commands.h"
#include "code/serve/ask.h"

#include <string.h>

/* An option's value; NULL for one that the command does not have. */
static const char *text_if_any(const struct invocation *invocation, const char *name)
{
    for (const struct option *option = invocation->command->options; option->name != NULL;
         option++) {
        if (strcmp(option->name, name) == 0)
            return option_text(invocation, name);
    }
    return NULL;
}

static struct question read_question(const struct invocation *invocation)
{
    const char *format = text_if_any(invocation, "format");
    return (struct question){.operand =
                                 invocation->operand_count > 0 ? invocation->operands[0] : NULL,
                             .file = invocation->operand_count > 1 ? invocation->operands[1] : NULL,
                             .language = text_if_any(invocation, "language"),
                             .in_lines = format != NULL && strcmp(format, "lines") == 0,
                             .store = option_text(invocation, "store")};
}

static enum exit_status print_answer(const struct invocation *invocation, struct opened *opened,
                                     const struct method *method, const struct question *question)
{
    struct emitter emitter;
    struct outcome outcome = {.is_empty = false};
    firn_error error = {.status = FIRN_OK};

    emitter_begin(&emitter, stdout, invocation->json);
    firn_status status = method->answer(opened, question, &emitter, &outcome, &error);
    enum exit_status exit_status =
        emitter_end(&emitter, status == FIRN_OK && !outcome.is_empty ? EXIT_DONE : EXIT_FAILED);
    if (status != FIRN_OK)
        return report_error(&error);
    if (outcome.is_empty && !invocation->quiet)
        report("%s", outcome.remark);
    return exit_status;
}

enum exit_status command_ask(const struct invocation *invocation)
{
    const struct method *method = method_by_name(invocation->command->name);
    const struct question question = read_question(invocation);
    struct opened opened;
    firn_error error = {.status = FIRN_OK};

    if (method->answer == answer_at && !is_place(question.operand))
        return report_usage("%s: not of the form FILE:LINE:COLUMN, which count from 1",
                            question.operand);
    enum exit_status status;
    if (ask_server(invocation, method, &question, &status))
        return status;
    if (open_store(invocation, &opened, &error) != FIRN_OK)
        return report_error(&error);
    status = print_answer(invocation, &opened, method, &question);
    opened_fini(&opened);
    return status;
}
