/* The form of style sheets asleep, which both of its sides share. It lives in the memory of one
 * process, or in its image, and has no page of its own under docs/. A block of dom/asleep.h, whose
 * number is how many sheets there are. Numbers are varints; texts end as it has it.
 *
 *   sheets    of each: 0 and the size of its text; or 1, or 2 where rules are linked as their
 *             numbers say, then the size and the CRC-32C of the text that it was read from, and
 *             how many rules it has
 *   texts     those of sheets that were not read
 *   kinds     a byte for each rule
 *   parents   of each rule: 0 for that of the rule before, of the first the sheet; 1 for the rule
 *             before; 2 more than the number of any other
 *   links     of sheets that are linked otherwise: of the sheet, then of each rule: its first,
 * where it has rules within, and its next, each as zigzag of the distance from its own number same
 * of each piece of a prelude: how many bytes it begins with as the piece before ends      how many
 * it ends with as that pieces    the others, as a text; of a piece that a comma and another one
 * follow it ends with ASLEEP_ENDS_TOO uses      of each rule with a body, bytes: 2 more than the
 * number of the name of each declaration, from USE_LARGE on that and a number of how much more; 0
 * behind the last. 1 for a body that is in `bodies` bodies    texts names     how many; of each 1
 * more than its property, or 0 and a text, and how many bytes it has in `values` values    texts,
 * those of the first name first; of an important one it ends with ASLEEP_ENDS_TOO */
#ifndef TABS_CSS_DORMANT_PARTS_H
#define TABS_CSS_DORMANT_PARTS_H

#include "tabs/css/sheet_state.h"
#include "tabs/dom/asleep.h"

#define DORMANT_SHEETS_VERSION 1u
#define SHARED_MAX 255u /* bytes that a piece has from the one before, on each side */

enum { SHEET_TEXT, SHEET_LINKED, SHEET_PLAIN };
enum { USE_END, USE_BODY, USE_FIRST, USE_LARGE = 255 };

enum {
    PART_SHEETS,
    PART_TEXTS,
    PART_KINDS,
    PART_PARENTS,
    PART_LINKS,
    PART_SAME,
    PART_ENDS,
    PART_PIECES,
    PART_USES,
    PART_BODIES,
    PART_NAMES,
    PART_VALUES,
    PART_COUNT,
};

#endif
