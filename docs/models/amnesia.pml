/* Included by register.pml: acceptor 0 loses the tail of its state, once, and asks its peers.
 *
 * It numbers its durable promises and accepts. The number travels with every reply, and a reply
 * counts only once KEEP_AT peers hold the number durably. At some moment its state is flushed; what
 * it promised and accepted after that may be lost by a restart. Restarted, it votes again when
 * ASK peers answered that it is not behind what they hold; if one says that it is, it stops for
 * ever. A peer that has answered refuses numbers from before the restart. */

#ifndef KEEP_AT
#define KEEP_AT 1 /* peers; 0: nobody but a coordinator that is no owner */
#endif
#ifndef ASK
#define ASK (ACCEPTORS - 1) /* peers */
#endif

c_code {
/* Numbers up to the flush say nothing about what is lost; after the check none is needed. */
static void forget_numbers(void)
{
    int i, a;
    now.number = 0;
    for (a = 0; a < ACCEPTORS; a++)
        now.known[a] = 0;
    for (i = 0; i < OPERATIONS; i++)
        now.flight_number[i] = 0;
}

static int can_flush(void)
{
    return now.life == 0 && !now.flushed;
}

static void flush(void)
{
    now.flushed = 1;
    now.kept_promised = now.promised[0];
    now.kept_accepted = now.accepted[0];
    now.kept_item = now.item[0];
    forget_numbers();
}

static int can_lose_tail(void)
{
    return now.life == 0 && now.number > 0;
}

static void lose_tail(void)
{
    now.life = 1;
    now.promised[0] = now.kept_promised;
    now.accepted[0] = now.kept_accepted;
    now.item[0] = now.kept_item;
    now.number = 0;
    now.kept_promised = now.kept_accepted = now.kept_item = now.flushed = 0;
}

static int can_peer_answers(int unused, int a)
{
    return now.life == 1 && a != 0 && !now.answered[a];
}

static void peer_answers(int unused, int a)
{
    if (now.known[a] <= now.number) {
        now.answered[a] = 1;
        return;
    }
    now.life = 3;
    forget_numbers();
}

static int can_vote_again(void)
{
    int a, answers = 0;
    for (a = 1; a < ACCEPTORS; a++)
        answers += now.answered[a];
    return now.life == 1 && answers >= ASK;
}

static void vote_again(void)
{
    now.life = 2;
    forget_numbers();
}

/* A refusal of a plain write's first copy is a reply too. */
static int can_refusal_replied(int i)
{
    return AMNESIA && now.status[i] == WRITING && now.life == 0 && !now.flight[i] &&
           !now.refused[i] && !(now.replies[i] & 1) && refuses(now.ballot[i], 0);
}

static void refusal_replied(int i)
{
    now.flight[i] = NO;
    now.flight_number[i] = now.number;
}

/* Peers a, a + 1, ... (KEEP_AT of them, in a circle) keep the number; then the reply counts. */
static int keeper(int a, int k)
{
    return 1 + (a - 1 + k) % (ACCEPTORS - 1);
}

static int can_late_reply_lands(int i, int a)
{
    int k;
    if (!AMNESIA || a == 0 || !now.flight[i])
        return 0;
    for (k = 0; k < KEEP_AT; k++)
        if (now.answered[keeper(a, k)] && MUTANT != OLD_LIFE_COUNTS)
            return 0;
    return 1;
}

static void late_reply_lands(int i, int a)
{
    int k;
    for (k = 0; k < KEEP_AT && now.life < 2; k++)
        now.known[keeper(a, k)] |= now.flight_number[i];
    if (now.flight[i] == NO)
        now.refused[i] = 1;
    else
        note_reply(i, 0, now.flight_top[i], now.flight_accepted[i]);
    now.flight[i] = now.flight_top[i] = now.flight_accepted[i] = now.flight_number[i] = 0;
}
}
