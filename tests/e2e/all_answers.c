/* Prints what a store of `firn code` answers about every name, one line for each file that it
 * occurs in: name, path, and its definitions there as kind:row:column. Then every file, with its
 * size and its number of nodes. Two stores of the same sources print the same, however they came
 * about.
 *
 *   all_answers STORE         once
 *   all_answers STORE SECONDS again and again, on one opened store that is refreshed: each pass
 * must be consistent; prints how many passes and how many generations */
#include "code/listing.h"
#include "code/lookup.h"

#include <stdio.h>
#include <stdlib.h>

#include <firn/system.h>

static bool is_silent;

static void fail(const firn_error *error)
{
    fprintf(stderr, "all_answers: %s\n", error->text);
    exit(1);
}

static void print_file(struct lookup *lookup, struct opened *opened, const char *name)
{
    struct opened_file file;
    struct definition definition;
    firn_error error = {.status = FIRN_OK};
    firn_status status;
    if (opened_at(opened, lookup->postings.file, &file, &error) != FIRN_OK)
        fail(&error);
    if (!is_silent)
        printf("%s\t%s", name, file.path);
    while ((status = lookup_definition(lookup, &definition, &error)) == FIRN_OK)
        if (!is_silent)
            printf("\t%u:%u:%u", definition.kind, definition.row, definition.column);
    if (status != FIRN_END_OF_DATA)
        fail(&error);
    if (!is_silent)
        printf("\n");
    opened_file_fini(opened, &file);
}

static void print_name(struct opened *opened, const char *name)
{
    struct lookup lookup = {.opened = NULL};
    firn_error error = {.status = FIRN_OK};
    firn_status status = lookup_begin(&lookup, opened, name, &error);
    while (status == FIRN_OK && (status = lookup_next(&lookup, &error)) == FIRN_OK)
        print_file(&lookup, opened, name);
    if (status != FIRN_END_OF_DATA)
        fail(&error);
    lookup_end(&lookup);
}

static void print_names(struct opened *opened)
{
    struct listing listing = {.opened = NULL};
    firn_error error = {.status = FIRN_OK};
    const char *name;
    size_t size;
    firn_status status = listing_begin_names(&listing, opened, "", &error);
    while (status == FIRN_OK &&
           (status = listing_next_name(&listing, &name, &size, &error)) == FIRN_OK) {
        char copy[KEY_MAX_BYTES + 1];
        memcpy(copy, name, size);
        copy[size] = '\0';
        if (memchr(name, 0, size) == NULL)
            print_name(opened, copy);
    }
    if (status != FIRN_END_OF_DATA)
        fail(&error);
    listing_end(&listing);
}

static void print_files(struct opened *opened)
{
    struct listing listing = {.opened = NULL};
    struct opened_file file;
    struct loaded loaded = {.text = NULL};
    firn_error error = {.status = FIRN_OK};
    uint64_t count = 0;
    firn_status status = listing_begin(&listing, opened, "", &error);
    while (status == FIRN_OK && (status = listing_next(&listing, &file, &error)) == FIRN_OK) {
        if (loaded_get(opened, &file, &loaded, &error) != FIRN_OK ||
            loaded_decode(&loaded, &file, &error) != FIRN_OK)
            fail(&error);
        if (!is_silent)
            printf("%s\t%llu\t%u\n", file.path, (unsigned long long)file.record.size,
                   loaded.nodes.count);
        loaded_close(opened, &loaded);
        opened_file_fini(opened, &file);
        count++;
    }
    if (status != FIRN_END_OF_DATA)
        fail(&error);
    if (count != opened->meta.totals.files) {
        fprintf(stderr, "all_answers: another number of files than the store tells of\n");
        exit(1);
    }
    listing_end(&listing);
    loaded_release(opened, &loaded);
}

static void answer_again(struct opened *opened, unsigned seconds)
{
    const uint64_t end = firn_clock_ns() + seconds * UINT64_C(1000000000);
    unsigned passes = 0, generations = 1;
    firn_error error = {.status = FIRN_OK};
    is_silent = true;
    for (; firn_clock_ns() < end; passes++) {
        bool is_changed;
        if (opened_refresh(opened, &is_changed, &error) != FIRN_OK)
            fail(&error);
        generations += is_changed ? 1 : 0;
        print_names(opened);
        print_files(opened);
    }
    printf("%u passes, %u generations\n", passes, generations);
}

int main(int argc, char **argv)
{
    struct opened opened;
    firn_error error = {.status = FIRN_OK};
    if (argc < 2 || opened_init(&opened, argv[1], NULL, 0, &error) != FIRN_OK)
        fail(&error);
    if (argc > 2) {
        answer_again(&opened, (unsigned)strtoul(argv[2], NULL, 10));
    } else {
        print_names(&opened);
        print_files(&opened);
    }
    opened_fini(&opened);
    return 0;
}
