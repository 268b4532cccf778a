/* Looks at a program before it is run: see program.h. Called by those that preload a library.
 * Whatever cannot be read is PROGRAM_UNKNOWN: the kernel decides then. No state. */
#include "common/program.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SCRIPTS_MAX                                                                                \
    4 /* interpreters that are scripts themselves, as deep as Linux follows them                   \
       */

bool program_find(const char *name, char path[PATH_MAX])
{
    const char *folders = getenv("PATH");
    if (strchr(name, '/') != NULL || folders == NULL) {
        snprintf(path, PATH_MAX, "%s%s", strchr(name, '/') != NULL ? "" : "/usr/bin/", name);
        return access(path, F_OK) == 0;
    }
    for (;;) {
        int size = (int)strcspn(folders, ":");
        int used = snprintf(path, PATH_MAX, "%.*s%s%s", size, folders, size > 0 ? "/" : "", name);
        struct stat stat_of;
        if (used < PATH_MAX && stat(path, &stat_of) == 0 && S_ISREG(stat_of.st_mode) &&
            access(path, X_OK) == 0)
            return true;
        if (folders[size] == '\0')
            return false;
        folders += size + 1;
    }
}

static bool read_at(int fd, size_t offset, void *buffer, size_t size)
{
    return pread(fd, buffer, size, (off_t)offset) == (ssize_t)size;
}

/* What tells machines apart, which stands at the same places for 32 and 64 bits. */
struct form {
    unsigned char ident[EI_NIDENT];
    uint16_t type, machine;
};

static bool read_form(int fd, struct form *form)
{
    return read_at(fd, 0, form, sizeof *form) && memcmp(form->ident, ELFMAG, SELFMAG) == 0;
}

/* Whether it is a program, but for another machine than this one is. */
static bool is_for_another(int fd)
{
    struct form form, own;
    const int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    const bool is_known = self >= 0 && read_form(self, &own);
    if (self >= 0)
        close(self);
    return is_known && read_form(fd, &form) &&
           (form.ident[EI_CLASS] != own.ident[EI_CLASS] ||
            form.ident[EI_DATA] != own.ident[EI_DATA] || form.machine != own.machine);
}

/* The name of the loader that a program asks for, "" when it asks for none. False: it is none. */
static bool read_loader(int fd, char loader[PATH_MAX])
{
    ElfW(Ehdr) head;
    if (!read_at(fd, 0, &head, sizeof head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return false;
    loader[0] = '\0';
    for (unsigned i = 0; i < head.e_phnum; i++) {
        ElfW(Phdr) part;
        if (!read_at(fd, head.e_phoff + i * sizeof part, &part, sizeof part))
            return false;
        if (part.p_type != PT_INTERP)
            continue;
        if (part.p_filesz >= PATH_MAX || !read_at(fd, part.p_offset, loader, part.p_filesz))
            return false;
        loader[part.p_filesz] = '\0';
        const char *slash = strrchr(loader, '/');
        if (slash != NULL)
            memmove(loader, slash + 1, strlen(slash));
        break;
    }
    return true;
}

/* This program asks for the loader of the C library that the preloaded one needs. */
static bool same_loader(const char *loader)
{
    char own[PATH_MAX];
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    bool same = fd < 0 || !read_loader(fd, own) || strcmp(own, loader) == 0;
    if (fd >= 0)
        close(fd);
    return same;
}

static bool gains_privileges(int fd)
{
    struct stat stat;
    char capabilities[64];
    if (fstat(fd, &stat) != 0)
        return false;
    return ((stat.st_mode & S_ISUID) != 0 && stat.st_uid != getuid()) ||
           ((stat.st_mode & S_ISGID) != 0 && stat.st_gid != getgid()) ||
           (getuid() != 0 && fgetxattr(fd, "security.capability", capabilities, 64) > 0);
}

/* The interpreter of a script. False when the file is none. */
static bool read_interpreter(int fd, char interpreter[PATH_MAX])
{
    char line[PATH_MAX];
    ssize_t size = pread(fd, line, sizeof line - 1, 0);
    if (size < 3 || line[0] != '#' || line[1] != '!')
        return false;
    line[size] = '\0';
    line[strcspn(line, "\n")] = '\0';
    const char *name = line + 2 + strspn(line + 2, " \t");
    size_t length = strcspn(name, " \t");
    memcpy(interpreter, name, length);
    interpreter[length] = '\0';
    return length > 0;
}

enum program_kind program_kind_of(const char *path)
{
    char name[PATH_MAX], loader[PATH_MAX];
    snprintf(name, sizeof name, "%s", path);
    for (int depth = 0; depth <= SCRIPTS_MAX; depth++) {
        int fd = open(name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return PROGRAM_UNKNOWN;
        enum program_kind kind = PROGRAM_UNKNOWN;
        bool is_script = read_interpreter(fd, name);
        if (!is_script && gains_privileges(fd))
            kind = PROGRAM_PRIVILEGED;
        else if (!is_script && is_for_another(fd))
            kind = PROGRAM_FOREIGN;
        else if (!is_script && read_loader(fd, loader))
            kind = loader[0] == '\0'     ? PROGRAM_STATIC
                   : same_loader(loader) ? PROGRAM_DYNAMIC
                                         : PROGRAM_FOREIGN;
        close(fd);
        if (!is_script)
            return kind;
    }
    return PROGRAM_UNKNOWN;
}
