/* Where a reply is written to: beside the file, as FILE.part, which takes its name when it is
 * whole. What was cut off stays there, with FILE.part.tag, which says of which version it is (an
 * entity tag or a date, as If-Range takes it), so that a later run may go on. */
#ifndef GET_PART_H
#define GET_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PART_PATH_BYTES 4096
#define PART_TAG_BYTES 512

struct part {
    int fd;        /* -1: closed */
    uint64_t size; /* bytes that are there */
    bool direct;   /* what it is written to is no file: stdout, a device, a FIFO */
    bool is_kept;  /* it had something before */
    char path[PART_PATH_BYTES], to[PART_PATH_BYTES], tag_path[PART_PATH_BYTES];
    char tag[PART_TAG_BYTES]; /* of what is there; "": not known */
};

/* Opens the part of a file (NULL: stdout) and locks it. goes_on: what is there and its tag are
 * read. False after one line. */
bool part_open(struct part *part, const char *path, bool goes_on);
/* Empties it, for a version with this tag ("": none). */
bool part_begin(struct part *part, const char *tag);
/* 0, or the errno. */
int part_write(struct part *part, const char *data, size_t size);
/* Gives it its name. */
bool part_finish(struct part *part);
/* Closes it; what came stays, an empty one does not. Says whether there is something to go on
 * with. */
bool part_close(struct part *part);

#endif
