// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace mfusim::tests {

/// A folder with files that goes when the test ends.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mfusim-study-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// The part that the cases of these tests share: seven lines, so the next key stands on line 8.
inline const char* const base_lines = R"(# a comment
model: {kind: decoder, layers: 4, hidden_size: 512, heads: 8, vocabulary: 1000}
cluster: {gpu: a100-sxm4-80gb, gpus: 8, gpus_per_node: 8}
training: {global_batch: 32, micro_batch: 2, sequence_length: 128}
parallel: {tensor: 1}
stack: megatron-lm-2023-01
measured: {source: "made up", split: calibration}
)";

}  // namespace mfusim::tests
