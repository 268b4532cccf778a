/* A dictionary for cold groups, trained from the first of them.
 *
 * Samples are gathered while groups are packed; then one is trained, and tried on the next groups,
 * each packed both ways. It is taken when they shrink by 2 % more (JSON values: 2.4, HTML pages:
 * 48), else dropped, and tried again after eight times as many groups, three times in all. What was
 * packed with it keeps its number; a dictionary that was taken stays to the end.
 *
 * Called by cache_pack.c and cache_find.c; calls the codec. Threads: all functions may be called by
 * any; a dictionary that has a number never changes. Memory: while samples are gathered, a 48th of
 * the limit, up to 2 MiB; 9 MiB for a moment in the training, which is kept free for it until then
 * (zstd does not take it by our allocator), so small caches have none; then
 * 0.5 MiB. */
#include "tier/cache_dictionary.h"

#include "tier/forked.h"

#include <string.h>

enum {
    SAMPLE_BYTES_MAX = 2 << 20,
    SAMPLE_COUNT_MAX = 64,
    SAMPLE_COUNT_MIN = 16,
    DICTIONARY_BYTES = 32 << 10,
    TRIAL_COUNT = 8,
    TRY_COUNT = 3,
    LIMIT_MIN_BYTES = 64 << 20,
    TRAINING_BYTES = 9 << 20,
    COLD_LEVEL = 3,
};

typedef enum phase { GATHERING, TRYING, WAITING, DONE } phase;

struct firn_cache_dictionaries {
    pthread_mutex_t lock;
    phase phase;
    atomic_bool gathers; /* phase is GATHERING */
    uint8_t *samples;
    size_t sample_capacity, sample_size;
    size_t sizes[SAMPLE_COUNT_MAX];
    size_t sample_count;
    _Atomic(firn_dictionary *) dictionary; /* number 1; set once, when it is taken */
    firn_dictionary *trial;
    uint32_t trial_users, trial_count;
    uint64_t bytes_with, bytes_without;
    uint32_t tries, group_count, next_try;
};

firn_status firn_cache_dictionaries_init(firn_cache *cache)
{
    firn_cache_dictionaries *all = firn_allocate_zeroed(cache->allocator, 1, sizeof *all);
    if (all == NULL)
        return FIRN_NO_MEMORY;
    if (pthread_mutex_init(&all->lock, NULL) != 0) {
        firn_release(cache->allocator, all, sizeof *all);
        return FIRN_NO_MEMORY;
    }
    if (cache->limit_bytes < LIMIT_MIN_BYTES)
        all->phase = DONE;
    atomic_init(&all->gathers, all->phase == GATHERING);
    cache->dictionaries = all;
    return FIRN_OK;
}

static void samples_drop(firn_cache *cache)
{
    firn_cache_dictionaries *all = cache->dictionaries;
    firn_release(cache->allocator, all->samples, all->sample_capacity);
    all->samples = NULL;
    all->sample_capacity = all->sample_size = all->sample_count = 0;
}

void firn_cache_dictionaries_fini(firn_cache *cache)
{
    firn_cache_dictionaries *all = cache->dictionaries;
    if (all == NULL)
        return;
    samples_drop(cache);
    firn_dictionary_destroy(atomic_load(&all->dictionary));
    firn_dictionary_destroy(all->trial);
    pthread_mutex_destroy(&all->lock);
    firn_release(cache->allocator, all, sizeof *all);
    cache->dictionaries = NULL;
}

bool firn_cache_dictionaries_at_rest(firn_cache *cache)
{
    return firn_lock_was_free(&cache->dictionaries->lock);
}

uint64_t firn_cache_dictionaries_bytes(firn_cache *cache)
{
    firn_usage usage = {0};
    const firn_dictionary *dictionary = atomic_load(&cache->dictionaries->dictionary);
    if (dictionary != NULL)
        firn_dictionary_usage(dictionary, &usage);
    return usage.live_bytes + usage.overhead_bytes;
}

uint64_t firn_cache_dictionaries_reserve(const firn_cache *cache)
{
    return atomic_load_explicit(&cache->dictionaries->gathers, memory_order_relaxed)
               ? TRAINING_BYTES
               : 0;
}

/* --- gathering and training --- */

static void phase_begin(firn_cache_dictionaries *all, phase next)
{
    all->phase = next;
    atomic_store(&all->gathers, next == GATHERING);
}

static void try_later(firn_cache *cache)
{
    firn_cache_dictionaries *all = cache->dictionaries;
    samples_drop(cache);
    phase_begin(all, ++all->tries < TRY_COUNT ? WAITING : DONE);
    all->next_try = all->group_count * 8;
}

static void train(firn_cache *cache)
{
    firn_cache_dictionaries *all = cache->dictionaries;
    size_t size = 0;
    uint8_t *bytes = firn_allocate(cache->allocator, DICTIONARY_BYTES);
    firn_status status = FIRN_NO_MEMORY;
    if (bytes != NULL)
        status = firn_dictionary_train(all->samples, all->sizes, all->sample_count, bytes,
                                       DICTIONARY_BYTES, &size);
    if (status == FIRN_OK)
        status = firn_dictionary_create(cache->allocator, bytes, size, COLD_LEVEL, &all->trial);
    firn_release(cache->allocator, bytes, DICTIONARY_BYTES);
    if (status != FIRN_OK) {
        try_later(cache);
        return;
    }
    samples_drop(cache);
    phase_begin(all, TRYING);
    all->trial_count = 0;
    all->bytes_with = all->bytes_without = 0;
}

/* Keeps a group as a sample. Called under the lock, which is held while the training runs: 50 ms,
 * once. */
static void gather(firn_cache *cache, const void *data, size_t size)
{
    firn_cache_dictionaries *all = cache->dictionaries;
    if (all->samples == NULL) {
        size_t capacity = (size_t)(cache->limit_bytes / 48);
        if (capacity > SAMPLE_BYTES_MAX)
            capacity = SAMPLE_BYTES_MAX;
        all->samples = firn_allocate(cache->allocator, capacity);
        if (all->samples == NULL)
            return;
        all->sample_capacity = capacity;
    }
    if (all->sample_size + size <= all->sample_capacity && all->sample_count < SAMPLE_COUNT_MAX) {
        memcpy(all->samples + all->sample_size, data, size);
        all->sizes[all->sample_count++] = size;
        all->sample_size += size;
    } else if (all->sample_count >= SAMPLE_COUNT_MIN) {
        train(cache);
    } else {
        try_later(cache);
    }
}

/* What to do with this group: *ret_taken or *ret_trial is the dictionary to use, or both NULL. */
static void look(firn_cache *cache, const void *data, size_t size, firn_dictionary **ret_taken,
                 firn_dictionary **ret_trial)
{
    firn_cache_dictionaries *all = cache->dictionaries;
    *ret_taken = *ret_trial = NULL;
    pthread_mutex_lock(&all->lock);
    all->group_count++;
    if (all->phase == WAITING && all->group_count >= all->next_try)
        phase_begin(all, GATHERING);
    if (all->phase == GATHERING && size <= FIRN_GROUP_BYTES)
        gather(cache, data, size);
    *ret_taken = atomic_load(&all->dictionary);
    if (all->phase == TRYING) {
        *ret_trial = all->trial;
        all->trial_users++;
    }
    pthread_mutex_unlock(&all->lock);
}

/* Counts a trial; the last one decides. */
static void trial_end(firn_cache *cache, size_t with, size_t without)
{
    firn_cache_dictionaries *all = cache->dictionaries;
    pthread_mutex_lock(&all->lock);
    all->bytes_with += with;
    all->bytes_without += without;
    all->trial_count++;
    all->trial_users--;
    if (all->trial_count >= TRIAL_COUNT && all->trial_users == 0) {
        if (all->bytes_with < all->bytes_without - all->bytes_without / 50) {
            atomic_store(&all->dictionary, all->trial);
            phase_begin(all, DONE);
        } else {
            firn_dictionary_destroy(all->trial);
            try_later(cache);
        }
        all->trial = NULL;
    }
    pthread_mutex_unlock(&all->lock);
}

/* Packs with the trial for its size alone: out then gets the form without. */
static firn_status pack_trial(firn_cache *cache, firn_codec *codec, const firn_dictionary *trial,
                              const void *data, size_t size, void *out, size_t *ret_size)
{
    size_t with = 0, without = 0;
    firn_status status = firn_codec_pack_with(codec, trial, COLD_LEVEL, data, size, out, &with);
    if (status == FIRN_OK)
        status = firn_codec_pack(codec, FIRN_CODEC_ZSTD, COLD_LEVEL, data, size, out, &without);
    bool counts = status == FIRN_OK; /* else as one that did not shrink */
    trial_end(cache, counts ? with : size, counts ? without : size);
    if (status == FIRN_OK)
        *ret_size = without;
    return status;
}

firn_status firn_cache_dictionary_pack(firn_cache *cache, firn_codec *codec, const void *data,
                                       size_t size, void *out, size_t *ret_size,
                                       uint8_t *ret_dictionary)
{
    firn_dictionary *taken, *trial;
    look(cache, data, size, &taken, &trial);
    *ret_dictionary = taken != NULL ? 1 : 0;
    if (trial != NULL)
        return pack_trial(cache, codec, trial, data, size, out, ret_size);
    if (taken != NULL)
        return firn_codec_pack_with(codec, taken, COLD_LEVEL, data, size, out, ret_size);
    return firn_codec_pack(codec, FIRN_CODEC_ZSTD, COLD_LEVEL, data, size, out, ret_size);
}

firn_status firn_cache_dictionary_unpack(firn_cache *cache, firn_codec *codec, uint8_t number,
                                         const void *frame, size_t frame_size, void *out,
                                         size_t out_size)
{
    if (number == 0)
        return firn_codec_unpack(codec, frame, frame_size, out, out_size);
    const firn_dictionary *dictionary = atomic_load(&cache->dictionaries->dictionary);
    return firn_codec_unpack_with(codec, dictionary, frame, frame_size, out, out_size);
}
