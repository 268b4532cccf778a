/* Regions when each allocation and each system call on mappings fails in turn: a status, nothing
 * lost and nothing leaked, and asleep or awake as before. A touch that cannot be served is a
 * SIGSEGV. */
#include "support/failing.h"
#include "support/region_heap.h"

#include "core/fault.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NODES = 400 };

static void faults_off(void)
{
    unsetenv("FIRN_FAULT_IO");
    firn_fault_reload();
}

/* Wakes what failed to, now that nothing fails any more, and looks at it. */
static void expect_whole(firn_region *region)
{
    assert_int_equal(firn_region_verify(region), FIRN_OK);
    assert_int_equal(firn_region_wake(region), FIRN_OK);
    assert_true(list_is_right(region, NODES));
}

/* All kinds of calls on a list, until one fails. */
static firn_status use(firn_region *region, firn_region_template **sibling)
{
    firn_allocator memory = firn_region_allocator(region);
    firn_status status = firn_region_template_create(region, sibling);
    for (int round = 0; round < 2 && status == FIRN_OK; round++) {
        const firn_region_hibernate_options options = {.sibling = round == 0 ? NULL : *sibling};
        status = firn_region_hibernate(region, &options);
        uint64_t digest;
        if (status == FIRN_OK)
            status = firn_region_digest(region, &digest);
        if (status == FIRN_OK)
            status = firn_region_verify(region);
        if (status == FIRN_OK)
            status = firn_region_pin(region, firn_region_root(region), 1);
        if (status != FIRN_OK)
            break;
        assert_int_equal(firn_region_unpin(region), FIRN_OK);
        status = firn_region_wake(region);
        if (status != FIRN_OK)
            break;
        void *large = firn_allocate(&memory, 9000000); /* more of the range */
        status = large != NULL ? FIRN_OK : FIRN_NO_MEMORY;
        firn_release(&memory, large, 9000000);
        if (status == FIRN_OK)
            status = firn_region_digest(region, &digest);
    }
    return status;
}

static firn_status snapshot_of(firn_region *region, const firn_allocator *allocator)
{
    uint64_t size;
    size_t written;
    firn_status status = firn_region_hibernate(region, NULL);
    if (status != FIRN_OK) {
        firn_region_destroy(region);
        return status;
    }
    assert_int_equal(firn_region_snapshot_size(region, &size), FIRN_OK);
    uint8_t *bytes = malloc(size);
    assert_int_equal(firn_region_snapshot(region, bytes, size, &written), FIRN_OK);
    const firn_bytes snapshot = {bytes, written};
    status = firn_region_away(region);
    if (status == FIRN_OK) {
        status = firn_region_restore(region, snapshot, NULL);
        if (status == FIRN_NO_MEMORY) {
            faults_off();
            assert_int_equal(firn_region_state_get(region), FIRN_REGION_AWAY);
        }
    }
    if (status == FIRN_OK) { /* the same region, made anew */
        firn_region *opened = NULL;
        void *base = firn_region_base(region);
        const firn_region_options options = {.allocator = allocator};
        firn_region_destroy(region);
        status = firn_region_open(&options, snapshot, NULL, &opened, NULL);
        if (status == FIRN_OK) {
            assert_ptr_equal(firn_region_base(opened), base);
            status = firn_region_wake(opened);
            if (status == FIRN_OK)
                assert_true(list_is_right(opened, NODES));
        }
        firn_region_destroy(opened);
    } else {
        firn_region_destroy(region);
    }
    free(bytes);
    return status;
}

struct how {
    firn_region_wake_mode mode;
    bool has_snapshot;
};

static firn_status live(const firn_allocator *allocator, void *context)
{
    const struct how *how = context;
    const firn_region_options options = {.allocator = allocator, .mode = how->mode};
    firn_region *region = NULL;
    firn_region_template *sibling = NULL;
    firn_status status = firn_region_create(&options, &region);
    if (status != FIRN_OK)
        return status;
    firn_allocator memory = firn_region_allocator(region);
    struct node *first = NULL;
    for (size_t i = 0; i < NODES; i++) {
        struct node *node = firn_allocate(&memory, sizeof(*node) + 500);
        if (node == NULL) {
            firn_region_destroy(region);
            return FIRN_NO_MEMORY;
        }
        *node = (struct node){first, 500};
        memset(node->text, (int)('a' + i % 26), 500);
        first = node;
    }
    assert_int_equal(firn_region_root_set(region, first), FIRN_OK);
    if (how->has_snapshot)
        return snapshot_of(region, allocator);
    status = use(region, &sibling);
    if (status != FIRN_OK && allocator == NULL)
        faults_off();
    if (status == FIRN_OK || allocator == NULL)
        expect_whole(region);
    firn_region_template_release(sibling);
    firn_region_destroy(region);
    return status;
}

static int modes(void)
{
    return fault_is_allowed() ? FIRN_REGION_MODE_COUNT : FIRN_REGION_ON_FAULT;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (int mode = 0, count = modes(); mode < count; mode++) {
        for (int has_snapshot = 0; has_snapshot <= 1; has_snapshot++) {
            struct how how = {(firn_region_wake_mode)mode, has_snapshot != 0};
            assert_true(failing_each(live, &how) >= 8);
        }
    }
}

#if defined(FIRN_FAULTS) && FIRN_FAULTS
static void inject(const char *call, unsigned at, bool onwards)
{
    char text[60];
    snprintf(text, sizeof(text), "%s:%u%s:ENOMEM", call, at, onwards ? "+" : "");
    setenv("FIRN_FAULT_IO", text, 1);
    firn_fault_reload();
}

/* How often the work fails when each call of a kind fails in turn. */
static unsigned each_call(const char *call, struct how *how)
{
    unsigned failures = 0, since = 0;
    for (unsigned at = 1; since < 12; at++, since++) {
        for (int onwards = 0; onwards <= 1; onwards++) {
            inject(call, at, onwards != 0);
            firn_status status = live(NULL, how);
            faults_off();
            assert_true(status == FIRN_OK || status == FIRN_NO_MEMORY ||
                        (status == FIRN_UNSUPPORTED && how->mode == FIRN_REGION_ON_FAULT));
            failures += status != FIRN_OK;
            since = status != FIRN_OK ? 0 : since;
        }
    }
    return failures;
}

static void each_call_on_mappings_may_fail(void **state)
{
    (void)state;
    static const char *const calls[] = {"mmap", "mprotect", "mremap", "madvise", "userfaultfd"};
    unsigned failures[FIRN_REGION_MODE_COUNT][5] = {{0}};
    for (int mode = 0, count = modes(); mode < count; mode++) {
        for (size_t i = 0; i < 5; i++) {
            for (int has_snapshot = 0; has_snapshot <= 1; has_snapshot++) {
                struct how how = {(firn_region_wake_mode)mode, has_snapshot != 0};
                failures[mode][i] += each_call(calls[i], &how);
            }
        }
    }
    assert_true(failures[FIRN_REGION_EAGER][0] >= 8 && failures[FIRN_REGION_EAGER][1] >= 4);
    assert_true(failures[FIRN_REGION_ON_TOUCH][2] >= 4);
    if (modes() == FIRN_REGION_MODE_COUNT)
        assert_true(failures[FIRN_REGION_ON_FAULT][3] >= 2 &&
                    failures[FIRN_REGION_ON_FAULT][4] >= 4);
}

/* In a child: a touch that finds no memory, and then, the signal being handled, one that does. */
static sigjmp_buf back;

static void on_segv(int number)
{
    (void)number;
    siglongjmp(back, 1);
}

static int touch_in_vain(firn_region_wake_mode mode, const char *call)
{
    (void)signal(SIGSEGV, on_segv);
    firn_region *region = NULL;
    if (firn_region_create(&(firn_region_options){.mode = mode}, &region) != FIRN_OK)
        return 1;
    list_make(region, NODES, 1);
    if (firn_region_hibernate(region, NULL) != FIRN_OK)
        return 2;
    inject(call, 1, true);
    volatile uint8_t *text = ((struct node *)firn_region_root(region))->text;
    if (sigsetjmp(back, 1) == 0) {
        (void)*text;
        return 3;
    }
    faults_off();
    if (firn_region_wake(region) != FIRN_OK)
        return 4;
    return list_is_right(region, NODES) ? 0 : 5;
}

static void a_touch_that_cannot_be_served_is_a_fault(void **state)
{
    (void)state;
    static const struct {
        firn_region_wake_mode mode;
        const char *call;
    } ways[] = {{FIRN_REGION_ON_TOUCH, "mmap"},
                {FIRN_REGION_ON_TOUCH, "mremap"},
                {FIRN_REGION_ON_TOUCH, "mprotect"},
                {FIRN_REGION_ON_FAULT, "mmap"},
                {FIRN_REGION_ON_FAULT, "userfaultfd"}};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) /* a status of its own for a mode that is not allowed */
            _exit(touch_in_vain(ways[i].mode, ways[i].call));
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (ways[i].mode == FIRN_REGION_ON_FAULT && WIFEXITED(status) && WEXITSTATUS(status) == 1)
            continue;
        assert_int_equal(status, 0);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(FIRN_FAULTS) && FIRN_FAULTS
        cmocka_unit_test(a_touch_that_cannot_be_served_is_a_fault), /* before SIGSEGV is taken */
        cmocka_unit_test(each_call_on_mappings_may_fail),
#endif
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
