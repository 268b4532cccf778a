/* A server's context in a piece of memory that the caller gives: nothing else is ever touched or
 * asked for. All calls for memory are wrapped by the linker (see tests/CMakeLists.txt) and counted;
 * the piece lies between two pages that nobody may touch, end to end. */
#include <firn/context.h>

#include "support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#define KIB ((size_t)1024)
#define PAGE ((size_t)4096)

/* --- the calls for memory --- */

static bool watching;
static size_t calls_for_memory;

/* X(result, name, parameters, arguments) */
#define MEMORY_CALLS(X)                                                                            \
    X(void *, malloc, (size_t size), (size))                                                       \
    X(void *, calloc, (size_t count, size_t size), (count, size))                                  \
    X(void *, realloc, (void *block, size_t size), (block, size))                                  \
    X(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))                   \
    X(int, posix_memalign, (void **block, size_t alignment, size_t size),                          \
      (block, alignment, size))                                                                    \
    X(void *, mmap, (void *at, size_t size, int protection, int flags, int fd, off_t offset),      \
      (at, size, protection, flags, fd, offset))                                                   \
    X(int, munmap, (void *at, size_t size), (at, size))                                            \
    X(int, mprotect, (void *at, size_t size, int protection), (at, size, protection))              \
    X(int, madvise, (void *at, size_t size, int advice), (at, size, advice))

#define WRAP(result, name, parameters, arguments)                                                  \
    result __real_##name parameters;                                                               \
    result __wrap_##name parameters;                                                               \
    result __wrap_##name parameters                                                                \
    {                                                                                              \
        calls_for_memory += watching;                                                              \
        return __real_##name arguments;                                                            \
    }
MEMORY_CALLS(WRAP)

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block)
{
    calls_for_memory += watching;
    __real_free(block);
}

void *__real_mremap(void *at, size_t size, size_t new_size, int flags);
void *__wrap_mremap(void *at, size_t size, size_t new_size, int flags);
void *__wrap_mremap(void *at, size_t size, size_t new_size, int flags)
{
    calls_for_memory += watching;
    return __real_mremap(at, size, new_size, flags);
}

static void watch(void)
{
    watching = true;
    calls_for_memory = 0;
}

/* --- the piece of memory --- */

struct piece {
    uint8_t *mapping, *memory;
    size_t mapping_bytes, memory_bytes;
};

/* At the end of the pages, or at their start, between untouchable ones. */
static struct piece piece_get(size_t bytes, bool at_end)
{
    struct piece piece = {.memory_bytes = bytes};
    size_t pages = (bytes + PAGE - 1) & ~(PAGE - 1);
    piece.mapping_bytes = pages + 2 * PAGE;
    piece.mapping =
        mmap(NULL, piece.mapping_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(piece.mapping != MAP_FAILED);
    assert_int_equal(mprotect(piece.mapping, PAGE, PROT_NONE), 0);
    assert_int_equal(mprotect(piece.mapping + PAGE + pages, PAGE, PROT_NONE), 0);
    piece.memory = piece.mapping + PAGE + (at_end ? pages - bytes : 0);
    memset(piece.mapping + PAGE, 0xa5, pages);
    return piece;
}

static void piece_put(struct piece *piece)
{
    assert_int_equal(munmap(piece->mapping, piece->mapping_bytes), 0);
}

static bool lies_in(const struct piece *piece, const void *object, size_t size)
{
    uintptr_t at = (uintptr_t)object - (uintptr_t)piece->memory;
    return at <= piece->memory_bytes && size <= piece->memory_bytes - at;
}

static firn_context *make(const struct piece *piece, bool statistics)
{
    firn_context *context;
    const firn_context_options options = {
        .mode = FIRN_MODE_SERVER,
        .memory = piece->memory,
        .memory_bytes = piece->memory_bytes,
        .statistics = statistics,
    };
    assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
    assert_true(lies_in(piece, context, sizeof *context));
    return context;
}

static firn_type put_type(firn_context *context)
{
    firn_type type;
    const firn_type_options options = {.name = "object"};
    assert_int_equal(firn_context_type_put(context, &options, &type), FIRN_OK);
    return type;
}

/* --- the tests --- */

enum { OBJECTS = 20000 };

static struct {
    uint8_t *at;
    size_t size;
} objects[OBJECTS];

/* Makes objects until twenty in turn find no room; returns how many. */
static size_t fill(firn_context *context, firn_type type, const struct piece *piece, rng *random)
{
    size_t count = 0, refused = 0;
    while (refused < 20 && count < OBJECTS) {
        size_t size = rng_below(random, rng_below(random, 20) == 0 ? 30000 : 300);
        uint8_t *at = firn_context_alloc(context, type, size);
        if (at == NULL) {
            refused++;
            continue;
        }
        refused = 0;
        assert_true(lies_in(piece, at, size));
        memset(at, (int)(count & 255), size);
        objects[count].at = at;
        objects[count++].size = size;
    }
    return count;
}

static void empty(firn_context *context, firn_type type, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t byte = 0; byte < objects[i].size; byte++)
            assert_int_equal(objects[i].at[byte], i & 255);
        assert_int_equal(firn_context_release(context, type, objects[i].at, objects[i].size),
                         FIRN_OK);
    }
}

static void nothing_else_is_asked_for_or_touched(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "context_memory");
    for (int round = 0; round < 8; round++) {
        size_t bytes = 512 * KIB + rng_below(&random, 2048 * KIB); /* enough for all classes */
        struct piece piece = piece_get(bytes, round % 2 != 0);
        char report[500];
        watch();
        firn_context *context = make(&piece, round % 4 >= 2);
        firn_type type = put_type(context);
        for (int i = 0; i < 30; i++) /* so that the types move */
            assert_int_equal(put_type(context), i + 1);
        size_t first = fill(context, type, &piece, &random);
        assert_true(first > 300);
        empty(context, type, first);
        firn_usage usage;
        firn_context_usage(context, &usage);
        assert_int_equal(usage.live_bytes, 0);
        assert_true(usage.overhead_bytes <= usage.reserved_bytes);
        assert_true(usage.reserved_bytes <= bytes);
        size_t second = fill(context, type, &piece, &random);
        assert_true(second > 300);
        assert_true(firn_context_report(context, FIRN_REPORT_JSON, report, sizeof report) > 100);
        assert_int_equal(firn_slab_verify(firn_context_slab(context)), FIRN_OK);
        empty(context, type, second);
        fill(context, type, &piece, &random);
        firn_context_destroy(context); /* with all that lives */
        watching = false;
        assert_int_equal(calls_for_memory, 0);
        memset(piece.memory, 0, piece.memory_bytes); /* it is the caller's again */
        piece_put(&piece);
    }
}

static void the_least_memory_suffices_at_any_address(void **state)
{
    (void)state;
    struct piece piece = piece_get(FIRN_CONTEXT_MEMORY_MIN + 32 * KIB, false);
    uint8_t *start = piece.memory;
    piece.memory_bytes = FIRN_CONTEXT_MEMORY_MIN;
    for (size_t skip = 0; skip < 32 * KIB; skip += skip < 40 ? 1 : 1021) {
        piece.memory = start + skip;
        watch();
        firn_context *context = make(&piece, false);
        firn_type type = put_type(context);
        size_t count = 0;
        while (firn_context_alloc(context, type, 64) != NULL)
            count++;
        assert_in_range(count, 1000, FIRN_CONTEXT_MEMORY_MIN / 64);
        assert_null(firn_context_alloc(context, type, 64));
        firn_context_destroy(context);
        watching = false;
        assert_int_equal(calls_for_memory, 0);
    }
    piece_put(&piece);
}

static void it_works_on_when_it_was_full(void **state)
{
    (void)state;
    struct piece piece = piece_get(1024 * KIB, true);
    firn_context *context = make(&piece, false);
    firn_type type = put_type(context);
    uint8_t *large = firn_context_alloc(context, type, 500 * KIB);
    assert_non_null(large);
    assert_null(firn_context_alloc(context, type, 500 * KIB));
    void *last = NULL;
    for (void *next; (next = firn_context_alloc(context, type, 1000)) != NULL;)
        last = next;
    assert_null(firn_context_realloc(context, type, last, 1000, 5000));
    assert_int_equal(firn_context_release(context, type, last, 1000), FIRN_OK);
    assert_ptr_equal(firn_context_alloc(context, type, 1000), last);
    assert_null(firn_context_alloc(context, type, 1000));
    assert_int_equal(firn_context_release(context, type, large, 500 * KIB), FIRN_OK);
    for (int i = 0; i < 400; i++)
        assert_non_null(firn_context_alloc(context, type, 1000));
    firn_context_destroy(context);
    piece_put(&piece);
}

static void types_that_find_no_room_are_refused(void **state)
{
    (void)state;
    struct piece piece = piece_get(FIRN_CONTEXT_MEMORY_MIN, true);
    firn_context *context = make(&piece, false);
    const firn_type_options options = {.name = "type"};
    firn_type type = 0, last = 0;
    while (firn_context_type_put(context, &options, &type) == FIRN_OK)
        last = type;
    assert_int_equal(firn_context_type_put(context, &options, &type), FIRN_NO_MEMORY);
    assert_int_equal(type, last);
    assert_in_range(last, 500, 2500);
    assert_int_equal(firn_context_stats(context, NULL, 0), last + 1);
    assert_null(firn_context_alloc(context, last + 1, 8));
    firn_context_destroy(context);
    piece_put(&piece);
}

static void neighbours_do_not_meet(void **state)
{
    (void)state;
    rng random;
    rng_init(&random, "neighbours");
    struct piece whole = piece_get(600 * KIB, true);
    struct piece halves[2] = {whole, whole};
    halves[0].memory_bytes = halves[1].memory_bytes = 300 * KIB;
    halves[1].memory += 300 * KIB;
    firn_context *one = make(&halves[0], false), *two = make(&halves[1], false);
    firn_type type = put_type(one);
    assert_int_equal(put_type(two), type);
    uint64_t *number = firn_context_alloc(two, type, 8);
    *number = 42;
    empty(one, type, fill(one, type, &halves[0], &random));
    empty(two, type, fill(two, type, &halves[1], &random));
    firn_context_destroy(one);
    memset(halves[0].memory, 0x5a, 300 * KIB);
    assert_int_equal(*number, 42);
    empty(two, type, fill(two, type, &halves[1], &random));
    firn_context_destroy(two);
    piece_put(&whole);
}

static void the_wrapped_calls_are_counted(void **state)
{
    (void)state;
    const firn_context_options options = {.mode = FIRN_MODE_SERVER, .limit_bytes = 1024 * KIB};
    firn_context *context;
    watch();
    assert_int_equal(firn_context_create(&options, &context), FIRN_OK);
    size_t made = calls_for_memory;
    firn_context_destroy(context);
    watching = false;
    assert_true(made >= 2); /* malloc, mmap */
    assert_true(calls_for_memory >= made + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_else_is_asked_for_or_touched),
        cmocka_unit_test(the_least_memory_suffices_at_any_address),
        cmocka_unit_test(it_works_on_when_it_was_full),
        cmocka_unit_test(types_that_find_no_room_are_refused),
        cmocka_unit_test(neighbours_do_not_meet),
        cmocka_unit_test(the_wrapped_calls_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
