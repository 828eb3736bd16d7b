/* pace: how much of a background job may be under way at once. What slows the job down slows clients down
 * too, since both wait for the same disks and processors: so the job takes only what it gets without
 * things becoming slower than they are when it takes little (the idea of LEDBAT, RFC 6817). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
    unsigned most;
    unsigned window;       /* operations at once, 1..most */
    unsigned good;         /* that were quick enough, since the window last changed */
    uint64_t least_us[2];  /* the quickest of this period, and of the one before; 0: none yet */
    uint64_t period_us;    /* when this period began */
    uint64_t shrunk_at_us; /* what was begun before says nothing of the window as it is now */
};

void pace_init(struct pace *pace, unsigned most);
/* An operation has ended. */
void pace_note(struct pace *pace, uint64_t began_us, uint64_t now_us);
