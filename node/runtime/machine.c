#include "machine.h"

#include "hash.h"

#include <fcntl.h>
#include <unistd.h>

uint64_t machine_id(void)
{
    char text[64];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, text, sizeof(text));
    close(fd);
    return size > 0 ? hash64(slice_of(text, (size_t)size)) : 0;
}
