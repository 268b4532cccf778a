/* What others do with a source tree: index it, find a name, its references, a pattern. Each run is
 * a process of its own, a contender that prints its figures (support/contender.h):
 *
 *     index_seconds, index_rss_bytes, disk_bytes   not by those that search the files themselves
 *     find_seconds, refs_seconds, pattern_seconds  medians of whole commands, where there are such
 *     find_lines, refs_lines, pattern_lines        what they printed in all
 *     parse_seconds                                by the bare parse alone
 */
#ifndef FIRN_BENCH_CODE_PEERS_H
#define FIRN_BENCH_CODE_PEERS_H

#include <stdbool.h>

#include "support/contender.h"

enum {
    PEER_FIRN,
    PEER_PARSE,
    PEER_CTAGS,
    PEER_CSCOPE,
    PEER_GLOBAL,
    PEER_RIPGREP,
    PEER_AST_GREP,
    PEER_CLANGD,
    PEERS
};

/* The contenders, which take turns with the tree at root; names is a file of names to look for.
 * clangd, which takes minutes, is there only when it is wanted. */
void peers_set_up(struct contender contenders[static PEERS], const char *root, const char *names,
                  bool with_clangd);

/* The process of a contender: `code --child PEER ROOT NAMES`. Returns its exit status. */
int peers_child(int count, char **words);

#endif
