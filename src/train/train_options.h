// Every knob of training, with its default. The defaults are those of the bundled model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"

namespace idiolect {

struct TrainOptions {
  std::vector<std::string> data;  // JSONL or TSV files (see text/exchange_reader.h), gzip allowed
  std::string prepared;           // or a folder that `idiolect prepare` wrote, with its tokenizer
  std::string out;                // the model directory to write; created
  std::string work;               // tokenizer, checkpoint, log; created. Empty: `out` + ".work"

  // This share of users (see text/held_out_users.h) is left out altogether, so that the model can be measured on
  // strangers.
  double held_out_users = 0;

  ModelConfig model;  // sizes; vocab_size is also the tokenizer's
  // A model directory whose weights the run starts from, instead of random ones. Its sizes, parts and tokenizer replace
  // `model`, also where the run goes on from a checkpoint of its own.
  std::string init_from;
  // The fields of `model`, by their names in config.json, that were asked for by name: the model of init_from must have
  // them so.
  std::vector<std::string> asked_of_model;

  // One step sees `groups` history windows; each is shared by up to `targets` consecutive responses that follow it,
  // since encoding a history costs as much as several responses.
  int groups = 8;
  int targets = 12;
  int accumulate = 1;  // batches of so many windows whose gradients are averaged in one step
  // Of a step's batches so many are computed at a time, on the processor; 0: as many as there are cores. The bits are
  // the same for any number.
  int threads = 0;
  int64_t steps = 8000;
  double minutes = 0;  // above 0: of training, the last step comes earlier if need be, and the rate falls accordingly
  double learning_rate = 3e-3;  // the peak, of AdamW
  int64_t warmup_steps = 300;   // linear from 0, then linear down to 2 % of the peak at the last step
  double weight_decay = 0.01;   // of matrices, not of biases, norms and embeddings
  double clip_norm = 1.0;       // gradients are scaled down to this norm
  double dropout = 0.1;

  // A model must also know how to speak for nobody and to nothing: ScoreReplies subtracts those, and new users start
  // so.
  double no_history_rate = 0.10;     // windows replaced by none
  double short_history_rate = 0.15;  // windows cut to a random length
  double no_post_rate = 0.05;        // posts replaced by an empty one
  double user_sampling_power = 0.5;  // a user is drawn with probability ∝ (training exchanges)^power

  // Likelihood alone hardly asks for the profile or the post. These add contrasts between `contrast_windows` windows of
  // the same source (see train/contrast.h): per target, -log of the probability that a judge who hears the response
  // gives to its own history (post, or both: joint), and not to one of the others', times the weight. `reply_contrast`
  // is the weight, beside that, of the opposite: of the responses, the history (post, both) is told its own, by what it
  // adds to their probability. Each window more costs one more decoding, and reply_contrast one. Where several of the
  // first three are above 0 the batches take turns. `groups` is a multiple of contrast_windows.
  double history_contrast = 0;
  double post_contrast = 0;
  double joint_contrast = 0;
  double reply_contrast = 0;
  int contrast_windows = 2;   // 2 or more
  int contrast_targets = 12;  // of each window, the first so many are compared; fewer are cheaper

  bool has_contrast() const { return history_contrast > 0 || post_contrast > 0 || joint_contrast > 0; }

  // "cpu", or "cuda" or "cuda:N" where libtorch has it. A GPU multiplies in tf32 (10 bits of mantissa, sums in
  // float32), and adds in an order of its own, so two runs there differ in the last digits.
  std::string device = "cpu";
  uint64_t seed = 1;             // on the processor, the same seed, data and options give the same run, resumed or not
  int64_t validate_every = 500;  // steps; the best model so far is kept in `out`
  int64_t checkpoint_every = 200;  // steps; also at an interruption
  int validation_users = 120;
  int64_t tokenizer_sentences = 300000;

  std::string card_name = "a model trained with idiolect train";
  std::string card_notes;  // Markdown that ends the card: licences, attribution, limits
};

}  // namespace idiolect
