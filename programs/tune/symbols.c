/* Looks names up by elfutils' libdw: see symbols.h. Called by profile.c. Each file is read once, at
 * the first question about it; names of C++ are made readable by its runtime, where that is
 * installed. Memory: what libdw takes for the tables of each file. */
#include "tune/symbols.h"

#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <firn/firn.h>

enum { FILES_MAX = 4096 };

typedef char *(*demangle_fn)(const char *, char *, size_t *, int *);

struct symbols {
    Dwfl *session;
    demangle_fn demangle; /* NULL: C++ is not there */
    void *runtime;
    struct file {
        char *path;
        Dwfl_Module *module; /* NULL: it cannot be read */
    } files[FILES_MAX];
    unsigned count, last;
};

static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                         .find_debuginfo = dwfl_standard_find_debuginfo,
                                         .section_address = dwfl_offline_section_address};

struct symbols *symbols_create(void)
{
    struct symbols *symbols = firn_allocate_zeroed(NULL, 1, sizeof *symbols);
    if (symbols == NULL)
        return NULL;
    (void)unsetenv("DEBUGINFOD_URLS"); /* nothing is asked of the network */
    symbols->session = dwfl_begin(&callbacks);
    if (symbols->session == NULL) {
        symbols_destroy(symbols);
        return NULL;
    }
    dwfl_report_begin(symbols->session);
    symbols->runtime = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
    if (symbols->runtime != NULL) {
        void *found = dlsym(symbols->runtime, "__cxa_demangle");
        memcpy(&symbols->demangle, &found, sizeof found);
    }
    return symbols;
}

void symbols_destroy(struct symbols *symbols)
{
    if (symbols == NULL)
        return;
    if (symbols->session != NULL) {
        (void)dwfl_report_end(symbols->session, NULL, NULL);
        dwfl_end(symbols->session);
    }
    for (unsigned i = 0; i < symbols->count; i++)
        firn_release(NULL, symbols->files[i].path, strlen(symbols->files[i].path) + 1);
    if (symbols->runtime != NULL)
        dlclose(symbols->runtime);
    firn_release(NULL, symbols, sizeof *symbols);
}

/* A file that is still what was mapped, as far as its name tells; devices and pipes are none. */
static int open_file(const char *path)
{
    struct stat stat;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static const struct file *file_of(struct symbols *symbols, const char *path)
{
    if (symbols->last < symbols->count && strcmp(symbols->files[symbols->last].path, path) == 0)
        return &symbols->files[symbols->last];
    for (unsigned i = 0; i < symbols->count; i++)
        if (strcmp(symbols->files[i].path, path) == 0)
            return &symbols->files[symbols->last = i];
    if (symbols->count == FILES_MAX)
        return NULL;
    struct file *file = &symbols->files[symbols->count];
    file->path = firn_allocate(NULL, strlen(path) + 1);
    if (file->path == NULL)
        return NULL;
    memcpy(file->path, path, strlen(path) + 1);
    const int fd = open_file(path);
    if (fd >= 0) {
        file->module = dwfl_report_elf(symbols->session, path, path, fd, 0, false);
        if (file->module == NULL)
            close(fd);
    }
    symbols->last = symbols->count++;
    return file;
}

/* From an offset into the file to an address as libdw counts them. */
static bool address_of(Dwfl_Module *module, uint64_t offset, Dwarf_Addr *ret_address)
{
    GElf_Addr bias;
    size_t count;
    Elf *elf = dwfl_module_getelf(module, &bias);
    if (elf == NULL || elf_getphdrnum(elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr part;
        if (gelf_getphdr(elf, (int)i, &part) == NULL || part.p_type != PT_LOAD ||
            offset < part.p_offset || offset - part.p_offset >= part.p_filesz)
            continue;
        *ret_address = offset - part.p_offset + part.p_vaddr + bias;
        return true;
    }
    return false;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* FILE:LINE, or nothing. */
static void place_of(Dwfl_Module *module, Dwarf_Addr address, char *place, size_t size)
{
    int line = 0;
    place[0] = '\0';
    Dwfl_Line *found = dwfl_module_getsrc(module, address);
    const char *source = found != NULL ? dwfl_lineinfo(found, NULL, &line, NULL, NULL, NULL) : NULL;
    if (source != NULL && line > 0)
        snprintf(place, size, "%s:%d", base_name(source), line);
}

enum symbol_found symbols_name(struct symbols *symbols, const char *path, uint64_t offset,
                               char *ret_name, size_t size)
{
    const struct file *file = file_of(symbols, path);
    char place[512] = "";
    Dwarf_Addr address = 0;
    const char *name = NULL;
    if (file != NULL && file->module != NULL && address_of(file->module, offset, &address)) {
        GElf_Off within;
        GElf_Sym symbol;
        name = dwfl_module_addrinfo(file->module, address, &within, &symbol, NULL, NULL, NULL);
        place_of(file->module, address, place, sizeof place);
    }
    if (name == NULL) {
        snprintf(ret_name, size, "0x%llx (%s)", (unsigned long long)offset, base_name(path));
        return SYMBOL_NONE;
    }
    char *readable = NULL;
    if (symbols->demangle != NULL && strncmp(name, "_Z", 2) == 0)
        readable = symbols->demangle(name, NULL, NULL, NULL);
    snprintf(ret_name, size, "%.1500s (%s)", readable != NULL ? readable : name,
             place[0] != '\0' ? place : base_name(path));
    if (readable != NULL)
        firn_release(NULL, readable, strlen(readable) + 1);
    return place[0] != '\0' ? SYMBOL_LINE : SYMBOL_NAME;
}
