/* What calls need to unpack and movers to pack: a codec and two buffers. An idle one waits in a
 * list of its kind, so that there are as many as there were calls at a time; a few stay.
 *
 * A codec that unpacks has 94 KiB, one that packs groups up to 1.1 MiB, one that packs for the
 * store 3.5 MiB, which is why the kinds are apart. Threads: all functions may be called by any. */
#include "tier/cache.h"

enum { READ_KEPT = 4 };

static uint32_t kept_of(firn_work_kind kind)
{
    return kind == FIRN_WORK_READ ? READ_KEPT : 1;
}

static void work_destroy(firn_cache *cache, firn_cache_work *work)
{
    if (work->kind == FIRN_WORK_FREEZE)
        atomic_fetch_sub(&cache->freeze_works, 1);
    firn_codec_destroy(work->codec);
    firn_release(cache->allocator, work->packed, work->packed_capacity);
    firn_release(cache->allocator, work->plain, work->plain_capacity);
    firn_release(cache->allocator, work, sizeof *work);
}

static firn_cache_work *work_create(firn_cache *cache, firn_work_kind kind)
{
    firn_cache_work *work = firn_allocate_zeroed(cache->allocator, 1, sizeof *work);
    if (work == NULL)
        return NULL;
    work->kind = kind;
    if (kind == FIRN_WORK_FREEZE)
        atomic_fetch_add(&cache->freeze_works, 1);
    if (firn_codec_create(cache->allocator, &work->codec) != FIRN_OK) {
        work_destroy(cache, work);
        return NULL;
    }
    return work;
}

firn_cache_work *firn_cache_work_take(firn_cache *cache, firn_work_kind kind)
{
    pthread_mutex_lock(&cache->works_lock);
    firn_cache_work *work = cache->works[kind];
    if (work != NULL) {
        cache->works[kind] = work->next;
        cache->work_count[kind]--;
    }
    pthread_mutex_unlock(&cache->works_lock);
    if (work == NULL)
        work = work_create(cache, kind);
    if (work != NULL)
        work->started_ns = 0;
    return work;
}

static bool buffer_is_large(const firn_cache_work *work)
{
    return work->plain_capacity > 2 * FIRN_GROUP_BYTES;
}

void firn_cache_work_give(firn_cache *cache, firn_cache_work *work)
{
    if (work == NULL)
        return;
    firn_cache_batch_unpin(cache, work);
    bool keep = work->kind == FIRN_WORK_FREEZE || !buffer_is_large(work);
    pthread_mutex_lock(&cache->works_lock);
    keep = keep && cache->work_count[work->kind] < kept_of(work->kind);
    if (keep) {
        work->next = cache->works[work->kind];
        cache->works[work->kind] = work;
        cache->work_count[work->kind]++;
    }
    pthread_mutex_unlock(&cache->works_lock);
    if (!keep)
        work_destroy(cache, work);
}

void firn_cache_works_trim(firn_cache *cache, firn_work_kind kind)
{
    pthread_mutex_lock(&cache->works_lock);
    firn_cache_work *work = cache->works[kind];
    cache->works[kind] = NULL;
    cache->work_count[kind] = 0;
    pthread_mutex_unlock(&cache->works_lock);
    while (work != NULL) {
        firn_cache_work *next = work->next;
        work_destroy(cache, work);
        work = next;
    }
}

static bool buffer_fit(firn_cache *cache, uint8_t **buffer, size_t *capacity, size_t size)
{
    if (size <= *capacity)
        return true;
    uint8_t *larger = firn_allocate(cache->allocator, size);
    if (larger == NULL)
        return false;
    firn_release(cache->allocator, *buffer, *capacity);
    *buffer = larger;
    *capacity = size;
    return true;
}

firn_status firn_cache_work_fit(firn_cache *cache, firn_cache_work *work, size_t packed_size,
                                size_t plain_size)
{
    if (buffer_fit(cache, &work->packed, &work->packed_capacity, packed_size) &&
        buffer_fit(cache, &work->plain, &work->plain_capacity, plain_size))
        return FIRN_OK;
    return FIRN_NO_MEMORY;
}
