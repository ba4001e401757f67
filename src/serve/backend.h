// What the services share. One of these lives as long as the server.
#pragma once

#include "idiolect/history_store.h"
#include "serve/audit_trail.h"
#include "serve/call_ledger.h"
#include "serve/erasures.h"
#include "serve/gate.h"
#include "serve/model_host.h"
#include "serve/server_options.h"
#include "serve/store_executor.h"
#include "serve/validation.h"

namespace idiolect {

struct Backend {
  // `authenticator` and `audit_log` may be null, see Gate and AuditTrail.
  Backend(const ServerOptions& options, ModelHost& models, HistoryStore& store, const Authenticator* authenticator,
          AuditLog* audit_log)
      : options(options),
        gate(authenticator),
        audit(audit_log),
        metrics(options.metrics != nullptr ? options.metrics : std::make_shared<Metrics>()),
        models(models),
        store(store),
        ledger(*metrics, options.tracing),
        executor(options.store_threads, options.max_store_queue) {}

  // Before a history of the user's is read.
  HistoryUse UseHistory(UserKey user) { return HistoryUse(models, executor, std::move(user)); }

  // Those of the model at present among them.
  Limits limits() const {
    return {.max_text_bytes = options.max_text_bytes,
            .max_response_tokens = models.Current()->model_info().max_response_tokens};
  }

  // Whether the call is let in, and who is calling. To be asked before the request is looked at.
  absl::Status Admit(const CallRecord& record, const grpc::ServerContextBase& context, Caller& caller) const {
    const absl::Status status = gate.Admit(record.method(), context, caller);
    if (absl::IsPermissionDenied(status)) audit.Denied(record.method(), caller);
    return status.ok() ? record.admission() : status;
  }

  const ServerOptions options;
  const Gate gate;
  const AuditTrail audit;
  const std::shared_ptr<Metrics> metrics;
  ModelHost& models;
  HistoryStore& store;
  CallLedger ledger;
  StoreExecutor executor;
};

}  // namespace idiolect
