/* Range, the conditional fields and targets of hostile requests, as `firn serve` reads them: a part
 * lies within the file, and a path stays below the folder. The first eight bytes are the file's
 * size. */
#include "serve/conditions.h"
#include "serve/path.h"

#include <stdlib.h>
#include <string.h>

#define ROOM 8192u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_path(const char *target, size_t size)
{
    char path[PATH_MAX_BYTES], address[3 * PATH_MAX_BYTES];
    bool is_folder;
    if (!path_of_target(target, size, path, &is_folder))
        return;
    check(path[0] != '/' && strlen(path) < sizeof path && path[0] != '\0');
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        check(strncmp(part, "..", 2) != 0 || (part[2] != '/' && part[2] != '\0'));
    }
    const size_t length = path_to_address(path, address, sizeof address);
    char again[PATH_MAX_BYTES];
    if (length == 0)
        return;
    check(path_of_target(address, length, again, &is_folder) == false || address[0] == '/');
    char rooted[3 * PATH_MAX_BYTES + 2] = "/";
    memcpy(rooted + 1, address, length);
    check(path_of_target(rooted, length + 1, again, &is_folder) && strcmp(again, path) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    firn_http_field fields[32];
    firn_http_head head;
    struct version version = {.changed = 784111777, .etag = "\"1-2.3\""};
    struct part part = {UINT64_MAX, 0};
    if (size < 8 || size > ROOM)
        return 0;
    memcpy(&version.size, data, 8);
    version.size &= INT64_MAX;
    const char *text = (const char *)data + 8;
    if (firn_http_head_begin(&head, FIRN_HTTP_REQUEST, NULL, fields, 32) != FIRN_OK ||
        firn_http_head_parse(&head, text, size - 8) != FIRN_OK)
        return 0;
    const uint16_t status = conditions_check(&head, text, &version, &part);
    check(status == 200 || status == 206 || status == 304 || status == 412 || status == 416);
    if (status == 206)
        check(part.size > 0 && part.first < version.size && part.size <= version.size - part.first);
    if (head.form == FIRN_HTTP_ORIGIN)
        check_path(text + head.target.offset, head.target.size);
    return 0;
}
