// SPDX-License-Identifier: Apache-2.0
#include "report/atomic_file.hpp"

#include "base/input_error.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>

namespace mfusim {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& path, const std::string& rule) {
  throw InputError({std::make_shared<const std::string>(path.string()), 0}, "", rule);
}

/// Pipes and devices cannot be renamed onto; they are written in place.
bool is_special(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status);
}

/// Path of the file being written, for a signal handler: plain bytes, since nothing else may be touched there.
constexpr std::size_t longest_path = 4096;
std::array<char, longest_path> unfinished{};

class UnfinishedFile {
 public:
  explicit UnfinishedFile(const std::string& path) {
    if (path.size() + 1 < longest_path) std::copy(path.begin(), path.end(), unfinished.begin());
  }
  ~UnfinishedFile() { unfinished[0] = 0; }
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;
};

}  // namespace

void remove_unfinished_file() {
  if (unfinished[0] != 0) ::unlink(unfinished.data());
}

void check_writable(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) fail(path, "cannot be written: it is a directory");
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) fail(path, "cannot be written: no such folder");
  if (!is_special(path) && ::access(folder.c_str(), W_OK) != 0) fail(path, "cannot be written: no permission in its folder");
}

void write_file(const fs::path& path, const std::function<void(std::ostream&)>& write) {
  check_writable(path);
  const bool in_place = is_special(path);
  const fs::path beside = in_place ? path : fs::path(fmt::format("{}.{}.part", path.string(), ::getpid()));
  std::error_code error;
  const UnfinishedFile mark(in_place ? std::string() : beside.string());
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    if (out) write(out);
    out.flush();
    if (!out) {
      if (!in_place) fs::remove(beside, error);
      fail(path, "cannot be written: no space or no permission");
    }
  }
  if (in_place) return;
  fs::rename(beside, path, error);
  if (error) {
    std::error_code ignored;
    fs::remove(beside, ignored);
    fail(path, "cannot be written: " + error.message());
  }
}

}  // namespace mfusim
