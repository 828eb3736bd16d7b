/* reserved_words: names that an expression may use only through a # substitute. */
#pragma once

#include "bytes.h"

/* In any case. */
bool reserved_word(struct slice name);
