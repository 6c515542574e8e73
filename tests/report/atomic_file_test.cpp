// SPDX-License-Identifier: Apache-2.0
#include "report/atomic_file.hpp"

#include "base/document.hpp"
#include "base/input_error.hpp"
#include "tests/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <stdexcept>

using namespace mfusim;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "mfusim_file_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path path;
};

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a file is written whole, beside nothing else", "[unit]") {
  const Folder folder;
  write_file(folder.path / "a", [](std::ostream& out) { out << "one"; });
  write_file(folder.path / "a", [](std::ostream& out) { out << "two"; });
  CHECK(read_file(folder.path / "a") == "two");
  CHECK(files_in(folder.path) == 1);
}

TEST_CASE("a failing writer leaves the old file and no new one", "[unit]") {
  const Folder folder;
  write_file(folder.path / "a", [](std::ostream& out) { out << "old"; });
  CHECK_THROWS_AS(write_file(folder.path / "a", [](std::ostream& out) { out.setstate(std::ios::badbit); }), InputError);
  CHECK(read_file(folder.path / "a") == "old");
  CHECK(files_in(folder.path) == 1);
}

TEST_CASE("a full disk, a folder and a missing folder are refused by name", "[unit]") {
  const Folder folder;
  CHECK_THROWS_WITH(write_file("/dev/full", [](std::ostream& out) { out << std::string(100000, 'x'); }),
                    ContainsSubstring("/dev/full: cannot be written"));
  CHECK_THROWS_WITH(check_writable(folder.path), ContainsSubstring("it is a directory"));
  CHECK_THROWS_WITH(check_writable(folder.path / "no" / "file"), ContainsSubstring("no such folder"));
}
