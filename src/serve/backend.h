// What the services share. One of these lives as long as the server.
#pragma once

#include "idiolect/engine.h"
#include "idiolect/history_store.h"
#include "profile/profile_queries.h"
#include "serve/call_ledger.h"
#include "serve/erasures.h"
#include "serve/server_options.h"
#include "serve/store_executor.h"
#include "serve/validation.h"

namespace idiolect {

struct Backend {
  Backend(const ServerOptions& options, Engine& engine, HistoryStore& store)
      : options(options),
        engine(engine),
        store(store),
        limits{.max_text_bytes = options.max_text_bytes,
               .max_response_tokens = engine.model_info().max_response_tokens},
        executor(options.store_threads, options.max_store_queue),
        erasures(engine, executor),
        queries(store, engine) {}

  const ServerOptions options;
  Engine& engine;
  HistoryStore& store;
  const Limits limits;
  CallLedger ledger;
  StoreExecutor executor;
  Erasures erasures;
  ProfileQueries queries;
};

}  // namespace idiolect
