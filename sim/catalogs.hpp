// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/network.hpp"
#include "model/spec.hpp"
#include "sim/scenario.hpp"
#include "sim/stack.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace mfusim {

/// Catalog entries by name, each read when it is first asked for: what many scenarios share is parsed once.
/// One thread at a time. Each getter throws InputError on a name that is not known.
class Catalogs {
 public:
  [[nodiscard]] const Gpu& gpu(const std::string& name);
  [[nodiscard]] const Network& network(const std::string& name);
  [[nodiscard]] const Stack& stack(const std::string& name);
  /// `name` is a catalog name or the path of a config.json.
  [[nodiscard]] const ModelSpec& model(const std::string& name);

 private:
  std::map<std::string, Gpu> gpus_;
  std::map<std::string, Network> networks_;
  std::map<std::string, Stack> stacks_;
  std::map<std::string, ModelSpec> models_;
};

}  // namespace mfusim
