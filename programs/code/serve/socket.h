/* Where a server listens and how commands find it: a Unix socket, and in the store's folder a link
 * of the name `socket` to it. */
#ifndef CODE_SERVE_SOCKET_H
#define CODE_SERVE_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include <firn/status.h>

#define SOCKET_PATH_BYTES 108 /* room for a socket's path, as the kernel has it */

/* A socket that is listened on. */
struct listening {
    int descriptor;
    char path[SOCKET_PATH_BYTES]; /* absolute */
    uint64_t device;              /* private: of the socket's file */
    uint64_t inode;
};

/* Listens at path, for the user alone. A socket that nobody listens on any more is replaced;
 * FIRN_BUSY where somebody does, FIRN_EXISTS for a file of another kind, FIRN_LIMIT for a path that
 * is too long, FIRN_PERMISSION, FIRN_IO. */
FIRN_NODISCARD firn_status socket_listen(const char *path, struct listening *ret_listening,
                                         firn_error *ret_error);
/* Closes it and removes its file, unless another server has its own there by now. */
void socket_close(struct listening *listening);

/* Sets the link in the store's folder, in one step; removes it if it leads to path.
 * FIRN_PERMISSION, FIRN_IO. */
FIRN_NODISCARD firn_status socket_announce(const char *store, const char *path,
                                           firn_error *ret_error);
void socket_withdraw(const char *store, const char *path);

/* Connects to the server of a store: by FIRN_SOCKET in the environment where it is set (none, when
 * it is empty), else by the link. -1 when nobody listens. */
int socket_connect(const char *store);

#endif
