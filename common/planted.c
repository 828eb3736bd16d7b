#include "planted.h"

#ifdef CARTWHEEL_TESTING
enum planted_bug planted_bug = PLANTED_NONE;
#else
typedef int planted_none; /* a translation unit must not be empty */
#endif
