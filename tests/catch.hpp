// SPDX-License-Identifier: Apache-2.0
#pragma once

// Catch2 2.13 and 3 under one roof: the macros, and the matchers by their short names.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_ENABLE_ALL_STRINGMAKERS
#include <catch2/catch.hpp>
#endif

using Catch::Matchers::Message;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using Catch::Matchers::WithinULP;

#if __has_include(<catch2/catch_all.hpp>)
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;
#else
using Catch::EndsWith;
using Catch::Equals;
using Catch::StartsWith;
/// Catch2 3's name of what Catch2 2 calls Contains.
inline auto ContainsSubstring(const std::string& part) {
  return Catch::Contains(part);
}
#endif
