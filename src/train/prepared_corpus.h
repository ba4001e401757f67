// A corpus in token ids on disk: what `idiolect prepare` makes of data files, so that another machine can train on them
// without the texts, and without reading and tokenizing them again. A folder of two files:
//
//   tokenizer.model      SentencePiece
//   exchanges.jsonl.gz   first {"prepared_version": 1, "vocab_size": V, "max_post_tokens": Lp, "max_response_tokens":
//                        Lr, "sha256_tokenizer": the digest of tokenizer.model}, then an exchange a line, users one
//                        after the other, each user's oldest first:
//                        {"user": 17, "source": "chat", "name": "0123456789abcdef", "valid": true, "post": [ids],
//                        "response": [ids], "words": 9}
//                        Users are numbers, from 0; "name", in a user's first line, is no name but what
//                        text/user_hash.h makes of source and name, and may be absent; "valid" stands where the
//                        exchange validates. No test split.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/corpus.h"

namespace idiolect {

std::string PreparedTokenizerPath(const std::string& folder);

// Writes both files into an existing folder; what stood there before stays until both are complete. kUnavailable where
// one can't be written.
absl::Status WritePreparedCorpus(const Corpus& corpus, const ModelConfig& config, const std::string& tokenizer_bytes,
                                 const std::string& folder);

// The corpus as LoadCorpus would give it. Nothing in the file is trusted: kNotFound, or kInvalidArgument that names
// file and line; also where the file was made for other sizes than the config's, or with another tokenizer than the
// folder's.
absl::StatusOr<Corpus> LoadPreparedCorpus(const std::string& folder, const ModelConfig& config);

}  // namespace idiolect
