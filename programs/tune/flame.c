/* A flame graph as one SVG file without scripts or anything from elsewhere: see profile_write.h.
 * Stacks are sorted by their frames from the outermost on, so that equal beginnings lie together
 * and each becomes one box; what is narrower than a third of a unit is left out. A box's title
 * tells its whole name and figures where the pointer rests. Memory: the order of the sites. */
#include "tune/profile_write.h"

#include "common/readable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 1200.0
#define LINE 17.0
#define MARGIN 8.0
#define LEAST_WIDTH 0.34
#define LETTER 6.6

struct box {
    const struct profile *profile;
    const struct profile_site **sites;
    FILE *out;
    double x, scale, all;
    double bottom; /* of the picture */
};

static const struct profile *compared;

static int compare(const void *a, const void *b)
{
    const struct profile_site *left = *(const struct profile_site *const *)a;
    const struct profile_site *right = *(const struct profile_site *const *)b;
    const uint32_t least = left->count < right->count ? left->count : right->count;
    for (uint32_t i = 1; i <= least; i++) {
        const uint32_t x = compared->frames[left->first + left->count - i];
        const uint32_t y = compared->frames[right->first + right->count - i];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (left->count > right->count) - (left->count < right->count);
}

static void put_escaped(FILE *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const char letter = text[i];
        if (letter == '<' || letter == '>' || letter == '&' || letter == '"')
            fprintf(out, "&#%d;", letter);
        else
            fputc((unsigned char)letter < 0x20 ? ' ' : letter, out);
    }
}

/* One of the warm colours, the same for the same name. */
static void put_colour(FILE *out, const char *text, size_t size)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    fprintf(out, "rgb(%u,%u,%u)", 205 + hash % 50, 110 + (hash >> 8) % 110, 60 + (hash >> 16) % 40);
}

static void put_box(const struct box *box, double x, double width, unsigned depth, const char *text,
                    size_t size, double bytes)
{
    char readable[READABLE_BYTES];
    const double y = box->bottom - (depth + 1) * LINE;
    fprintf(box->out, "<g><title>");
    put_escaped(box->out, text, size);
    fprintf(
        box->out,
        ": %s, %.2f %%</title><rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" fill=\"",
        readable_bytes((uint64_t)llround(bytes), readable),
        box->all > 0 ? 100 * bytes / box->all : 0, x, y, width, LINE - 1);
    put_colour(box->out, text, size);
    fprintf(box->out, "\"/>");
    const size_t letters = width > 4 * LETTER ? (size_t)((width - 6) / LETTER) : 0;
    if (letters > 2) {
        fprintf(box->out, "<text x=\"%.2f\" y=\"%.1f\">", x + 3, y + LINE - 5);
        put_escaped(box->out, text, size < letters ? size : letters - 2);
        fprintf(box->out, "%s</text>", size < letters ? "" : "..");
    }
    fprintf(box->out, "</g>\n");
}

/* The boxes of sites [first, end), whose outermost `depth` frames are the same. */
static void put_level(const struct box *box, uint32_t first, uint32_t end, unsigned depth, double x)
{
    while (first < end) {
        const struct profile_site *site = box->sites[first];
        if (site->count <= depth) { /* it ends below */
            x += site->bytes * box->scale;
            first++;
            continue;
        }
        const uint32_t frame = box->profile->frames[site->first + site->count - 1 - depth];
        uint32_t next = first;
        double bytes = 0;
        for (; next < end; next++) {
            const struct profile_site *other = box->sites[next];
            if (other->count <= depth ||
                box->profile->frames[other->first + other->count - 1 - depth] != frame)
                break;
            bytes += other->bytes;
        }
        if (bytes * box->scale >= LEAST_WIDTH) {
            size_t size;
            const char *text = profile_frame(box->profile, frame, &size);
            put_box(box, x, bytes * box->scale, depth + 2, text, size, bytes);
            put_level(box, first, next, depth + 1, x);
        }
        x += bytes * box->scale;
        first = next;
    }
}

static bool put_process(struct box *box, const struct profile *profile)
{
    const char *slash = strrchr(profile->command, '/');
    const char *name = slash != NULL ? slash + 1 : profile->command;
    const size_t bytes = (profile->site_count + 1) * sizeof *box->sites;
    double sum = 0;
    box->profile = compared = profile;
    box->sites = firn_allocate(NULL, bytes);
    if (box->sites == NULL)
        return false;
    for (uint32_t i = 0; i < profile->site_count; i++) {
        box->sites[i] = &profile->sites[i];
        sum += profile->sites[i].bytes;
    }
    qsort(box->sites, profile->site_count, sizeof *box->sites, compare);
    if (sum * box->scale >= LEAST_WIDTH) {
        put_box(box, box->x, sum * box->scale, 1, name, strlen(name), sum);
        put_level(box, 0, profile->site_count, 0, box->x);
    }
    box->x += sum * box->scale;
    firn_release(NULL, box->sites, bytes);
    return true;
}

bool profile_flame(FILE *out, const struct profile *profiles, size_t count)
{
    struct box box = {.out = out, .x = MARGIN};
    uint32_t deepest = 0;
    bool is_done = true;
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < profiles[i].site_count; j++) {
            const struct profile_site *site = &profiles[i].sites[j];
            box.all += site->bytes;
            deepest = site->count > deepest ? site->count : deepest;
        }
    box.scale = box.all > 0 ? (WIDTH - 2 * MARGIN) / box.all : 0;
    const double height = (deepest + 4) * LINE + 2 * MARGIN;
    box.bottom = height - MARGIN;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
            "font-family=\"monospace\" font-size=\"11\">\n"
            "<style>rect{stroke:#fff;stroke-width:.3}text{fill:#111}.page{fill:#fff}"
            ".note{fill:#333}@media(prefers-color-scheme:dark){.page{fill:#16181c}"
            ".note{fill:#ccc}rect{stroke:#16181c}}</style>\n"
            "<rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n"
            "<text class=\"note\" x=\"%.0f\" y=\"%.0f\">Bytes allocated, by call stack</text>\n",
            WIDTH, height, MARGIN, MARGIN + 10);
    put_box(&box, MARGIN, WIDTH - 2 * MARGIN, 0, "all", 3, box.all);
    for (size_t i = 0; is_done && i < count; i++)
        is_done = put_process(&box, &profiles[i]);
    fprintf(out, "</svg>\n");
    return is_done;
}
