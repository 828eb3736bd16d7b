#include "ensure.h"

#include <stdio.h>
#include <stdlib.h>

void ensure_failed(const char *file, int line, const char *expression)
{
    fprintf(stderr, "level=error event=assertion_failed at=%s:%d expression=\"%s\"\n", file, line,
            expression);
    abort();
}
