/* Marks, types and meta elements: which encoding a document is in. The steps are those of the HTML
 * standard, which go over comments and tags as a tokenizer would in short. */
#include "tabs/resources/sniff.h"

#include <string.h>

#define PRESCAN_BYTES 1024u
#define BINARY_BYTES 1445u

const encoding *sniff_mark(const uint8_t *data, size_t size, size_t *ret_size)
{
    static const struct {
        const char *mark;
        size_t size;
        const char *label;
    } marks[] = {
        {"\xef\xbb\xbf", 3, "utf-8"}, {"\xfe\xff", 2, "utf-16be"}, {"\xff\xfe", 2, "utf-16le"}};
    for (size_t i = 0; i < 3; i++) {
        if (size >= marks[i].size && memcmp(data, marks[i].mark, marks[i].size) == 0) {
            *ret_size = marks[i].size;
            return encoding_find(marks[i].label, strlen(marks[i].label));
        }
    }
    return NULL;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r';
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static bool is_letter(uint8_t byte)
{
    return lower(byte) >= 'a' && lower(byte) <= 'z';
}

struct text {
    const uint8_t *data;
    size_t size;
};

/* Whether text begins with a word, which is in lower case. */
static bool begins(const uint8_t *data, size_t size, const char *word)
{
    size_t length = strlen(word);
    if (size < length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (lower(data[i]) != (uint8_t)word[i])
            return false;
    return true;
}

/* "Extracting a character encoding from a meta element": what follows `charset=`. */
static const encoding *in_content(struct text content)
{
    const uint8_t *data = content.data;
    size_t at = 0, size = content.size;
    for (;;) {
        while (at < size && !begins(data + at, size - at, "charset"))
            at++;
        if (at >= size)
            return NULL;
        at += 7;
        while (at < size && is_space(data[at]))
            at++;
        if (at < size && data[at] == '=')
            break;
    }
    at++;
    while (at < size && is_space(data[at]))
        at++;
    if (at >= size)
        return NULL;
    size_t end = at;
    if (data[at] == '"' || data[at] == '\'') {
        const uint8_t *close = memchr(data + at + 1, data[at], size - at - 1);
        if (close == NULL)
            return NULL;
        at++;
        end = (size_t)(close - data);
    } else {
        while (end < size && !is_space(data[end]) && data[end] != ';')
            end++;
    }
    return encoding_find((const char *)data + at, end - at);
}

const encoding *sniff_type(const char *content_type)
{
    if (content_type == NULL)
        return NULL;
    return in_content((struct text){(const uint8_t *)content_type, strlen(content_type)});
}

/* Goes over the next attribute of a tag; false at its end. Names are compared in lower case. */
static bool next_attribute(struct text *rest, struct text *ret_name, struct text *ret_value)
{
    const uint8_t *data = rest->data;
    size_t at = 0, size = rest->size;
    while (at < size && (is_space(data[at]) || data[at] == '/'))
        at++;
    *rest = (struct text){data + at, size - at};
    if (at >= size || data[at] == '>')
        return false;
    size_t begin = at;
    while (at < size && !is_space(data[at]) && data[at] != '/' && data[at] != '>' &&
           (data[at] != '=' || at == begin))
        at++;
    *ret_name = (struct text){data + begin, at - begin};
    *ret_value = (struct text){data + at, 0};
    while (at < size && is_space(data[at]))
        at++;
    if (at < size && data[at] == '=') {
        at++;
        while (at < size && is_space(data[at]))
            at++;
        bool quoted = at < size && (data[at] == '"' || data[at] == '\'');
        uint8_t quote = quoted ? data[at++] : 0;
        begin = at;
        while (at < size && (quoted ? data[at] != quote : !is_space(data[at]) && data[at] != '>'))
            at++;
        *ret_value = (struct text){data + begin, at - begin};
        at += quoted && at < size;
    }
    *rest = (struct text){data + at, size - at};
    return true;
}

static bool is_name(struct text name, const char *word)
{
    return name.size == strlen(word) && begins(name.data, name.size, word);
}

/* A meta element's encoding, its attributes being what follows. */
static const encoding *in_meta(struct text *rest)
{
    struct text name, value;
    bool is_type = false, has_charset = false, from_content = false;
    const encoding *found = NULL;
    while (next_attribute(rest, &name, &value)) {
        if (is_name(name, "http-equiv")) {
            is_type = is_type || is_name(value, "content-type");
        } else if (is_name(name, "content") && !has_charset) {
            const encoding *in = in_content(value);
            if (in != NULL && found == NULL) {
                found = in;
                from_content = true;
            }
        } else if (is_name(name, "charset") && !has_charset) {
            found = encoding_find((const char *)value.data, value.size);
            has_charset = true;
            from_content = false;
        }
    }
    if (found == NULL || (from_content && !is_type))
        return NULL;
    if (strncmp(found->name, "UTF-16", 6) == 0)
        return encoding_find("utf-8", 5);
    return strcmp(found->name, "x-user-defined") == 0 ? encoding_find("windows-1252", 12) : found;
}

/* Goes behind what stands between < and >, attributes and comments whole. */
static void pass(struct text *rest)
{
    const uint8_t *data = rest->data;
    size_t size = rest->size, at = 1;
    struct text name, value;
    if (begins(data, size, "<!--")) {
        for (at = 2; at + 2 < size && memcmp(data + at, "-->", 3) != 0;)
            at++;
        at += 3;
    } else if (size > 1 &&
               (is_letter(data[1]) || (size > 2 && data[1] == '/' && is_letter(data[2])))) {
        while (at < size && !is_space(data[at]) && data[at] != '>')
            at++;
        *rest = (struct text){data + at, size - at};
        while (next_attribute(rest, &name, &value))
            continue;
        return;
    } else if (size > 1 && (data[1] == '!' || data[1] == '/' || data[1] == '?')) {
        while (at < size && data[at] != '>')
            at++;
    }
    at = at < size ? at : size;
    *rest = (struct text){data + at, size - at};
}

const encoding *sniff_meta(const uint8_t *data, size_t size)
{
    struct text rest = {data, size < PRESCAN_BYTES ? size : PRESCAN_BYTES};
    while (rest.size > 0) {
        if (rest.data[0] != '<') {
            rest = (struct text){rest.data + 1, rest.size - 1};
            continue;
        }
        if (begins(rest.data, rest.size, "<meta") && rest.size > 5 &&
            (is_space(rest.data[5]) || rest.data[5] == '/')) {
            rest = (struct text){rest.data + 5, rest.size - 5};
            const encoding *found = in_meta(&rest);
            if (found != NULL)
                return found;
        } else {
            pass(&rest);
        }
    }
    return NULL;
}

bool sniff_binary(const uint8_t *data, size_t size)
{
    size = size < BINARY_BYTES ? size : BINARY_BYTES;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = data[i];
        if (byte <= 0x08 || byte == 0x0b || (byte >= 0x0e && byte <= 0x1a) ||
            (byte >= 0x1c && byte <= 0x1f))
            return true;
    }
    return false;
}
