/* Writes profiles but for the flame graph (flame.c): see profile_write.h. Called by track.c; calls
 * the emitter. No state. */
#include "tune/profile_write.h"

#include "common/readable.h"

#include <math.h>
#include <string.h>

enum { SITES_SHOWN = 10, FRAMES_SHOWN = 3 };

static uint64_t whole(double value)
{
    return value >= 0.5 ? (uint64_t)llround(value) : 0;
}

static double seconds_of(const struct profile *profile)
{
    return profile->end_ns > profile->begin_ns ? (double)(profile->end_ns - profile->begin_ns) / 1e9
                                               : 0;
}

static double share_named(const struct profile *profile)
{
    const struct profile_names *names = &profile->names_all;
    return names->all > 0 ? (double)names->named / (double)names->all : 1;
}

/* --- JSON --- */

static void emit_site(struct emitter *emitter, const struct profile *profile,
                      const struct profile_site *site)
{
    emitter_object_begin(emitter, NULL);
    emitter_array_begin(emitter, "stack");
    for (uint32_t i = 0; i < site->count; i++) {
        size_t size;
        const char *frame = profile_frame(profile, profile->frames[site->first + i], &size);
        emitter_text_sized(emitter, NULL, frame, size);
    }
    emitter_array_end(emitter);
    emitter_number(emitter, "calls", whole(site->calls));
    emitter_number(emitter, "bytes", whole(site->bytes));
    emitter_number(emitter, "peak_bytes", whole(site->peak_bytes));
    emitter_number(emitter, "leaked_bytes", whole(site->leaked_bytes));
    emitter_number(emitter, "malloc_bytes", whole(site->malloc_bytes));
    emitter_number(emitter, "arena_bytes", whole(site->arena_bytes));
    emitter_number(emitter, "calls_error", whole(sqrt(site->calls_variance)));
    emitter_number(emitter, "bytes_error", whole(sqrt(site->bytes_variance)));
    emitter_object_end(emitter);
}

static void emit_slots(struct emitter *emitter, const struct profile *profile)
{
    emitter_array_begin(emitter, "sizes");
    for (uint32_t i = 0; i < TRACE_SIZES; i++) {
        const struct trace_size *size = &profile->sizes[i];
        if (size->calls <= 0)
            continue;
        emitter_object_begin(emitter, NULL);
        emitter_number(emitter, "bytes", trace_size_of_slot(i));
        emitter_number(emitter, "calls", whole(size->calls));
        emitter_number(emitter, "peak_calls", whole(size->peak_calls));
        emitter_number(emitter, "peak_bytes", whole(size->peak_bytes));
        emitter_object_end(emitter);
    }
    emitter_array_end(emitter);
    emitter_array_begin(emitter, "lifetimes");
    for (uint32_t i = 0; i < TRACE_LIFETIMES; i++) {
        if (profile->lifetimes[i] <= 0)
            continue;
        emitter_object_begin(emitter, NULL);
        emitter_number(emitter, "outlived", trace_lifetime_of_slot(i));
        emitter_number(emitter, "calls", whole(profile->lifetimes[i]));
        emitter_object_end(emitter);
    }
    emitter_array_end(emitter);
}

/* Those behind the program's name, without the one that was cut. */
static void emit_arguments(struct emitter *emitter, const struct profile *profile)
{
    const char *at = profile->arguments, *end = at + profile->argument_bytes;
    emitter_array_begin(emitter, "arguments");
    for (bool is_name = true; at < end; is_name = false) {
        const char *next = memchr(at, '\0', (size_t)(end - at));
        if (next == NULL)
            break;
        if (!is_name)
            emitter_text(emitter, NULL, at);
        at = next + 1;
    }
    emitter_array_end(emitter);
    emitter_flag(emitter, "arguments_cut", profile->argument_bytes == TRACE_ARGUMENTS_BYTES);
}

void profile_emit(struct emitter *emitter, const struct profile *profile)
{
    emitter_text(emitter, "kind", "firn-profile");
    emitter_number(emitter, "version", 3);
    emitter_path(emitter, "command", profile->command);
    emit_arguments(emitter, profile);
    emitter_number(emitter, "pid", profile->pid);
    emitter_real(emitter, "seconds", seconds_of(profile));
    emitter_real(emitter, "cpu_seconds", (double)profile->cpu_ns / 1e9);
    emitter_flag(emitter, "sampled", profile->interval_bytes > 0);
    emitter_number(emitter, "interval_bytes", profile->interval_bytes);
    emitter_number(emitter, "samples", profile->samples);
    emitter_number(emitter, "threads", profile->threads);
    emitter_number(emitter, "calls", profile->calls);
    emitter_number(emitter, "bytes", profile->bytes);
    emitter_number(emitter, "peak_bytes", whole(profile->peak_bytes));
    emitter_number(emitter, "kept_peak_bytes", whole(profile->kept_peak_bytes));
    emitter_number(emitter, "slab_peak_bytes", profile->slab_peak_bytes);
    emitter_number(emitter, "malloc_peak_bytes", profile->malloc_peak_bytes);
    emitter_number(emitter, "leaked_bytes", whole(profile->leaked_bytes));
    emitter_number(emitter, "leaked_calls", whole(profile->leaked_calls));
    emitter_number(emitter, "lost", profile->lost);
    emitter_real(emitter, "symbols", share_named(profile));
    emitter_array_begin(emitter, "sites");
    for (uint32_t i = 0; i < profile->site_count; i++)
        emit_site(emitter, profile, &profile->sites[i]);
    emitter_array_end(emitter);
    emit_slots(emitter, profile);
}

/* --- text --- */

static void print_site(struct emitter *emitter, const struct profile *profile,
                       const struct profile_site *site)
{
    char bytes[READABLE_BYTES], error[READABLE_BYTES], calls[READABLE_BYTES];
    char peak[READABLE_BYTES], leaked[READABLE_BYTES];
    emitter_plain(emitter, "\n%s", readable_bytes(whole(site->bytes), bytes));
    if (profile->interval_bytes > 0)
        emitter_plain(emitter, " (± %s)", readable_bytes(whole(sqrt(site->bytes_variance)), error));
    emitter_plain(emitter, " in %s calls, %s at the peak, %s never freed\n",
                  readable_number(whole(site->calls), calls),
                  readable_bytes(whole(site->peak_bytes), peak),
                  readable_bytes(whole(site->leaked_bytes), leaked));
    for (uint32_t i = 0; i < site->count; i++) {
        size_t size;
        const char *frame = profile_frame(profile, profile->frames[site->first + i], &size);
        emitter_plain(emitter, "    ");
        emitter_plain_name(emitter, frame, size);
        emitter_plain(emitter, "\n");
    }
}

static void print_sites(struct emitter *emitter, const struct profile *profile)
{
    uint32_t count = 0;
    struct profile_site *sites = profile_group(profile, FRAMES_SHOWN, &count);
    for (uint32_t i = 0; sites != NULL && i < count && i < SITES_SHOWN; i++)
        print_site(emitter, profile, &sites[i]);
    if (sites != NULL)
        firn_release(NULL, sites, profile_group_bytes(profile));
}

static double percent(double part, double all)
{
    return all > 0 ? 100 * part / all : 0;
}

/* The share of calls up to a slot, per cent. */
static double share_of_sizes(const struct profile *profile, uint32_t end)
{
    double all = 0, part = 0;
    for (uint32_t i = 0; i < TRACE_SIZES; i++) {
        all += profile->sizes[i].calls;
        part += i < end ? profile->sizes[i].calls : 0;
    }
    return percent(part, all);
}

static double share_of_lifetimes(const struct profile *profile, uint32_t end)
{
    double all = 0, part = 0;
    for (uint32_t i = 0; i < TRACE_LIFETIMES; i++) {
        all += profile->lifetimes[i];
        part += i < end ? profile->lifetimes[i] : 0;
    }
    return percent(part, all);
}

void profile_print(struct emitter *emitter, const struct profile *profile)
{
    emitter_path(emitter, "command", profile->command);
    emitter_number(emitter, "calls", profile->calls);
    emitter_bytes(emitter, "bytes", profile->bytes);
    emitter_bytes(emitter, "peak_bytes", whole(profile->peak_bytes));
    emitter_bytes(emitter, "leaked_bytes", whole(profile->leaked_bytes));
    emitter_number(emitter, "threads", profile->threads);
    emitter_seconds(emitter, "seconds", seconds_of(profile));
    emitter_number(emitter, "samples", profile->samples);
    emitter_plain(emitter, "%.0f %% of calls ask for at most 64 bytes, %.0f %% for at most 1,024\n",
                  share_of_sizes(profile, 65), share_of_sizes(profile, TRACE_SMALL + 1));
    emitter_plain(
        emitter,
        "%.0f %% of what is freed outlives at most 15 later calls, %.0f %% at most 1,023\n",
        share_of_lifetimes(profile, 5), share_of_lifetimes(profile, 11));
    print_sites(emitter, profile);
}

/* --- folded stacks --- */

/* A frame without what divides frames and lines. */
static void fold_frame(FILE *out, const char *frame, size_t size)
{
    for (size_t i = 0; i < size; i++)
        fputc(frame[i] == ';' ? ',' : frame[i] == '\n' ? ' ' : frame[i], out);
}

void profile_fold(FILE *out, const struct profile *profile)
{
    const char *slash = strrchr(profile->command, '/');
    const char *name = slash != NULL ? slash + 1 : profile->command;
    for (uint32_t i = 0; i < profile->site_count; i++) {
        const struct profile_site *site = &profile->sites[i];
        fold_frame(out, name, strlen(name));
        for (uint32_t j = site->count; j-- > 0;) {
            size_t size;
            const char *frame = profile_frame(profile, profile->frames[site->first + j], &size);
            fputc(';', out);
            fold_frame(out, frame, size);
        }
        fprintf(out, " %llu\n", (unsigned long long)whole(site->bytes));
    }
}
