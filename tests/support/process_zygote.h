/* Zygotes for tests: a child of the test makes the template and forks page processes, which end
 * with 0 when all was right; what they say goes to stderr. Under a sanitizer no process can be
 * packed, and a test is skipped. */
#ifndef FIRN_TESTS_PROCESS_ZYGOTE_H
#define FIRN_TESTS_PROCESS_ZYGOTE_H

#include "support/process_state.h"

#include <firn/process.h>

#include <sys/wait.h>

enum { IMAGE_MAX_BYTES = 32 << 20 };

/* Memory that the zygote and all its children share. */
typedef struct shared {
    uint64_t digest, image_bytes, generation, husk_faults;
    unsigned char image[IMAGE_MAX_BYTES];
    unsigned char base[IMAGE_MAX_BYTES]; /* which that stands on */
} shared;

static shared *common;
static firn_process_template *zygote;

/* Ends the process unless what is true. */
#define must(what) must_(what, #what, __LINE__)
static void must_(bool is, const char *text, int line)
{
    if (is)
        return;
    fprintf(stderr, "line %d: %s\n", line, text);
    _exit(1);
}

/* Runs body in a zygote of its own, which has a part of the state. Returns its exit status, or 77
 * where no process can be packed. */
static int in_zygote(void (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        common =
            mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        must(common != MAP_FAILED);
        state_change(300);
        firn_error error;
        firn_status status = firn_process_template_create(NULL, &zygote, &error);
        if (status == FIRN_UNSUPPORTED)
            _exit(77);
        if (status != FIRN_OK)
            fprintf(stderr, "%s\n", error.text);
        must(status == FIRN_OK);
        body();
        _exit(0);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs body in a child of the zygote, and returns what it ended with. */
static inline int in_child(void (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    int status = 1;
    must(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A husk function that looks whether memory is the template's, spoils it, and wakes. */
static inline void husk_wake(firn_process_husk *husk, const void **ret_image,
                             size_t *ret_image_bytes)
{
    (void)ret_image, (void)ret_image_bytes;
    common->husk_faults += state_counter != *(uint64_t *)husk->context;
    common->husk_faults += husk->refused != FIRN_OK;
    memset(state_text, 0xee, sizeof state_text);
    memset(local_text, 0xee, sizeof local_text);
    for (size_t i = 0; i < NODES; i += 7) {
        if (nodes[i] != NULL)
            node_free(i);
    }
    for (unsigned i = 0; i < 20; i++)
        memset(malloc(5000), 0xee, 5000); /* which goes away with the rest */
}

/* A husk function that leaves the image to the zygote and ends. */
static inline void husk_freeze(firn_process_husk *husk, const void **ret_image,
                               size_t *ret_image_bytes)
{
    (void)ret_image, (void)ret_image_bytes;
    must(husk->image_bytes <= IMAGE_MAX_BYTES);
    memcpy(common->image, husk->image, husk->image_bytes);
    common->image_bytes = husk->image_bytes;
    firn_process_husk_drop(husk);
    must(husk->image == NULL && husk->image_bytes == 0);
    _exit(40);
}

/* One that gives back what it was given. */
static inline void husk_idle(firn_process_husk *husk, const void **ret_image,
                             size_t *ret_image_bytes)
{
    (void)husk, (void)ret_image, (void)ret_image_bytes;
}

/* In the zygote: rebuilds what lies in common until it ends otherwise than by freezing again. */
static inline void rebuild_or_say(void)
{
    firn_error error;
    firn_status status = firn_process_rebuild(zygote, common->image, common->image_bytes, &error);
    fprintf(stderr, "%s\n", error.text);
    _exit(100 + (int)status);
}

/* Hibernates behind `depth` calls that have something on the stack each. */
static inline firn_status hibernate_deep(unsigned depth,
                                         const firn_process_hibernate_options *options,
                                         firn_process_result *ret_result, firn_error *ret_error)
{
    volatile unsigned char local[600];
    for (size_t i = 0; i < sizeof local; i++)
        local[i] = (unsigned char)(i * depth);
    firn_status status = depth > 0 ? hibernate_deep(depth - 1, options, ret_result, ret_error)
                                   : firn_process_hibernate(zygote, options, ret_result, ret_error);
    for (size_t i = 0; i < sizeof local; i++)
        must(local[i] == (unsigned char)(i * depth));
    return status;
}

#endif
