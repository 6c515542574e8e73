// SPDX-License-Identifier: Apache-2.0
#include "report/catalog.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace mfusim {

void write_names(std::ostream& out, const NameList& names) {
  for (const auto& [heading, entries] : names) {
    out << heading << '\n';
    for (const std::string& entry : entries) out << "  " << entry << '\n';
  }
}

void write_names_json(std::ostream& out, const NameList& names) {
  nlohmann::ordered_json document;
  for (const auto& [heading, entries] : names) document[heading] = entries;
  out << document.dump(2) << '\n';
}

}  // namespace mfusim
