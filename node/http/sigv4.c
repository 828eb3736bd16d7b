/* Verifying. The steps are in order of their cost, and every one that needs no secret comes before
 * the first that does. What must be signed is stricter than in many imitations of AWS: an unsigned
 * x-amz-target would let whoever saw a signed GetItem send it again as a DeleteItem. */
#include "sigv4.h"

#include <string.h>

#include "calendar.h"
#include "sigv4_internal.h"

enum { US_PER_SECOND = 1000000 };

struct verification {
    const struct sigv4_config *config;
    const struct http_request *request;
    uint64_t now; /* seconds */
    struct arena *arena;
    struct sigv4_authorization authorization;
    struct slice date_header;       /* the name of the header that dates the request */
    uint64_t seconds;               /* what it says */
    char date[SIGV4_DATE_SIZE + 1]; /* and in x-amz-date's form */
    struct sigv4_verdict verdict;
};

static bool check_presence(struct verification *verification);
static bool check_form(struct verification *verification);
static bool check_date(struct verification *verification);
static bool check_scope(struct verification *verification);
static bool check_window(struct verification *verification);
static bool check_signed_headers(struct verification *verification);
static bool check_body_hash(struct verification *verification, const char *body_hash);
static bool check_signature(struct verification *verification);

struct sigv4_verdict sigv4_verify(const struct sigv4_config *config,
                                  const struct http_request *request, uint64_t wall_us,
                                  struct arena *arena)
{
    struct verification verification;
    verification.verdict = (struct sigv4_verdict){SIGV4_OK, NULL, NULL};
    if (config->keys_count == 0)
        return verification.verdict;
    verification.config = config;
    verification.request = request;
    verification.now = wall_us / US_PER_SECOND;
    verification.arena = arena;
    bool valid = check_presence(&verification) && check_form(&verification) &&
                 check_date(&verification) && check_scope(&verification) &&
                 check_window(&verification) && check_signed_headers(&verification) &&
                 check_signature(&verification);
    ensure(valid == (verification.verdict.result == SIGV4_OK));
    return verification.verdict;
}

static bool refuse(struct verification *verification, enum sigv4_result result, const char *message)
{
    verification->verdict = (struct sigv4_verdict){result, message, NULL};
    return false;
}

static bool slice_contains(struct slice text, struct slice part)
{
    return part.size <= text.size && memmem(text.data, text.size, part.data, part.size) != NULL;
}

static bool is_presigned(const struct http_request *request)
{
    return slice_contains(request->query, SLICE_LITERAL("X-Amz-Algorithm=")) ||
           slice_contains(request->query, SLICE_LITERAL("X-Amz-Signature="));
}

static bool check_presence(struct verification *verification)
{
    const struct http_request *request = verification->request;
    bool present = http_request_has_header(request, SLICE_LITERAL("authorization"));
    bool presigned = is_presigned(request);
    if (present && presigned)
        return refuse(verification, SIGV4_MISMATCH,
                      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as "
                      "HTTP header.");
    if (presigned)
        return refuse(verification, SIGV4_INCOMPLETE,
                      "Authentication by query-string parameters is not supported: sign the "
                      "request with an Authorization header.");
    struct slice value = http_request_header(request, SLICE_LITERAL("authorization"));
    if (present && value.size == 0)
        return refuse(verification, SIGV4_INCOMPLETE,
                      "There must be one Authorization header, and not an empty one.");
    if (!slice_starts_with(value, SLICE_LITERAL("AWS4-")))
        return refuse(verification, SIGV4_MISSING, "Request is missing Authentication Token");
    /* Only temporary credentials have one, and nobody issues these here. */
    if (http_request_has_header(request, SLICE_LITERAL("x-amz-security-token")))
        return refuse(verification, SIGV4_UNKNOWN_KEY,
                      "The security token included in the request is invalid.");
    return true;
}

static bool check_form(struct verification *verification)
{
    struct slice value = http_request_header(verification->request, SLICE_LITERAL("authorization"));
    const char *complaint =
        sigv4_authorization_parse(value, &verification->authorization, verification->arena);
    return complaint == NULL || refuse(verification, SIGV4_INCOMPLETE, complaint);
}

static bool check_date(struct verification *verification)
{
    const struct http_request *request = verification->request;
    bool amz = http_request_has_header(request, SLICE_LITERAL("x-amz-date"));
    verification->date_header = amz ? SLICE_LITERAL("x-amz-date") : SLICE_LITERAL("date");
    if (!http_request_has_header(request, verification->date_header))
        return refuse(verification, SIGV4_INCOMPLETE,
                      "Authorization header requires existence of either a 'X-Amz-Date' or a "
                      "'Date' header. Authorization=" SIGV4_ALGORITHM);
    struct slice text = http_request_header(request, verification->date_header);
    bool read = calendar_parse_iso(text, &verification->seconds) ||
                (!amz && calendar_parse_http(text, &verification->seconds));
    if (!read)
        return refuse(verification, SIGV4_INCOMPLETE,
                      arena_printf(verification->arena,
                                   "Date must be in ISO-8601 'basic format'. Got '%s'. See "
                                   "http://en.wikipedia.org/wiki/ISO_8601",
                                   sigv4_printable(text, verification->arena)));
    calendar_format_iso(verification->seconds, verification->date);
    return true;
}

static bool check_scope(struct verification *verification)
{
    const struct sigv4_authorization *authorization = &verification->authorization;
    struct arena *arena = verification->arena;
    const char *complaint = NULL;
    if (!slice_equal(authorization->terminator, SLICE_LITERAL(SIGV4_TERMINATOR)))
        complaint = arena_printf(
            arena, "Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.",
            sigv4_printable(authorization->terminator, arena));
    else if (!slice_equal(authorization->service, SLICE_LITERAL(SIGV4_SERVICE)))
        complaint = "Credential should be scoped to correct service: 'dynamodb'. ";
    else if (!slice_equal(authorization->region, slice_of_string(verification->config->region)))
        complaint = arena_printf(arena, "Credential should be scoped to a valid region, not '%s'. ",
                                 sigv4_printable(authorization->region, arena));
    else if (!slice_equal(authorization->day, slice_of(verification->date, SIGV4_DAY_SIZE)))
        complaint = arena_printf(
            arena,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
            "of date from HTTP: '%s' != '%.8s', from '%s'.",
            sigv4_printable(authorization->day, arena), verification->date, verification->date);
    return complaint == NULL || refuse(verification, SIGV4_MISMATCH, complaint);
}

static bool check_window(struct verification *verification)
{
    uint64_t now = verification->now;
    bool late = verification->seconds + SIGV4_WINDOW_SECONDS < now;
    bool early = verification->seconds > now + SIGV4_WINDOW_SECONDS;
    if (!late && !early)
        return true;
    char now_text[SIGV4_DATE_SIZE + 1];
    char limit_text[SIGV4_DATE_SIZE + 1];
    calendar_format_iso(now, now_text);
    calendar_format_iso(late ? now - SIGV4_WINDOW_SECONDS : now + SIGV4_WINDOW_SECONDS, limit_text);
    return refuse(verification, SIGV4_EXPIRED,
                  arena_printf(verification->arena, "%s: %s is %s than %s (%s %c 15 min.)",
                               late ? "Signature expired" : "Signature not yet current",
                               verification->date, late ? "now earlier" : "still later", limit_text,
                               now_text, late ? '-' : '+'));
}

static bool is_signed(const struct verification *verification, struct slice name)
{
    for (size_t i = 0; i < verification->authorization.names_count; i++) {
        if (slice_equal(verification->authorization.names[i], name))
            return true;
    }
    return false;
}

static bool check_signed_headers(struct verification *verification)
{
    const struct sigv4_authorization *authorization = &verification->authorization;
    const struct http_request *request = verification->request;
    struct arena *arena = verification->arena;
    for (size_t i = 0; i < authorization->names_count; i++) {
        if (!http_request_has_header(request, authorization->names[i]))
            return refuse(verification, SIGV4_MISMATCH,
                          arena_printf(arena, "The signed header '%s' is not in the request.",
                                       sigv4_printable(authorization->names[i], arena)));
    }
    if (!is_signed(verification, SLICE_LITERAL("host")))
        return refuse(verification, SIGV4_MISMATCH,
                      "'Host' must be a 'SignedHeader' in the AWS Authorization.");
    for (size_t i = 0; i < request->headers_count; i++) {
        struct slice name = request->headers[i].name;
        bool must_be_signed = slice_starts_with(name, SLICE_LITERAL("x-amz-")) ||
                              slice_equal(name, verification->date_header);
        if (must_be_signed && !is_signed(verification, name))
            return refuse(verification, SIGV4_MISMATCH,
                          arena_printf(arena,
                                       "'%s' must be a 'SignedHeader' in the AWS Authorization.",
                                       sigv4_printable(name, arena)));
    }
    return true;
}

/* What the client says about the body is compared and never used: UNSIGNED-PAYLOAD is no hash. */
static bool check_body_hash(struct verification *verification, const char *body_hash)
{
    struct slice name = SLICE_LITERAL("x-amz-content-sha256");
    if (!http_request_has_header(verification->request, name))
        return true;
    struct slice claimed = http_request_header(verification->request, name);
    return slice_equal(claimed, slice_of(body_hash, SIGV4_HEX_SIZE)) ||
           refuse(verification, SIGV4_MISMATCH,
                  "The provided 'x-amz-content-sha256' header does not match what was computed.");
}

static const struct credentials *find_credentials(const struct sigv4_config *config,
                                                  struct slice access_key_id)
{
    const struct credentials *found = NULL;
    for (size_t i = 0; i < config->keys_count; i++) {
        if (slice_equal(access_key_id, slice_of_string(config->keys[i].access_key_id)))
            found = &config->keys[i];
    }
    return found;
}

/* An unknown key costs what a known one does, so that probing for keys tells nothing by time. */
static bool check_signature(struct verification *verification)
{
    static const struct credentials NOBODY = {"", "/////////////////nobody/////////////////"};
    const struct sigv4_config *config = verification->config;
    const struct sigv4_authorization *authorization = &verification->authorization;
    const struct credentials *found = find_credentials(config, authorization->access_key_id);
    const struct credentials *credentials = found == NULL ? &NOBODY : found;
    struct sigv4_signing signing = {
        .crypto = config->crypto,
        .request = verification->request,
        .names = authorization->names,
        .names_count = authorization->names_count,
        .date = slice_of(verification->date, SIGV4_DATE_SIZE),
        .scope = authorization->scope,
    };
    sigv4_hash_hex(config->crypto, verification->request->body, signing.body_hash);
    if (!check_body_hash(verification, signing.body_hash))
        return false;
    uint8_t key[SIGV4_KEY_SIZE];
    char expected[SIGV4_HEX_SIZE];
    sigv4_signing_key(config->crypto, credentials->secret_access_key, authorization->day,
                      config->region, config->cache, key);
    sigv4_signature(&signing, key, verification->arena, expected);
    struct slice given = authorization->signature;
    bool equal =
        given.size == SIGV4_HEX_SIZE && config->crypto->equal(given.data, expected, SIGV4_HEX_SIZE);
    if (found == NULL)
        return refuse(verification, SIGV4_UNKNOWN_KEY,
                      "The security token included in the request is invalid.");
    if (!equal)
        return refuse(verification, SIGV4_MISMATCH,
                      "The request signature we calculated does not match the signature you "
                      "provided. Check your AWS Secret Access Key and signing method. Consult the "
                      "service documentation for details.");
    verification->verdict.access_key_id = found->access_key_id;
    return true;
}
