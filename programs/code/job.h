/* What the workers of an indexing share, what each has for itself, and how they run. indexing.c
 * makes and ends all of it, worker.c takes files through their steps, sample.c settles the
 * families, finish.c writes what stands above the files. */
#ifndef CODE_JOB_H
#define CODE_JOB_H

#include <pthread.h>
#include <stdatomic.h>

#include "code/extract.h"
#include "code/gate.h"
#include "code/index/gather.h"
#include "code/index/meta.h"
#include "code/parse.h"
#include "code/scan.h"
#include "code/stream.h"
#include "common/progress.h"

#define SOURCE_LEVEL 3 /* of zstd */
#define TREE_LEVEL 6
#define NAMES_LEVEL 6

/* What a segment holds that files share: who wants one file unpacks no more than this besides. */
#define SOURCE_GROUP_BYTES (64u << 10)
#define TREE_GROUP_BYTES (64u << 10)

/* Of families: on a million lines of C, 768 would find a node at an offset in a seventh less time,
 * for 0.11 bytes more a line. */
#define CHECKPOINT_NODES 1024u

struct job_options {
    const firn_allocator *allocator;
    const char *root; /* the folder */
    const char *store;
    const struct exclude *exclude; /* NULL: nothing */
    bool no_ignore;                /* the tree's ignore files mean nothing */
    size_t ram_bytes;              /* to aim for; 0: 64 MiB */
    unsigned workers;              /* 0: one a processor */
    bool show_progress;
    scan_folder_fn folder; /* told of each folder that is scanned; may be NULL */
    void *context;         /* for it */
};

/* A file of the scan, with the same index. */
struct job_file {
    struct file_record record;
    const struct file_record *former; /* of an update: what the store has of it; NULL for nothing */
    bool is_damaged;                  /* what the store has of it cannot be read */
    bool is_done;                     /* it is in the store */
    bool is_same;                     /* its content is what the former record has */
    bool is_sample;                   /* it was taken while its family was learned */
};

/* A language that the scan found. */
struct job_language {
    const struct language *language;
    firn_family *family;
    struct extractor *extractor;
    uint32_t number; /* in the store */
    struct totals totals;
};

struct worker {
    struct job *job;
    pthread_t thread;
    struct parser *parser;
    firn_codec *codec;
    firn_builder **builders; /* by language_index, made when first needed */
    struct extract_scratch scratch;
    struct stream sources;
    struct stream trees;
    struct runs runs;
    struct gather gather;
    struct bytes path;
    uint64_t parse_ns;   /* of processor time in the parser */
    uint64_t same_bytes; /* of files that were read and had not changed */
    uint64_t parser_tree_bytes;
};

/* One thread a worker calls it; an error that it returns ends the job. */
typedef firn_status (*job_work_fn)(struct worker *worker, firn_error *ret_error);

struct opened;

struct job {
    struct job_options options;
    const char *verb;      /* for the progress; "indexing" */
    struct opened *opened; /* of an update: the index that the store has; NULL for none */
    const firn_allocator *allocator;
    char *root; /* absolute */
    struct scan scan;
    bool is_scanned;
    int64_t scanned_ns; /* when the scan began, since 1970 */
    firn_store *store;
    struct job_file *files;
    unsigned language_total; /* of all there are */
    struct job_language *languages;
    struct worker *workers;
    unsigned worker_count;
    struct gate gate;
    struct progress progress;
    pthread_mutex_t mutex; /* over what follows, and the scan's skipped */
    size_t next;           /* file or sample to be taken */
    firn_error error;      /* the first */
    atomic_bool has_failed;
    job_work_fn work;
    /* sample.c */
    struct sample *samples;
    size_t sample_count;
    struct job_language *sampled;
};

/* Runs work once in every worker, each in a thread of its own, and waits for them. Returns the
 * first error. */
FIRN_NODISCARD firn_status job_run(struct job *job, job_work_fn work, firn_error *ret_error);

/* Whether workers should give up: another failed, or a signal came. */
bool job_stopped(const struct job *job);

/* Lists a file as skipped. */
FIRN_NODISCARD firn_status job_skip(struct job *job, size_t file, const char *reason,
                                    firn_error *ret_error);

#endif
