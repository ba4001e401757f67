// The settings of `idiolect train`: flags, and lines of a TOML file.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "train/train_options.h"

namespace idiolect {

struct TrainSettings {
  TrainOptions options;
  int64_t seed = 1;
  std::vector<std::string> parts = {"general", "memory", "copy", "post_copy"};
  std::string card_notes_file;

  void AddTo(Settings& settings);

  // What the settings amount to. kInvalidArgument or kNotFound, by the setting's name.
  absl::StatusOr<TrainOptions> ToOptions() const;

 private:
  // A setting of the model, and its default as it is printed.
  struct ModelSetting {
    const Setting* setting;
    std::string standard;
  };

  void AddRun(Settings& s);
  void AddModel(Settings& s);
  void AddLearning(Settings& s);
  void AddExamples(Settings& s);
  std::vector<std::string> AskedOfModel() const;

  std::vector<ModelSetting> model_settings_;
};

}  // namespace idiolect
