// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// Words of a command in order: flags, and arguments with their value.
class CommandArguments {
 public:
  void flag(const char* name) { all_.emplace_back(name); }
  void flag_if(bool wanted, const char* name) {
    if (wanted) flag(name);
  }
  template <class T>
  void value(const char* name, const T& value) {
    all_.push_back(fmt::format("{} {}", name, value));
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
};

/// `torchrun` with one process a GPU. Source of the names: pytorch/pytorch, torch/distributed/run.py.
void add_torchrun(const Cluster& cluster, CommandArguments& arguments);

/// Megatron-LM's pretrain_gpt.py, and open_clip's open_clip_train.main. Throw InputError where the program has no argument for
/// what the scenario asks.
[[nodiscard]] std::vector<std::string> megatron_launch(const Scenario& scenario);
[[nodiscard]] std::vector<std::string> open_clip_launch(const Scenario& scenario);

}  // namespace mfusim
