/* api_evaluator: runs programs (program.h) for the core (evaluator.h). */
#pragma once

#include "evaluator.h"

/* Stateless, of static storage: one for all nodes. */
const struct evaluator *api_evaluator(void);
