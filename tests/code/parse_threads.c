/* Parsers in several threads at once, with one family and one extractor between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include "support/code_tree.h"

#define THREADS 4
#define ROUNDS 30

static const char text[] = "#include <a.h>\n"
                           "struct s { int a, b; };\n"
                           "static int f(struct s *s) { return g(s->a) + s->b; }\n"
                           "int broken( {\n";

struct shared {
    const struct language *language;
    firn_family *family;
    struct extractor *extractor;
};

struct worker {
    const struct shared *shared;
    pthread_t thread;
    unsigned names;
    firn_status status;
};

static firn_status count_name(void *context, const struct extract_name *name)
{
    unsigned *count = context;
    *count += 1 + name->is_definition;
    return FIRN_OK;
}

static firn_status work_once(struct parser *parser, firn_builder *builder,
                             struct extract_scratch *scratch, struct worker *worker)
{
    const struct shared *shared = worker->shared;
    firn_status status = parser_parse(parser, shared->language, text, sizeof text - 1, NULL);
    if (status == FIRN_OK)
        status = parser_feed(parser, builder, NULL);
    worker->names = 0;
    if (status == FIRN_OK)
        status = extract_names(shared->extractor, scratch, firn_builder_nodes(builder), count_name,
                               &worker->names);
    return status;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct extract_scratch scratch = {0};
    struct parser *parser = NULL;
    firn_builder *builder = NULL;

    worker->status = parser_create(NULL, &parser);
    if (worker->status == FIRN_OK)
        worker->status = firn_builder_create(worker->shared->family, NULL, &builder);
    for (int i = 0; i < ROUNDS && worker->status == FIRN_OK; i++)
        worker->status = work_once(parser, builder, &scratch, worker);
    extract_scratch_fini(&scratch);
    firn_builder_destroy(builder);
    parser_destroy(parser);
    return NULL;
}

static void threads_parse_without_minding_each_other(void **state)
{
    (void)state;
    struct shared shared = {.language = language_by_name("c")};
    struct worker workers[THREADS];

    assert_int_equal(firn_family_create(NULL, &shared.family), FIRN_OK);
    assert_int_equal(language_name_family(shared.language, shared.family), FIRN_OK);
    assert_int_equal(firn_family_settle(shared.family), FIRN_OK);
    assert_int_equal(extractor_create(shared.language, shared.family, NULL, &shared.extractor),
                     FIRN_OK);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.shared = &shared};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].status, FIRN_OK);
        assert_true(workers[i].names > 10);
        assert_int_equal(workers[i].names, workers[0].names);
    }
    extractor_destroy(shared.extractor);
    firn_family_destroy(shared.family);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_parse_without_minding_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
