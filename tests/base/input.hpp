// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/document.hpp"
#include "base/input_error.hpp"
#include "base/reader.hpp"
#include "tests/catch.hpp"

#include <string>

namespace mfusim {

/// The message of the InputError that `action` throws; "no error" where it throws none.
template <class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

inline std::string yaml_message(std::string_view text) {
  return message_of([&] { static_cast<void>(parse_yaml(text, "f.yaml")); });
}

inline std::string json_message(std::string_view text) {
  return message_of([&] { static_cast<void>(parse_json(text, "f.json")); });
}

}  // namespace mfusim
