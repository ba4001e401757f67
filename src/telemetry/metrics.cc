#include "telemetry/metrics.h"

#include <array>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"
#include "telemetry/engine_metrics.h"
#include "telemetry/process_metrics.h"

namespace idiolect {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

using Bounds = Histogram::BucketBoundaries;

// Seconds. A step takes a fraction of a millisecond, a queue under overload many seconds.
const Bounds& Seconds() {
  static const Bounds bounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30};
  return bounds;
}

const Bounds& PowersOfTwo() {
  static const Bounds bounds = {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
  return bounds;
}

const Bounds& Shares() {
  static const Bounds bounds = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1};
  return bounds;
}

template <typename Build>
auto& Register(Build build, Registry& registry, const char* name, const char* help) {
  return build().Name(name).Help(help).Register(registry);
}

// The members of a family by their labels, each made when it is first asked for. Family::Add would hash all labels with
// every call.
template <typename Metric, typename... Labels>
class Members {
 public:
  Members(Family<Metric>& family, std::array<const char*, sizeof...(Labels)> names, const Bounds* bounds = nullptr)
      : family_(family), names_(names), bounds_(bounds) {}

  Metric& At(Labels... labels) {
    const std::lock_guard lock(mutex_);
    Metric*& found = members_[{labels...}];
    if (found == nullptr) found = &Add({labels...});
    return *found;
  }

 private:
  using Key = std::array<std::string_view, sizeof...(Labels)>;

  Metric& Add(const Key& key) {
    prometheus::Labels labels;
    for (size_t i = 0; i < key.size(); ++i) labels.emplace(names_[i], key[i]);
    if constexpr (std::is_same_v<Metric, Histogram>) {
      return family_.Add(labels, *bounds_);
    } else {
      return family_.Add(labels);
    }
  }

  Family<Metric>& family_;
  const std::array<const char*, sizeof...(Labels)> names_;
  const Bounds* const bounds_;
  std::mutex mutex_;
  std::map<Key, Metric*> members_;
};

}  // namespace

// Everything that is scraped, in one registry and two collections that are made up at the moment of the scrape.
struct Metrics::Families {
  Counter& CounterOf(const char* name, const char* help) {
    return Register(BuildCounter, registry, name, help).Add({});
  }
  Gauge& GaugeOf(const char* name, const char* help) { return Register(BuildGauge, registry, name, help).Add({}); }
  Histogram& HistogramOf(const char* name, const char* help, const Bounds& bounds) {
    return Register(BuildHistogram, registry, name, help).Add({}, bounds);
  }

  std::vector<prometheus::MetricFamily> Collect() const;

  Registry registry;

  Members<Counter, std::string_view, std::string_view> requests{
      Register(BuildCounter, registry, "idiolect_requests_total", "Calls that have ended, by method and gRPC code."),
      {"method", "code"}};
  Members<Histogram, std::string_view> request_seconds{
      Register(BuildHistogram, registry, "idiolect_request_seconds", "From a call's arrival to its end."),
      {"method"},
      &Seconds()};
  Gauge& in_flight = GaugeOf("idiolect_requests_in_flight", "Calls that have not ended yet.");

  Histogram& queue_seconds =
      HistogramOf("idiolect_queue_seconds", "What requests waited for a place in the batch.", Seconds());
  Histogram& first_token_seconds =
      HistogramOf("idiolect_first_token_seconds",
                  "From a reply's queueing to its first token, profile and post included.", Seconds());
  Histogram& token_seconds =
      HistogramOf("idiolect_token_seconds", "Time of each further token, as the mean over its reply.", Seconds());
  Histogram& batch_rows =
      HistogramOf("idiolect_batch_rows", "Rows (candidates and beams of all requests) in a step.", PowersOfTwo());
  Histogram& step_seconds = HistogramOf("idiolect_step_seconds", "What a step of the batch took.", Seconds());

  Histogram& reply_tokens = HistogramOf("idiolect_reply_tokens", "Tokens of the best candidates.", PowersOfTwo());
  Histogram& copy_share = HistogramOf(
      "idiolect_copy_share",
      "Share of a reply's tokens whose probability of being copied from the history exceeds 0.5.", Shares());
  Counter& cold_starts = CounterOf("idiolect_cold_starts_total", "Replies for users without a history.");
  Histogram& history_exchanges =
      HistogramOf("idiolect_history_exchanges", "Exchanges that a reply had to go by.", PowersOfTwo());

  Members<Histogram, std::string_view> store_seconds{
      Register(BuildHistogram, registry, "idiolect_store_seconds", "What an operation of the store took."),
      {"operation"},
      &Seconds()};
  Members<Counter, std::string_view> store_errors{
      Register(BuildCounter, registry, "idiolect_store_errors_total",
               "Operations that the store failed: it was unreachable, full or damaged."),
      {"operation"}};

  Members<Counter, std::string_view> model_loads{
      Register(BuildCounter, registry, "idiolect_model_loads_total",
               "Models that were to replace the serving one, by what came of it: ok or refused."),
      {"result"}};
  Gauge& ready = GaugeOf("idiolect_ready", "1 while the server wants calls, 0 while it drains or misses its store.");
  Counter& reset_connections =
      CounterOf("idiolect_connections_closed_for_resets_total", "Connections closed since too many calls were reset.");
  Counter& byte_connections =
      CounterOf("idiolect_connections_closed_for_bytes_total", "Connections closed since too many bytes were sent.");
  Counter& spans_dropped =
      CounterOf("idiolect_spans_dropped_total", "Spans of traces that the collector did not take in time.");

  EngineMetrics engine;
};

std::vector<prometheus::MetricFamily> Metrics::Families::Collect() const {
  std::vector<prometheus::MetricFamily> all = registry.Collect();
  for (auto&& family : engine.Collect()) all.push_back(std::move(family));
  for (auto&& family : CollectProcessMetrics()) all.push_back(std::move(family));
  return all;
}

Metrics::Metrics() : families_(std::make_unique<Families>()) {
  // Series that are watched for an increase must be there before it.
  for (const char* result : {"ok", "refused"}) families_->model_loads.At(result);
}

Metrics::~Metrics() = default;

void Metrics::OnCallStart() { families_->in_flight.Increment(); }

void Metrics::OnCallEnd(std::string_view method, std::string_view code, absl::Duration took) {
  families_->in_flight.Decrement();
  families_->requests.At(method, code).Increment();
  families_->request_seconds.At(method).Observe(absl::ToDoubleSeconds(took));
}

void Metrics::OnAnswer(const Reply& reply, int history_length) {
  Families& f = *families_;
  f.history_exchanges.Observe(history_length);
  if (reply.cold_start) f.cold_starts.Increment();
  f.first_token_seconds.Observe(absl::ToDoubleSeconds(reply.timing.first_token));
  if (reply.candidates.empty()) return;
  const ReplyCandidate& best = reply.candidates[0];
  // </s> takes a step as well, so that n tokens and it are n steps after the first.
  const auto tokens = static_cast<double>(best.tokens.size());
  const double further = best.finish_reason == FinishReason::kEndOfText ? tokens : tokens - 1;
  if (further > 0) {
    f.token_seconds.Observe(absl::ToDoubleSeconds(reply.timing.total - reply.timing.first_token) / further);
  }
}

void Metrics::OnStoreOperation(std::string_view operation, bool ok, absl::Duration took) {
  families_->store_seconds.At(operation).Observe(absl::ToDoubleSeconds(took));
  if (!ok) families_->store_errors.At(operation).Increment();
}

void Metrics::OnModelLoad(bool ok) { families_->model_loads.At(ok ? "ok" : "refused").Increment(); }
void Metrics::OnReadiness(bool ready) { families_->ready.Set(ready ? 1 : 0); }
void Metrics::OnClosedForResets() { families_->reset_connections.Increment(); }
void Metrics::OnClosedForBytes() { families_->byte_connections.Increment(); }
void Metrics::OnSpansDropped(int64_t count) { families_->spans_dropped.Increment(static_cast<double>(count)); }

void Metrics::WatchEngine(std::function<EngineStats()> stats, std::function<ModelInfo()> info) {
  families_->engine.Watch(std::move(stats), std::move(info));
}

void Metrics::OnStep(int rows, absl::Duration took) {
  families_->batch_rows.Observe(rows);
  families_->step_seconds.Observe(absl::ToDoubleSeconds(took));
}

void Metrics::OnLeftQueue(absl::Duration waited) { families_->queue_seconds.Observe(absl::ToDoubleSeconds(waited)); }

void Metrics::OnReply(int tokens, int copied) {
  families_->reply_tokens.Observe(tokens);
  if (tokens > 0) families_->copy_share.Observe(static_cast<double>(copied) / tokens);
}

std::string Metrics::Text() const { return prometheus::TextSerializer().Serialize(families_->Collect()); }

}  // namespace idiolect
