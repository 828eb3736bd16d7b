/* Included by register.pml, ring.pml and floor.pml: the check after every step. The model has the state
 * by these names, and says by written_by(i) which value plain write i leaves, by pending_effect(i, value)
 * whether operation i, not done, may have taken effect on `value`, by can_read_through(quorum) whether
 * a consistent read may now ask these acceptors and no others, by is_committed() what became of a
 * transaction, and by shown(s) what state s is to a reader. */

c_code {
/* ---- linearizability, by brute force ---- */

struct order {
    int placed;   /* mask of operations */
    int value;    /* of the item: its writer */
    int other;    /* of item Y */
    int last_read; /* what one more read, after all that is done, shows */
};

static int order_exists(struct order order);

/* Operation i next. */
static int place(struct order order, int i)
{
    int is_done = now.done >> i & 1;
    order.placed |= 1 << i;
    switch (kind_of[i]) {
    case PLAIN:
        order.value = written_by(i);
        return order_exists(order);
    case READ:
        return is_done && now.saw[i] == order.value && order_exists(order);
    case READ_OTHER:
        return is_done && now.saw[i] == order.other && order_exists(order);
    case TRANSACT:
        if (!is_committed() || now.saw[i] != order.value)
            return 0;
        order.value = order.other = i + 1;
        return order_exists(order);
    }
    if (is_done ? now.saw[i] != order.value : !pending_effect(i, order.value))
        return 0;
    if (!is_done || now.effective[i])
        order.value = i + 1;
    return order_exists(order);
}

/* Can what is not placed yet be ordered so that each answer is right? Operations that are not done
 * may be left out. */
static int order_exists(struct order order)
{
    int i;
    if (!(now.done & ~order.placed) && order.value == order.last_read)
        return 1;
    for (i = 0; i < OPERATIONS; i++) {
        if (order.placed & 1 << i || now.status[i] == IDLE)
            continue;
        if (now.before[i] & ~order.placed & now.done)
            continue;
        if (place(order, i))
            return 1;
    }
    return 0;
}

/* One more atomic read through each quorum must fit in too. */
static int is_linearizable(void)
{
    int quorum, a, tried = 0;
    for (quorum = 0; quorum < 1 << ACCEPTORS; quorum++) {
        int s = 0;
        if (!can_read_through(quorum))
            continue;
        for (a = 0; a < ACCEPTORS; a++)
            if (quorum & 1 << a)
                s = higher(s, top(a));
        if (tried & 1 << shown(s))
            continue;
        tried |= 1 << shown(s);
        struct order nothing = { 0, 0, 0, shown(s) };
        if (!order_exists(nothing))
            return 0;
    }
    return 1;
}
}
