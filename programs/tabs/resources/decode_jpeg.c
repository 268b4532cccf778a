/* JPEG by libjpeg-turbo, whose errors come by longjmp. Pictures of many scans, each of which would
 * go over all of it, end after SCANS_MAX. */
#include "tabs/resources/decode.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#define SCANS_MAX 64

struct reader {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf out;
    bool no_memory;
};

static void fail(j_common_ptr info)
{
    struct reader *reader = info->client_data;
    longjmp(reader->out, 1);
}

static void be_silent(j_common_ptr info)
{
    (void)info;
}

static void count_scans(j_common_ptr info)
{
    struct reader *reader = info->client_data;
    if (reader->info.input_scan_number > SCANS_MAX)
        fail(info);
}

/* CMYK as Adobe writes it, inverted, in place of four bytes. */
static void from_cmyk(uint8_t *row, uint32_t width, bool inverted)
{
    for (uint32_t i = 0; i < width; i++, row += 4) {
        unsigned black = inverted ? row[3] : 255u - row[3];
        for (size_t j = 0; j < 3; j++)
            row[j] = (uint8_t)((inverted ? row[j] : 255u - row[j]) * black / 255);
        row[3] = 255;
    }
}

static bool read_rows(struct reader *reader, uint32_t width, uint32_t height, uint8_t *out)
{
    struct jpeg_decompress_struct *info = &reader->info;
    jpeg_read_header(info, TRUE);
    bool cmyk = info->num_components == 4;
    info->out_color_space = cmyk ? JCS_CMYK : JCS_EXT_RGBA;
    if (info->image_width != width || info->image_height != height)
        return false;
    jpeg_start_decompress(info);
    while (info->output_scanline < height) {
        JSAMPROW row = out + (size_t)info->output_scanline * width * 4;
        jpeg_read_scanlines(info, &row, 1);
        if (cmyk)
            from_cmyk(row, width, info->saw_Adobe_marker);
    }
    return true;
}

firn_status decode_jpeg(const void *data, size_t size, uint32_t width, uint32_t height,
                        uint8_t *out)
{
    struct reader reader;
    memset(&reader, 0, sizeof reader);
    reader.info.err = jpeg_std_error(&reader.errors);
    reader.errors.error_exit = fail;
    reader.errors.output_message = be_silent;
    reader.info.client_data = &reader;
    reader.progress.progress_monitor = count_scans;
    if (setjmp(reader.out) != 0) {
        jpeg_destroy_decompress(&reader.info);
        return reader.errors.msg_code == JERR_OUT_OF_MEMORY ? FIRN_NO_MEMORY : FIRN_CORRUPT;
    }
    jpeg_create_decompress(&reader.info);
    reader.info.progress = &reader.progress;
    jpeg_mem_src(&reader.info, data, size);
    bool done = read_rows(&reader, width, height, out);
    jpeg_destroy_decompress(&reader.info);
    return done ? FIRN_OK : FIRN_CORRUPT;
}
