/* The planner: random sequences of changes, each plan held against what is due (computed here anew,
 * another way), and the least that must move. PLACEMENT_FIGURES in the environment prints how near
 * it came. */
#include "placement.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prng.h"
#include <check.h>

enum { NUMBERS = 32, PARTITIONS_MOST = 4096, RANKS_USUAL = 3 };

static const char *const zone_names[] = {"", "a", "b", "c", "d", "e"};

struct layout {
    uint32_t partitions;
    struct placement_member members[NUMBERS];
    uint16_t lists[PARTITIONS_MOST * PLACEMENT_RANKS];
    uint16_t planned[PARTITIONS_MOST * PLACEMENT_RANKS];
};

static struct layout layout;

static size_t list_length(void)
{
    size_t weighted = 0;
    for (size_t i = 0; i < NUMBERS; i++)
        weighted += layout.members[i].weight > 0;
    return weighted < PLACEMENT_RANKS ? weighted : PLACEMENT_RANKS;
}

static bool same_zone(size_t one, size_t other)
{
    const char *zone = layout.members[one].zone;
    return one == other || (zone[0] != '\0' && zone[0] == layout.members[other].zone[0]);
}

/* Is it the first weighted member of its zone. */
static bool leads_zone(size_t member)
{
    bool first = layout.members[member].weight > 0;
    for (size_t before = 0; before < member && first; before++)
        first = layout.members[before].weight == 0 || !same_zone(member, before);
    return first;
}

static size_t zones_count(void)
{
    size_t zones = 0;
    for (size_t i = 0; i < NUMBERS; i++)
        zones += leads_zone(i);
    return zones;
}

static void layout_init(uint32_t partitions)
{
    memset(&layout, 0, sizeof(layout));
    layout.partitions = partitions;
    for (size_t i = 0; i < NUMBERS; i++)
        layout.members[i].zone = "";
    memset(layout.lists, 0xff, sizeof(layout.lists));
}

static void plan(void)
{
    memset(layout.planned, 0, sizeof(layout.planned));
    placement_plan(layout.members, NUMBERS, layout.partitions, layout.lists, layout.planned);
}

static void adopt(void)
{
    memcpy(layout.lists, layout.planned, sizeof(layout.lists));
}

static bool in_list(const uint16_t *lists, uint32_t partition, size_t ranks, uint16_t member)
{
    for (size_t rank = 0; rank < ranks; rank++) {
        if (lists[partition * PLACEMENT_RANKS + rank] == member)
            return true;
    }
    return false;
}

/* By member, among the first so many ranks. */
static void count_held(const uint16_t *lists, size_t ranks, uint32_t *held)
{
    memset(held, 0, NUMBERS * sizeof(*held));
    for (uint32_t partition = 0; partition < layout.partitions; partition++) {
        for (size_t rank = 0; rank < ranks; rank++) {
            uint16_t member = lists[partition * PLACEMENT_RANKS + rank];
            if (member < NUMBERS)
                held[member]++;
        }
    }
}

/* What is wrong with a rank of a planned list, or NULL. */
static const char *wrong_with(const uint16_t *list, size_t rank, size_t length, size_t spread)
{
    if (rank >= length)
        return list[rank] == PLACEMENT_NOBODY ? NULL : "is too long";
    if (list[rank] >= NUMBERS || layout.members[list[rank]].weight == 0)
        return "has somebody who is no member";
    for (size_t before = 0; before < rank; before++) {
        if (list[before] == list[rank])
            return "has a member twice";
        if (rank < spread && same_zone(list[before], list[rank]))
            return "has a zone twice where there are others";
    }
    return NULL;
}

static void check_lists(void)
{
    size_t length = list_length();
    size_t spread = zones_count() < length ? zones_count() : length;
    for (uint32_t partition = 0; partition < layout.partitions; partition++) {
        for (size_t rank = 0; rank < PLACEMENT_RANKS; rank++) {
            const char *wrong =
                wrong_with(layout.planned + partition * PLACEMENT_RANKS, rank, length, spread);
            if (wrong != NULL)
                ck_abort_msg("the list of partition %u %s", partition, wrong);
        }
    }
}

/* What a zone has if each of its members has `level` partitions for each unit of weight, but not
 * more than there are. */
static double zone_at(double level, size_t zone, size_t zones, size_t ranks, double *due)
{
    double sum = 0;
    double weight = 0;
    double partitions = layout.partitions;
    for (size_t i = 0; i < NUMBERS; i++) {
        if (layout.members[i].weight == 0 || !same_zone(zone, i))
            continue;
        due[i] = fmin(partitions, level * layout.members[i].weight);
        sum += due[i];
        weight += layout.members[i].weight;
    }
    if (!(ranks <= zones && sum > partitions) && !(ranks >= zones && sum < partitions))
        return sum;
    for (size_t i = 0; i < NUMBERS; i++) {
        if (layout.members[i].weight > 0 && same_zone(zone, i))
            due[i] = partitions * layout.members[i].weight / weight;
    }
    return partitions;
}

static double all_at(double level, size_t ranks, double *due)
{
    size_t zones = zones_count();
    double sum = 0;
    for (size_t i = 0; i < NUMBERS; i++) {
        if (leads_zone(i))
            sum += zone_at(level, i, zones, ranks, due);
    }
    return sum;
}

/* Each member's due among the first `ranks`: the level at which all places are given away. */
static void find_due(size_t ranks, double *due)
{
    memset(due, 0, NUMBERS * sizeof(*due));
    double low = 0;
    double high = layout.partitions;
    for (unsigned i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (all_at(middle, ranks, due) < (double)ranks * layout.partitions)
            low = middle;
        else
            high = middle;
    }
    all_at(high, ranks, due);
}

/* What was seen in the plans of one kind. */
struct figures {
    unsigned plans;
    unsigned shares;      /* shares of members among the first so many */
    unsigned uneven;      /* those that are off by more than rounding and the slack */
    double worst_percent; /* the most that one is off */
    unsigned moved;       /* places among the usual home nodes that changed */
    unsigned least;       /* how many had to, if zones are no matter */
    double worst_excess;  /* the most that a plan moved above that, in percent of all places */
    unsigned changed;     /* plans that a second plan changes */
};

/* A share may be off by rounding, and by the slack that saves moves. */
static void check_shares(struct figures *figures)
{
    for (size_t ranks = 1; ranks <= list_length(); ranks++) {
        double due[NUMBERS];
        uint32_t held[NUMBERS];
        find_due(ranks, due);
        count_held(layout.planned, ranks, held);
        for (size_t i = 0; i < NUMBERS; i++) {
            double off = fabs(held[i] - due[i]);
            figures->shares += layout.members[i].weight > 0;
            if (off <= 1.001 + due[i] / 64)
                continue;
            figures->uneven++;
            figures->worst_percent = fmax(figures->worst_percent, 100 * off / due[i]);
        }
    }
}

/* Members among the first so many of a list that were not there before. */
static unsigned count_moved(size_t ranks)
{
    unsigned moved = 0;
    for (uint32_t partition = 0; partition < layout.partitions; partition++) {
        for (size_t rank = 0; rank < ranks; rank++)
            moved += !in_list(layout.lists, partition, ranks,
                              layout.planned[partition * PLACEMENT_RANKS + rank]);
    }
    return moved;
}

/* What members lack of their due rounded down, or have above it rounded up: balance takes so much.
 */
static unsigned count_least(size_t ranks)
{
    double due[NUMBERS];
    uint32_t held[NUMBERS];
    unsigned lacking = 0;
    unsigned surplus = 0;
    find_due(ranks, due);
    count_held(layout.lists, ranks, held);
    for (size_t i = 0; i < NUMBERS; i++) {
        uint32_t low = (uint32_t)floor(due[i] + 0.001);
        uint32_t high = (uint32_t)ceil(due[i] - 0.001);
        lacking += low > held[i] ? low - held[i] : 0;
        surplus += held[i] > high ? held[i] - high : 0;
    }
    return lacking > surplus ? lacking : surplus;
}

static size_t usual_ranks(void)
{
    return list_length() < RANKS_USUAL ? list_length() : RANKS_USUAL;
}

static void check_moves(struct figures *figures)
{
    unsigned moved = count_moved(usual_ranks());
    unsigned least = count_least(usual_ranks());
    double places = (double)layout.partitions * (double)usual_ranks();
    figures->moved += moved;
    figures->least += least;
    figures->worst_excess = fmax(figures->worst_excess, ((double)moved - least) * 100 / places);
}

static void check_again(struct figures *figures)
{
    static uint16_t again[PARTITIONS_MOST * PLACEMENT_RANKS];
    placement_plan(layout.members, NUMBERS, layout.partitions, layout.lists, again);
    size_t size = layout.partitions * PLACEMENT_RANKS * sizeof(*again);
    ck_assert_mem_eq(again, layout.planned, size);
    placement_plan(layout.members, NUMBERS, layout.partitions, layout.planned, again);
    figures->changed += memcmp(again, layout.planned, size) != 0;
}

static void change(struct prng *prng, bool weights, bool zones)
{
    struct placement_member *member = &layout.members[prng_below(prng, NUMBERS)];
    bool joins = member->weight == 0;
    if (!joins && list_length() > 1 && prng_below(prng, 2) == 0) {
        member->weight = 0;
        return;
    }
    if (joins || weights)
        member->weight = weights ? (uint32_t)prng_between(prng, 25, 400) : 100;
    if (joins || zones)
        member->zone = zones ? zone_names[prng_below(prng, array_size(zone_names))] : "";
}

/* Joins, leaves, and (if wanted) changes of weights and zones. */
static void run(uint64_t seed, uint32_t partitions, bool weights, bool zones,
                struct figures *figures)
{
    struct prng prng;
    prng_init(&prng, seed);
    layout_init(partitions);
    size_t born = (size_t)prng_between(&prng, 1, 16);
    for (size_t i = 0; i < born; i++)
        layout.members[i].weight = 100;
    plan();
    for (unsigned step = 0; step < 12; step++) {
        adopt();
        change(&prng, weights, zones);
        plan();
        figures->plans++;
        check_lists();
        check_shares(figures);
        check_moves(figures);
        check_again(figures);
    }
}

static void print_figures(const char *kind, uint32_t partitions, const struct figures *figures)
{
    if (getenv("PLACEMENT_FIGURES") != NULL)
        printf("%s, Q=%u: %u plans, %u of %u shares uneven, worst %.1f %%; moved %u, least %u, "
               "worst excess %.2f %%; %u changed again\n",
               kind, partitions, figures->plans, figures->uneven, figures->shares,
               figures->worst_percent, figures->moved, figures->least, figures->worst_excess,
               figures->changed);
}

/* What a kind may come to, at `partitions` and above. */
struct bounds {
    const char *kind;
    bool weights;
    bool zones;
    unsigned uneven_per_mille; /* of the shares */
    double worst_percent;      /* of a share that is uneven */
    double moved_ratio;        /* to the least */
    double worst_excess;       /* percent */
};

/* Zones move more than balance alone would: a member of a zone can take over only from its own. */
static const struct bounds bounds[] = {
    {"equal", false, false, 0, 0, 1.01, 1},
    {"weights", true, false, 0, 0, 1.05, 6},
    {"zones", false, true, 1, 12, 1.1, 18},
    {"weights and zones", true, true, 3, 40, 1.12, 20},
};

START_TEST(random_changes_keep_the_balance_and_move_little)
{
    static const struct {
        uint32_t partitions;
        unsigned sequences;
        bool enough; /* partitions for each member to demand balance */
    } sizes[] = {{1, 100, false}, {8, 100, false},  {64, 50, false},
                 {256, 50, true}, {1024, 15, true}, {4096, 3, true}};
    for (size_t size = 0; size < array_size(sizes); size++) {
        struct figures figures = {0};
        for (uint64_t seed = 1; seed <= sizes[size].sequences; seed++)
            run(seed, sizes[size].partitions, bounds[_i].weights, bounds[_i].zones, &figures);
        print_figures(bounds[_i].kind, sizes[size].partitions, &figures);
        if (!sizes[size].enough)
            continue;
        ck_assert_uint_le(figures.uneven * 1000, bounds[_i].uneven_per_mille * figures.shares);
        ck_assert_double_le(figures.worst_percent, bounds[_i].worst_percent);
        ck_assert_double_le(figures.moved, bounds[_i].moved_ratio * figures.least);
        ck_assert_double_le(figures.worst_excess, bounds[_i].worst_excess);
    }
}
END_TEST

/* Members 0 to `members` - 1, alike, at their birth. */
static void bear(uint32_t partitions, size_t members)
{
    layout_init(partitions);
    for (size_t i = 0; i < members; i++)
        layout.members[i].weight = 100;
    plan();
    adopt();
}

START_TEST(the_fourth_of_four_takes_a_quarter_from_each)
{
    static const uint32_t sizes[] = {4, 64, 256, 1024, 4096};
    for (size_t size = 0; size < array_size(sizes); size++) {
        uint32_t held[NUMBERS];
        bear(sizes[size], 3);
        layout.members[3].weight = 100;
        plan();
        ck_assert_uint_eq(count_moved(RANKS_USUAL), sizes[size] * 3 / 4);
        count_held(layout.planned, RANKS_USUAL, held);
        for (size_t i = 0; i < 4; i++)
            ck_assert_uint_eq(held[i], sizes[size] * 3 / 4);
    }
}
END_TEST

START_TEST(who_leaves_leaves_its_places_only)
{
    for (size_t members = 4; members <= 24; members++) {
        for (size_t leaver = 0; leaver < members; leaver++) {
            uint32_t held[NUMBERS];
            bear(1024, members);
            count_held(layout.lists, RANKS_USUAL, held);
            layout.members[leaver].weight = 0;
            plan();
            unsigned moved = count_moved(RANKS_USUAL);
            ck_assert_uint_ge(moved, held[leaver]);
            /* Rounding of the others' shares may take a few more. */
            ck_assert_uint_le(moved, held[leaver] + layout.partitions * RANKS_USUAL / 100);
        }
    }
}
END_TEST

START_TEST(who_joins_takes_its_share_only)
{
    for (size_t members = 3; members <= 24; members++) {
        bear(4096, members);
        layout.members[members].weight = 100;
        plan();
        double due = (double)layout.partitions * RANKS_USUAL / (double)(members + 1);
        ck_assert_double_le(fabs(count_moved(RANKS_USUAL) - due), 1 + due * 0.02);
    }
}
END_TEST

START_TEST(who_replaces_takes_over_all_places_and_no_others)
{
    for (size_t members = 1; members <= 24; members++) {
        bear(256, members);
        layout.members[members / 2].zone = "a";
        plan();
        adopt();
        layout.members[NUMBERS - 1] = layout.members[members / 2];
        layout.members[members / 2].weight = 0;
        for (size_t i = 0; i < array_size(layout.lists); i++) {
            if (layout.lists[i] == members / 2)
                layout.lists[i] = NUMBERS - 1;
        }
        plan();
        ck_assert_mem_eq(layout.planned, layout.lists, 256 * PLACEMENT_RANKS * sizeof(uint16_t));
    }
}
END_TEST

/* A heavy member stands in every list, and no more than once; what it cannot have goes to others. */
START_TEST(a_member_too_heavy_for_its_share_stands_in_every_list)
{
    uint32_t held[NUMBERS];
    bear(256, 5);
    layout.members[2].weight = 1000;
    plan();
    check_lists();
    count_held(layout.planned, 1, held);
    ck_assert_uint_ge(held[2], 256 * 1000 / 1400 - 5);
    count_held(layout.planned, 3, held);
    ck_assert_uint_eq(held[2], 256);
    for (size_t i = 0; i < 5; i++)
        ck_assert(i == 2 || held[i] == 128);
}
END_TEST

/* Numbers that are no members', and members that stand twice, are places to be filled. */
START_TEST(current_lists_may_be_anything)
{
    struct prng prng;
    prng_init(&prng, 7);
    bear(64, 9);
    for (size_t i = 0; i < array_size(layout.lists); i++)
        layout.lists[i] = (uint16_t)prng_below(&prng, 2 * NUMBERS);
    plan();
    check_lists();
}
END_TEST

START_TEST(dues_are_exact)
{
    static const struct placement_member members[] = {{300, ""}, {100, ""}, {100, ""}, {0, ""}};
    struct placement_due due[array_size(members)];
    placement_due(members, array_size(members), 64, 1, due);
    ck_assert_uint_eq(due[0].numerator * 5, 64 * 3 * due[0].denominator);
    ck_assert_uint_eq(due[3].numerator, 0);
    /* Of two each, the first cannot have six fifths of all. */
    placement_due(members, array_size(members), 64, 2, due);
    ck_assert_uint_eq(due[0].numerator, 64 * due[0].denominator);
    ck_assert_uint_eq(due[1].numerator, 32 * due[1].denominator);
    /* More ranks than members: all of them. */
    placement_due(members, array_size(members), 64, 7, due);
    ck_assert_uint_eq(due[2].numerator, 64 * due[2].denominator);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("placement_plan");
    TCase *cases = tcase_create("placement_plan");
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, random_changes_keep_the_balance_and_move_little, 0,
                        (int)array_size(bounds));
    tcase_add_test(cases, the_fourth_of_four_takes_a_quarter_from_each);
    tcase_add_test(cases, who_leaves_leaves_its_places_only);
    tcase_add_test(cases, who_joins_takes_its_share_only);
    tcase_add_test(cases, who_replaces_takes_over_all_places_and_no_others);
    tcase_add_test(cases, a_member_too_heavy_for_its_share_stands_in_every_list);
    tcase_add_test(cases, current_lists_may_be_anything);
    tcase_add_test(cases, dues_are_exact);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
