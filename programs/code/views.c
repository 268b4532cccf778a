/* Kept views, least recently used ones going first.
 *
 * A kept view has its own copy of the text, so that no segment of the store stays pinned for it. A
 * whole one has no packed tree, and the parent of each node: with it the node at an offset is found
 * by a binary search and a climb, in 1 µs where decoding from a checkpoint takes 20. A partial one
 * goes on with what it has decoded.
 *
 * Invariants, whenever the mutex is free:
 *   K1  a file has one kept view of each kind at most, in the bucket of its number
 *   K2  bytes is the sum of all that are in buckets, and at most limit_bytes unless those in use
 *       alone take more
 *   K3  a kept view is in the list exactly when nobody uses it */
#include "code/view.h"

#include <assert.h>
#include <string.h>

#define BUCKETS 256u

struct kept {
    struct view view; /* the first member, so that a view is its kept one */
    struct kept *chained;
    struct kept *newer;
    struct kept *older;
    size_t bytes;
    unsigned users;
    pthread_mutex_t mutex; /* of a partial view */
};

struct views {
    pthread_mutex_t mutex;
    size_t limit_bytes;
    size_t bytes;
    struct kept *newest;
    struct kept *oldest;
    struct kept *buckets[BUCKETS];
};

firn_status views_create(size_t limit_bytes, struct views **ret_views)
{
    struct views *views = firn_allocate_zeroed(NULL, 1, sizeof *views);
    if (views == NULL)
        return FIRN_NO_MEMORY;
    views->limit_bytes = limit_bytes;
    pthread_mutex_init(&views->mutex, NULL);
    *ret_views = views;
    return FIRN_OK;
}

/* --- the list --- */

static void list_add(struct views *views, struct kept *kept)
{
    kept->newer = NULL;
    kept->older = views->newest;
    if (views->newest != NULL)
        views->newest->newer = kept;
    else
        views->oldest = kept;
    views->newest = kept;
}

static void list_remove(struct views *views, struct kept *kept)
{
    if (kept->newer != NULL)
        kept->newer->older = kept->older;
    else
        views->newest = kept->older;
    if (kept->older != NULL)
        kept->older->newer = kept->newer;
    else
        views->oldest = kept->newer;
}

/* --- dropping --- */

static void kept_destroy(struct kept *kept)
{
    view_close(&kept->view);
    pthread_mutex_destroy(&kept->mutex);
    firn_release(NULL, kept, sizeof *kept);
}

static void bucket_remove(struct views *views, struct kept *kept)
{
    struct kept **link = &views->buckets[kept->view.file.number % BUCKETS];
    while (*link != kept) {
        assert(*link != NULL); /* K1 */
        link = &(*link)->chained;
    }
    *link = kept->chained;
    views->bytes -= kept->bytes;
}

/* Drops the oldest until `more` bytes fit. */
static void make_room(struct views *views, size_t more)
{
    while (views->oldest != NULL && views->bytes + more > views->limit_bytes) { /* K2 */
        struct kept *kept = views->oldest;
        list_remove(views, kept);
        bucket_remove(views, kept);
        kept_destroy(kept);
    }
}

void views_destroy(struct views *views)
{
    if (views == NULL)
        return;
    make_room(views, SIZE_MAX - views->bytes);
    assert(views->bytes == 0);
    pthread_mutex_destroy(&views->mutex);
    firn_release(NULL, views, sizeof *views);
}

/* --- taking and giving --- */

static enum view_kind kind_of(const struct view *view)
{
    return view->partial != NULL ? VIEW_PARTIAL : VIEW_WHOLE;
}

static struct kept *find(struct views *views, uint64_t file, enum view_kind kind)
{
    struct kept *kept = views->buckets[file % BUCKETS];
    while (kept != NULL && (kept->view.file.number != file || kind_of(&kept->view) != kind))
        kept = kept->chained;
    return kept;
}

struct view *views_take(struct views *views, uint64_t file, enum view_kind kind)
{
    if (views == NULL)
        return NULL;
    pthread_mutex_lock(&views->mutex);
    struct kept *kept = find(views, file, VIEW_WHOLE);
    if (kept == NULL && kind == VIEW_PARTIAL)
        kept = find(views, file, VIEW_PARTIAL);
    if (kept != NULL && kept->users++ == 0)
        list_remove(views, kept); /* K3 */
    pthread_mutex_unlock(&views->mutex);
    return kept != NULL ? &kept->view : NULL;
}

void views_give(struct views *views, struct view *view)
{
    struct kept *kept = (struct kept *)view;
    pthread_mutex_lock(&views->mutex);
    if (--kept->users == 0)
        list_add(views, kept); /* K3 */
    make_room(views, 0);
    pthread_mutex_unlock(&views->mutex);
}

/* --- keeping --- */

static size_t bytes_of(const struct view *view)
{
    const size_t each = sizeof(firn_node) + sizeof(uint32_t);
    const size_t bytes = view->partial != NULL ? view->owned_bytes : view->loaded.text_size;
    return sizeof(struct kept) + view->loaded.tree.node_count * each + bytes +
           view->lines.count * sizeof(uint32_t) +
           view->definitions.capacity * sizeof *view->definitions.items;
}

/* The parent of each node; UINT32_MAX for the root. */
static uint32_t *make_parents(const firn_nodes *nodes, const firn_allocator *allocator)
{
    uint32_t *parents = firn_allocate(allocator, nodes->count * sizeof *parents);
    if (parents == NULL)
        return NULL;
    parents[0] = UINT32_MAX;
    for (uint32_t i = 1; i < nodes->count; i++) {
        uint32_t up = i - 1;
        while (i >= nodes->node[up].next)
            up = parents[up];
        parents[i] = up;
    }
    return parents;
}

/* Lets a whole view own all that it has. False without memory; it then has what it had. */
static bool own_all(struct view *view)
{
    const firn_allocator *allocator = view->opened->allocator;
    const size_t size = view->loaded.text_size;
    uint8_t *text = firn_allocate(allocator, size);
    uint32_t *parents = make_parents(&view->loaded.nodes, allocator);
    if (text == NULL || parents == NULL) {
        firn_release(allocator, text, size);
        firn_release(allocator, parents, view->loaded.nodes.count * sizeof *parents);
        return false;
    }
    memcpy(text, view->loaded.text, size);
    loaded_close(view->opened, &view->loaded); /* the store's own bytes */
    view->loaded.text = (const char *)text;
    view->owned = text;
    view->owned_bytes = size;
    view->parents = parents;
    return true;
}

/* Makes a kept view of one, which has nothing then; NULL without memory. */
static struct kept *make_kept(struct view *view, size_t bytes)
{
    struct kept *kept = firn_allocate(NULL, sizeof *kept);
    if (kept == NULL || (view->partial == NULL && !own_all(view))) {
        firn_release(NULL, kept, sizeof *kept);
        return NULL;
    }
    *kept = (struct kept){.view = *view, .bytes = bytes};
    pthread_mutex_init(&kept->mutex, NULL);
    kept->view.mutex = view->partial != NULL ? &kept->mutex : NULL;
    *view = (struct view){.opened = view->opened};
    return kept;
}

static bool is_worth_keeping(const struct view *view)
{
    return view->loaded.text_size > 0 &&
           (view->partial != NULL || (view->has_definitions && view->loaded.nodes.count > 0));
}

void views_offer(struct views *views, struct view *view)
{
    if (views == NULL || !is_worth_keeping(view))
        return;
    const uint64_t file = view->file.number;
    const enum view_kind kind = kind_of(view);
    const size_t bytes = bytes_of(view);
    struct kept *kept = bytes <= views->limit_bytes / 2 ? make_kept(view, bytes) : NULL;
    if (kept == NULL)
        return;
    pthread_mutex_lock(&views->mutex);
    if (find(views, file, kind) == NULL) {
        make_room(views, bytes);
        kept->chained = views->buckets[file % BUCKETS];
        views->buckets[file % BUCKETS] = kept;
        views->bytes += bytes;
        list_add(views, kept);
        kept = NULL;
    }
    pthread_mutex_unlock(&views->mutex);
    if (kept != NULL) /* another thread was faster, K1 */
        kept_destroy(kept);
}
