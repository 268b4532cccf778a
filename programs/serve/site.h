/* What the rooms of `firn serve` share: the folder, and how it is served. Shared between the
 * server's loops; all but the counters is constant while it runs. */
#ifndef SERVE_SITE_H
#define SERVE_SITE_H

#include <firn/firn.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* Slots of a histogram: four for each power of two, so that one is at most a quarter wide. */
#define SLOTS 128

struct histogram {
    atomic_uint_fast64_t slots[SLOTS];
};

struct site {
    int root; /* descriptor of the folder */
    bool lists;
    const char *stats_path; /* NULL: none */
    firn_http_server *server;
    const char *profile;
    FILE *log; /* NULL: none */
    pthread_mutex_t log_mutex;
    uint32_t loop_count;
    atomic_uint_fast64_t over_limits; /* heads refused with 414 or 431 */
    struct histogram fields, head_bytes, target_bytes, answer_us;
};

/* Answers a request: the handler of the server. */
void site_handle(void *context, firn_http_exchange *exchange);
/* Notes what became of one: the log, the histograms. */
void site_record(void *context, const firn_http_record *record);
/* Answers with a page of figures, or with the entries of a folder, whose descriptor is then closed.
 */
void site_answer_stats(struct site *site, firn_http_exchange *exchange);
void site_answer_listing(firn_http_exchange *exchange, int folder, const char *path);
/* A page of one line. */
void site_answer_status(firn_http_exchange *exchange, uint16_t status);

#endif
