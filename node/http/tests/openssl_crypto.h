/* openssl_crypto: the digests of SigV4 for tests. */
#pragma once

#include "sigv4.h"

extern const struct crypto OPENSSL_CRYPTO;
/* How many digests and comparisons were made by this process. */
unsigned openssl_crypto_uses(void);
