#include "table_arn.h"

#include "api_state.h"
#include "messages.h"
#include "utf8.h"

enum {
    ACCOUNT_SIZE = 12,
    SHOWN_MAX = 1024 /* bytes of a client's value that a message repeats */
};

char *table_arn(struct arena *arena, const struct api *api, struct slice name)
{
    return arena_printf(arena, "arn:aws:dynamodb:%s:%s:table/%.*s", api->region, api->account,
                        (int)name.size, name.data);
}

static bool skip(struct slice *text, struct slice prefix)
{
    if (!slice_starts_with(*text, prefix))
        return false;
    *text = slice_of(text->data + prefix.size, text->size - prefix.size);
    return true;
}

static bool skip_account(struct slice *text, struct slice *account)
{
    *account = slice_of(text->data, text->size < ACCOUNT_SIZE ? text->size : ACCOUNT_SIZE);
    for (size_t i = 0; i < account->size; i++)
        if (account->data[i] < '0' || account->data[i] > '9')
            return false;
    return account->size == ACCOUNT_SIZE && skip(text, *account);
}

/* The account and the name in the ARN of a table of this region. */
static bool parse(const struct api *api, struct slice arn, struct slice *account,
                  struct slice *name)
{
    *name = arn;
    return skip(name, SLICE_LITERAL("arn:aws:dynamodb:")) &&
           skip(name, slice_of_string(api->region)) && skip(name, SLICE_LITERAL(":")) &&
           skip_account(name, account) && skip(name, SLICE_LITERAL(":table/")) &&
           shape_table_name_valid(*name);
}

static bool resolve(struct operation_call *call, struct slice arn, struct slice *name)
{
    struct slice account;
    const struct api *api = call->api;
    struct slice shown = utf8_cut(arn, SHOWN_MAX);
    if (!parse(api, arn, &account, name)) {
        operation_refuse(
            call, arena_printf(call->arena, MESSAGE_ARN_OF_OTHER, (int)shown.size, shown.data));
        return false;
    }
    if (slice_equal(account, slice_of_string(api->account)))
        return true;
    operation_fail(call, "AccessDeniedException",
                   arena_printf(call->arena, MESSAGE_ARN_OF_ACCOUNT, api->account,
                                call->operation->name, (int)shown.size, shown.data,
                                call->operation->name));
    return false;
}

bool table_arn_resolve(struct operation_call *call, struct slice given, struct slice *name)
{
    *name = given;
    return !slice_starts_with(given, SLICE_LITERAL("arn:")) || resolve(call, given, name);
}

bool table_arn_of_resource(struct operation_call *call, struct slice *name)
{
    return resolve(call, json_member_string(call->input, "ResourceArn"), name);
}
