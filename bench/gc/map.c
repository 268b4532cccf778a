/* A map that lives long while its entries come and go: a hash table with a bucket an entry, whose
 * entries, keys and values are objects.
 *
 * It is filled up to `entries`, half as many keys again being possible. Then each operation makes a
 * random key, as a program does that reads it from somewhere, and looks for it: one that is not
 * there is inserted with a value, one that is gets a new value or is removed, as a coin falls; two
 * thirds of the keys are there on average. A clock is read every 32 operations, and the longest
 * time between two readings, filling included, is the pause, by the clock on the wall and by the
 * time that the process used.
 *
 * workloads.ml, workloads.go and Workloads.java do the same. */
#include <string.h>

#include "gc/memory.h"
#include "gc/work.h"

enum { BATCH = 32, OPERATIONS = 4000000, KEY_BYTES = 12 };

struct entry {
    struct entry *next;
    uint8_t *key;
    uint8_t *value; /* 15, 23, 31 or 39 bytes, the first 4 a number */
};

static struct entry **buckets;
static uint32_t bucket_bits, count, checksum, sequence = 2463534242u;

static uint8_t *make_key(uint32_t number)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *key = make(KIND_LEAF, KEY_BYTES);
    memcpy(key, "key-", 4);
    for (uint32_t i = 0; i < 8; i++)
        key[4 + i] = (uint8_t)digits[number >> (28 - 4 * i) & 15];
    return key;
}

/* FNV-1a, whose upper bits a multiplication mixes. */
static uint32_t bucket_of(const uint8_t *key)
{
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < KEY_BYTES; i++)
        hash = (hash ^ key[i]) * 16777619u;
    return hash * 0x9e3779b1u >> (32 - bucket_bits);
}

static uint8_t *make_value(uint32_t random)
{
    uint8_t *value = make(KIND_LEAF, 15 + 8 * (random & 3));
    memcpy(value, &random, sizeof random);
    return value;
}

static uint32_t value_of(const struct entry *entry)
{
    uint32_t number;
    memcpy(&number, entry->value, sizeof number);
    return number;
}

static void insert(uint8_t *key, uint32_t bucket, uint32_t random)
{
    void *slots[2] = {key, NULL};
    FRAME(frame, slots);
    slots[1] = make_value(random);
    struct entry *entry = make(KIND_ENTRY, sizeof *entry);
    entry->next = buckets[bucket];
    entry->key = slots[0];
    entry->value = slots[1];
    put(buckets, &buckets[bucket], entry);
    count++;
    FRAME_END(frame);
}

static void replace(struct entry *found, uint32_t random)
{
    void *slots[1] = {found};
    FRAME(frame, slots);
    uint8_t *value = make_value(random);
    struct entry *entry = slots[0];
    checksum += value_of(entry);
    forget(entry->value);
    put(entry, &entry->value, value);
    FRAME_END(frame);
}

static void take_out(struct entry *previous, uint32_t bucket, struct entry *entry)
{
    checksum += value_of(entry) * 3;
    if (previous != NULL)
        put(previous, &previous->next, entry->next);
    else
        put(buckets, &buckets[bucket], entry->next);
    forget(entry->value);
    forget(entry->key);
    forget(entry);
    count--;
}

/* One operation; while the map is being filled, keys that are there are left alone. */
static void operate(uint32_t keys, bool filling)
{
    uint8_t *key = make_key(random_below(&sequence, keys));
    uint32_t bucket = bucket_of(key), random = random_next(&sequence);
    struct entry *previous = NULL, *entry = buckets[bucket];
    while (entry != NULL && memcmp(entry->key, key, KEY_BYTES) != 0) {
        previous = entry;
        entry = entry->next;
    }
    if (entry == NULL) {
        insert(key, bucket, random >> 1);
        return;
    }
    forget(key);
    if (!filling && (random & 1) != 0)
        replace(entry, random >> 1);
    else if (!filling)
        take_out(previous, bucket, entry);
}

static void make_buckets(uint32_t entries)
{
    while (1u << bucket_bits < entries)
        bucket_bits++;
    hold((void **)&buckets);
    buckets = make(KIND_ARRAY, sizeof *buckets << bucket_bits);
    for (uint32_t i = 0; i < 1u << bucket_bits; i++)
        buckets[i] = NULL;
}

void work_map(uint32_t entries)
{
    const uint32_t keys = entries / 2 * 3;
    uint64_t begin_cpu = 0, begin_wall = 0;
    memory_begin(false);
    make_buckets(entries);
    struct gap wall = {.last = wall_ns()}, cpu = {.last = cpu_ns()};
    for (uint32_t i = 0; i < OPERATIONS;) {
        bool filling = begin_cpu == 0;
        for (uint32_t j = 0; j < BATCH; j++)
            operate(keys, filling);
        i += filling ? 0 : BATCH;
        gap_note(&wall, wall_ns());
        gap_note(&cpu, cpu_ns());
        if (filling && count >= entries) {
            begin_wall = wall.last;
            begin_cpu = cpu.last;
        }
    }
    printf("operation_ns %.3f\n", (double)(cpu.last - begin_cpu) / OPERATIONS);
    printf("operation_wall_ns %.3f\n", (double)(wall.last - begin_wall) / OPERATIONS);
    printf("pause_ns %.0f\npause_cpu_ns %.0f\n", (double)wall.longest, (double)cpu.longest);
    gap_print(&cpu, "pauses");
    printf("checksum %.0f\n", (double)(checksum ^ count));
}
