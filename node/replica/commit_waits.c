#include "commit_waits.h"

enum {
    PREFIX_SIZE = 4 + 8 /* partition and table id: keys of items and of entries begin with them */
};

static struct slice prefix_of(struct slice key)
{
    return slice_of(key.data, key.size < PREFIX_SIZE ? key.size : PREFIX_SIZE);
}

void commit_waits_init(struct commit_waits *waits)
{
    *waits = (struct commit_waits){.begun = 0};
    commit_marks_init(&waits->marks);
    commit_wait_list_init(&waits->waits);
}

void commit_waits_begin(struct commit_waits *waits, struct commit_mark *mark, struct slice key)
{
    ensure(mark->number == 0);
    mark->key = key;
    mark->number = ++waits->begun;
    commit_marks_push(&waits->marks, mark);
}

void commit_waits_end(struct commit_waits *waits, struct commit_mark *mark)
{
    if (mark->number == 0)
        return;
    struct slice prefix = prefix_of(mark->key);
    struct commit_wait_list done;
    commit_wait_list_init(&done);
    struct commit_wait *next;
    for (struct commit_wait *at = commit_wait_list_first(&waits->waits); at != NULL; at = next) {
        next = commit_wait_list_next(&waits->waits, at);
        if (mark->number > at->newest || !slice_equal(at->prefix, prefix) || --at->left > 0)
            continue;
        commit_wait_list_remove(&waits->waits, at);
        commit_wait_list_push(&done, at);
    }
    commit_marks_remove(&waits->marks, mark);
    mark->number = 0;
    while ((next = commit_wait_list_pop(&done)) != NULL)
        next->start(next);
}

bool commit_waits_add(struct commit_waits *waits, struct commit_wait *wait, struct slice from,
                      void (*start)(struct commit_wait *wait))
{
    *wait = (struct commit_wait){.prefix = prefix_of(from), .newest = waits->begun, .start = start};
    for (struct commit_mark *at = commit_marks_first(&waits->marks); at != NULL;
         at = commit_marks_next(&waits->marks, at))
        wait->left += slice_equal(prefix_of(at->key), wait->prefix);
    if (wait->left > 0)
        commit_wait_list_push(&waits->waits, wait);
    return wait->left > 0;
}
