/* legacy_shapes: shapes of the parameters that expressions replaced. */
#pragma once

#include "shape.h"

extern const struct shape shape_conditional_operator;
extern const struct shape shape_expected;
extern const struct shape shape_conditions; /* KeyConditions, QueryFilter, ScanFilter */
extern const struct shape shape_attribute_updates;
