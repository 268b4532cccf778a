/* Memory for all of a page's process but the engine's objects (blocks.c): malloc and its like, of
 * the whole process. A dashboard, idle, has 22,400 pieces of 5.0 MB, of which 3.3 MB go when the
 * code of its scripts is dropped. What is left lay all over the C library's heap, in 3.8 MB, and
 * would in 4.4 MB of a firn_slab, which can give back only units of 16 KiB of one class; here it is
 * 2.9 MB, because pages are given back one by one. Nor has a piece a header, and releasing what
 * the zygote has made does not write to the zygote's pages: idle, a dashboard has 8.3 MB, not 8.9,
 * swagger-ui 22.7, not 25.6, TodoMVC 3.2, not 3.4.
 *
 *     space: pages of 4 KiB | span: 8 pages, slots of one class | run: the pages of a large piece |
 *
 * I1  one thread; the others of the zygote have the C library's
 * I2  a page neither releases nor uses again what the zygote has taken: its pages are the
 *     template's, and would become the page's own by it
 * I3  pages below `made` can be written; the others have no rights, and do not count against the
 *     limit of a page's memory
 * I4  a span is in the list of its class if it has a free slot; one without a taken slot is none
 * Complexity: O(1) for pieces up to SMALL_MAX but when a span is needed; O(pages / 64) for that and
 * for large ones. */
#include "tabs/page/page.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PAGE_BYTES = 4096,
    SPAN_PAGES = 8,
    SPAN_BYTES = SPAN_PAGES * PAGE_BYTES,
    UNIT = 16, /* all pieces lie at multiples of it */
    SMALL_MAX = 8192,
    EVEN_CLASSES = 16, /* UNIT apart; from there on EIGHTHS to a doubling */
    EIGHTHS = 8,
    CLASSES = EVEN_CLASSES + 5 * EIGHTHS,
    PAGES_MAX = 1 << 22, /* 16 GiB */
    GROWTH_PAGES = 64,
    KEPT_PAGES = 256, /* a run that is larger is given back at once */
    NO_SPAN = 0,
};

struct span {
    uint32_t previous, next; /* numbers of spans, from 1 */
    uint16_t size, capacity, used, class;
    uint64_t taken[SPAN_BYTES / UNIT / 64];
};

/* The C library's names. */
#ifndef NAMED /* a test has others */
#define NAMED(name) __asm__(#name) __attribute__((used, visibility("default")))
#endif

void *heap_malloc(size_t size) NAMED(malloc);
void *heap_calloc(size_t count, size_t size) NAMED(calloc);
void *heap_realloc(void *memory, size_t size) NAMED(realloc);
int heap_posix_memalign(void **ret_memory, size_t alignment, size_t size) NAMED(posix_memalign);
void *heap_aligned_alloc(size_t alignment, size_t size) NAMED(aligned_alloc);
void *heap_memalign(size_t alignment, size_t size) NAMED(memalign);
void heap_free(void *memory) NAMED(free);

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static struct {
    char *space;         /* NULL: there is none, and all is the C library's */
    struct span *spans;  /* one for each SPAN_PAGES pages */
    uint32_t *runs;      /* pages of the run that begins there; 0: it is a span's, or free */
    size_t made, lowest; /* pages (I3); below which all are taken */
    size_t kept;         /* below which they are the zygote's (I2) */
    size_t bytes;        /* that are taken */
    uint32_t partial[2 * CLASSES];  /* those for texts behind the others */
    uint64_t taken[PAGES_MAX / 64]; /* pages */
    uint64_t dirty[PAGES_MAX / 64]; /* were taken since they were given back */
} heap;

static _Thread_local bool is_other; /* I1 */

/* --- pages --- */

static void *reserve(size_t bytes, int rights)
{
    void *made = mmap(NULL, bytes, rights, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return made != MAP_FAILED ? made : NULL;
}

void heap_begin(void)
{
    const size_t bytes = (size_t)PAGES_MAX * PAGE_BYTES;
    char *space = reserve(bytes + SPAN_BYTES, PROT_NONE);
    heap.spans = reserve(PAGES_MAX / SPAN_PAGES * sizeof *heap.spans, PROT_READ | PROT_WRITE);
    heap.runs = reserve(PAGES_MAX * sizeof *heap.runs, PROT_READ | PROT_WRITE);
    if (space != NULL && heap.spans != NULL && heap.runs != NULL)
        heap.space = space + (SPAN_BYTES - (uintptr_t)space % SPAN_BYTES) % SPAN_BYTES;
}

void heap_part(void)
{
    heap.kept = heap.lowest = heap.made; /* I2 */
    memset(heap.partial, 0, sizeof heap.partial);
}

void heap_not_here(void)
{
    is_other = true;
}

static bool is_taken(const uint64_t *bits, size_t at)
{
    return (bits[at / 64] >> at % 64 & 1) != 0;
}

static void mark(uint64_t *bits, size_t at, size_t count, bool taken)
{
    for (size_t i = at; i < at + count; i++) {
        const uint64_t bit = UINT64_C(1) << i % 64;
        bits[i / 64] = taken ? bits[i / 64] | bit : bits[i / 64] & ~bit;
    }
}

static bool grow(size_t pages)
{
    const size_t more = (pages - heap.made + GROWTH_PAGES - 1) / GROWTH_PAGES * GROWTH_PAGES;
    if (pages > PAGES_MAX || heap.made + more > PAGES_MAX ||
        mprotect(heap.space + heap.made * PAGE_BYTES, more * PAGE_BYTES, PROT_READ | PROT_WRITE) !=
            0)
        return false;
    heap.made += more; /* I3 */
    return true;
}

/* The first free pages that lie side by side at a multiple of `step` pages; PAGES_MAX: none. */
static size_t find_pages(size_t count, size_t step)
{
    size_t at = (heap.lowest + step - 1) / step * step, found = 0;
    while (found < count && at + found < heap.made) {
        const size_t page = at + found;
        if (!is_taken(heap.taken, page)) {
            found++;
            continue;
        }
        at = page + 1;
        if (~heap.taken[page / 64] == 0)
            at = (page / 64 + 1) * 64;
        at = (at + step - 1) / step * step;
        found = 0;
    }
    return at + count <= heap.made || grow(at + count) ? at : PAGES_MAX;
}

static size_t take_pages(size_t count, size_t step)
{
    const size_t at = find_pages(count, step);
    if (at == PAGES_MAX)
        return at;
    mark(heap.taken, at, count, true);
    mark(heap.dirty, at, count, true);
    while (heap.lowest < heap.made && is_taken(heap.taken, heap.lowest))
        heap.lowest++;
    return at;
}

static void discard(size_t at, size_t end)
{
    if (at < end &&
        madvise(heap.space + at * PAGE_BYTES, (end - at) * PAGE_BYTES, MADV_DONTNEED) == 0)
        mark(heap.dirty, at, end - at, false);
}

static void give_pages(size_t at, size_t count)
{
    mark(heap.taken, at, count, false);
    if (at < heap.lowest)
        heap.lowest = at;
    if (count > KEPT_PAGES)
        discard(at, at + count);
}

/* --- spans --- */

static size_t class_of(size_t size)
{
    if (size <= EVEN_CLASSES * UNIT)
        return (size - 1) / UNIT;
    const size_t power = 63 - (size_t)__builtin_clzll(size - 1);
    return EVEN_CLASSES + (power - 8) * EIGHTHS + ((size - 1) >> (power - 3) & (EIGHTHS - 1));
}

static size_t size_of(size_t class)
{
    if (class < EVEN_CLASSES)
        return (class + 1) * UNIT;
    const size_t doubling = (class - EVEN_CLASSES) / EIGHTHS;
    const size_t eighth = (class - EVEN_CLASSES) % EIGHTHS + 1;
    return ((size_t)EVEN_CLASSES * UNIT << doubling) / EIGHTHS * (EIGHTHS + eighth);
}

static void list(uint32_t number)
{
    struct span *span = &heap.spans[number - 1];
    span->previous = NO_SPAN;
    span->next = heap.partial[span->class];
    if (span->next != NO_SPAN)
        heap.spans[span->next - 1].previous = number;
    heap.partial[span->class] = number;
}

static void unlist(uint32_t number)
{
    const struct span *span = &heap.spans[number - 1];
    if (span->previous != NO_SPAN)
        heap.spans[span->previous - 1].next = span->next;
    else
        heap.partial[span->class] = span->next;
    if (span->next != NO_SPAN)
        heap.spans[span->next - 1].previous = span->previous;
}

static uint32_t make_span(size_t class)
{
    const size_t at = take_pages(SPAN_PAGES, SPAN_PAGES);
    if (at == PAGES_MAX)
        return NO_SPAN;
    const uint32_t number = (uint32_t)(at / SPAN_PAGES + 1);
    struct span *span = &heap.spans[number - 1];
    memset(span, 0, sizeof *span);
    span->class = (uint16_t) class;
    span->size = (uint16_t)size_of(class % CLASSES);
    span->capacity = (uint16_t)(SPAN_BYTES / size_of(class % CLASSES));
    list(number);
    return number;
}

static void *take_slot(size_t class)
{
    uint32_t number = heap.partial[class];
    if (number == NO_SPAN && (number = make_span(class)) == NO_SPAN)
        return NULL;
    struct span *span = &heap.spans[number - 1];
    size_t word = 0;
    while (~span->taken[word] == 0)
        word++;
    const size_t slot = word * 64 + (size_t)__builtin_ctzll(~span->taken[word]);
    assert(slot < span->capacity); /* I4 */
    span->taken[word] |= UINT64_C(1) << slot % 64;
    if (++span->used == span->capacity)
        unlist(number);
    heap.bytes += span->size;
    return heap.space + (size_t)(number - 1) * SPAN_BYTES + slot * span->size;
}

static void give_slot(size_t at)
{
    const uint32_t number = (uint32_t)(at / SPAN_BYTES + 1);
    struct span *span = &heap.spans[number - 1];
    const size_t slot = at % SPAN_BYTES / span->size;
    if (span->used-- == span->capacity)
        list(number);
    span->taken[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    heap.bytes -= span->size;
    if (span->used == 0) { /* I4 */
        unlist(number);
        give_pages(at / SPAN_BYTES * SPAN_PAGES, SPAN_PAGES);
    }
}

/* Which of a span's pages a taken slot lies in, a bit each. */
static unsigned used_pages(const struct span *span)
{
    unsigned pages = 0;
    for (size_t slot = 0; slot < span->capacity; slot++) {
        if (span->taken[slot / 64] >> slot % 64 & 1) {
            const size_t start = slot * span->size, end = start + span->size - 1;
            for (size_t page = start / PAGE_BYTES; page <= end / PAGE_BYTES; page++)
                pages |= 1u << page;
        }
    }
    return pages;
}

/* --- pieces --- */

/* A size that no structure has is that of one of the engine's strings, most likely. They lie apart,
 * because the zygote's are written by all who use them, who count themselves there. */
static bool is_text(size_t size)
{
    return size % sizeof(void *) != 0;
}

static bool is_mine(const void *memory)
{
    return heap.space != NULL &&
           (uintptr_t)memory - (uintptr_t)heap.space < (size_t)PAGES_MAX * PAGE_BYTES;
}

static bool is_kept(const void *memory)
{
    return (uintptr_t)memory - (uintptr_t)heap.space < heap.kept * PAGE_BYTES;
}

static void *take_run(size_t size, size_t alignment)
{
    const size_t count = (size + PAGE_BYTES - 1) / PAGE_BYTES;
    const size_t step = alignment <= PAGE_BYTES ? 1 : alignment / PAGE_BYTES;
    const size_t at = size > PTRDIFF_MAX || step > SPAN_PAGES ? PAGES_MAX : take_pages(count, step);
    if (at == PAGES_MAX)
        return NULL;
    heap.runs[at] = (uint32_t)count;
    heap.bytes += count * PAGE_BYTES;
    return heap.space + at * PAGE_BYTES;
}

/* A slot is aligned as its size is: spans are multiples of their size. */
static void *take(size_t size, size_t alignment)
{
    size += size == 0;
    if (size <= SMALL_MAX && alignment <= PAGE_BYTES) {
        const size_t class = class_of((size + alignment - 1) & ~(alignment - 1));
        if (class < CLASSES && size_of(class) % alignment == 0)
            return take_slot(is_text(size) ? class + CLASSES : class);
    }
    return take_run(size, alignment);
}

static size_t piece_bytes(const void *memory)
{
    const size_t at = (size_t)((const char *)memory - heap.space);
    const size_t pages = heap.runs[at / PAGE_BYTES];
    return pages != 0 ? pages * PAGE_BYTES : heap.spans[at / SPAN_BYTES].size;
}

static void give(void *memory)
{
    if (is_kept(memory))
        return; /* I2 */
    const size_t at = (size_t)((char *)memory - heap.space), page = at / PAGE_BYTES;
    const size_t count = heap.runs[page];
    if (count == 0) {
        give_slot(at);
        return;
    }
    heap.runs[page] = 0;
    heap.bytes -= count * PAGE_BYTES;
    give_pages(page, count);
}

/* Whether the run could be made to have that many pages where it lies. */
static bool resize_run(size_t page, size_t count)
{
    const size_t had = heap.runs[page];
    for (size_t i = page + had; i < page + count; i++) {
        if (i >= heap.made || is_taken(heap.taken, i))
            return false;
    }
    if (count > had) {
        mark(heap.taken, page + had, count - had, true);
        mark(heap.dirty, page + had, count - had, true);
    } else {
        give_pages(page + count, had - count);
    }
    heap.runs[page] = (uint32_t)count;
    heap.bytes += (count - had) * PAGE_BYTES;
    return true;
}

static void *resize(void *memory, size_t size)
{
    const bool mine = is_mine(memory);
    const size_t had = mine ? piece_bytes(memory) : malloc_usable_size(memory);
    if (mine && !is_kept(memory) && had > SMALL_MAX && size > SMALL_MAX && size <= PTRDIFF_MAX &&
        resize_run((size_t)((char *)memory - heap.space) / PAGE_BYTES,
                   (size + PAGE_BYTES - 1) / PAGE_BYTES))
        return memory;
    if (mine && size <= SMALL_MAX && had == size_of(class_of(size)))
        return memory;
    void *made = take(size, UNIT);
    if (made == NULL)
        return NULL;
    memcpy(made, memory, had < size ? had : size);
    heap_free(memory);
    return made;
}

/* --- all of them --- */

/* A span's pages that hold nothing; free slots in the others are filled with zeros, if wished. */
static void trim_span(size_t number, bool clears)
{
    const struct span *span = &heap.spans[number];
    const unsigned used = used_pages(span);
    char *start = heap.space + number * SPAN_BYTES;
    for (size_t slot = 0; clears && slot < span->capacity; slot++) {
        if (span->taken[slot / 64] >> slot % 64 & 1)
            continue;
        for (size_t at = slot * span->size, end = at + span->size, stop; at < end; at = stop) {
            stop = at / PAGE_BYTES * PAGE_BYTES + PAGE_BYTES;
            stop = stop < end ? stop : end;
            if (used >> at / PAGE_BYTES & 1)
                memset(start + at, 0, stop - at);
        }
    }
    for (size_t page = 0, end; page < SPAN_PAGES; page = end + 1) {
        for (end = page; end < SPAN_PAGES && !(used >> end & 1); end++)
            ;
        discard(number * SPAN_PAGES + page, number * SPAN_PAGES + end);
    }
}

void heap_trim(bool clears)
{
    for (size_t at = heap.kept, end; at < heap.made; at = end) {
        end = at + 1;
        if (is_taken(heap.taken, at)) {
            if (heap.runs[at] != 0) {
                end = at + heap.runs[at];
            } else {
                trim_span(at / SPAN_PAGES, clears);
                end = at + SPAN_PAGES;
            }
            continue;
        }
        if (!is_taken(heap.dirty, at))
            continue;
        while (end < heap.made && !is_taken(heap.taken, end) && is_taken(heap.dirty, end))
            end++;
        discard(at, end);
    }
}

size_t heap_bytes(void)
{
    return heap.bytes;
}

/* --- the C library's names --- */

static bool is_used(void)
{
    return heap.space != NULL && !is_other;
}

static void *or_no_memory(void *memory)
{
    if (memory == NULL)
        errno = ENOMEM;
    return memory;
}

void *heap_malloc(size_t size)
{
    return is_used() ? or_no_memory(take(size, UNIT)) : __libc_malloc(size);
}

void *heap_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (!is_used())
        return __libc_calloc(count, size);
    void *made = __builtin_mul_overflow(count, size, &bytes) ? NULL : take(bytes, UNIT);
    return made != NULL ? memset(made, 0, bytes) : or_no_memory(NULL);
}

void *heap_realloc(void *memory, size_t size)
{
    if (!is_used())
        return __libc_realloc(memory, size);
    if (memory == NULL)
        return heap_malloc(size);
    if (size == 0) { /* as in the C library of GNU */
        heap_free(memory);
        return NULL;
    }
    return or_no_memory(resize(memory, size));
}

void *heap_memalign(size_t alignment, size_t size)
{
    void *block = blocks_take(alignment, size);
    if (block != NULL)
        return block;
    if (!is_used())
        return __libc_memalign(alignment, size);
    return or_no_memory(take(size, alignment < UNIT ? UNIT : alignment));
}

void *heap_aligned_alloc(size_t alignment, size_t size)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    return heap_memalign(alignment, size);
}

int heap_posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
        return EINVAL;
    void *made = heap_memalign(alignment, size);
    if (made == NULL)
        return ENOMEM;
    *ret_memory = made;
    return 0;
}

void heap_free(void *memory)
{
    if (is_mine(memory))
        give(memory);
    else if (!blocks_release(memory) && heap.kept == 0)
        __libc_free(memory); /* I2 */
}
