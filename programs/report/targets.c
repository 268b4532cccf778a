/* See targets.h. */
#include "report/targets.h"

#include "report/values.h"

extern const unsigned char report_targets_json[]; /* made from targets.json by the build */

json_t *targets_load(void)
{
    return value_need(json_loads((const char *)report_targets_json, 0, NULL));
}
