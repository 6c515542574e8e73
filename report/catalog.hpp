// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// Catalog names under their headings.
using NameList = std::vector<std::pair<std::string, std::vector<std::string>>>;

void write_names(std::ostream& out, const NameList& names);
void write_names_json(std::ostream& out, const NameList& names);

}  // namespace mfusim
