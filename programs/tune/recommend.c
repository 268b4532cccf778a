/* `firn tune recommend`: the smallest profile that has room inline for the heads that came, and
 * whose limits none of them exceeds. A histogram tells no more than a slot, so that a value counts
 * as the largest of its slot. */
#include "common/emitter.h"
#include "common/readable.h"
#include "tune/evidence.h"
#include "tune/recorded.h"
#include "tune/tune.h"

#include <firn/firn.h>

#include <errno.h>
#include <string.h>

#define INLINE_PER_MILLE 990u /* of heads */
#define FEW 1000u             /* requests: fewer say little */
#define PAGE_BYTES 4096u
#define UNIT_BYTES 16384u /* of a slab */

/* How a profile fits what was recorded. */
struct fit {
    const firn_http_profile_info *profile;
    uint64_t within;   /* heads that lie inline, at least */
    uint64_t refused;  /* that it would refuse, at most */
    uint64_t expected; /* bytes of memory, with as many connections and loops */
    bool fits;
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How many values exceed this one. */
static uint64_t beyond(const struct recorded_histogram *histogram, uint64_t value)
{
    return histogram->count - recorded_within(histogram, value);
}

static struct fit fit_of(const firn_http_profile_info *profile, const struct recorded *recorded)
{
    const uint64_t heads = recorded->head_bytes.count;
    const uint64_t outside = beyond(&recorded->fields, profile->field_count) +
                             beyond(&recorded->head_bytes, profile->input_bytes);
    const uint64_t refused = beyond(&recorded->fields, profile->field_limit) +
                             beyond(&recorded->head_bytes, profile->head_limit) +
                             beyond(&recorded->target_bytes, profile->target_limit);
    struct fit fit = {.profile = profile,
                      .within = heads - least(outside, heads),
                      .refused = least(refused, heads),
                      .expected = recorded->loops * profile->loop_bytes +
                                  recorded->connections * profile->entry_bytes +
                                  recorded->busy * profile->block_bytes};
    fit.fits = (double)fit.within >= (double)heads * INLINE_PER_MILLE / 1000 && fit.refused == 0 &&
               profile->head_limit > recorded->over_limits_of_bytes;
    return fit;
}

/* Sorted, the smallest first. */
static void fit_all(const struct recorded *recorded, struct fit fits[FIRN_HTTP_PROFILE_COUNT])
{
    for (unsigned i = 0; i < FIRN_HTTP_PROFILE_COUNT; i++) {
        struct fit fit = fit_of(firn_http_profile_get(i), recorded);
        unsigned at = i;
        for (; at > 0 && fits[at - 1].profile->block_bytes > fit.profile->block_bytes; at--)
            fits[at] = fits[at - 1];
        fits[at] = fit;
    }
}

static void explain(const struct recorded *recorded, const struct fit *fit, char *text, size_t size)
{
    char heads[READABLE_BYTES], over[READABLE_BYTES];
    const double share = 100 * (double)fit->within / (double)recorded->head_bytes.count;
    int used = snprintf(
        text, size, "%.1f %% of %s heads lie inline: 99 %% have up to %llu fields and %llu bytes",
        share, readable_number(recorded->head_bytes.count, heads),
        (unsigned long long)recorded_per_mille(&recorded->fields, 990),
        (unsigned long long)recorded_per_mille(&recorded->head_bytes, 990));
    if (recorded->over_limits > 0)
        used +=
            snprintf(text + used, size - (size_t)used, "; %s were too large for the profile in use",
                     readable_number(recorded->over_limits, over));
    if (!fit->fits)
        used += snprintf(text + used, size - (size_t)used, "; none larger is there");
    if (recorded->head_bytes.count < FEW)
        (void)snprintf(text + used, size - (size_t)used,
                       "; so few requests say little, record more");
}

static void print_fit(struct emitter *emitter, const struct fit *fit, uint64_t heads)
{
    const firn_http_profile_info *profile = fit->profile;
    emitter_row_begin(emitter);
    emitter_text(emitter, "name", profile->name);
    emitter_flag(emitter, "fits", fit->fits);
    emitter_real(emitter, "inline_share", (double)fit->within / (double)heads);
    emitter_number(emitter, "refused", fit->refused);
    emitter_bytes(emitter, "idle_bytes", profile->entry_bytes);
    emitter_bytes(emitter, "busy_bytes", profile->entry_bytes + profile->block_bytes);
    emitter_bytes(emitter, "loop_bytes", profile->loop_bytes);
    emitter_bytes(emitter, "expected_bytes", fit->expected);
    emitter_row_end(emitter);
}

/* Bytes of the pages of a busy connection's block that were touched: up to the end of a head as
 * 99 % are. Blocks lie one behind the other in units of 16 KiB. Between low and balanced this says
 * 0.82 KB a connection, and the kernel 0.86; whole blocks differ by 6.5. */
static double touched_bytes(const firn_http_profile_info *profile, const struct recorded *recorded)
{
    const uint64_t heads = recorded_per_mille(&recorded->head_bytes, INLINE_PER_MILLE);
    const uint64_t head = least(heads, profile->input_bytes);
    const uint64_t touched = profile->block_bytes - profile->input_bytes + head;
    uint64_t slot = profile->block_bytes, blocks = 1, pages = 0, next = 0;
    firn_slab slab;
    void *block = NULL;
    if (firn_slab_init(&slab, NULL) == FIRN_OK) {
        block = firn_slab_alloc(&slab, slot);
        slot = block != NULL ? firn_slab_usable_size(&slab, block) : slot;
        firn_slab_fini(&slab);
    }
    blocks = slot < UNIT_BYTES ? UNIT_BYTES / slot : 1;
    for (uint64_t i = 0; i < blocks; i++) {
        const uint64_t from = i * slot / PAGE_BYTES, to = (i * slot + touched - 1) / PAGE_BYTES + 1;
        pages += to > next ? to - (from > next ? from : next) : 0;
        next = to > next ? to : next;
    }
    return (double)(pages * PAGE_BYTES) / (double)blocks;
}

/* What a profile that does not fit would refuse or spill is worth more than what it saves. */
static void advise_profile(const struct recorded *recorded, const struct fit *fit,
                           const char *because, struct advices *advices)
{
    struct advice *advice = advice_add(advices);
    const double entries = (double)(recorded->connections * fit->profile->entry_bytes);
    bool is_in_use = true;
    advice->now_bytes = entries;
    for (unsigned i = 0; i < FIRN_HTTP_PROFILE_COUNT; i++) {
        const firn_http_profile_info *profile = firn_http_profile_get(i);
        advice->now_bytes += (double)recorded->busy_of[i] * touched_bytes(profile, recorded);
        is_in_use &= recorded->files_of[i] == 0 || profile == fit->profile;
    }
    advice->then_bytes = entries + (double)recorded->busy * touched_bytes(fit->profile, recorded);
    snprintf(advice->setting, sizeof advice->setting, "profile %s%s", fit->profile->name,
             is_in_use ? ", as it is" : "");
    if (!is_in_use)
        snprintf(advice->paste, sizeof advice->paste, "firn serve DIR --profile %s",
                 fit->profile->name);
    snprintf(advice->because, sizeof advice->because, "%.250s", because);
}

static void print_profiles(struct emitter *emitter, const struct recorded *recorded,
                           struct advices *advices)
{
    static const struct emitter_column columns[] = {
        {"name", -10},      {"fits", 5},        {"inline_share", 13}, {"refused", 8},
        {"idle_bytes", 11}, {"busy_bytes", 11}, {"loop_bytes", 11},   {"expected_bytes", 15}};
    struct fit fits[FIRN_HTTP_PROFILE_COUNT];
    char because[512];
    unsigned best = 0;
    fit_all(recorded, fits);
    while (best + 1 < FIRN_HTTP_PROFILE_COUNT && !fits[best].fits)
        best++;
    explain(recorded, &fits[best], because, sizeof because);
    advise_profile(recorded, &fits[best], because, advices);
    emitter_text(emitter, "profile", fits[best].profile->name);
    emitter_text(emitter, "because", because);
    emitter_number(emitter, "files", recorded->files);
    emitter_number(emitter, "requests", recorded->head_bytes.count);
    emitter_number(emitter, "connections", recorded->connections);
    emitter_number(emitter, "loops", recorded->loops);
    emitter_bytes(emitter, "expected_bytes", fits[best].expected);
    emitter_table_begin(emitter, "profiles", columns, sizeof columns / sizeof columns[0]);
    for (unsigned i = 0; i < FIRN_HTTP_PROFILE_COUNT; i++)
        print_fit(emitter, &fits[i], recorded->head_bytes.count);
    emitter_table_end(emitter);
}

/* --- files --- */

/* Reads a document; "-" is standard input. NULL after a line on stderr. */
static json_t *load(const char *path, const char **ret_name)
{
    json_error_t error;
    json_t *root = NULL;
    const bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "re");
    *ret_name = is_input ? "standard input" : path;
    if (file == NULL) {
        report("%s: %s; name a file to read", path, strerror(errno));
        return NULL;
    }
    root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (ferror(file)) {
        report("%s: %s", *ret_name, strerror(errno));
        json_decref(root);
        root = NULL;
    } else if (root == NULL) {
        report("%s:%d:%d: %s; give it what `firn serve --stats` answered, or firn tune wrote",
               *ret_name, error.line, error.column, error.text);
    }
    if (!is_input)
        fclose(file);
    return root;
}

static bool add_file(const char *path, struct recorded *recorded, struct advices *advices)
{
    const char *name;
    json_t *root = load(path, &name);
    if (root == NULL)
        return false;
    const bool good =
        evidence_is(root) ? evidence_read(name, root, advices) : recorded_add(recorded, name, root);
    json_decref(root);
    return good;
}

enum exit_status command_tune_recommend(const struct invocation *invocation)
{
    struct recorded recorded = {.files = 0};
    struct advices advices = {.count = 0};
    struct emitter emitter;
    for (unsigned i = 0; i < invocation->operand_count; i++)
        if (!add_file(invocation->operands[i], &recorded, &advices))
            return EXIT_FAILED;
    if (recorded.files > 0 && recorded.head_bytes.count == 0) {
        report("%s: no request was recorded; serve some, and read the page again",
               invocation->operands[0]);
        return EXIT_FAILED;
    }
    evidence_conclude(&advices);
    emitter_begin(&emitter, stdout, invocation->json);
    emitter_object_begin(&emitter, NULL);
    if (recorded.files > 0)
        print_profiles(&emitter, &recorded, &advices);
    advices_print(&emitter, &advices);
    emitter_object_end(&emitter);
    return emitter_end(&emitter, EXIT_DONE);
}
