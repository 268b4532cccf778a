/* The queue between the thread that reads and the one that works: its order, its bounds,
 * cancelling, its ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "code/lsp/queue.h"

static json_t *request(int id)
{
    return json_pack("{s:i,s:s}", "id", id, "method", "m");
}

static int id_of(const struct queue_item *item)
{
    return (int)json_integer_value(json_object_get(item->message, "id"));
}

static void items_come_in_order_and_then_the_end(void **state)
{
    (void)state;
    struct queue queue;
    struct queue_item item;
    queue_init(&queue);
    assert_int_equal(queue_take(&queue, 1, &item), QUEUE_TIME);
    for (int i = 1; i <= 3; i++)
        assert_true(queue_put(&queue, i == 2 ? NULL : request(i), i, 10));
    queue_close(&queue, false);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(queue_take(&queue, 1, &item), QUEUE_ITEM);
        assert_int_equal(item.error, i);
        assert_int_equal(id_of(&item), i == 2 ? 0 : i);
        queue_done(&queue, &item);
    }
    assert_int_equal(queue_take(&queue, 1, &item), QUEUE_END);
    queue_fini(&queue);
}

static void what_waits_and_what_is_at_work_can_be_cancelled(void **state)
{
    (void)state;
    struct queue queue;
    struct queue_item item;
    json_t *one = json_integer(1), *three = json_integer(3), *other = json_string("3");
    queue_init(&queue);
    for (int i = 1; i <= 3; i++)
        assert_true(queue_put(&queue, request(i), 0, 10));
    assert_int_equal(queue_take(&queue, 1, &item), QUEUE_ITEM);
    queue_cancel(&queue, other);
    queue_cancel(&queue, NULL);
    assert_false(queue_is_cancelled(&queue));
    queue_cancel(&queue, one);
    assert_true(queue_is_cancelled(&queue));
    queue_done(&queue, &item);
    queue_cancel(&queue, three);
    for (int i = 2; i <= 3; i++) {
        assert_int_equal(queue_take(&queue, 1, &item), QUEUE_ITEM);
        assert_false(queue_is_cancelled(&queue));
        assert_int_equal(item.is_cancelled, i == 3);
        queue_done(&queue, &item);
    }
    queue_close(&queue, true);
    assert_true(queue_is_cancelled(&queue));
    queue_fini(&queue);
    json_decref(one);
    json_decref(three);
    json_decref(other);
}

struct putter {
    struct queue *queue;
    unsigned count;
    size_t bytes;
    atomic_uint done;
};

static void *put_all(void *context)
{
    struct putter *putter = context;
    for (unsigned i = 0; i < putter->count; i++) {
        if (!queue_put(putter->queue, request((int)i), 0, putter->bytes))
            break;
        atomic_fetch_add(&putter->done, 1);
    }
    return NULL;
}

/* How many of what it is given the queue takes while nobody takes anything from it. */
static void check_bound(unsigned count, size_t bytes, unsigned wanted)
{
    struct queue queue;
    struct queue_item item;
    pthread_t thread;
    struct putter putter = {.queue = &queue, .count = count, .bytes = bytes};
    queue_init(&queue);
    assert_int_equal(pthread_create(&thread, NULL, put_all, &putter), 0);
    for (unsigned turn = 0; turn < 2000 && atomic_load(&putter.done) < wanted; turn++)
        usleep(1000);
    usleep(50000);
    assert_int_equal(atomic_load(&putter.done), wanted);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(queue_take(&queue, 10000, &item), QUEUE_ITEM);
        assert_int_equal(id_of(&item), i);
        queue_done(&queue, &item);
    }
    pthread_join(thread, NULL);
    queue_fini(&queue);
}

static void a_put_waits_when_the_queue_is_full(void **state)
{
    (void)state;
    check_bound(QUEUE_MAX + 10, 1, QUEUE_MAX);
    check_bound(9, QUEUE_MAX_BYTES / 4, 4);
    check_bound(3, 2 * QUEUE_MAX_BYTES, 1); /* one is taken however large it is */
}

static void a_put_that_waits_ends_when_nothing_is_taken_any_more(void **state)
{
    (void)state;
    struct queue queue;
    pthread_t thread;
    struct putter putter = {.queue = &queue, .count = 2, .bytes = QUEUE_MAX_BYTES};
    queue_init(&queue);
    assert_int_equal(pthread_create(&thread, NULL, put_all, &putter), 0);
    usleep(20000);
    queue_abandon(&queue);
    pthread_join(thread, NULL);
    assert_true(atomic_load(&putter.done) <= 1);
    queue_fini(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_in_order_and_then_the_end),
        cmocka_unit_test(what_waits_and_what_is_at_work_can_be_cancelled),
        cmocka_unit_test(a_put_waits_when_the_queue_is_full),
        cmocka_unit_test(a_put_that_waits_ends_when_nothing_is_taken_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
