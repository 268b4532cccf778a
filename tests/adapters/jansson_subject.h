/* Trees of jansson as a subject: objects and arrays that grow, shrink, are copied, shared and
 * printed. */
#ifndef FIRN_TESTS_JANSSON_SUBJECT_H
#define FIRN_TESTS_JANSSON_SUBJECT_H

#include "subject.h"

#include <firn/adapters/jansson.h>
#include <firn/checksum.h>

typedef struct jansson_subject {
    const firn_allocator *allocator;
    json_t *root;
    uint32_t sum;
} jansson_subject;

static inline bool jansson_subject_open(void *self, const firn_allocator *allocator)
{
    jansson_subject *trees = self;
    const firn_allocator *before = firn_current_enter(allocator);
    *trees = (jansson_subject){.allocator = allocator, .root = json_object()};
    firn_current_enter(before);
    return trees->root != NULL;
}

static inline void jansson_subject_close(void *self)
{
    jansson_subject *trees = self;
    const firn_allocator *before = firn_current_enter(trees->allocator);
    json_decref(trees->root);
    firn_current_enter(before);
}

static inline json_t *jansson_subject_make(jansson_subject *trees, uint32_t random)
{
    static const char text[] = "{\"list\":[1,2.5,true,null,{\"deep\":[[],{}]}],"
                               "\"name\":\"\\u00e4 line\\nand another\",\"more\":-17}";
    char key[16];
    switch (random % 6) {
    case 0:
        return json_integer(random);
    case 1:
        return json_sprintf("%0*x", (int)(random % 90 + 1), random);
    case 2:
        return json_pack("{s:i,s:[f,b],s:n}", "whole", (int)(random % 1000), "some", random / 3.0,
                         random % 2, "none");
    case 3:
        return json_loads(text, 0, NULL);
    case 4: /* shared by two places */
        snprintf(key, sizeof key, "k%u", random / 7 % 300);
        return json_incref(json_object_get(trees->root, key));
    default:
        snprintf(key, sizeof key, "k%u", random / 7 % 300);
        return json_deep_copy(json_object_get(trees->root, key));
    }
}

/* Arrays are as long as chance has it; what holds itself cannot come to be. */
static inline bool jansson_subject_change(jansson_subject *trees, uint32_t random)
{
    char key[16];
    snprintf(key, sizeof key, "%c%u", random % 5 == 0 ? 'a' : 'k', random / 5 % 300);
    if (random % 5 != 0) {
        json_t *value = jansson_subject_make(trees, random / 64);
        if (value == NULL)
            return random / 64 % 6 >= 4; /* there was none to share or copy */
        return json_object_set_new(trees->root, key, value) == 0;
    }
    json_t *list = json_object_get(trees->root, key);
    if (list == NULL) {
        list = json_array();
        if (list == NULL || json_object_set_new(trees->root, key, list) != 0)
            return false;
    }
    return json_array_append_new(list, json_integer(random)) == 0;
}

static inline bool jansson_subject_step(void *self, uint32_t random)
{
    jansson_subject *trees = self;
    const firn_allocator *before = firn_current_enter(trees->allocator);
    bool went = true;
    if (random % 13 == 0) {
        char key[16];
        snprintf(key, sizeof key, "k%u", random / 13 % 300);
        (void)json_object_del(trees->root, key);
    } else {
        went = jansson_subject_change(trees, random / 13);
    }
    firn_current_enter(before);
    return went;
}

static inline uint32_t jansson_subject_digest(void *self)
{
    jansson_subject *trees = self;
    const firn_allocator *before = firn_current_enter(trees->allocator);
    char *text = json_dumps(trees->root, JSON_SORT_KEYS | JSON_COMPACT);
    if (text == NULL)
        subject_breach("no memory for a digest");
    trees->sum = trees->sum * 31 + firn_crc32c(0, text, strlen(text));
    firn_current_release(text);
    firn_current_enter(before);
    return trees->sum;
}

static const subject jansson_subject_kind = {jansson_subject_open, jansson_subject_step,
                                             jansson_subject_digest, jansson_subject_close};

#endif
