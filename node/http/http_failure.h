/* http_failure: why a request is refused below the API. */
#pragma once

/* Constant tables only: a failure outlives the connection. */
struct http_failure {
    int status;
    const char *body; /* JSON as DynamoDB words its errors */
};

#define HTTP_FAILURE_BODY(code, message) \
    "{\"__type\":\"com.amazon.coral.service#" code "\",\"message\":\"" message "\"}"
#define HTTP_FAILURE_MALFORMED(status, message)                             \
    {                                                                       \
        status, HTTP_FAILURE_BODY("MalformedHttpRequestException", message) \
    }
