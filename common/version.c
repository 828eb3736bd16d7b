#include "version.h"

void writer_put_version(struct writer *writer, struct version version)
{
    writer_put_u64(writer, version.hlc);
    writer_put_u64(writer, version.node);
}

struct version reader_get_version(struct reader *reader)
{
    struct version version;
    version.hlc = reader_get_u64(reader);
    version.node = reader_get_u64(reader);
    return version;
}
