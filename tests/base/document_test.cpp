// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"

#include "tests/base/input.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace mfusim {
namespace {

namespace fs = std::filesystem;

/// A folder of its own, gone at the end of the test.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("mfusim_document_test_" + std::to_string(getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string load_message(const fs::path& path) {
  return message_of([&] { static_cast<void>(load_document(path)); });
}

TEST_CASE("the name decides the format: .json is JSON, all else YAML", "[unit]") {
  const Folder folder;
  CHECK(load_document(folder.write("a.json", "{\"a\": 1}")).find("a")->text == "1");
  CHECK(load_document(folder.write("a.yaml", "a: 1\n")).find("a")->text == "1");
  CHECK_THAT(load_message(folder.write("b.json", "a: 1\n")), ContainsSubstring("broken JSON"));
}

TEST_CASE("files that cannot be read are input errors that name the file", "[unit]") {
  const Folder folder;
  const std::string missing = (folder.path() / "missing.yaml").string();
  CHECK(load_message(missing) == missing + ": no such file");
  CHECK(load_message(folder.path()) == folder.path().string() + ": expected a file, got a directory");
  CHECK_THAT(load_message(""), ContainsSubstring("no such file"));
  CHECK_THAT(load_message(std::string(5000, 'x')), ContainsSubstring("no such file"));
  const fs::path empty = folder.write("empty.yaml", "");
  CHECK(load_message(empty) == empty.string() + ": the file is empty");
  const fs::path binary = folder.write("binary.yaml", std::string("\x7f"
                                                                  "ELF\0\1\2",
                                                                  7));
  CHECK_THAT(load_message(binary), ContainsSubstring(binary.string() + ":1: not a text file"));
}

TEST_CASE("a device that never ends is refused at 64 MiB", "[unit]") {
  CHECK(message_of([] { static_cast<void>(read_file("/dev/zero")); }) == "/dev/zero: larger than 64 MiB");
}

std::string after_setting(const std::string& yaml, const std::string& path, const std::string& value) {
  Node root = parse_yaml(yaml, "f.yaml");
  set_value(root, path, value);
  return to_yaml(root);
}

TEST_CASE("setting a value replaces it, or makes the mappings on the way", "[unit]") {
  CHECK(after_setting("a: 1\nb: {c: 2}\n", "b.c", "3") == "a: 1\nb: {c: 3}\n");
  CHECK(after_setting("a: 1\n", "b.c.d", "450 GB/s") == "a: 1\nb: {c: {d: 450 GB/s}}\n");
  CHECK(after_setting("a:\n", "a.b", "x") == "a: {b: x}\n");
  CHECK(after_setting("a: {b: 1}\n", "a", "[1, 2]") == "a: [1, 2]\n");
  CHECK(after_setting("a: 1\n", "a", "null") == "a: null\n");
}

TEST_CASE("a value that cannot be set is an input error that names the option", "[unit]") {
  const auto [path, value, message] =
      GENERATE(table<std::string, std::string, std::string>({{"a.b", "1", "--set a.b=1: b: its parent is no mapping but '1'"},
                                                             {"", "1", "--set : expected path.to.key=value"},
                                                             {".a", "1", "--set .a: expected path.to.key=value"},
                                                             {"a.", "1", "--set a.: expected path.to.key=value"},
                                                             {"a..b", "1", "--set a..b: expected path.to.key=value"},
                                                             {"a", "", "--set a: expected a value after '='"},
                                                             {"a", "  ", "--set a: expected a value after '='"}}));
  CAPTURE(path, value);
  CHECK(message_of([&, p = path, v = value] { static_cast<void>(after_setting("a: 1\n", p, v)); }) == message);
  CHECK_THAT(message_of([] { static_cast<void>(after_setting("a: 1\n", "a", "[1")); }), StartsWith("--set a=[1:"));
}

TEST_CASE("a wrong value that was set is blamed on the option, not on the file", "[unit]") {
  Node root = parse_yaml("a: 1\n", "f.yaml");
  set_value(root, "a", "many");
  Reader reader(root, "", nullptr);
  CHECK(message_of([&] { static_cast<void>(reader.positive_int("a")); }) ==
        "--set a=many: a: expected a positive integer, got 'many'");
}

}  // namespace
}  // namespace mfusim
