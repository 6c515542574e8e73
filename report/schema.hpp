// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace mfusim {

/// Names that a scenario may use.
struct SchemaNames {
  std::vector<std::string> models, gpus, networks, stacks, schedules;
};

/// JSON Schema (draft 2020-12) of a scenario: every key with its meaning, type, unit and default, for editors that check
/// and complete YAML. What it cannot say (products that must divide) the program checks when it reads a scenario.
void write_schema(std::ostream& out, const SchemaNames& names);

}  // namespace mfusim
