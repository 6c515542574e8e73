// SPDX-License-Identifier: Apache-2.0
#include "sim/catalogs.hpp"

#include "model/read_model.hpp"

namespace mfusim {
namespace {

template <class Entry, class Load>
const Entry& entry_of(std::map<std::string, Entry>& known, const std::string& name, Load load) {
  const auto at = known.find(name);
  return at != known.end() ? at->second : known.emplace(name, load(name)).first->second;
}

}  // namespace

const Gpu& Catalogs::gpu(const std::string& name) {
  return entry_of(gpus_, name, [](const std::string& wanted) { return load_gpu(wanted); });
}

const Network& Catalogs::network(const std::string& name) {
  return entry_of(networks_, name, [](const std::string& wanted) { return load_network(wanted); });
}

const Stack& Catalogs::stack(const std::string& name) {
  return entry_of(stacks_, name, [](const std::string& wanted) { return load_stack(wanted); });
}

const ModelSpec& Catalogs::model(const std::string& name) {
  return entry_of(models_, name, [](const std::string& wanted) { return load_model(wanted); });
}

}  // namespace mfusim
