// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// One printed line of a catalog entry.
struct Figure {
  std::string path;    ///< As "gemm.bf16.training_ceiling".
  std::string value;   ///< As written, with its unit.
  std::string source;  ///< Who says so, or "Assumption: ...".
};

using CatalogFiles = std::map<std::string_view, std::string_view>;

/// The file of entry `name`, parsed. Throws InputError with the nearest known name; `what` is "GPU" or "network".
[[nodiscard]] Node catalog_entry(const CatalogFiles& files, std::string_view name, std::string_view what);
[[nodiscard]] std::vector<std::string> catalog_names(const CatalogFiles& files);

/// Every value under `node` with the nearest `source` at or above it (`sources: {key: ...}` beside it counts).
/// Throws InputError on a value without a source.
[[nodiscard]] std::vector<Figure> figures_of(const Node& node);

/// Reads `key: {value: ..., source: ...}` and returns the mapping's reader; source is required.
[[nodiscard]] Reader sourced(Reader& reader, std::string_view key);

}  // namespace mfusim
