/* Reads the note with the build id that linkers put into a program, as it lies in memory. Called by
 * region/. Threads: no state.
 */
#include "core/program.h"

#include "core/page.h"

#include <firn/checksum.h>

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

static uint64_t id_in_notes(const uint8_t *notes, size_t size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) head;
        memcpy(&head, notes, sizeof(head));
        size_t name = (head.n_namesz + 3u) & ~(size_t)3, id = (head.n_descsz + 3u) & ~(size_t)3;
        if (name > size || id > size || sizeof(head) + name + id > size)
            return 0;
        const uint8_t *at = notes + sizeof(head) + name;
        if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
            memcmp(notes + sizeof(head), "GNU", 4) == 0)
            return (uint64_t)firn_crc32c(0, at, head.n_descsz) << 32 |
                   firn_crc32c(1, at, head.n_descsz);
        notes = at + id;
        size -= sizeof(head) + name + id;
    }
    return 0;
}

/* The first object is the program. */
static int look(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum && *(uint64_t *)context == 0; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_NOTE)
            *(uint64_t *)context = id_in_notes(
                (const uint8_t *)(uintptr_t)(info->dlpi_addr + part->p_vaddr), part->p_memsz);
    }
    return 1;
}

uint64_t firn_program_build(void)
{
    uint64_t id = 0;
    (void)dl_iterate_phdr(look, &id);
    return id;
}

uint64_t firn_machine_kind(void)
{
#if defined(__x86_64__)
    uint64_t processor = EM_X86_64;
#elif defined(__aarch64__)
    uint64_t processor = EM_AARCH64;
#else
    uint64_t processor = EM_NONE;
#endif
    return processor << 32 | firn_page_size();
}
