// SPDX-License-Identifier: Apache-2.0
// libFuzzer: whatever the bytes, a document parses or is an InputError, and what parses survives being written.
#include "base/document.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

template <class Parse>
void check(std::string_view text, Parse parse) {
  std::string written;
  try {
    written = mfusim::to_yaml(parse(text, "input"));
  } catch (const mfusim::InputError&) {
    return;
  }
  // what we wrote ourselves must parse: an InputError from here is a finding
  if (mfusim::to_yaml(mfusim::parse_yaml(written, "written")) != written) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text, mfusim::parse_yaml);
  check(text, mfusim::parse_json);
  return 0;
}
