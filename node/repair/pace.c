#include "pace.h"

enum {
    PERIOD_US = 15000000, /* disks and peers change: what was quick once is forgotten */
    SLACK_US = 3000,      /* group commits come in portions: such differences mean nothing */
    SLOW_TIMES = 2
};

void pace_init(struct pace *pace, unsigned most)
{
    *pace = (struct pace){.most = most, .window = most < 4 ? most : 4};
}

static uint64_t quickest(const struct pace *pace)
{
    uint64_t here = pace->least_us[0], before = pace->least_us[1];
    if (here == 0 || before == 0)
        return here + before;
    return here < before ? here : before;
}

static void keep(struct pace *pace, uint64_t took_us, uint64_t now_us)
{
    if (now_us - pace->period_us >= PERIOD_US) {
        pace->least_us[1] = pace->least_us[0];
        pace->least_us[0] = 0;
        pace->period_us = now_us;
    }
    if (pace->least_us[0] == 0 || took_us < pace->least_us[0])
        pace->least_us[0] = took_us;
}

void pace_note(struct pace *pace, uint64_t began_us, uint64_t now_us)
{
    uint64_t took_us = now_us > began_us ? now_us - began_us : 1;
    keep(pace, took_us, now_us);
    if (took_us > SLOW_TIMES * quickest(pace) + SLACK_US) {
        if (began_us < pace->shrunk_at_us)
            return;
        pace->window = pace->window > 1 ? pace->window / 2 : 1;
        pace->shrunk_at_us = now_us;
        pace->good = 0;
    } else if (++pace->good >= pace->window) {
        pace->window += pace->window < pace->most;
        pace->good = 0;
    }
}
