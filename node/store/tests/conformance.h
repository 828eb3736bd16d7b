/* conformance: what every implementation of `struct store` must do. */
#pragma once

#include <check.h>

/* Runs against the store of subject.h. */
TCase *conformance_case(void);
