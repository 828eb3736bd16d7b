#include "host.h"

void host_get_load(struct host *host, struct admin_load *load)
{
    struct host_counters *counters = &host->counters;
    struct rocksdb_store_stats store;
    struct rocksdb_store_waits waits;
    rocksdb_store_get_stats(host->store, &store);
    rocksdb_store_get_waits(host->store, &waits);
    *load = (struct admin_load){
        .connections = atomic_load(&host->connections),
        .connections_refused = atomic_load(&counters->connections_refused),
        .clients_cut_off = atomic_load(&counters->clients_cut_off),
        .replies_cut_off = atomic_load(&counters->replies_cut_off),
        .request_memory = atomic_load(&host->request_memory),
        .request_memory_max = host_memory_max(host),
        .requests_refused_delay = atomic_load(&counters->requests_refused_delay),
        .requests_refused_memory = atomic_load(&counters->requests_refused_memory),
        .frames_dropped = atomic_load(&counters->frames_dropped),
        .commits_queued = store.commits_queued,
        .commits_behind_us = waits.commits_us,
        .reads_queued = store.reads_queued,
        .reads_behind_us = waits.reads_us,
    };
}
