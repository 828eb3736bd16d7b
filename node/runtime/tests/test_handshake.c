#include "handshake.h"

#include "crypto.h"
#include "test_main.h"

#include <string.h>

static const char secret_text[] = "a secret of some length";

/* One end of a handshake, and the bytes it wants to send. */
struct end {
    struct handshake handshake;
    struct handshake_identity identity;
    struct writer output;
    enum handshake_event event; /* the last one */
    uint8_t nonce[HANDSHAKE_NONCE_SIZE];
};

static void end_init_link(struct end *end, enum handshake_role role, enum link_kind kind,
                          uint64_t cluster, const char *name, const char *secret)
{
    end->identity.cluster_id = cluster;
    end->identity.id = role == HANDSHAKE_DIALLER ? 0x10000 : 0x20000;
    end->identity.incarnation = 3;
    end->identity.instance = 99;
    end->identity.shards = 2;
    end->identity.shard = 1;
    strcpy(end->identity.name, name);
    memset(end->nonce, role == HANDSHAKE_DIALLER ? 0xd1 : 0xac, sizeof(end->nonce));
    end->event = HANDSHAKE_WANTS_BYTES;
    writer_init(&end->output, 0);
    handshake_init(&end->handshake, crypto_openssl(), slice_of_string(secret), role, kind,
                   &end->identity, end->nonce, &end->output);
}

static void end_init(struct end *end, enum handshake_role role, const char *name,
                     const char *secret)
{
    end_init_link(end, role, LINK_CONTROL, 7, name, secret);
}

/* Who does not know the cluster's id yet. */
static void joiner_init(struct end *end, const char *secret)
{
    end_init_link(end, HANDSHAKE_DIALLER, LINK_JOIN, 0, "new", secret);
}

static void end_deinit(struct end *end)
{
    handshake_deinit(&end->handshake);
    writer_deinit(&end->output);
}

static bool over(const struct end *end)
{
    return end->event == HANDSHAKE_DONE || end->event == HANDSHAKE_FAILED;
}

/* Hands `bytes` over in pieces; who is proven is accepted. */
static void deliver(struct end *to, struct slice bytes, size_t piece)
{
    while (bytes.size > 0 && !over(to)) {
        size_t consumed;
        struct slice part = slice_of(bytes.data, bytes.size < piece ? bytes.size : piece);
        to->event = handshake_feed(&to->handshake, part, &consumed, &to->output);
        ck_assert_uint_gt(consumed, 0);
        bytes = slice_of(bytes.data + consumed, bytes.size - consumed);
        if (to->event == HANDSHAKE_PROVEN)
            to->event = handshake_accept(&to->handshake, &to->output);
    }
    ck_assert(bytes.size == 0 || over(to));
}

static void move_bytes(struct end *from, struct end *to, size_t piece)
{
    struct buffer *bytes = buffer_from(writer_slice(&from->output));
    writer_reset(&from->output);
    deliver(to, buffer_slice(bytes), piece);
    buffer_unref(bytes);
}

static void run(struct end *dialler, struct end *acceptor, size_t piece)
{
    for (int i = 0; i < 4; i++) {
        if (!over(acceptor))
            move_bytes(dialler, acceptor, piece);
        if (!over(dialler))
            move_bytes(acceptor, dialler, piece);
    }
}

START_TEST(both_learn_who_the_other_is_however_the_bytes_arrive)
{
    for (size_t piece = 1; piece < 300; piece += 7) {
        struct end dialler;
        struct end acceptor;
        end_init(&dialler, HANDSHAKE_DIALLER, "a", secret_text);
        end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
        run(&dialler, &acceptor, piece);
        ck_assert_int_eq(dialler.event, HANDSHAKE_DONE);
        ck_assert_int_eq(acceptor.event, HANDSHAKE_DONE);
        ck_assert_str_eq(dialler.handshake.peer.name, "b");
        ck_assert_str_eq(acceptor.handshake.peer.name, "a");
        ck_assert_uint_eq(acceptor.handshake.peer.id, 0x10000);
        ck_assert_uint_eq(acceptor.handshake.peer.incarnation, 3);
        ck_assert_uint_eq(acceptor.handshake.peer.instance, 99);
        ck_assert_uint_eq(acceptor.handshake.peer.shards, 2);
        ck_assert_int_eq(acceptor.handshake.kind, LINK_CONTROL);
        end_deinit(&dialler);
        end_deinit(&acceptor);
    }
}
END_TEST

START_TEST(another_secret_is_refused_and_the_acceptor_told_why)
{
    struct end dialler;
    struct end acceptor;
    end_init(&dialler, HANDSHAKE_DIALLER, "a", "a secret of some other kind");
    end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
    run(&dialler, &acceptor, 1000);
    ck_assert_int_eq(dialler.event, HANDSHAKE_FAILED);
    ck_assert_int_eq(dialler.handshake.error, HANDSHAKE_WRONG_SECRET);
    ck_assert(!dialler.handshake.error_is_peers);
    ck_assert_int_eq(acceptor.event, HANDSHAKE_FAILED);
    ck_assert_int_eq(acceptor.handshake.error, HANDSHAKE_WRONG_SECRET);
    ck_assert(acceptor.handshake.error_is_peers);
    end_deinit(&dialler);
    end_deinit(&acceptor);
}
END_TEST

START_TEST(a_dialler_that_skips_the_check_is_refused_by_the_acceptor)
{
    struct end honest;
    struct end acceptor;
    end_init(&honest, HANDSHAKE_DIALLER, "a", secret_text);
    end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
    move_bytes(&honest, &acceptor, 1000);
    uint8_t guess[3 + HANDSHAKE_PROOF_SIZE] = {0, HANDSHAKE_PROOF_SIZE, 2};
    deliver(&acceptor, slice_of(guess, sizeof(guess)), 1000);
    ck_assert_int_eq(acceptor.event, HANDSHAKE_FAILED);
    ck_assert_int_eq(acceptor.handshake.error, HANDSHAKE_WRONG_SECRET);
    end_deinit(&honest);
    end_deinit(&acceptor);
}
END_TEST

START_TEST(another_cluster_is_refused_before_any_proof)
{
    struct end dialler;
    struct end acceptor;
    end_init(&dialler, HANDSHAKE_DIALLER, "a", secret_text);
    end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
    acceptor.identity.cluster_id = 8;
    move_bytes(&dialler, &acceptor, 1000);
    ck_assert_int_eq(acceptor.handshake.error, HANDSHAKE_WRONG_CLUSTER);
    ck_assert_uint_eq(acceptor.output.size, 4);
    move_bytes(&acceptor, &dialler, 1000);
    ck_assert_int_eq(dialler.handshake.error, HANDSHAKE_WRONG_CLUSTER);
    ck_assert(dialler.handshake.error_is_peers);
    end_deinit(&dialler);
    end_deinit(&acceptor);
}
END_TEST

/* What an eavesdropper recorded must open nothing later: the acceptor's nonce is another one. */
START_TEST(a_replayed_dialler_is_refused)
{
    struct end dialler;
    struct end first;
    struct end second;
    end_init(&dialler, HANDSHAKE_DIALLER, "a", secret_text);
    end_init(&first, HANDSHAKE_ACCEPTOR, "b", secret_text);
    struct buffer *hello = buffer_from(writer_slice(&dialler.output));
    move_bytes(&dialler, &first, 1000);
    move_bytes(&first, &dialler, 1000);
    struct buffer *proof = buffer_from(writer_slice(&dialler.output));
    end_init(&second, HANDSHAKE_ACCEPTOR, "b", secret_text);
    end_deinit(&second);
    memset(second.nonce, 0x77, sizeof(second.nonce));
    writer_init(&second.output, 0);
    handshake_init(&second.handshake, crypto_openssl(), slice_of_string(secret_text),
                   HANDSHAKE_ACCEPTOR, LINK_DATA, &second.identity, second.nonce, &second.output);
    deliver(&second, buffer_slice(hello), 1000);
    deliver(&second, buffer_slice(proof), 1000);
    ck_assert_int_eq(second.handshake.error, HANDSHAKE_WRONG_SECRET);
    deliver(&first, buffer_slice(proof), 1000);
    ck_assert_int_eq(first.event, HANDSHAKE_DONE);
    buffer_unref(hello);
    buffer_unref(proof);
    end_deinit(&dialler);
    end_deinit(&first);
    end_deinit(&second);
}
END_TEST

/* The proof of one role is worthless in the other. */
START_TEST(a_reflected_proof_is_refused)
{
    struct end dialler;
    struct end acceptor;
    end_init(&dialler, HANDSHAKE_DIALLER, "a", secret_text);
    end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
    move_bytes(&dialler, &acceptor, 1000);
    struct slice answer = writer_slice(&acceptor.output);
    size_t hello_size = 3 + ((size_t)answer.data[0] << 8 | answer.data[1]);
    struct buffer *proof =
        buffer_from(slice_of(answer.data + hello_size, answer.size - hello_size));
    deliver(&acceptor, buffer_slice(proof), 1000);
    ck_assert_int_eq(acceptor.handshake.error, HANDSHAKE_WRONG_SECRET);
    buffer_unref(proof);
    end_deinit(&dialler);
    end_deinit(&acceptor);
}
END_TEST

/* Every byte of the first flight, flipped: never done, never a crash. */
START_TEST(a_tampered_hello_never_passes)
{
    struct end probe;
    end_init(&probe, HANDSHAKE_DIALLER, "a", secret_text);
    size_t size = probe.output.size;
    end_deinit(&probe);
    for (size_t at = 0; at < size; at++) {
        struct end dialler;
        struct end acceptor;
        end_init(&dialler, HANDSHAKE_DIALLER, "a", secret_text);
        end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
        dialler.output.buffer->data[at] ^= 1;
        move_bytes(&dialler, &acceptor, 1000);
        if (!over(&acceptor))
            run(&dialler, &acceptor, 1000);
        ck_assert_int_ne(acceptor.event, HANDSHAKE_DONE);
        end_deinit(&dialler);
        end_deinit(&acceptor);
    }
}
END_TEST

START_TEST(nonsense_is_malformed)
{
    static const struct {
        const char *what;
        uint8_t bytes[8];
        size_t size;
    } cases[] = {
        {"an HTTP request", "GET / HT", 8},
        {"a message too long", {0xff, 0xff, 1}, 3},
        {"an empty hello", {0, 0, 1}, 3},
        {"a proof before the hello", {0, 1, 2, 0}, 4},
        {"a welcome before the hello", {0, 0, 3}, 3},
        {"an unknown message", {0, 0, 9}, 3},
        {"a rejection without a code", {0, 0, 4}, 3},
        {"a rejection with an unknown code", {0, 1, 4, 200}, 4},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct end acceptor;
        size_t consumed;
        end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
        acceptor.event =
            handshake_feed(&acceptor.handshake, slice_of(cases[i].bytes, cases[i].size), &consumed,
                           &acceptor.output);
        ck_assert_msg(acceptor.event == HANDSHAKE_FAILED, "%s", cases[i].what);
        ck_assert_msg(acceptor.handshake.error == HANDSHAKE_MALFORMED, "%s", cases[i].what);
        end_deinit(&acceptor);
    }
}
END_TEST

START_TEST(who_is_judged_unfit_hears_the_reason)
{
    struct end dialler;
    struct end acceptor;
    end_init(&dialler, HANDSHAKE_DIALLER, "a", secret_text);
    end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
    move_bytes(&dialler, &acceptor, 1000);
    move_bytes(&acceptor, &dialler, 1000);
    size_t consumed;
    ck_assert_int_eq(handshake_feed(&acceptor.handshake, writer_slice(&dialler.output), &consumed,
                                    &acceptor.output),
                     HANDSHAKE_PROVEN);
    handshake_reject(&acceptor.handshake, HANDSHAKE_CLONE, &acceptor.output);
    move_bytes(&acceptor, &dialler, 1000);
    ck_assert_int_eq(dialler.event, HANDSHAKE_FAILED);
    ck_assert_int_eq(dialler.handshake.error, HANDSHAKE_CLONE);
    ck_assert_str_eq(handshake_error_name(dialler.handshake.error), "clone");
    end_deinit(&dialler);
    end_deinit(&acceptor);
}
END_TEST

START_TEST(who_joins_need_not_know_the_cluster)
{
    struct end dialler;
    struct end acceptor;
    joiner_init(&dialler, secret_text);
    end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
    run(&dialler, &acceptor, 1000);
    ck_assert_int_eq(dialler.event, HANDSHAKE_DONE);
    ck_assert_int_eq(acceptor.event, HANDSHAKE_DONE);
    ck_assert_int_eq(acceptor.handshake.kind, LINK_JOIN);
    ck_assert_str_eq(acceptor.handshake.peer.name, "new");
    ck_assert_uint_eq(dialler.handshake.peer.cluster_id, 7);
    end_deinit(&dialler);
    end_deinit(&acceptor);
}
END_TEST

START_TEST(who_joins_must_know_the_secret)
{
    struct end dialler;
    struct end acceptor;
    joiner_init(&dialler, "a secret of some other kind");
    end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
    run(&dialler, &acceptor, 1000);
    ck_assert_int_eq(dialler.event, HANDSHAKE_FAILED);
    ck_assert_int_eq(acceptor.event, HANDSHAKE_FAILED);
    ck_assert_int_eq(acceptor.handshake.error, HANDSHAKE_WRONG_SECRET);
    ck_assert(!dialler.handshake.proven);
    ck_assert(!acceptor.handshake.proven);
    end_deinit(&dialler);
    end_deinit(&acceptor);
}
END_TEST

START_TEST(a_guessed_proof_lets_nobody_join)
{
    struct end dialler;
    struct end acceptor;
    uint8_t guess[3 + HANDSHAKE_PROOF_SIZE] = {0, HANDSHAKE_PROOF_SIZE, 2};
    joiner_init(&dialler, secret_text);
    end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
    move_bytes(&dialler, &acceptor, 1000);
    deliver(&acceptor, slice_of(guess, sizeof(guess)), 1000);
    ck_assert_int_eq(acceptor.handshake.error, HANDSHAKE_WRONG_SECRET);
    ck_assert(!acceptor.handshake.proven);
    end_deinit(&dialler);
    end_deinit(&acceptor);
}
END_TEST

START_TEST(nobody_is_proven_before_the_proof)
{
    static const enum link_kind kinds[] = {LINK_DATA, LINK_CONTROL, LINK_JOIN};
    for (size_t i = 0; i < array_size(kinds); i++) {
        struct end dialler;
        struct end acceptor;
        end_init_link(&dialler, HANDSHAKE_DIALLER, kinds[i], 7, "a", secret_text);
        end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
        ck_assert(!dialler.handshake.proven);
        move_bytes(&dialler, &acceptor, 1000);
        ck_assert(!acceptor.handshake.proven);
        move_bytes(&acceptor, &dialler, 1000);
        ck_assert(dialler.handshake.proven);
        ck_assert(!acceptor.handshake.proven);
        move_bytes(&dialler, &acceptor, 1000);
        ck_assert(acceptor.handshake.proven);
        end_deinit(&dialler);
        end_deinit(&acceptor);
    }
}
END_TEST

START_TEST(an_unknown_kind_of_link_is_malformed)
{
    enum { KIND_AT = 3 + 4 + 2 /* behind the message's head, the magic and the version */ };
    struct end dialler;
    struct end acceptor;
    joiner_init(&dialler, secret_text);
    end_init(&acceptor, HANDSHAKE_ACCEPTOR, "b", secret_text);
    ck_assert_uint_eq(dialler.output.buffer->data[KIND_AT], LINK_JOIN);
    dialler.output.buffer->data[KIND_AT] = LINK_JOIN + 1;
    move_bytes(&dialler, &acceptor, 1000);
    ck_assert_int_eq(acceptor.handshake.error, HANDSHAKE_MALFORMED);
    end_deinit(&dialler);
    end_deinit(&acceptor);
}
END_TEST

TEST_MAIN("handshake", both_learn_who_the_other_is_however_the_bytes_arrive,
          another_secret_is_refused_and_the_acceptor_told_why,
          a_dialler_that_skips_the_check_is_refused_by_the_acceptor,
          another_cluster_is_refused_before_any_proof, a_replayed_dialler_is_refused,
          a_reflected_proof_is_refused, a_tampered_hello_never_passes, nonsense_is_malformed,
          who_is_judged_unfit_hears_the_reason, who_joins_need_not_know_the_cluster,
          who_joins_must_know_the_secret, a_guessed_proof_lets_nobody_join,
          nobody_is_proven_before_the_proof, an_unknown_kind_of_link_is_malformed)
