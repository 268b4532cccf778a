/* One snprintf a part; what follows is the random sequence of the value's number. */
#include "tier/json.h"

#include <stdarg.h>
#include <stdio.h>

#include "support/measure.h"

struct text {
    char *out;
    size_t size;
    uint32_t sequence;
};

static const char *const first_names[] = {"Maria", "Jan",   "Anna",   "Peter",  "Olga",   "Liam",
                                          "Noah",  "Emma",  "Yuki",   "Chen",   "Fatima", "Ahmed",
                                          "Sofia", "Lucas", "Hugo",   "Ingrid", "Pablo",  "Zoe",
                                          "Marek", "Aino",  "Giulia", "Tom"};
static const char *const last_names[] = {
    "Schneider", "Novak",  "Rossi",   "Garcia", "Tanaka", "Wang",      "Smith",   "Johansson",
    "Kowalski",  "Dubois", "Ivanova", "Haddad", "Silva",  "Nielsen",   "O'Brien", "Virtanen",
    "Moreau",    "Weber",  "Kim",     "Costa",  "Horvat", "Papadakis", "Yilmaz",  "Jones"};
static const char *const cities[] = {"Berlin", "Praha",  "Roma", "Madrid", "Tokyo", "Lyon",
                                     "Porto",  "Krakow", "Oslo", "Wien",   "Gent",  "Helsinki"};
static const char *const countries[] = {"DE", "CZ", "IT", "ES", "JP", "FR",
                                        "PT", "PL", "NO", "AT", "BE", "FI"};
static const char *const states[] = {"delivered", "shipped",  "paid",
                                     "open",      "returned", "cancelled"};
static const char *const products[] = {
    "desk lamp",   "oak shelf",    "office chair", "notebook A5",  "fountain pen", "water bottle",
    "rain jacket", "hiking boots", "wool scarf",   "coffee mill",  "tea pot",      "bread knife",
    "phone case",  "USB-C cable",  "power bank",   "bicycle bell", "inner tube",   "garden hose",
    "seed mix",    "wall clock",   "picture frame"};
static const char *const words[] = {
    "please",   "leave", "the",    "parcel", "with",   "a",      "neighbour", "or",     "at",
    "door",     "call",  "before", "noon",   "gift",   "wrap",   "thanks",    "very",   "much",
    "deliver",  "only",  "on",     "monday", "friday", "behind", "house",     "number", "second",
    "floor",    "ring",  "twice",  "broken", "bell",   "no",     "signature", "needed", "invoice",
    "separate", "to",    "office", "not",    "home"};

#define PICK(text, list) pick(text, list, sizeof(list) / sizeof *(list))

/* Of two draws the lower one: the begin of a list is more wanted than its end. */
static const char *pick(struct text *text, const char *const *list, uint32_t count)
{
    uint32_t one = random_below(&text->sequence, count);
    uint32_t other = random_below(&text->sequence, count);
    return list[one < other ? one : other];
}

static uint32_t below(struct text *text, uint32_t bound)
{
    return random_below(&text->sequence, bound);
}

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text->size +=
        (size_t)vsnprintf(text->out + text->size, JSON_MAX - text->size, format, arguments);
    va_end(arguments);
}

static void add_customer(struct text *text)
{
    const char *first = PICK(text, first_names), *last = PICK(text, last_names);
    uint32_t city = below(text, sizeof cities / sizeof *cities);
    add(text, "\"customer\":{\"id\":%u,\"name\":\"%s %s\",\"email\":\"%s%u@example.org\",",
        100000 + below(text, 400000), first, last, last, below(text, 90));
    add(text, "\"city\":\"%s\",\"country\":\"%s\"},", cities[city], countries[city]);
}

static void add_items(struct text *text)
{
    uint32_t count = 1 + below(text, 3), cents = 0;
    add(text, "\"items\":[");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t product = below(text, sizeof products / sizeof *products);
        uint32_t quantity = 1 + below(text, 3), price = 499 + 500 * (product * 7 % 40);
        cents += quantity * price;
        add(text, "%s{\"sku\":\"P-%u\",\"name\":\"%s\",\"quantity\":%u,\"price\":%u.%02u}",
            i > 0 ? "," : "", 10000 + product * 137, products[product], quantity, price / 100,
            price % 100);
    }
    add(text, "],\"total\":%u.%02u,\"currency\":\"EUR\",", cents / 100, cents % 100);
}

static void add_note(struct text *text)
{
    uint32_t count = below(text, 4) == 0 ? 0 : 4 + below(text, 18);
    add(text, "\"note\":\"");
    for (uint32_t i = 0; i < count; i++)
        add(text, "%s%s", i > 0 ? " " : "", PICK(text, words));
    add(text, "\",");
}

size_t json_value(uint32_t number, char out[JSON_MAX])
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct text text = {.out = out, .sequence = (number + 1) * 2654435761u | 1};
    uint32_t day = 1 + below(&text, 28), month = 1 + below(&text, 12);
    for (int i = 0; i < 4; i++)
        random_next(&text.sequence);
    add(&text, "{\"id\":%u,\"kind\":\"order\",\"created\":\"2026-%02u-%02uT%02u:%02u:%02uZ\",",
        1000000 + number, month, day, below(&text, 24), below(&text, 60), below(&text, 60));
    add(&text, "\"status\":\"%s\",", PICK(&text, states));
    add_customer(&text);
    add_items(&text);
    add_note(&text);
    add(&text, "\"vat\":7,\"card\":\"%04u\",\"weight_grams\":%u,\"trace\":\"", below(&text, 10000),
        100 + 10 * below(&text, 500));
    for (int i = 0; i < 42; i++)
        text.out[text.size++] = base64[below(&text, 64)];
    add(&text, "\"}");
    return text.size;
}

size_t json_key(uint32_t number, char out[JSON_KEY_MAX])
{
    return (size_t)snprintf(out, JSON_KEY_MAX, "order:%07u", number);
}
