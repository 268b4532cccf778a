/* Sums of firn_usage, which every part reports. Threads: no state. */
#include <firn/usage.h>

void firn_usage_add(firn_usage *total, const firn_usage *part)
{
    total->live_bytes += part->live_bytes;
    total->overhead_bytes += part->overhead_bytes;
    total->reserved_bytes += part->reserved_bytes;
    total->resident_bytes += part->resident_bytes;
    total->compressed_bytes += part->compressed_bytes;
    total->disk_bytes += part->disk_bytes;
}
