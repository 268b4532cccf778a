/* Every number is checked before it is used. */
#include "tune/recorded.h"

#include "common/report.h"

#include <firn/http_server.h>

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define ADVICE "give it what `firn serve --stats` answered"

struct page {
    const char *path;
    const json_t *root;
};

/* --- values --- */

static bool refuse(const struct page *page, const char *where, const char *why)
{
    report("%s: \"%s\": %s; " ADVICE, page->path, where, why);
    return false;
}

static bool read_number(const struct page *page, const json_t *object, const char *key,
                        uint64_t *ret_number)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return refuse(page, key, value == NULL ? "missing" : "no whole number from 0 on");
    *ret_number = (uint64_t)json_integer_value(value);
    return true;
}

/* Adds a count at its place; false when there are too many places, or the sum is too large. */
static bool add_count(struct recorded_histogram *histogram, uint64_t below, uint64_t count)
{
    unsigned at = 0;
    while (at < histogram->slot_count && histogram->slots[at].below < below)
        at++;
    const bool is_new = at == histogram->slot_count || histogram->slots[at].below != below;
    if (count > INT64_MAX - histogram->count ||
        (is_new && histogram->slot_count == RECORDED_SLOTS_MAX))
        return false;
    if (is_new) {
        memmove(&histogram->slots[at + 1], &histogram->slots[at],
                (histogram->slot_count - at) * sizeof histogram->slots[0]);
        histogram->slots[at] = (struct recorded_slot){.below = below};
        histogram->slot_count++;
    }
    histogram->slots[at].count += count;
    histogram->count += count;
    return true;
}

static bool read_histogram(const struct page *page, const char *key,
                           struct recorded_histogram *histogram)
{
    const json_t *slots = json_object_get(page->root, key);
    if (!json_is_array(slots))
        return refuse(page, key, slots == NULL ? "missing" : "no list");
    for (size_t i = 0; i < json_array_size(slots); i++) {
        const json_t *slot = json_array_get(slots, i);
        char where[64];
        const struct page within = {page->path, NULL};
        uint64_t below = 0, count = 0;
        snprintf(where, sizeof where, "%s[%zu]", key, i);
        if (!json_is_object(slot))
            return refuse(page, where, "no object");
        if (!read_number(&within, slot, "below", &below) ||
            !read_number(&within, slot, "count", &count))
            return false;
        if (below == 0 || !add_count(histogram, below, count))
            return refuse(page, where, "out of range");
    }
    return true;
}

/* --- a page --- */

/* FIRN_HTTP_PROFILE_COUNT: there is none. */
static unsigned profile_named(const char *name)
{
    unsigned i = 0;
    while (i < FIRN_HTTP_PROFILE_COUNT &&
           (name == NULL || strcmp(firn_http_profile_get(i)->name, name) != 0))
        i++;
    return i;
}

static bool read_page(const struct page *page, struct recorded *recorded)
{
    const json_t *connections = json_object_get(page->root, "connections");
    const unsigned which = profile_named(json_string_value(json_object_get(page->root, "profile")));
    const firn_http_profile_info *profile = firn_http_profile_get(which);
    uint64_t loops = 0, all = 0, idle = 0, over = 0;
    if (profile == NULL)
        return refuse(page, "profile", "missing, or none that firn has");
    if (!json_is_object(connections))
        return refuse(page, "connections", "missing, or no object");
    if (!read_number(page, page->root, "loops", &loops) ||
        !read_number(page, page->root, "over_limits", &over) ||
        !read_number(page, connections, "all", &all) ||
        !read_number(page, connections, "idle", &idle) ||
        !read_histogram(page, "fields", &recorded->fields) ||
        !read_histogram(page, "head_bytes", &recorded->head_bytes) ||
        !read_histogram(page, "target_bytes", &recorded->target_bytes))
        return false;
    if (loops > UINT32_MAX || all > UINT32_MAX || over > UINT32_MAX)
        return refuse(page, "loops", "out of range, or one of connections and over_limits is");
    recorded->loops += loops;
    recorded->connections += all;
    recorded->busy += idle < all ? all - idle : 0;
    recorded->busy_of[which] += idle < all ? all - idle : 0;
    recorded->files_of[which]++;
    recorded->over_limits += over;
    if (over > 0 && profile->head_limit > recorded->over_limits_of_bytes)
        recorded->over_limits_of_bytes = profile->head_limit;
    recorded->files++;
    return true;
}

bool recorded_add(struct recorded *recorded, const char *path, const json_t *root)
{
    return read_page(&(struct page){path, root}, recorded);
}

/* --- asking --- */

uint64_t recorded_within(const struct recorded_histogram *histogram, uint64_t value)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < histogram->slot_count && histogram->slots[i].below - 1 <= value; i++)
        count += histogram->slots[i].count;
    return count;
}

uint64_t recorded_per_mille(const struct recorded_histogram *histogram, unsigned share)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < histogram->slot_count; i++) {
        count += histogram->slots[i].count;
        if ((double)count >= (double)histogram->count * share / 1000)
            return histogram->slots[i].below - 1;
    }
    return 0;
}
