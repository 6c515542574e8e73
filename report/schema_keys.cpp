// SPDX-License-Identifier: Apache-2.0
// Kinds of keys.
#include "report/schema_sections.hpp"

namespace mfusim::schema {

namespace {

json with_default(json key, json value) {
  if (!value.is_null()) key["default"] = std::move(value);
  return key;
}

}  // namespace

json section(const std::string& description, json properties, const std::vector<std::string>& required) {
  json object{
      {"type", "object"}, {"description", description}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) object["required"] = required;
  return object;
}

json count(const std::string& description, json value) {
  return with_default({{"type", "integer"}, {"minimum", 1}, {"description", description}}, std::move(value));
}
json flag(const std::string& description, json value) {
  return with_default({{"type", "boolean"}, {"description", description}}, std::move(value));
}
json word(const std::string& description, const std::vector<std::string>& choices, json value) {
  return with_default({{"enum", choices}, {"description", description}}, std::move(value));
}
json quantity(const std::string& description, const std::string& example) {
  return {{"type", "string"}, {"description", description + ", with its unit"}, {"examples", {example}}};
}
json name_or(const std::string& description, const std::vector<std::string>& known, json other) {
  return {{"description", description}, {"anyOf", {json{{"enum", known}}, std::move(other)}}};
}

}  // namespace mfusim::schema
