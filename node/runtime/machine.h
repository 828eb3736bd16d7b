/* machine: whether this machine has restarted. */
#pragma once

#include <stdint.h>

/* Another number after each start of the kernel; 0: unknown. */
uint64_t machine_id(void);
