/* Starts a program, waits for it, prints what the kernel counted. See works.h. */
#include "run/works.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/memcached.h"
#include "support/contender.h"

enum { WORDS_MAX = 24, COMMAND_MAX = 10, PATH_BYTES = 4352 };

const char *const work_names[WORKS] = {"cc1", "memcached", "python3", "git"};

/* Not one in the user's PATH, which may be a script that starts another. */
static const char python[] = "/usr/bin/python3";

static const char script[] =
    "import collections, json, re, threading\n"
    "rows = [{'id': i, 'name': 'name %d' % i, 'tags': ['t%d' % (i * j % 97) for j in range(9)],\n"
    "         'text': 'snow ' * (i % 40)} for i in range(40000)]\n"
    "text = json.dumps(rows)\n"
    "assert json.loads(text) == rows\n"
    "counts = collections.Counter(tag for row in rows for tag in row['tags'])\n"
    "found = re.findall(r'name \\d*7\\b', text)\n"
    "blobs = [bytes([i % 256]) * (i % 60000) for i in range(0, 60000, 7)]\n"
    "parts = {}\n"
    "def work(n):\n"
    "    parts[n] = sorted(blob[:900] + str(i * n).encode() for i, blob in enumerate(blobs))\n"
    "threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
    "[thread.start() for thread in threads]\n"
    "[thread.join() for thread in threads]\n"
    "print(len(text), counts.most_common(3), len(found), len(parts[3]))\n";

static const char *cc1_program(void)
{
    static char path[PATH_BYTES];
    FILE *out = popen("gcc -print-prog-name=cc1", "r");
    if (out == NULL || fgets(path, sizeof path, out) == NULL || pclose(out) != 0)
        return "cc1";
    path[strcspn(path, "\n")] = '\0';
    return path;
}

bool work_is_there(enum work work)
{
    switch (work) {
    case WORK_CC1:
        return access(cc1_program(), X_OK) == 0;
    case WORK_MEMCACHED:
        return system("command -v memcached >/dev/null") == 0;
    case WORK_PYTHON:
        return access(python, X_OK) == 0;
    default:
        return system("command -v git >/dev/null") == 0;
    }
}

/* Writes the command of a work, behind `firn run` where there is a mode. */
static void compose(const char *words[WORDS_MAX], enum work work, const char *mode,
                    const char *file)
{
    static char firn[PATH_BYTES];
    const char *const run[COMMAND_MAX] = {firn, "run", "--mode", mode, "--"};
    const char *const commands[WORKS][COMMAND_MAX] = {
        [WORK_CC1] = {cc1_program(), "-quiet", "-O2", file, "-o", "/dev/null"},
        [WORK_MEMCACHED] = {"memcached", "-u", "root", "-m", "256", "-t", "2", "-s",
                            memcached_socket()},
        [WORK_PYTHON] = {python, "-c", script},
        [WORK_GIT] = {"git", "-C", file, "--no-pager", "log", "--stat", "-p", "main"},
    };
    size_t count = 0;
    snprintf(firn, sizeof firn, "%s/../firn", bench_folder());
    for (size_t i = 0; strcmp(mode, "none") != 0 && run[i] != NULL; i++)
        words[count++] = run[i];
    for (size_t i = 0; commands[work][i] != NULL; i++)
        words[count++] = commands[work][i];
    words[count] = NULL;
}

static pid_t start(const char *const *words)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    if (freopen("/dev/null", "r", stdin) != NULL && freopen("/dev/null", "w", stdout) != NULL)
        execvp(words[0], (char **)(uintptr_t)words);
    _exit(1);
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int work_do(enum work work, const char *mode, const char *file)
{
    const char *words[WORDS_MAX];
    struct rusage usage;
    int status;
    compose(words, work, mode, file);
    pid_t child = start(words);
    bool is_well = child > 0 && (work != WORK_MEMCACHED || memcached_load(child));
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0 || !is_well)
        return 1;
    printf("seconds %f\nmemory_bytes %f\n", seconds(usage.ru_utime) + seconds(usage.ru_stime),
           (double)usage.ru_maxrss * 1024);
    return 0;
}
