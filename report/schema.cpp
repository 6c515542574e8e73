// SPDX-License-Identifier: Apache-2.0
#include "report/schema.hpp"

#include "report/schema_sections.hpp"

#include <ostream>

namespace mfusim {
namespace {

using schema::json;
using schema::name_or;
using schema::section;

/// A list of scenarios over a common base: the keys of a scenario, and a name.
json cases(const json& properties) {
  json keys{{"id", {{"type", "string"}, {"description", "Name of the case"}}}};
  for (const auto& [name, value] : properties.items()) keys[name] = {{"$ref", "#/properties/" + name}};
  return {{"type", "array"},
          {"description", "Many scenarios in one file, each over the keys beside this one; for `mfusim validate`"},
          {"items", section("One of them", std::move(keys), {"id"})}};
}

/// What a scenario must have, unless another file or its cases bring it.
json whole() {
  const auto needs = [](const std::vector<std::string>& keys) { return json{{"required", keys}}; };
  return {{"if", {{"not", {{"anyOf", {needs({"extends"}), needs({"cases"})}}}}}},
          {"then",
           {{"required", {"model", "cluster", "training"}},
            {"properties",
             {{"cluster", needs({"gpu", "gpus"})}, {"training", needs({"global_batch"})}, {"measured", needs({"source"})}}}}}};
}

}  // namespace

void write_schema(std::ostream& out, const SchemaNames& names) {
  const json inline_model{{"type", "object"}, {"description", "A model written inline; docs/models.md lists the keys"}};
  json document{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "mfusim scenario"}};
  document.update(section("One question to mfusim",
                          {{"description", {{"type", "string"}, {"description", "For people; nothing reads it"}}},
                           {"extends", {{"type", "string"}, {"description", "Another scenario that this one builds on"}}},
                           {"model", name_or("Catalog name, path of a config.json, or a mapping", names.models,
                                             {{"anyOf", {json{{"type", "string"}, {"pattern", "\\.json$"}}, inline_model}}})},
                           {"cluster", schema::cluster(names)},
                           {"training", schema::training()},
                           {"parallel", schema::parallel(names)},
                           {"techniques", schema::techniques()},
                           {"stack", schema::word("Software stack: state, launches, overlaps", names.stacks)},
                           {"stack_settings", schema::stack_settings()},
                           {"towers", schema::towers()},
                           {"workload", schema::workload()},
                           {"data", schema::data()},
                           {"variation", schema::variation()},
                           {"ablation", schema::ablation()},
                           {"measured", schema::measured()},
                           {"sweep", schema::sweep()}}));
  document["properties"]["cases"] = cases(document["properties"]);
  document.update(whole());
  out << document.dump(2) << '\n';
}

}  // namespace mfusim
