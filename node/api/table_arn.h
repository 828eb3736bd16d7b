/* table_arn: tables by their ARNs, which clients may give wherever they may give a name. */
#pragma once

#include "operation_call.h"

/* "arn:aws:dynamodb:region:account:table/name", in the arena. */
char *table_arn(struct arena *arena, const struct api *api, struct slice name);
/* The table's name in what a client gave as one: itself, or what its ARN says; borrows from it.
 * False: it is the ARN of something else, and the call has ended with an error. */
bool must_check table_arn_resolve(struct operation_call *call, struct slice given,
                                  struct slice *name);
/* The same for the member ResourceArn, which must be an ARN. */
bool must_check table_arn_of_resource(struct operation_call *call, struct slice *name);
