#include "serve/convert.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace idiolect {
namespace {

// Everything but the characters that a URI leaves alone.
std::string PercentEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded += c;
    } else {
      absl::StrAppend(&encoded, "%", absl::AsciiStrToUpper(absl::BytesToHexString(absl::string_view(&c, 1))));
    }
  }
  return encoded;
}

v1::FinishReason ToProto(FinishReason reason) {
  switch (reason) {
    case FinishReason::kEndOfText:
      return v1::FINISH_REASON_END_OF_TEXT;
    case FinishReason::kMaxTokens:
      return v1::FINISH_REASON_MAX_TOKENS;
  }
  return v1::FINISH_REASON_UNSPECIFIED;
}

void Fill(const TokenExplanation& explanation, v1::TokenExplanation& out) {
  out.set_text(explanation.text);
  out.set_log_probability(explanation.logprob);
  out.set_copy_probability(explanation.copy_probability);
  out.set_post_copy_probability(explanation.post_copy_probability);
  for (const CopySource& source : explanation.sources) {
    v1::CopySource& to = *out.add_sources();
    to.set_exchange_id(source.sequence);
    to.set_weight(source.weight);
  }
}

void Fill(const ReplyCandidate& candidate, v1::ReplyCandidate& out) {
  out.set_text(candidate.text);
  out.set_token_count(static_cast<int32_t>(candidate.tokens.size()));
  out.set_finish_reason(ToProto(candidate.finish_reason));
  out.set_log_probability(candidate.logprob);
  for (const TokenExplanation& explanation : candidate.explanation) Fill(explanation, *out.add_explanation());
}

void Fill(const ScoredCandidate& candidate, v1::ScoredReply& out) {
  out.set_index(candidate.index);
  out.set_score(candidate.score);
  out.set_log_probability(candidate.logprob);
  for (size_t i = 0; i < candidate.token_texts.size(); ++i) {
    v1::ScoredToken& token = *out.add_tokens();
    token.set_text(candidate.token_texts[i]);
    token.set_log_probability(candidate.token_logprobs[i]);
  }
  out.set_truncated(candidate.truncated);
  out.set_words(candidate.words);
}

}  // namespace

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixMicros(time.seconds() * 1'000'000 + time.nanos() / 1000);
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  proto.set_seconds(absl::ToUnixSeconds(time));  // rounds down, so what is left is never negative
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(proto.seconds()))));
  return proto;
}

Exchange FromProto(const v1::Exchange& proto) {
  Exchange exchange;
  exchange.post = proto.post();
  exchange.response = proto.response();
  exchange.post_user = proto.post_user();
  exchange.time = proto.has_time() ? FromProto(proto.time()) : absl::InfinitePast();
  exchange.source = proto.source();
  return exchange;
}

v1::Exchange ToProto(const Exchange& exchange, std::string_view user_id) {
  v1::Exchange proto;
  proto.set_name(ExchangeName(user_id, exchange.sequence));
  proto.set_exchange_id(exchange.sequence);
  proto.set_post(exchange.post);
  proto.set_response(exchange.response);
  proto.set_post_user(exchange.post_user);
  *proto.mutable_time() = ToProto(exchange.time);
  proto.set_source(exchange.source);
  return proto;
}

std::string ExchangeName(std::string_view user_id, int64_t sequence) {
  return absl::StrCat("users/", PercentEncode(user_id), "/exchanges/", sequence);
}

DecodingOptions FromProto(const v1::DecodingOptions& proto) {
  DecodingOptions options;
  options.max_tokens = proto.max_tokens();
  options.temperature = proto.temperature();
  if (proto.has_top_p()) options.top_p = proto.top_p();
  options.top_k = proto.top_k();
  options.seed = proto.seed();
  if (proto.beam_size() != 0) options.beam_size = proto.beam_size();
  options.length_penalty = proto.length_penalty();
  options.no_repeat_ngram_size = proto.no_repeat_ngram_size();
  if (proto.candidate_count() != 0) options.candidate_count = proto.candidate_count();
  options.guidance = proto.guidance();
  options.word_guidance = proto.word_guidance();
  return options;
}

v1::GenerateReplyResponse ToProto(const Reply& reply) {
  v1::GenerateReplyResponse proto;
  for (const ReplyCandidate& candidate : reply.candidates) Fill(candidate, *proto.add_candidates());
  proto.set_profile_revision(reply.revision);
  proto.set_cold_start(reply.cold_start);
  return proto;
}

Scoring FromProto(v1::Scoring scoring) {
  switch (scoring) {
    case v1::SCORING_LIKELIHOOD:
      return Scoring::kLikelihood;
    case v1::SCORING_RELEVANCE:
      return Scoring::kRelevance;
    case v1::SCORING_PERSONAL:
      return Scoring::kPersonal;
    case v1::SCORING_JOINT:
      return Scoring::kJoint;
    case v1::SCORING_JOINT_AND_WORDS:
      return Scoring::kJointAndWords;
    default:
      return Scoring::kPersonalAndWords;
  }
}

v1::ScoreRepliesResponse ToProto(const Scores& scores) {
  v1::ScoreRepliesResponse proto;
  for (const ScoredCandidate& candidate : scores.ranked) Fill(candidate, *proto.add_replies());
  proto.set_profile_revision(scores.revision);
  proto.set_cold_start(scores.cold_start);
  return proto;
}

v1::UserSummary ToProto(const UserSummary& summary) {
  v1::UserSummary proto;
  proto.set_user_id(summary.user_id);
  proto.set_revision(summary.revision);
  proto.set_exchange_count(summary.exchange_count);
  if (summary.exchange_count > 0) {
    *proto.mutable_first_time() = ToProto(summary.first_time);
    *proto.mutable_last_time() = ToProto(summary.last_time);
  }
  return proto;
}

v1::GetProfileResponse ToProto(const ReadableProfile& profile, std::string_view user_id) {
  v1::GetProfileResponse proto;
  proto.set_user_id(std::string(user_id));
  proto.set_revision(profile.summary.revision);
  proto.set_exchange_count(profile.summary.exchange_count);
  if (profile.summary.exchange_count > 0) {
    *proto.mutable_first_time() = ToProto(profile.summary.first_time);
    *proto.mutable_last_time() = ToProto(profile.summary.last_time);
  }
  proto.set_window_size(profile.window_size);
  proto.mutable_general_profile()->Add(profile.profile->general.begin(), profile.profile->general.end());
  for (const VocabularyWord& word : profile.vocabulary) {
    v1::VocabularyWord& to = *proto.add_vocabulary();
    to.set_word(word.word);
    to.set_count(word.count);
    to.set_weight(word.weight);
  }
  v1::StyleStatistics& style = *proto.mutable_style();
  style.set_mean_words(profile.style.mean_words);
  style.set_mean_characters(profile.style.mean_characters);
  style.set_distinct_words(profile.style.distinct_words);
  style.set_question_share(profile.style.question_share);
  style.set_exclamation_share(profile.style.exclamation_share);
  style.set_emoji_share(profile.style.emoji_share);
  style.set_capitalized_share(profile.style.capitalized_share);
  return proto;
}

v1::QueryMemoryResponse ToProto(const ReadableMemory& memory, std::string_view user_id) {
  v1::QueryMemoryResponse proto;
  for (size_t i = 0; i < memory.exchanges.size(); ++i) {
    v1::MemoryEntry& entry = *proto.add_entries();
    *entry.mutable_exchange() = ToProto(memory.exchanges[i], user_id);
    entry.set_weight(memory.reading.entries[i].weight);
  }
  proto.mutable_dynamic_profile()->Add(memory.reading.dynamic_profile.begin(), memory.reading.dynamic_profile.end());
  proto.set_revision(memory.reading.revision);
  return proto;
}

}  // namespace idiolect
