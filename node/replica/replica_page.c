#include "replica_page.h"

#include "buggify.h"

enum {
    PAGE_BYTES_MAX = 4 << 20, /* a page of the API is 1 MB before its last item of 400 KB; well
                                 below a frame's limit */
    EXAMINED_BYTES_MAX =
        16
        << 20 /* of rows that do not show (tombstones): then the page ends, and the asker goes on */
};

void replica_page_init(struct replica_page *page, const Cartwheel__Range *range)
{
    bool tiny = range->rows_max > 1 && BUGGIFY("a page of one row");
    *page = (struct replica_page){.rows_max = tiny ? 1 : range->rows_max,
                                  .bytes_max = range->bytes_max < PAGE_BYTES_MAX ? range->bytes_max
                                                                                 : PAGE_BYTES_MAX,
                                  .reverse = range->reverse,
                                  .whole = range->rows};
    writer_init(&page->rows, 0);
    writer_init(&page->covered, 0);
    writer_init(&page->beside, 0);
}

void replica_page_deinit(struct replica_page *page)
{
    writer_deinit(&page->rows);
    writer_deinit(&page->covered);
    writer_deinit(&page->beside);
}

bool replica_page_full(const struct replica_page *page)
{
    return page->count >= page->rows_max || page->rows.size >= page->bytes_max ||
           page->examined >= EXAMINED_BYTES_MAX;
}

void replica_page_put_row(struct replica_page *page, struct slice key, struct slice row,
                          bool applied)
{
    writer_put_sized(&page->rows, key);
    writer_put_u8(&page->rows, applied);
    writer_put_sized(&page->rows, row);
    page->count++;
}

void replica_page_put_beside(struct replica_page *page, struct slice key, struct slice row)
{
    writer_put_sized(&page->beside, key);
    writer_put_u8(&page->beside, false);
    writer_put_sized(&page->beside, row);
}

void replica_page_put_value(struct replica_page *page, struct slice key, struct slice value)
{
    writer_put_sized(&page->rows, key);
    writer_put_sized(&page->rows, value);
    page->count++;
}

void replica_page_cover(struct replica_page *page, struct slice key, size_t size)
{
    page->examined += size;
    writer_reset(&page->covered);
    writer_put_slice(&page->covered, key);
}

void replica_page_reply(const struct replica_page *page, struct replica_work *work,
                        enum verdict verdict, bool more)
{
    Cartwheel__RangeReply reply = CARTWHEEL__RANGE_REPLY__INIT;
    reply.verdict = (uint32_t)verdict;
    reply.count = page->count;
    reply.more = more;
    if (more)
        reply.covered = binary_of(writer_slice(&page->covered));
    if (verdict == VERDICT_OK)
        reply.beside = binary_of(writer_slice(&page->beside));
    outbox_reply(work->replica->outbox, &work->asker, FRAME_RANGE_REPLY, &reply.base,
                 verdict == VERDICT_OK ? writer_slice(&page->rows) : SLICE_EMPTY);
    work_finish(work);
}
