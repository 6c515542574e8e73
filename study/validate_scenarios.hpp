// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"
#include "study/accuracy.hpp"
#include "study/case_file.hpp"

#include <filesystem>
#include <functional>
#include <vector>

namespace mfusim {

/// The measured cases of files, and of the YAML files of folders (sorted by name, not deeper). In a folder a scenario without
/// `measured:` is passed over; a file named by itself must have one. Throws InputError on what cannot be read, and where
/// nothing is measured.
[[nodiscard]] std::vector<CaseDocument> find_measured_cases(const std::vector<std::filesystem::path>& paths);

/// Runs one case. A case that cannot be read or run is a row with the reason.
[[nodiscard]] ValidationRow validate_case(const CaseDocument& document, const Settings& settings = {});

/// Runs the cases, as many at a time as there are processors; the rows keep the order of the cases. `progress` is told how many
/// are done, by one thread at a time.
[[nodiscard]] ValidationReport validate_cases(const std::vector<CaseDocument>& cases, const Settings& settings = {},
                                              const std::function<void(std::size_t)>& progress = {});

}  // namespace mfusim
