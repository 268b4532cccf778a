/* What a call that can fail returns, and the details of a failure. */
#ifndef FIRN_STATUS_H
#define FIRN_STATUS_H

#include <firn/api.h>

FIRN_BEGIN

/* X(code, number, sentence). Numbers never change; new codes go to the end. */
#define FIRN_STATUS_TABLE(X)                                                                       \
    X(FIRN_OK, 0, "success")                                                                       \
    X(FIRN_NO_MEMORY, 1, "out of memory")                                                          \
    X(FIRN_LIMIT, 2, "a limit that the caller or the documentation sets is reached")               \
    X(FIRN_INVALID, 3, "an argument or option is invalid")                                         \
    X(FIRN_NOT_FOUND, 4, "not found")                                                              \
    X(FIRN_EXISTS, 5, "exists already")                                                            \
    X(FIRN_CORRUPT, 6, "the data is damaged")                                                      \
    X(FIRN_VERSION, 7, "the data was written by a later version")                                  \
    X(FIRN_NOT_STORE, 8, "the data is not of the expected kind")                                   \
    X(FIRN_IO, 9, "input or output failed")                                                        \
    X(FIRN_NO_SPACE, 10, "no space is left on the device")                                         \
    X(FIRN_PERMISSION, 11, "permission denied")                                                    \
    X(FIRN_BUSY, 12, "in use by another")                                                          \
    X(FIRN_CHANGED, 13, "the data changed while it was read")                                      \
    X(FIRN_UNSUPPORTED, 14, "not supported here")                                                  \
    X(FIRN_END_OF_DATA, 15, "there is no more")                                                    \
    X(FIRN_TIMEOUT, 16, "the time that was set for it is over")

typedef enum firn_status {
#define FIRN_STATUS_ENUM(code, number, sentence) code = number,
    FIRN_STATUS_TABLE(FIRN_STATUS_ENUM)
#undef FIRN_STATUS_ENUM
} firn_status;

/* Returns the sentence for a status, "unknown status" for a number that is none. Static;
 * thread-safe. */
FIRN_API const char *firn_status_text(firn_status status);

/* Returns the name of a status, such as "FIRN_LIMIT". Static; thread-safe. */
FIRN_API const char *firn_status_name(firn_status status);

/* The details of one failure. A plain value that the caller owns; a call writes it only when it
 * fails. Calls take it as their last parameter, ret_error, which may be NULL. */
typedef struct firn_error {
    firn_status status;
    int os_errno;    /* the system's errno, 0 where no system call failed */
    uint64_t offset; /* bytes into the input, where that helps, else 0 */
    uint64_t line;   /* from 1, where that helps, else 0 */
    char text[256];  /* one line without its end: file, cause and way out; cut when longer */
} firn_error;

/* Fills ret_error (unless it is NULL) and returns status, so that a failing call can return it at
 * once. The text is formatted as by printf; os_errno is 0 where no system call failed. */
FIRN_API FIRN_PRINTF(4, 5) firn_status firn_error_set(firn_error *ret_error, firn_status status,
                                                      int os_errno, const char *format, ...);

/* The status that an errno value stands for: ENOMEM FIRN_NO_MEMORY, ENOENT FIRN_NOT_FOUND, EACCES
 * and EPERM and EROFS FIRN_PERMISSION, ENOSPC, EDQUOT and EFBIG FIRN_NO_SPACE, EEXIST FIRN_EXISTS,
 * ETIMEDOUT FIRN_TIMEOUT, others FIRN_IO. */
FIRN_API firn_status firn_status_from_errno(int os_errno);

FIRN_END

#endif
