/* Reads the kernel's lists of mappings; see process_maps.h.
 *
 *   start-end rwxp offset major:minor inode        name
 *
 * A list of smaps has lines `Key: value` behind each, of which `VmFlags:` matters.
 * Called by the other process*.c, on memory of their own. Threads: no state. Memory: none.
 */
#include "region/process_maps.h"

#include <string.h>

/* What is not read yet of a line. */
typedef struct cursor {
    const char *at, *end;
} cursor;

static bool take_hex(cursor *line, uint64_t *ret_number)
{
    uint64_t number = 0;
    const char *first = line->at;
    for (; line->at < line->end; line->at++) {
        char digit = *line->at;
        unsigned value;
        if (digit >= '0' && digit <= '9')
            value = (unsigned)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            value = (unsigned)(digit - 'a') + 10;
        else
            break;
        if (number >> 60 != 0)
            return false;
        number = number << 4 | value;
    }
    *ret_number = number;
    return line->at > first;
}

static bool take_decimal(cursor *line, uint64_t *ret_number)
{
    uint64_t number = 0;
    const char *first = line->at;
    for (; line->at < line->end && *line->at >= '0' && *line->at <= '9'; line->at++) {
        unsigned value = (unsigned)(*line->at - '0');
        if (number > (UINT64_MAX - value) / 10)
            return false;
        number = number * 10 + value;
    }
    *ret_number = number;
    return line->at > first;
}

static bool take(cursor *line, char wanted)
{
    if (line->at == line->end || *line->at != wanted)
        return false;
    line->at++;
    return true;
}

static bool take_rights(cursor *line, firn_mapping *mapping)
{
    static const char letters[] = "rwx";
    if (line->end - line->at < 4)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        if (line->at[i] == letters[i])
            mapping->rights |= (uint8_t)(1 << i);
        else if (line->at[i] != '-')
            return false;
    }
    char shared = line->at[3];
    line->at += 4;
    if (shared == 's')
        mapping->kind = FIRN_MAPPING_SHARED;
    return shared == 's' || shared == 'p';
}

static bool begins(const char *text, size_t size, const char *with)
{
    size_t length = strlen(with);
    return size >= length && memcmp(text, with, length) == 0;
}

static void classify(firn_mapping *mapping, const char *name)
{
    size_t size = mapping->name_bytes;
    if (begins(name, size, "[vdso]") || begins(name, size, "[vvar") ||
        begins(name, size, "[vsyscall]") || begins(name, size, "[uprobes]"))
        mapping->kind = FIRN_MAPPING_SPECIAL;
    else if (mapping->kind == FIRN_MAPPING_SHARED)
        return;
    else if (mapping->inode != 0)
        mapping->kind = FIRN_MAPPING_FILE;
    else if (begins(name, size, "[stack]"))
        mapping->kind = FIRN_MAPPING_STACK;
}

/* The first line of a mapping. */
static bool read_mapping(cursor line, const char *text, firn_mapping *ret_mapping)
{
    firn_mapping mapping = {.kind = FIRN_MAPPING_ANONYMOUS};
    uint64_t major, minor;
    bool fits = take_hex(&line, &mapping.start) && take(&line, '-') &&
                take_hex(&line, &mapping.end) && take(&line, ' ') && take_rights(&line, &mapping) &&
                take(&line, ' ') && take_hex(&line, &mapping.offset) && take(&line, ' ') &&
                take_hex(&line, &major) && take(&line, ':') && take_hex(&line, &minor) &&
                take(&line, ' ') && take_decimal(&line, &mapping.inode);
    if (!fits || mapping.start >= mapping.end || (mapping.start | mapping.end) % 4096 != 0 ||
        major >= 1 << 12 || minor >= 1 << 20)
        return false;
    mapping.device = (uint32_t)(major << 20 | minor);
    while (take(&line, ' '))
        ;
    mapping.name_at = (uint32_t)(line.at - text);
    mapping.name_bytes = (uint32_t)(line.end - line.at);
    classify(&mapping, line.at);
    *ret_mapping = mapping;
    return true;
}

/* dc: not in a child of fork, gd: grows downwards, ht: huge pages of their own, io and pf: of a
 * device, lo: locked, ss: a shadow stack, wf: wiped on fork; and what userfaultfd watches. */
static bool flags_are_peculiar(cursor line)
{
    static const char peculiar[] = "dc gd ht io lo pf ss um ui uw wf ";
    for (; line.end - line.at >= 2; line.at++) {
        if (line.at[0] == ' ')
            continue;
        for (const char *flag = peculiar; *flag != '\0'; flag += 3) {
            if (memcmp(flag, line.at, 2) == 0)
                return true;
        }
        line.at++;
    }
    return false;
}

firn_status firn_maps_parse(const char *text, size_t size, firn_mapping *mappings, size_t capacity,
                            size_t *ret_count)
{
    if (size > UINT32_MAX)
        return FIRN_LIMIT;
    size_t count = 0;
    for (const char *at = text, *end = text + size; at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL)
            return FIRN_CORRUPT; /* cut off */
        cursor line = {at, line_end};
        at = line_end + 1;
        if (line.at < line.end && *line.at >= 'A' && *line.at <= 'Z') { /* of smaps */
            if (!begins(line.at, (size_t)(line.end - line.at), "VmFlags:"))
                continue;
            line.at += strlen("VmFlags:");
            if (count > 0 && flags_are_peculiar(line))
                mappings[count - 1].flags |= FIRN_MAPPING_PECULIAR;
            continue;
        }
        if (count == capacity)
            return FIRN_LIMIT;
        if (!read_mapping(line, text, &mappings[count]) ||
            (count > 0 && mappings[count].start < mappings[count - 1].end))
            return FIRN_CORRUPT;
        count++;
    }
    *ret_count = count;
    return FIRN_OK;
}

bool firn_mapping_same_content(const firn_mapping *a, const firn_mapping *b, uint64_t address)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == FIRN_MAPPING_ANONYMOUS || a->kind == FIRN_MAPPING_STACK)
        return true;
    return a->device == b->device && a->inode == b->inode &&
           a->offset + (address - a->start) == b->offset + (address - b->start);
}

size_t firn_maps_find(const firn_mapping *mappings, size_t count, uint64_t address)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (mappings[middle].end > address)
            count = middle;
        else
            low = middle + 1;
    }
    return low;
}
