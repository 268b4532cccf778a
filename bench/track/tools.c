/* Starts programs below tools. See tools.h. Tools that are libraries are preloaded without what
 * they start around them, so that the time is the program's own; their data lies in the scratch. */
#include "track/tools.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/contender.h"

enum { WORDS_MAX = 24, PATH_BYTES = 4352 };

const char *const subject_names[SUBJECTS] = {"cc1", "python3", "sqlite3", "git", "redis"};
const char *const tool_names[TOOLS] = {"plain",
                                       "firn",
                                       "firn --exact",
                                       "heaptrack",
                                       "massif",
                                       "memcheck",
                                       "firn tune track --exact",
                                       "firn tune track"};

static const char python[] = "/usr/bin/python3";
static const char script[] =
    "import collections, json, re\n"
    "rows = [{'id': i, 'name': 'name %d' % i, 'text': 'snow ' * (i % 300)} for i in range(20000)]\n"
    "text = json.dumps(rows)\n"
    "assert json.loads(text) == rows\n"
    "counts = collections.Counter(word for row in rows for word in row['text'].split())\n"
    "blobs = sorted(bytes([i % 256]) * (i % 3000) for i in range(0, 60000, 7))\n"
    "print(len(text), len(counts), len(blobs))\n";
static const char sql[] =
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);\n"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000)\n"
    "INSERT INTO t SELECT i, printf('name %d', i * 7919 % 50021), i / 7.0 FROM n;\n"
    "CREATE INDEX b ON t(b);\n"
    "SELECT count(*), sum(c), group_concat(substr(b, 1, 6)) FROM t GROUP BY a % 100;\n"
    "SELECT x.b, count(*) FROM t x JOIN t y ON x.b = y.b GROUP BY x.b ORDER BY 2 LIMIT 9;\n";

static const char *output_of(const char *command, char line[PATH_BYTES])
{
    FILE *out = popen(command, "r");
    line[0] = '\0';
    if (out == NULL)
        return line;
    if (fgets(line, PATH_BYTES, out) == NULL)
        line[0] = '\0';
    (void)pclose(out);
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static const char *cc1_program(void)
{
    static char path[PATH_BYTES];
    return path[0] != '\0' ? path : output_of("gcc -print-prog-name=cc1", path);
}

static const char *heaptrack_library(void)
{
    static char path[PATH_BYTES];
    return path[0] != '\0' ? path
                           : output_of("ls /usr/lib/heaptrack/libheaptrack_preload.so "
                                       "/usr/lib/*/heaptrack/libheaptrack_preload.so 2>/dev/null",
                                       path);
}

static bool has_command(const char *name)
{
    char line[PATH_BYTES];
    snprintf(line, sizeof line, "command -v %s >/dev/null", name);
    return system(line) == 0;
}

bool subject_is_there(enum subject subject)
{
    switch (subject) {
    case SUBJECT_CC1:
        return access(cc1_program(), X_OK) == 0;
    case SUBJECT_PYTHON:
        return access(python, X_OK) == 0;
    case SUBJECT_REDIS:
        return has_command("redis-server") && has_command("redis-benchmark");
    default:
        return has_command(subject_names[subject]);
    }
}

bool tool_is_there(enum tool tool)
{
    if (tool == TOOL_HEAPTRACK)
        return heaptrack_library()[0] != '\0' && has_command("heaptrack_print");
    return (tool != TOOL_MASSIF && tool != TOOL_MEMCHECK) || has_command("valgrind");
}

/* --- the scratch --- */

static char folder[64];

static void remove_scratch(void)
{
    char line[128];
    snprintf(line, sizeof line, "rm -rf %s", folder);
    if (system(line) != 0)
        perror(folder);
}

const char *scratch(void)
{
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "/tmp/firn-bench-track-XXXXXX");
        if (mkdtemp(folder) == NULL) {
            perror(folder);
            exit(1);
        }
        atexit(remove_scratch);
    }
    return folder;
}

/* Files, since heaptrack does not take line ends among its words. */
static void write_inputs(void)
{
    static const struct {
        const char *name, *text;
    } inputs[] = {{"script.py", script}, {"script.sql", sql}};
    char path[PATH_BYTES];
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", scratch(), inputs[i].name);
        FILE *file = fopen(path, "w");
        if (file == NULL || fputs(inputs[i].text, file) < 0 || fclose(file) != 0) {
            perror(path);
            exit(1);
        }
    }
}

/* --- a run --- */

static void preload(const char *library)
{
    setenv("LD_PRELOAD", library, 1);
}

static void use_tool(enum tool tool)
{
    char path[PATH_BYTES];
    if (tool == TOOL_SAMPLED || tool == TOOL_EXACT) {
        snprintf(path, sizeof path, "%s/../libfirn-track.so", bench_folder());
        char *real = realpath(path, NULL);
        setenv("FIRN_TRACK_FOLDER", folder, 1);
        setenv("FIRN_TRACK_INTERVAL", tool == TOOL_EXACT ? "0" : "16384", 1);
        preload(real != NULL ? real : path);
    } else if (tool == TOOL_HEAPTRACK) {
        snprintf(path, sizeof path, "%s/heaptrack.raw", folder);
        (void)unlink(path); /* it would be written over, not from anew */
        setenv("DUMP_HEAPTRACK_OUTPUT", path, 1);
        preload(heaptrack_library());
    }
}

static void compose(const char *words[WORDS_MAX], enum subject subject, enum tool tool,
                    const char *file)
{
    static char socket_path[96], massif_out[96], memcheck_log[96], profile[96];
    static char firn[PATH_BYTES], python_script[96], sql_script[96];
    snprintf(socket_path, sizeof socket_path, "%s/socket", folder);
    snprintf(massif_out, sizeof massif_out, "--massif-out-file=%s/massif", folder);
    snprintf(memcheck_log, sizeof memcheck_log, "--log-file=%s/memcheck", folder);
    snprintf(profile, sizeof profile, "%s/profile.json", folder);
    snprintf(python_script, sizeof python_script, "%s/script.py", folder);
    snprintf(sql_script, sizeof sql_script, ".read %s/script.sql", folder);
    snprintf(firn, sizeof firn, "%s/../firn", bench_folder());
    const char *const massif[] = {"valgrind",
                                  "--tool=massif",
                                  "--peak-inaccuracy=0.0",
                                  "--soname-synonyms=somalloc=*jemalloc*",
                                  "-q",
                                  massif_out,
                                  NULL};
    const char *const memcheck[] = {"valgrind", "--leak-check=no",
                                    "--soname-synonyms=somalloc=*jemalloc*", memcheck_log, NULL};
    const char *const exact[] = {firn, "tune", "track", "--quiet", "-o", profile, "--exact", NULL};
    const char *const sample[] = {firn, "tune", "track", "--quiet", "-o", profile, NULL};
    const char *const commands[SUBJECTS][12] = {
        [SUBJECT_CC1] = {cc1_program(), "-quiet", "-O1", file, "-o", "/dev/null"},
        [SUBJECT_PYTHON] = {python, python_script},
        [SUBJECT_SQLITE] = {"sqlite3", ":memory:", sql_script},
        [SUBJECT_GIT] = {"git", "-C", file, "--no-pager", "log", "--stat", "-n", "1500", "main"},
        [SUBJECT_REDIS] = {"redis-server", "--port", "0", "--unixsocket", socket_path, "--save", "",
                           "--appendonly", "no"},
    };
    size_t count = 0;
    const char *const *const prefixes[TOOLS] = {[TOOL_MASSIF] = massif,
                                                [TOOL_MEMCHECK] = memcheck,
                                                [TOOL_PROFILE] = exact,
                                                [TOOL_SAMPLE] = sample};
    const char *const *before = prefixes[tool];
    for (; before != NULL && *before != NULL; before++)
        words[count++] = *before;
    for (size_t i = 0; commands[subject][i] != NULL; i++)
        words[count++] = commands[subject][i];
    words[count] = NULL;
}

/* Loads the server and ends it by its own command. */
static bool load_redis(void)
{
    char line[PATH_BYTES];
    snprintf(line, sizeof line,
             "for i in $(seq 300); do redis-cli -s %s/socket ping >/dev/null 2>&1 && break; "
             "sleep 0.1; done; redis-benchmark -s %s/socket -t set,get,lpush,hset,zadd -r 20000 "
             "-n 20000 -d 300 -q >/dev/null 2>&1; redis-cli -s %s/socket shutdown nosave "
             ">/dev/null 2>&1; true",
             folder, folder, folder);
    return system(line) == 0;
}

bool subject_run(enum subject subject, enum tool tool, const char *file, double *ret_seconds)
{
    const char *words[WORDS_MAX];
    struct rusage usage;
    int status;
    write_inputs();
    compose(words, subject, tool, file);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "r", stdin) == NULL || freopen("/dev/null", "w", stdout) == NULL ||
            freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        use_tool(tool);
        execvp(words[0], (char **)(uintptr_t)words);
        _exit(1);
    }
    const bool is_loaded = child > 0 && (subject != SUBJECT_REDIS || load_redis());
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0 || !is_loaded)
        return false;
    *ret_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    return true;
}
