// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace mfusim {

/// The whole of a file or pipe. Throws InputError where it is missing, a directory, unreadable or over 64 MiB.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// Parses one YAML document. `name` stands in messages as the file. Throws InputError with the line on: broken syntax,
/// bytes that are no UTF-8 text, repeated keys, keys that are no plain words, anchors and tags (not supported), more
/// than one document, nesting deeper than 100.
[[nodiscard]] Node parse_yaml(std::string_view text, const std::string& name);

/// Parses one JSON document; the same promises.
[[nodiscard]] Node parse_json(std::string_view text, const std::string& name);

/// Reads and parses a file: JSON where its name ends in .json, YAML otherwise.
[[nodiscard]] Node load_document(const std::filesystem::path& path);

/// Sets `path.to.key` (dots between keys) in a mapping, making the mappings on the way.
/// Throws InputError where a part of the path is no mapping. `value` is YAML; messages about it name `--set`.
void set_value(Node& root, std::string_view path, std::string_view value);

}  // namespace mfusim
