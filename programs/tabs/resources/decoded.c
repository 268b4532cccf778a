/* Decoded pictures: each in a memory file of its own, which a process of its own fills
 * (confined.c), and which is sealed then, so that whoever has it knows that it stays as it is. */
#include "tabs/resources/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LIMIT_BYTES ((uint64_t)256 << 20)

struct entry {
    uint64_t content;
    uint64_t used; /* when it was asked for last; 0: a free place */
    uint32_t users;
    picture picture;
};

struct pictures {
    const firn_allocator *allocator;
    struct entry *items;
    size_t count, capacity;
    uint64_t limit_bytes, bytes, uses;
};

firn_status pictures_create(const firn_allocator *allocator, uint64_t limit_bytes,
                            pictures **ret_pictures)
{
    pictures *all = firn_allocate_zeroed(allocator, 1, sizeof *all);
    if (all == NULL)
        return FIRN_NO_MEMORY;
    all->allocator = allocator;
    all->limit_bytes = limit_bytes != 0 ? limit_bytes : LIMIT_BYTES;
    *ret_pictures = all;
    return FIRN_OK;
}

static size_t bytes_of(const picture *shown)
{
    return (size_t)shown->width * shown->height * 4;
}

static void drop(pictures *all, struct entry *entry)
{
    size_t bytes = bytes_of(&entry->picture);
    munmap((void *)(uintptr_t)entry->picture.pixels, bytes);
    close(entry->picture.fd);
    all->bytes -= bytes;
    *entry = (struct entry){.used = 0};
}

void pictures_destroy(pictures *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].used != 0)
            drop(all, &all->items[i]);
    firn_release(all->allocator, all->items, all->capacity * sizeof *all->items);
    firn_release(all->allocator, all, sizeof *all);
}

uint64_t pictures_bytes(const pictures *all)
{
    return all->bytes;
}

uint64_t pictures_drop(pictures *all, uint64_t keep_bytes)
{
    uint64_t before = all->bytes;
    while (all->bytes > keep_bytes) {
        struct entry *oldest = NULL;
        for (size_t i = 0; i < all->count; i++) {
            struct entry *entry = &all->items[i];
            if (entry->used != 0 && entry->users == 0 &&
                (oldest == NULL || entry->used < oldest->used))
                oldest = entry;
        }
        if (oldest == NULL)
            break;
        drop(all, oldest);
    }
    return before - all->bytes;
}

firn_status decode_picture(const picture_size *size, const void *data, size_t data_bytes,
                           uint8_t *pixels)
{
    static const decode_fn decoders[] = {
        [PICTURE_PNG] = decode_png, [PICTURE_JPEG] = decode_jpeg, [PICTURE_WEBP] = decode_webp};
    decode_fn decode = decoders[size->kind];
    if (size->orientation <= 1)
        return decode(data, data_bytes, size->width, size->height, pixels);
    bool turned = size->orientation >= 5;
    uint32_t width = turned ? size->height : size->width;
    uint32_t height = turned ? size->width : size->height;
    size_t bytes = (size_t)width * height * 4;
    void *apart = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (apart == MAP_FAILED)
        return FIRN_NO_MEMORY;
    firn_status status = decode(data, data_bytes, width, height, apart);
    if (status == FIRN_OK)
        decode_turn(apart, width, height, size->orientation, (uint32_t *)(void *)pixels);
    munmap(apart, bytes);
    return status;
}

static firn_status from_errno(void)
{
    return errno == ENOMEM || errno == ENOSPC ? FIRN_NO_MEMORY : FIRN_IO;
}

/* Fills the memory file and seals it. */
static firn_status fill(int fd, const picture_size *size, const void *data, size_t data_bytes)
{
    size_t bytes = (size_t)size->width * size->height * 4;
    if (ftruncate(fd, (off_t)bytes) != 0)
        return from_errno();
    void *pixels = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (pixels == MAP_FAILED)
        return from_errno();
    firn_status status = decode_confined(size, data, data_bytes, pixels);
    munmap(pixels, bytes);
    if (status == FIRN_OK &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        status = from_errno();
    return status;
}

static firn_status make(const picture_size *size, const void *data, size_t data_bytes,
                        picture *ret_picture)
{
    picture made = {.width = size->width, .height = size->height};
    made.fd = memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (made.fd < 0)
        return from_errno();
    firn_status status = fill(made.fd, size, data, data_bytes);
    if (status == FIRN_OK) {
        void *pixels = mmap(NULL, bytes_of(&made), PROT_READ, MAP_SHARED, made.fd, 0);
        status = pixels != MAP_FAILED ? FIRN_OK : from_errno();
        made.pixels = pixels;
    }
    if (status == FIRN_OK)
        *ret_picture = made;
    else
        close(made.fd);
    return status;
}

static struct entry *free_place(pictures *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].used == 0)
            return &all->items[i];
    if (!firn_grow(all->allocator, (void **)&all->items, &all->capacity, all->count + 1,
                   sizeof *all->items))
        return NULL;
    all->items[all->count] = (struct entry){.used = 0};
    return &all->items[all->count++];
}

static firn_status add(pictures *all, uint64_t content, const void *data, size_t size,
                       struct entry **ret_entry)
{
    picture_size measured;
    firn_status status = picture_measure(data, size, &measured);
    if (status != FIRN_OK)
        return status;
    if (measured.kind != PICTURE_PNG && measured.kind != PICTURE_JPEG &&
        measured.kind != PICTURE_WEBP)
        return FIRN_UNSUPPORTED;
    uint64_t pixels = (uint64_t)measured.width * measured.height, bytes = pixels * 4;
    if (pixels > PICTURE_PIXELS_MAX || bytes > all->limit_bytes)
        return FIRN_LIMIT;
    pictures_drop(all, all->limit_bytes - bytes);
    if (all->bytes + bytes > all->limit_bytes)
        return FIRN_LIMIT;
    struct entry *entry = free_place(all);
    if (entry == NULL)
        return FIRN_NO_MEMORY;
    status = make(&measured, data, size, &entry->picture);
    if (status != FIRN_OK)
        return status;
    entry->content = content;
    entry->picture.entry = (uint32_t)(entry - all->items);
    all->bytes += bytes;
    *ret_entry = entry;
    return FIRN_OK;
}

firn_status pictures_get(pictures *all, uint64_t content, const void *data, size_t size,
                         picture *ret_picture)
{
    struct entry *entry = NULL;
    for (size_t i = 0; i < all->count && entry == NULL; i++)
        if (all->items[i].used != 0 && all->items[i].content == content)
            entry = &all->items[i];
    firn_status status = entry != NULL ? FIRN_OK : add(all, content, data, size, &entry);
    if (status != FIRN_OK)
        return status;
    entry->used = ++all->uses;
    entry->users++;
    *ret_picture = entry->picture;
    return FIRN_OK;
}

void pictures_let_go(pictures *all, picture *shown)
{
    all->items[shown->entry].users--;
    *shown = (picture){.fd = -1};
}
