/* crypto: the digests of sigv4.h and handshake.h, by OpenSSL. Any thread may call them. */
#pragma once

#include "sigv4.h"

const struct crypto *crypto_openssl(void);
/* Bytes nobody can guess, for nonces and identities. */
void crypto_random(void *bytes, size_t size);
