/* failpoint: in a test build, places where the daemon kills itself as a crash would. Every probe
 * (common/probe.h) is one. */
#pragma once

#include <stdbool.h>

/* Reads CARTWHEEL_KILL_AT, "COUNT:NAME": the process dies by SIGKILL when it reaches the probe NAME
 * for the COUNT-th time. "list": prints all names, and true is returned: there is nothing else to
 * do. Does nothing in a build without probes. To be called before there are threads. */
bool failpoint_arm(void);
