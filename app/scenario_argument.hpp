// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace mfusim::app {

/// Throws InputError where `path` cannot be a scenario, and says what a newcomer may have meant: a file whose name is near, a
/// file of a folder, a model of the catalog.
void check_scenario_argument(const std::string& path);

/// Throws InputError where `path` is a scenario although a model was asked for.
void check_model_argument(const std::string& path);

}  // namespace mfusim::app
