// SPDX-License-Identifier: Apache-2.0
// The main function of every test program: defined here for Catch2 2, by its library for Catch2 3.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
