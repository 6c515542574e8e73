// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>

namespace mfusim {

/// Writes a file whole or not at all: beside its place, then renamed. Throws InputError where the path cannot be
/// written or the disk is full; what stood there before is then untouched.
void write_file(const std::filesystem::path& path, const std::function<void(std::ostream&)>& write);

/// Removes the file that write_file is in the middle of, if any. Safe inside a signal handler.
void remove_unfinished_file();

/// Throws InputError where write_file could not even begin: asked before long work.
void check_writable(const std::filesystem::path& path);

}  // namespace mfusim
