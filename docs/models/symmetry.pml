/* Included by register.pml: reduction by symmetry, and traces. */

c_code {
/* ---- states that differ in the names of acceptors only are one ---- */

static int compare(int a, int b)
{
    int i;
#define COMPARE(x, y) if ((x) != (y)) return (x) < (y) ? -1 : 1
    COMPARE(now.item[a], now.item[b]);
    COMPARE(now.accepted[a], now.accepted[b]);
    COMPARE(now.promised[a], now.promised[b]);
    COMPARE(now.known[a], now.known[b]);
    COMPARE(now.answered[a], now.answered[b]);
    for (i = 0; i < OPERATIONS; i++) {
        COMPARE(now.replies[i] >> a & 1, now.replies[i] >> b & 1);
        COMPARE(now.reply_top[i * ACCEPTORS + a], now.reply_top[i * ACCEPTORS + b]);
        COMPARE(now.reply_accepted[i * ACCEPTORS + a], now.reply_accepted[i * ACCEPTORS + b]);
    }
    return 0;
}

static void swap(int a, int b)
{
    int i;
    unsigned char kept;
#define SWAP(x, y) kept = (x), (x) = (y), (y) = kept
    SWAP(now.item[a], now.item[b]);
    SWAP(now.accepted[a], now.accepted[b]);
    SWAP(now.promised[a], now.promised[b]);
    SWAP(now.known[a], now.known[b]);
    SWAP(now.answered[a], now.answered[b]);
    for (i = 0; i < OPERATIONS; i++) {
        SWAP(now.reply_top[i * ACCEPTORS + a], now.reply_top[i * ACCEPTORS + b]);
        SWAP(now.reply_accepted[i * ACCEPTORS + a], now.reply_accepted[i * ACCEPTORS + b]);
        if ((now.replies[i] >> a & 1) != (now.replies[i] >> b & 1))
            now.replies[i] ^= 1 << a | 1 << b;
    }
}

static void sort_acceptors(void)
{
    int a, b, least = AMNESIA ? 1 : 0;
    for (a = least; a < ACCEPTORS; a++)
        for (b = a + 1; b < ACCEPTORS; b++)
            if (compare(a, b) > 0)
                swap(a, b);
}

/* Forgets what can make no difference any more. */
static void normalize(void)
{
    int a, i;
    for (a = 0; a < ACCEPTORS; a++) {
        if (now.accepted[a] <= now.item[a] && !KEEP_ACCEPTED)
            now.accepted[a] = 0;
        if (now.promised[a] <= top(a))
            now.promised[a] = 0;
    }
    for (i = 0; i < OPERATIONS; i++) {
        if (now.status[i] != DONE)
            continue;
        now.ballot[i] = now.first[i] = now.attempt[i] = 0;
        clear_replies(i);
    }
}

/* ---- traces: check.sh --trace ---- */

extern int readtrail;

static void print_state(const char *step)
{
    static const char *status[] = { "idle", "writing", "preparing", "proposing", "proposing-seen",
                                    "reading", "writing-back", "unknown", "DONE", "queued" };
    int a, b, i;
    printf("%s\n   ", step);
    for (a = 0; a < ACCEPTORS; a++)
        printf(" [item %d accepted %d promised %d]", now.item[a], now.accepted[a], now.promised[a]);
    printf("\n   ");
    for (i = 0; i < OPERATIONS; i++) {
        printf(" operation %d: %s", i + 1, status[now.status[i]]);
        if (now.ballot[i])
            printf(" ballot %d", now.ballot[i]);
        if (now.saw[i] || now.status[i] == DONE)
            printf(" saw %d%s", now.saw[i], now.effective[i] ? " effective" : "");
        printf(";");
    }
    printf("\n    values:");
    for (b = 1; b <= BALLOTS; b++)
        if (now.sent[b] > PREPARE_SENT)
            printf(" %d = by operation %d (origin %d, base %d)%s", b, now.writer[b], now.origin[b],
                   now.base[b], now.intent[b] ? " intent" : "");
    if (now.record)
        printf(" record %s", now.record == 1 ? "committed" : "aborted");
    if (AMNESIA)
        printf(" number %d known %d %d life %d", now.number, now.known[1], now.known[2], now.life);
    printf("\n");
    if (!now.linearizable)
        printf("    NOT LINEARIZABLE\n");
}

static void finish_step(const char *step)
{
    normalize();
    sort_acceptors();
    now.linearizable = is_linearizable();
    if (readtrail)
        print_state(step);
}
}
