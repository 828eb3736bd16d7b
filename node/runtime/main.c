/* cartwheeld: a node of a Cartwheel cluster. */
#include "daemon.h"
#include "failpoint.h"

#include <stdlib.h>
#include <unistd.h>

enum { EXIT_USAGE = 2 };

int main(int argc, char **argv)
{
    struct config config;
    int status = EXIT_SUCCESS;
    if (failpoint_arm())
        return status;
    switch (config_load(&config, argc, argv, environ, stdout, stderr)) {
    case CONFIG_OK:
        status = daemon_run(&config);
        break;
    case CONFIG_INVALID:
        status = EXIT_USAGE;
        break;
    case CONFIG_ANSWERED:
        break;
    }
    config_deinit(&config);
    return status;
}
