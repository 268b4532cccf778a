/* Files held in memory once per process and shared by all who open them.
 *
 * Called by users (firn/mapped.h) and by the layers above. Calls core's files.
 *
 * Nouns: an entry is one content of one file: the same file after a change is another entry.
 * Invariants, whenever the mutex is free:
 *   P1  every entry in the table has a user; no two have the same device, inode, size and times
 *   P2  an entry's data never change after it is in the table
 *   P3  the file of an entry in the table had its last change SETTLED_NS before it was read, so
 *       that any later one has another ctime: it lies more than a tick of the clock behind. Others
 *       belong to who opened them.
 * A file system whose times are coarser (FAT) can still hide a change that keeps the size.
 * Threads: all functions may be called by any; the mutex is not held while a file is read, so that
 * two who open a file for the first time at once may both read it, and one copy goes. A fork waits
 * for the mutex, so that the child finds it free.
 * Memory: one block a content, from the system's allocator; a static table of chains.
 * Complexity: open O(1) when it is held already, else O(size). */
#include "core/file_error.h"
#include "core/system.h"

#include <firn/allocator.h>
#include <firn/mapped.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>

enum { CHAIN_COUNT = 1024, SETTLED_NS = 20000000 };

struct firn_mapped {
    firn_mapped *next; /* in its chain */
    size_t user_count;
    bool shared; /* whether it is in the table */
    firn_file_info info;
    char data[]; /* info.size bytes and a NUL */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static firn_mapped *chains[CHAIN_COUNT];
static size_t open_count, open_bytes; /* of all entries, bytes without what belongs to an entry */

static bool same_content(const firn_file_info *a, const firn_file_info *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->mtime_ns == b->mtime_ns;
}

/* ctime also changes when the name goes to another file, which leaves the content. */
static bool same_info(const firn_file_info *a, const firn_file_info *b)
{
    return same_content(a, b) && a->ctime_ns == b->ctime_ns;
}

static firn_mapped **chain_of(const firn_file_info *info)
{
    uint64_t hash = (info->inode ^ info->device << 32) * UINT64_C(0x9e3779b97f4a7c15);
    return &chains[hash >> 54];
}
_Static_assert(CHAIN_COUNT == 1 << (64 - 54), "the hash is the chain's index");

/* Finds an entry and counts a user more. */
static firn_mapped *find_locked(const firn_file_info *info)
{
    firn_mapped *entry = *chain_of(info);
    while (entry != NULL && !same_info(&entry->info, info))
        entry = entry->next;
    if (entry != NULL)
        entry->user_count++;
    return entry;
}

static firn_mapped *find(const firn_file_info *info)
{
    pthread_mutex_lock(&mutex);
    firn_mapped *entry = find_locked(info);
    pthread_mutex_unlock(&mutex);
    return entry;
}

static size_t entry_bytes(const firn_file_info *info)
{
    return sizeof(firn_mapped) + (size_t)info->size + 1;
}

static void lock_before_fork(void)
{
    pthread_mutex_lock(&mutex);
}

static void unlock_after_fork(void)
{
    pthread_mutex_unlock(&mutex);
}

static void fork_prepare(void)
{
    (void)pthread_atfork(lock_before_fork, unlock_after_fork, unlock_after_fork);
}

static void entry_release(firn_mapped *entry)
{
    firn_release(NULL, entry, entry_bytes(&entry->info));
}

/* Counts a new entry and puts it into the table, unless another thread was faster: then that one is
 * taken; or its file has changed just now (P3). */
static firn_mapped *publish(firn_mapped *entry, bool settled)
{
    pthread_mutex_lock(&mutex);
    firn_mapped *known = settled ? find_locked(&entry->info) : NULL;
    if (known == NULL) {
        open_count++;
        open_bytes += (size_t)entry->info.size;
    }
    if (known == NULL && settled) {
        entry->shared = true;
        firn_mapped **chain = chain_of(&entry->info);
        entry->next = *chain;
        *chain = entry;
    }
    pthread_mutex_unlock(&mutex);
    if (known == NULL)
        return entry;
    entry_release(entry);
    return known;
}

static firn_status changed(const char *path, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    return firn_error_set(ret_error, FIRN_CHANGED, 0, "%s: changed while it was read; try again",
                          firn_path_shown(path, shown));
}

/* Reads the whole file and one byte more, which must not be there. */
static firn_status entry_fill(const firn_file *file, const char *path, firn_mapped *entry,
                              firn_error *ret_error)
{
    size_t size = (size_t)entry->info.size;
    size_t got = 0;
    firn_file_info after;

    if (firn_file_read_at(file, 0, entry->data, size + 1, &got) != FIRN_OK)
        return firn_file_error(ret_error, EIO, path, "read");
    if (firn_file_info_get(file, &after) != FIRN_OK)
        return firn_file_error(ret_error, EIO, path, "stat");
    if (got != size || !same_content(&after, &entry->info))
        return changed(path, ret_error);
    entry->data[size] = '\0';
    return FIRN_OK;
}

static firn_status entry_create(const firn_file *file, const char *path, const firn_file_info *info,
                                firn_mapped **ret_entry, firn_error *ret_error)
{
    firn_mapped *entry = firn_allocate(NULL, entry_bytes(info));
    if (entry == NULL)
        return firn_file_error(ret_error, ENOMEM, path, "read");
    entry->next = NULL;
    entry->user_count = 1;
    entry->shared = false;
    entry->info = *info;
    bool settled = firn_clock_wall_ns() - info->ctime_ns >= SETTLED_NS;
    firn_status status = entry_fill(file, path, entry, ret_error);
    if (status != FIRN_OK) {
        entry_release(entry);
        return status;
    }
    *ret_entry = publish(entry, settled);
    return FIRN_OK;
}

static firn_status open_file(const firn_file *file, const char *path, uint64_t limit_bytes,
                             firn_mapped **ret_entry, firn_error *ret_error)
{
    char shown[FIRN_PATH_SHOWN_BYTES];
    firn_file_info info;
    if (firn_file_info_get(file, &info) != FIRN_OK)
        return firn_file_error(ret_error, EIO, path, "stat");
    if (info.size > limit_bytes || info.size > PTRDIFF_MAX - sizeof(firn_mapped) - 1)
        return firn_error_set(ret_error, FIRN_LIMIT, 0,
                              "%s: larger than %" PRIu64 " bytes; raise the limit or leave it out",
                              firn_path_shown(path, shown), limit_bytes);
    firn_mapped *entry = find(&info);
    if (entry == NULL)
        return entry_create(file, path, &info, ret_entry, ret_error);
    *ret_entry = entry;
    return FIRN_OK;
}

firn_status firn_mapped_open(const char *path, uint64_t limit_bytes, firn_mapped **ret_mapped,
                             firn_error *ret_error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    firn_file file = {-1};
    pthread_once(&once, fork_prepare);
    firn_status status = firn_file_open(path, FIRN_FILE_READ, &file, ret_error);
    if (status != FIRN_OK)
        return status;
    status = open_file(&file, path, limit_bytes, ret_mapped, ret_error);
    firn_file_close(&file);
    return status;
}

static void table_remove(firn_mapped *entry)
{
    firn_mapped **at = chain_of(&entry->info);
    while (*at != entry) {
        assert(*at != NULL); /* P1 */
        at = &(*at)->next;
    }
    *at = entry->next;
}

void firn_mapped_close(firn_mapped *mapped)
{
    if (mapped == NULL)
        return;
    pthread_mutex_lock(&mutex);
    bool last = --mapped->user_count == 0;
    if (last) {
        open_count--;
        open_bytes -= (size_t)mapped->info.size;
    }
    if (last && mapped->shared)
        table_remove(mapped);
    pthread_mutex_unlock(&mutex);
    if (last)
        entry_release(mapped);
}

const char *firn_mapped_data(const firn_mapped *mapped, size_t *ret_size)
{
    if (ret_size != NULL)
        *ret_size = (size_t)mapped->info.size;
    return mapped->data;
}

void firn_mapped_info(const firn_mapped *mapped, firn_file_info *ret_info)
{
    *ret_info = mapped->info;
}

void firn_mapped_usage(firn_usage *ret_usage)
{
    pthread_mutex_lock(&mutex);
    uint64_t live = open_bytes, overhead = open_count * (sizeof(firn_mapped) + 1);
    pthread_mutex_unlock(&mutex);
    *ret_usage = (firn_usage){.live_bytes = live,
                              .overhead_bytes = overhead,
                              .reserved_bytes = live + overhead,
                              .resident_bytes = live + overhead};
}
