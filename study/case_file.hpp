// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"
#include "sim/scenario.hpp"
#include "sim/scenario_document.hpp"

#include <filesystem>
#include <string>
#include <string_view>
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

/// The case called `id`. Throws InputError where none of them is: it names those that are near.
[[nodiscard]] CaseDocument find_case(const std::vector<CaseDocument>& cases, std::string_view id);

/// The document of one case of a file, with the settings laid over it. Throws InputError where the file is a single scenario, and
/// as `find_case` does.
[[nodiscard]] ScenarioDocument load_case_document(const std::filesystem::path& path, std::string_view id,
                                                  const Settings& settings = {});

/// The scenario of a case, checked. What is wrong in a case of a list is told with the line of the case in front.
[[nodiscard]] Scenario read_case(const CaseDocument& document, const Settings& settings = {});

}  // namespace mfusim
