// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"
#include "sim/scenario.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mfusim {

/// One scenario of a file, not yet read: a mistake in it is its own and leaves the other cases alone.
struct CaseDocument {
  std::string id;  ///< `id:` of the case; `measured.id` or the file's name where the file is a single scenario.
  std::filesystem::path file;
  Location where;
  Node document;         ///< The base of the file with the case laid over it; a single scenario as it stands in the file.
  bool is_case = false;  ///< Out of a list under `cases:`.
};

/// The cases of a scenario file: each item of its list `cases:` over the rest of the file, mappings key by key; the whole file
/// where there is no list. Throws InputError on a list that is empty or holds no mappings, on an id that is missing or given
/// twice, and on `extends` beside `cases`.
[[nodiscard]] std::vector<CaseDocument> read_case_file(const std::filesystem::path& path);

/// The scenario of a case, checked. What is wrong in a case of a list is told with the line of the case in front.
[[nodiscard]] Scenario read_case(const CaseDocument& document, const Settings& settings = {});

}  // namespace mfusim
