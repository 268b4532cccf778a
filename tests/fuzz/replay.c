/* Feeds a fuzz target with the files of folders, so that a kept corpus is a test wherever there is
 * no libFuzzer. Also tries every file without its last byte and with a byte more, which decoders
 * that read past their input do not survive under AddressSanitizer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1); /* exactly as large, to catch a read behind it */
    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int feed_file(const char *path)
{
    static uint8_t data[(1 << 20) + 1];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    const size_t size = fread(data, 1, sizeof data - 1, file);
    fclose(file);
    feed(data, size);
    if (size > 0)
        feed(data, size - 1);
    data[size] = 0;
    feed(data, size + 1);
    return 0;
}

static int feed_folder(const char *path, unsigned *count)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        perror(path);
        return 1;
    }
    int failed = 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        failed |= feed_file(file);
        ++*count;
    }
    closedir(folder);
    return failed;
}

int main(int argument_count, char **arguments)
{
    unsigned count = 0;
    int failed = 0;
    for (int i = 1; i < argument_count; i++)
        failed |= feed_folder(arguments[i], &count);
    printf("%u inputs\n", count);
    return failed != 0 || count == 0;
}
