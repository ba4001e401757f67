// What the services share. One of these lives as long as the server.
#pragma once

#include "idiolect/history_store.h"
#include "serve/call_ledger.h"
#include "serve/erasures.h"
#include "serve/model_host.h"
#include "serve/server_options.h"
#include "serve/store_executor.h"
#include "serve/validation.h"

namespace idiolect {

struct Backend {
  Backend(const ServerOptions& options, ModelHost& models, HistoryStore& store)
      : options(options),
        models(models),
        store(store),
        executor(options.store_threads, options.max_store_queue),
        erasures(models, executor) {}

  // Those of the model at present among them.
  Limits limits() const {
    return {.max_text_bytes = options.max_text_bytes,
            .max_response_tokens = models.Current()->model_info().max_response_tokens};
  }

  const ServerOptions options;
  ModelHost& models;
  HistoryStore& store;
  CallLedger ledger;
  StoreExecutor executor;
  Erasures erasures;
};

}  // namespace idiolect
