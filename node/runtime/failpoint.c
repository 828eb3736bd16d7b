#include "failpoint.h"

#include "probe.h"

#ifdef CARTWHEEL_TESTING
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *armed;
static atomic_long left;

static void on_hit(const struct probe *probe)
{
    if (strcmp(probe->name, armed) == 0 && atomic_fetch_sub(&left, 1) == 1)
        raise(SIGKILL);
}

static void list(void)
{
    const struct probe *probes;
    size_t count = probes_all(&probes);
    for (size_t i = 0; i < count; i++)
        puts(probes[i].name);
}

bool failpoint_arm(void)
{
    const char *setting = getenv("CARTWHEEL_KILL_AT");
    if (setting == NULL)
        return false;
    const char *colon = strchr(setting, ':');
    if (colon == NULL) {
        list();
        return true;
    }
    atomic_store(&left, atol(setting));
    armed = colon + 1;
    probe_on_hit = on_hit;
    return false;
}
#else
bool failpoint_arm(void)
{
    return false;
}
#endif
