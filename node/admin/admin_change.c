#include "admin_change.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

static const struct {
    const char *name;
    enum ring_change_kind kind;
} changes[] = {
    {"decommission", RING_CHANGE_DECOMMISSION},
    {"weight", RING_CHANGE_WEIGHT},
    {"zone", RING_CHANGE_ZONE},
    {"cancel", RING_CHANGE_CANCEL},
};

static bool find_kind(const char *name, enum ring_change_kind *kind)
{
    for (size_t i = 0; name != NULL && i < array_size(changes); i++) {
        if (strcmp(changes[i].name, name) == 0) {
            *kind = changes[i].kind;
            return true;
        }
    }
    return false;
}

static char *copy_of(yyjson_val *object, const char *key)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    const char *text = yyjson_get_str(value);
    /* With a zero in it, it would name another. */
    bool whole = text != NULL && strlen(text) == yyjson_get_len(value);
    return whole ? slice_to_string(slice_of_string(text)) : NULL;
}

static const char *read_object(yyjson_val *object, enum ring_change_kind *kind,
                               struct member_config *wanted)
{
    if (!find_kind(yyjson_get_str(yyjson_obj_get(object, "change")), kind))
        return "change must be decommission, weight, zone or cancel";
    if (*kind == RING_CHANGE_CANCEL)
        return NULL;
    wanted->name = copy_of(object, "member");
    if (wanted->name == NULL)
        return "member must be the name of one";
    if (*kind == RING_CHANGE_ZONE) {
        wanted->zone = copy_of(object, "zone");
        return wanted->zone == NULL ? "zone must be a text" : NULL;
    }
    uint64_t weight = yyjson_get_uint(yyjson_obj_get(object, "weight"));
    wanted->weight = weight > UINT32_MAX ? UINT32_MAX : (uint32_t)weight;
    return NULL;
}

const char *admin_read_change(struct slice body, enum ring_change_kind *kind,
                              struct member_config *wanted)
{
    memset(wanted, 0, sizeof(*wanted));
    if (body.size > ADMIN_CHANGE_SIZE_MAX)
        return "the body is too long";
    yyjson_doc *json = yyjson_read((const char *)body.data, body.size, 0);
    yyjson_val *root = yyjson_doc_get_root(json);
    const char *wrong = "the body must be a JSON object";
    if (yyjson_is_obj(root))
        wrong = read_object(root, kind, wanted);
    yyjson_doc_free(json);
    return wrong;
}

int admin_answer_change(const char *problem, uint64_t epoch, struct writer *body)
{
    yyjson_mut_doc *json = yyjson_mut_doc_new(NULL);
    ensure(json != NULL);
    yyjson_mut_val *root = yyjson_mut_obj(json);
    yyjson_mut_doc_set_root(json, root);
    if (problem != NULL)
        yyjson_mut_obj_add_str(json, root, "message", problem);
    else
        yyjson_mut_obj_add_uint(json, root, "epoch", epoch);
    size_t size;
    char *text = yyjson_mut_write(json, 0, &size);
    ensure(text != NULL);
    writer_put(body, text, size);
    free(text);
    yyjson_mut_doc_free(json);
    if (problem == NULL)
        return 200;
    return problem == ring_undecided ? 503 : 409;
}
