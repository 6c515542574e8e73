// SPDX-License-Identifier: Apache-2.0
// Whole processes as a user starts them: wall time and peak memory of each command, over several runs.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

extern char** environ;

namespace {

struct Sample {
  double seconds = 0;
  double megabytes = 0;
};

/// Runs `mfusim` once with its output thrown away.
Sample run_once(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  std::string program = MFUSIM_PROGRAM;
  argv.push_back(program.data());
  std::vector<std::string> copy = arguments;
  for (std::string& argument : copy) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  const auto start = std::chrono::steady_clock::now();
  pid_t child = 0;
  if (posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ) != 0) std::exit(1);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  posix_spawn_file_actions_destroy(&actions);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::cerr << "the program failed: " << fmt::format("{}", fmt::join(arguments, " ")) << '\n';
    std::exit(1);
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  return {taken.count(), static_cast<double>(usage.ru_maxrss) * 1024 / 1e6};
}

void measure(const std::vector<std::string>& arguments) {
  constexpr int runs = 11;
  std::vector<double> seconds;
  double peak = 0;
  run_once(arguments);  // warms the file cache
  for (int i = 0; i < runs; ++i) {
    const Sample sample = run_once(arguments);
    seconds.push_back(sample.seconds);
    peak = std::max(peak, sample.megabytes);
  }
  std::sort(seconds.begin(), seconds.end());
  std::cout << fmt::format("{:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f}   mfusim {}\n", 1e3 * seconds.front(), 1e3 * seconds[runs / 2],
                           1e3 * seconds.back(), peak, fmt::join(arguments, " "));
}

}  // namespace

int main() {
  std::cout << " min ms    median      max  peak MB\n";
  measure({"--version"});
  measure({"flops", "openai/clip-vit-large-patch14-336"});
  measure({"flops", "openai/clip-vit-large-patch14-336", "--symbolic"});
  measure({"run", "scenarios/clip-l14-336-a100x8.yaml"});
  measure({"run", "scenarios/clip-h14-laion-a100x824.yaml"});
  measure({"run", "scenarios/eva02-bige-h800x64.yaml"});
  measure({"run", "scenarios/megascale-175b-megatron.yaml"});
  measure({"run", "scenarios/megascale-175b-megascale.yaml"});
  measure({"split", "scenarios/split-clip-l14-336-a100x64.yaml", "--set", "cluster.gpus=1024", "--set",
           "training.global_batch=131072"});
  measure({"split", "scenarios/split-eva02-bige-h800x64.yaml", "--set", "cluster.gpus=1024", "--set",
           "training.global_batch=131072"});
  measure({"split", "scenarios/split-clip-l14-mixed-sizes-a100x64.yaml"});
}
