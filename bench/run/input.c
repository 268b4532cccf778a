/* Made with gcc -E and git fast-import; what is there already is left as it is. What fails ends the
 * process. */
#include "run/input.h"

#include <firn/api.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/contender.h"
#include "support/measure.h"

enum { PATH_BYTES = 4352, COMMITS = 6000, FILES_MAX = 300, NAME_BYTES = 128 };

const char *input_path(const char *name)
{
    static char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/input/%s", bench_folder(), name);
    return path;
}

static void fail(const char *what)
{
    fprintf(stderr, "run: cannot make its input: %s\n", what);
    exit(1);
}

/* A command line; the caller frees it. */
static FIRN_PRINTF(1, 2) char *command(const char *format, ...)
{
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&line, format, arguments) < 0)
        fail(format);
    va_end(arguments);
    return line;
}

static void run(char *line)
{
    if (system(line) != 0)
        fail(line);
    free(line);
}

static bool is_made(const char *name)
{
    run(command("mkdir -p '%s'", input_path("")));
    return access(input_path(name), R_OK) == 0;
}

static const char library[] =
    FIRN_SOURCE "/grammars/node_modules/tree-sitter/vendor/tree-sitter/lib";

bool input_has_source(void)
{
    return access(input_path(INPUT_SOURCE), R_OK) == 0 || access(library, R_OK) == 0;
}

void input_make_source(void)
{
    if (is_made(INPUT_SOURCE))
        return;
    const char *made = input_path(INPUT_SOURCE);
    run(command("cd '%s' && gcc -E -P -I include -I src src/lib.c -o '%s.part' && "
                "mv '%s.part' '%s'",
                library, made, made, made));
}

/* --- the history --- */

static char *read_file(const char *name, size_t *ret_size)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, FIRN_SOURCE "/%s", name);
    FILE *file = fopen(path, "r");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        fail(path);
    size_t size = (size_t)ftell(file);
    char *text = need(malloc(size + 1));
    rewind(file);
    *ret_size = fread(text, 1, size, file);
    fclose(file);
    return text;
}

/* Leaves one line in fifty out, by chance. */
static size_t leave_lines_out(char *text, size_t size, uint32_t *sequence)
{
    size_t kept = 0;
    for (size_t at = 0, next; at < size; at = next) {
        const char *end = memchr(text + at, '\n', size - at);
        next = end != NULL ? (size_t)(end - text) + 1 : size;
        if (random_below(sequence, 50) != 0) {
            memmove(text + kept, text + at, next - at);
            kept += next - at;
        }
    }
    return kept;
}

/* A commit in the form of git fast-import: a file as it is, but for a few lines. */
static void write_commit(FILE *out, unsigned number, const char *name)
{
    static uint32_t sequence = 1;
    size_t size;
    char *text = read_file(name, &size);
    size = leave_lines_out(text, size, &sequence);
    fprintf(out,
            "commit refs/heads/main\n"
            "committer A <a@example.org> %u +0000\n"
            "data 11\nChange %04u\n"
            "M 644 inline %s\n"
            "data %zu\n",
            number * 60, number, name, size);
    fwrite(text, 1, size, out);
    fputc('\n', out);
    free(text);
}

static unsigned list_sources(char names[FILES_MAX][NAME_BYTES])
{
    unsigned count = 0;
    char *line = command("cd '%s' && find src include -name '*.[ch]' | sort | head -n %d",
                         FIRN_SOURCE, FILES_MAX);
    FILE *list = popen(line, "r");
    free(line);
    while (list != NULL && count < FILES_MAX && fgets(names[count], NAME_BYTES, list) != NULL) {
        names[count][strcspn(names[count], "\n")] = '\0';
        count++;
    }
    if (list == NULL || pclose(list) != 0 || count == 0)
        fail("the list of sources");
    return count;
}

void input_make_history(void)
{
    static char names[FILES_MAX][NAME_BYTES];
    if (is_made(INPUT_HISTORY))
        return;
    unsigned count = list_sources(names);
    const char *made = input_path(INPUT_HISTORY);
    char *line = command("rm -rf '%s.part' && git init -q --bare -b main '%s.part' && "
                         "git -C '%s.part' fast-import --quiet && mv '%s.part' '%s'",
                         made, made, made, made, made);
    FILE *import = popen(line, "w");
    for (unsigned i = 0; import != NULL && i < COMMITS; i++)
        write_commit(import, i + 1, names[i * 7 % count]);
    if (import == NULL || pclose(import) != 0)
        fail(line);
    free(line);
}
