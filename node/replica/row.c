#include "row.h"

#include <string.h>

enum { ROW_TOMBSTONE = 1, ROW_ORIGIN = 2, ROW_LINEAGE = 4, ROW_PROPOSED = 8, ROW_FLAGS = 15 };

void row_encode(struct writer *writer, const struct row *row)
{
    bool own_origin = !version_equal(row->origin, row->ballot);
    bool lineage = row->lineage.count > 0 || !version_equal(row->lineage.base, row->ballot);
    ensure(row->lineage.count <= LINEAGE_MAX);
    ensure(!row->tombstone || row->value.size == 0);
    writer_put_u8(writer,
                  (uint8_t)((row->tombstone ? ROW_TOMBSTONE : 0) | (own_origin ? ROW_ORIGIN : 0) |
                            (lineage ? ROW_LINEAGE : 0) | (row->proposed ? ROW_PROPOSED : 0)));
    writer_put_version(writer, row->ballot);
    if (own_origin)
        writer_put_version(writer, row->origin);
    if (lineage) {
        writer_put_u8(writer, row->lineage.count);
        for (uint8_t i = 0; i < row->lineage.count; i++)
            writer_put_version(writer, row->lineage.origins[i]);
        writer_put_version(writer, row->lineage.base);
    }
    writer_put_slice(writer, row->value);
}

static void lineage_decode(struct reader *reader, struct lineage *lineage)
{
    lineage->count = reader_get_u8(reader);
    if (lineage->count > LINEAGE_MAX) {
        reader->failed = true;
        return;
    }
    for (uint8_t i = 0; i < lineage->count; i++)
        lineage->origins[i] = reader_get_version(reader);
    lineage->base = reader_get_version(reader);
}

bool row_decode(struct slice bytes, struct row *row)
{
    struct reader reader = reader_of(bytes);
    uint8_t flags = reader_get_u8(&reader);
    row->ballot = reader_get_version(&reader);
    row->origin = (flags & ROW_ORIGIN) != 0 ? reader_get_version(&reader) : row->ballot;
    row->tombstone = (flags & ROW_TOMBSTONE) != 0;
    row->proposed = (flags & ROW_PROPOSED) != 0;
    row->lineage.count = 0;
    row->lineage.base = row->ballot;
    if ((flags & ROW_LINEAGE) != 0)
        lineage_decode(&reader, &row->lineage);
    row->value = reader_get_slice(&reader, reader_left(&reader));
    return !reader.failed && bytes.size <= ROW_SIZE_MAX && (flags & ~ROW_FLAGS) == 0 &&
           (!row->tombstone || row->value.size == 0) &&
           version_compare(row->origin, row->ballot) <= 0 &&
           version_compare(row->lineage.base, row->ballot) <= 0 && !version_is_none(row->ballot);
}

struct version row_ballot(struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    (void)reader_get_u8(&reader);
    struct version ballot = reader_get_version(&reader);
    return reader.failed ? VERSION_NONE : ballot;
}

bool row_proposed(struct slice bytes)
{
    struct reader reader = reader_of(bytes);
    return (reader_get_u8(&reader) & ROW_PROPOSED) != 0;
}

struct row row_plain(struct version ballot, bool tombstone, struct slice value)
{
    struct row row = {.ballot = ballot, .origin = ballot, .tombstone = tombstone};
    row.lineage.base = ballot;
    if (!tombstone)
        row.value = value;
    return row;
}

/* The oldest origin falls out of a full lineage; it is what the lineage then reaches down to, since
 * the origins along it rise. */
static struct lineage lineage_extend(const struct row *state)
{
    struct lineage lineage = state->lineage;
    if (lineage.count == LINEAGE_MAX)
        lineage.base = version_max(lineage.base, lineage.origins[--lineage.count]);
    memmove(lineage.origins + 1, lineage.origins, lineage.count * sizeof(lineage.origins[0]));
    lineage.origins[0] = state->origin;
    lineage.count++;
    return lineage;
}

struct row row_successor(const struct row *state, struct version ballot, bool tombstone,
                         struct slice value)
{
    struct row row = row_plain(ballot, tombstone, value);
    row.proposed = true;
    row.lineage.base = VERSION_NONE;
    if (state != NULL)
        row.lineage = lineage_extend(state);
    return row;
}

bool row_descends_from(const struct row *state, struct version origin)
{
    bool found = version_equal(state->origin, origin);
    for (uint8_t i = 0; i < state->lineage.count; i++)
        found |= version_equal(state->lineage.origins[i], origin);
    return found;
}

bool row_certainly_without(const struct row *state, struct version first)
{
    return version_compare(state->lineage.base, first) < 0;
}
