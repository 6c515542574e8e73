// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/schema.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

/// Pieces of the JSON Schema of a scenario: kinds of keys, and a function a section.
namespace mfusim::schema {

using json = nlohmann::ordered_json;

/// A mapping that has these keys and no others.
[[nodiscard]] json section(const std::string& description, json properties, const std::vector<std::string>& required = {});
[[nodiscard]] json count(const std::string& description, json value = nullptr);  ///< From 1 on, with its default.
[[nodiscard]] json flag(const std::string& description, json value = nullptr);
[[nodiscard]] json word(const std::string& description, const std::vector<std::string>& choices, json value = nullptr);
[[nodiscard]] json quantity(const std::string& description, const std::string& example);
/// A known name, or what `other` describes.
[[nodiscard]] json name_or(const std::string& description, const std::vector<std::string>& known, json other);

[[nodiscard]] json cluster(const SchemaNames& names);
[[nodiscard]] json training();
[[nodiscard]] json parallel(const SchemaNames& names);
[[nodiscard]] json techniques();
[[nodiscard]] json towers();
[[nodiscard]] json data();
[[nodiscard]] json variation();
[[nodiscard]] json stack_settings();
[[nodiscard]] json workload();
[[nodiscard]] json ablation();
[[nodiscard]] json measured();
[[nodiscard]] json sweep();

}  // namespace mfusim::schema
