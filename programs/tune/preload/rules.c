/* Reads .eh_frame: see rules.h. Called by stack.c when its cache has nothing. The C library tells
 * where the table of a module is (_dl_find_object), which is sorted; its entry leads to a program
 * of few operations, which is run up to the address. Only what leads to the caller is followed:
 * the frame's address and the base pointer. Follows the DWARF standard, 6.4, and the LSB's pages on
 * .eh_frame.
 *
 * Not libunwind: to test addresses it reads and writes a pipe whose numbers the program may have
 * closed and given to files of its own. Not libgcc's: 250 ns a frame, here 3 to 10 with the cache.
 *
 * Whatever is not understood is RULE_END. Threads: no state. Memory: none. Complexity: log of the
 * functions of a module, then the length of the program. */
#include "tune/preload/rules.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { REGISTER_BASE = 6, REGISTER_STACK = 7, REGISTER_RETURN = 16, REMEMBERED_MAX = 8 };

/* Encodings of addresses. */
enum { ENCODING_ABSOLUTE = 0, ENCODING_RELATIVE_4 = 0x1b, ENCODING_TABLE = 0x3b, ENCODING_U4 = 3 };

struct row {
    struct rule rule;
    bool good;  /* the frame's address is understood */
    bool ended; /* there is no caller */
};

struct program {
    const uint8_t *at, *end;
    uint64_t code_align;
    int64_t data_align;
    bool is_signal, has_size;
};

static uint64_t read_unsigned(const uint8_t **at)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *(*at)++;
        value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
        shift += 7;
    } while ((byte & 0x80) != 0);
    return value;
}

static int64_t read_signed(const uint8_t **at)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *(*at)++;
        value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
        shift += 7;
    } while ((byte & 0x80) != 0);
    if (shift < 64 && (byte & 0x40) != 0)
        value |= ~(uint64_t)0 << shift;
    return (int64_t)value;
}

static uint64_t read_fixed(const uint8_t **at, unsigned bytes)
{
    uint64_t value = 0;
    memcpy(&value, *at, bytes);
    *at += bytes;
    return value;
}

static uint32_t word_at(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* --- expressions: of the few forms that compilers write --- */

/* *ret_indirect: the value is what lies at base + offset. False: another form. */
static bool read_expression(const uint8_t *at, uint64_t size, int64_t *ret_offset,
                            bool *ret_indirect)
{
    const uint8_t *const end = at + size;
    if (size < 2 || *at++ != 0x70 + REGISTER_BASE) /* DW_OP_breg6 */
        return false;
    *ret_offset = read_signed(&at);
    *ret_indirect = at < end && *at == 0x06; /* DW_OP_deref */
    at += *ret_indirect;
    return at == end;
}

static void frame_is_expression(struct row *row, const uint8_t *at, uint64_t size)
{
    int64_t offset = 0;
    bool is_indirect = false;
    row->good = read_expression(at, size, &offset, &is_indirect) && is_indirect &&
                offset == (int32_t)offset;
    row->rule.kind = RULE_INDIRECT;
    row->rule.offset = (int32_t)offset;
}

static void base_is_expression(struct row *row, const uint8_t *at, uint64_t size)
{
    int64_t offset = 0;
    bool is_indirect = false;
    if (!read_expression(at, size, &offset, &is_indirect) || is_indirect ||
        offset != (int16_t)offset)
        row->good = false;
    row->rule.saved = SAVED_BASE;
    row->rule.saved_offset = (int16_t)offset;
}

/* --- rules of registers --- */

static void frame_is_register(struct row *row, uint64_t number)
{
    row->good = number == REGISTER_STACK || number == REGISTER_BASE;
    row->rule.kind = number == REGISTER_STACK ? RULE_STACK : RULE_BASE;
}

static void frame_has_offset(struct row *row, int64_t offset)
{
    row->good = row->good && offset == (int32_t)offset;
    row->rule.offset = (int32_t)offset;
}

static void register_is_saved(struct row *row, uint64_t number, int64_t offset)
{
    if (number == REGISTER_RETURN && offset != -8)
        row->good = false;
    if (number != REGISTER_BASE)
        return;
    row->good = row->good && offset == (int16_t)offset;
    row->rule.saved = SAVED_FRAME;
    row->rule.saved_offset = (int16_t)offset;
}

static void register_is_restored(struct row *row, const struct row *first, uint64_t number)
{
    if (number != REGISTER_BASE)
        return;
    row->rule.saved = first->rule.saved;
    row->rule.saved_offset = first->rule.saved_offset;
}

/* Its value is lost, or in another register. */
static void register_is_elsewhere(struct row *row, uint64_t number)
{
    row->ended = row->ended || number == REGISTER_RETURN;
}

/* --- the program --- */

struct run {
    struct row row, first; /* first: as the common part left it */
    struct row remembered[REMEMBERED_MAX];
    unsigned depth;
};

/* An operation that is about the frame's address. False: it is none of these. */
static bool run_frame_operation(struct run *run, struct program *program, uint8_t operation)
{
    struct row *row = &run->row;
    uint64_t size;
    switch (operation) {
    case 0x0c: /* def_cfa */
        frame_is_register(row, read_unsigned(&program->at));
        frame_has_offset(row, (int64_t)read_unsigned(&program->at));
        return true;
    case 0x0d: /* def_cfa_register */
        frame_is_register(row, read_unsigned(&program->at));
        return true;
    case 0x0e: /* def_cfa_offset */
        frame_has_offset(row, (int64_t)read_unsigned(&program->at));
        return true;
    case 0x0f: /* def_cfa_expression */
        size = read_unsigned(&program->at);
        frame_is_expression(row, program->at, size);
        program->at += size;
        return true;
    case 0x12: /* def_cfa_sf */
        frame_is_register(row, read_unsigned(&program->at));
        frame_has_offset(row, read_signed(&program->at) * program->data_align);
        return true;
    case 0x13: /* def_cfa_offset_sf */
        frame_has_offset(row, read_signed(&program->at) * program->data_align);
        return true;
    default:
        return false;
    }
}

/* One that is about a register, or about all. False: it is none that is known. */
static bool run_register_operation(struct run *run, struct program *program, uint8_t operation)
{
    struct row *row = &run->row;
    uint64_t number = 0, size;
    if (operation >= 0x05 && operation <= 0x11 && operation != 0x0a && operation != 0x0b)
        number = read_unsigned(&program->at);
    switch (operation) {
    case 0x05: /* offset_extended */
        register_is_saved(row, number, (int64_t)read_unsigned(&program->at) * program->data_align);
        return true;
    case 0x06: /* restore_extended */
        register_is_restored(row, &run->first, number);
        return true;
    case 0x07: /* undefined */
        register_is_elsewhere(row, number);
        return true;
    case 0x08: /* same_value */
        if (number == REGISTER_BASE)
            row->rule.saved = SAVED_SAME;
        return true;
    case 0x09: /* register */
        register_is_elsewhere(row, number);
        (void)read_unsigned(&program->at);
        return true;
    case 0x10: /* expression */
        size = read_unsigned(&program->at);
        if (number == REGISTER_BASE)
            base_is_expression(row, program->at, size);
        program->at += size;
        return true;
    case 0x11: /* offset_extended_sf */
        register_is_saved(row, number, read_signed(&program->at) * program->data_align);
        return true;
    case 0x0a: /* remember_state */
        if (run->depth == REMEMBERED_MAX)
            return false;
        run->remembered[run->depth++] = *row;
        return true;
    case 0x0b: /* restore_state */
        if (run->depth == 0)
            return false;
        *row = run->remembered[--run->depth];
        return true;
    case 0x2e: /* GNU_args_size */
        (void)read_unsigned(&program->at);
        return true;
    default:
        return operation == 0;
    }
}

/* Runs operations until they are about code behind `until` (an offset into the function). */
static bool run_program(struct run *run, struct program *program, uint64_t until)
{
    uint64_t place = 0;
    while (program->at < program->end) {
        const uint8_t byte = *program->at++, high = byte & 0xc0, low = byte & 0x3f;
        if (high == 0x80) {
            register_is_saved(&run->row, low,
                              (int64_t)read_unsigned(&program->at) * program->data_align);
        } else if (high == 0xc0) {
            register_is_restored(&run->row, &run->first, low);
        } else if (high == 0x40 || (byte >= 0x02 && byte <= 0x04)) { /* advance_loc */
            const uint64_t steps = high == 0x40 ? low : read_fixed(&program->at, 1u << (byte - 2));
            place += steps * program->code_align;
            if (place > until)
                return true;
        } else if (!run_frame_operation(run, program, byte) &&
                   !run_register_operation(run, program, byte)) {
            return false;
        }
    }
    return true;
}

/* --- where the program is --- */

/* The common part of the functions that name it. *ret_encoding: of their addresses. */
static bool read_common(const uint8_t *at, struct program *ret_program, uint8_t *ret_encoding)
{
    const uint32_t length = word_at(at);
    const uint8_t *const end = at + 4 + length;
    if (length == 0 || length == UINT32_MAX || word_at(at + 4) != 0)
        return false;
    at += 8;
    const uint8_t version = *at++;
    const char *letters = (const char *)at;
    at += strlen(letters) + 1;
    *ret_program = (struct program){.end = end, .has_size = letters[0] == 'z'};
    *ret_encoding = ENCODING_ABSOLUTE;
    ret_program->code_align = read_unsigned(&at);
    ret_program->data_align = read_signed(&at);
    if (version == 1)
        at++; /* the register of return addresses */
    else
        (void)read_unsigned(&at);
    if (letters[0] == '\0')
        return ret_program->at = at, true;
    if (letters[0] != 'z')
        return false;
    const uint64_t size = read_unsigned(&at);
    ret_program->at = at + size;
    for (letters++; *letters != '\0'; letters++) {
        if (*letters == 'R') {
            *ret_encoding = *at++;
        } else if (*letters == 'S') {
            ret_program->is_signal = true;
        } else if (*letters == 'L') {
            at++;
        } else if (*letters == 'P') {
            const uint8_t format = *at++ & 0x0f;
            at += format == 0x00 || format == 0x04 || format == 0x0c ? 8
                  : format == 0x02 || format == 0x0a                 ? 2
                                                                     : 4;
        } else {
            return ret_program->at <= end;
        }
    }
    return true;
}

/* The entry of a function in the sorted table; NULL when there is none that is understood. */
static const uint8_t *find_entry(const uint8_t *table, uintptr_t address)
{
    if (table[0] != 1 || table[2] != ENCODING_U4 || table[3] != ENCODING_TABLE)
        return NULL;
    const uint8_t *at = table + 4;
    const unsigned format = table[1] & 0x0f; /* of the pointer to .eh_frame, which is not used */
    at += format == 0x00 || format == 0x04 || format == 0x0c ? 8 : 4;
    const uint32_t count = word_at(at);
    const uint8_t *const rows = at + 4;
    const int64_t wanted = (int64_t)(address - (uintptr_t)table);
    uint32_t low = 0, high = count;
    while (low < high) { /* the first row behind the address */
        const uint32_t middle = low + (high - low) / 2;
        if ((int32_t)word_at(rows + (size_t)8 * middle) <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : table + (int32_t)word_at(rows + (size_t)8 * (low - 1) + 4);
}

static bool run_function(const uint8_t *entry, uintptr_t address, struct run *run, bool *ret_signal)
{
    struct program common, own;
    uint8_t encoding;
    const uint32_t length = word_at(entry), back = word_at(entry + 4);
    const uint8_t *at = entry + 8;
    if (length == 0 || length == UINT32_MAX || back == 0 ||
        !read_common(entry + 4 - back, &common, &encoding))
        return false;
    if (encoding != ENCODING_RELATIVE_4)
        return false;
    const uintptr_t start = (uintptr_t)at + (uintptr_t)(intptr_t)(int32_t)word_at(at);
    const uint32_t size = word_at(at + 4);
    if (address < start || address - start >= size)
        return false;
    at += 8;
    own = common;
    if (common.has_size) {
        const uint64_t extra = read_unsigned(&at);
        at += extra;
    }
    own.at = at;
    own.end = entry + 4 + length;
    *ret_signal = common.is_signal;
    run->row = (struct row){.rule = {.kind = RULE_END}};
    if (!run_program(run, &common, UINT64_MAX))
        return false;
    run->first = run->row;
    return run_program(run, &own, address - start);
}

struct rule track_rule_find(uintptr_t address)
{
    const struct rule none = {.kind = RULE_END};
    struct dl_find_object object;
    struct run run = {.depth = 0};
    bool is_signal = false;
    if (_dl_find_object((void *)address, &object) != 0 || object.dlfo_eh_frame == NULL)
        return none;
    const uint8_t *entry = find_entry(object.dlfo_eh_frame, address);
    if (entry == NULL)
        return none;
    const bool is_read = run_function(entry, address, &run, &is_signal);
    if (is_signal)
        return (struct rule){.kind = RULE_SIGNAL};
    if (!is_read || !run.row.good || run.row.ended)
        return none;
    return run.row.rule;
}
