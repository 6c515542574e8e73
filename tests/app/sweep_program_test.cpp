// SPDX-License-Identifier: Apache-2.0
// Sweeps as processes: killed, on a full disk, over MPI ranks.
#include "base/document.hpp"
#include "sim/scenario_document.hpp"
#include "study/sweep_store.hpp"
#include "tests/catch.hpp"
#include "tests/study/temporary_file.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace {

using namespace mfusim;
namespace fs = std::filesystem;

/// About a second of work in many ranges, valid and invalid configurations.
const char* const scenario = R"(model: {kind: decoder, layers: 8, hidden_size: 256, heads: 8, vocabulary: 1000}
cluster: {gpu: a100-sxm4-80gb, gpus: 8, gpus_per_node: 8}
training: {global_batch: 32, micro_batch: 1, sequence_length: 64}
stack: megatron-lm-2023-01
sweep:
  axes:
    training.sequence_length: {from: 64, to: 960, step: 64}
    parallel.tensor: [1, 2, 4, 8]
    parallel.pipeline: [1, 2, 4, 8]
    training.micro_batch: [1, 2, 3, 4]
  constraints: [tensor * pipeline <= gpus]
)";

class SweepFolder {
 public:
  SweepFolder() : scenario_(folder_.write("space.yaml", scenario)) {}

  [[nodiscard]] fs::path store(const std::string& name) const { return folder_.path() / name; }
  [[nodiscard]] std::string command(const std::string& name, const std::string& options) const {
    return fmt::format("{} sweep {} --quiet --store {} {}", MFUSIM_PROGRAM, scenario_.string(), store(name).string(), options);
  }
  /// The exit code of a shell command; its standard error is then in said().
  [[nodiscard]] int shell(const std::string& text) const {
    const std::string quiet = fmt::format("{{ {} ; }} >{} 2>{}", text, store("out").string(), store("err").string());
    const int status = std::system(quiet.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  [[nodiscard]] std::string said() const { return text_of("err"); }
  [[nodiscard]] std::string answered() const { return text_of("answer"); }

  /// All rows of a store as text, in order.
  [[nodiscard]] std::string rows(const std::string& name) const {
    const SweepSpace space = read_sweep_space(load_scenario_document(scenario_).root, scenario_, Limited::No);
    const SweepStore opened(store(name), space, SweepStore::Opening::Resume);
    std::string text;
    opened.for_each_row([&](const SweepRow& row) {
      text += fmt::format("{} {} {} {} {} {}\n", row.index, to_string(row.status), row.reason, row.iteration_time.count(),
                          row.mfu, row.peak.value());
    });
    return text;
  }

 private:
  [[nodiscard]] std::string text_of(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(store(name)).rdbuf();
    return text.str();
  }
  tests::TemporaryFolder folder_;
  fs::path scenario_;
};

bool has_mpirun() {
  return std::system("command -v mpirun >/dev/null") == 0 && MFUSIM_HAS_MPI != 0;
}

std::string over_ranks(int ranks, const std::string& command) {
  return fmt::format(
      "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ASAN_OPTIONS=detect_leaks=0 mpirun --oversubscribe -n {} {}",
      ranks, command);
}

}  // namespace

TEST_CASE("a sweep that is killed again and again ends with the rows of one that was not", "[property]") {
  const SweepFolder folder;
  REQUIRE(folder.shell(folder.command("whole.db", "")) == 0);
  int kills = 0;
  for (double seconds = 0.05;; seconds *= 1.5) {
    const int code = folder.shell(fmt::format("timeout -s KILL {} {}", seconds, folder.command("killed.db", "--resume")));
    if (code == 0) break;
    CAPTURE(folder.said());
    REQUIRE(code == 137);
    ++kills;
  }
  CAPTURE(kills);
  CHECK(folder.rows("killed.db") == folder.rows("whole.db"));
}

TEST_CASE("a full disk stops a sweep with exit code 2, and what was written is kept", "[unit]") {
  const SweepFolder folder;
  REQUIRE(folder.shell(folder.command("whole.db", "")) == 0);
  constexpr int blocks = 60;  // of 1024 bytes
  CHECK(folder.shell(fmt::format("bash -c 'ulimit -f {}; exec {}'", blocks, folder.command("full.db", ""))) == 2);
  CHECK_THAT(folder.said(), ContainsSubstring("full.db") && ContainsSubstring("--resume"));
  CHECK(folder.shell(folder.command("full.db", "--resume")) == 0);
  CHECK(folder.rows("full.db") == folder.rows("whole.db"));
}

TEST_CASE("wrong options of a sweep are refused", "[unit]") {
  const SweepFolder folder;
  for (const char* options : {"--shard 0/2", "--shard 3/2", "--shard x", "--jobs -1", "--top 0", "--limit 0",
                              "--where 'tensr == 1'", "--export rows.txt", "--launch --format csv"}) {
    CAPTURE(options);
    CHECK(folder.shell(folder.command(fmt::format("{}.db", std::hash<std::string>()(options)), options)) == 2);
  }
  CHECK(folder.shell(fmt::format("{} sweep scenarios/clip-l14-336-a100x8.yaml", MFUSIM_PROGRAM)) == 2);
  CHECK_THAT(folder.said(), ContainsSubstring("sweep: missing"));
}

TEST_CASE("a merge of a store that is not there makes none", "[unit]") {
  const SweepFolder folder;
  CHECK(folder.shell(folder.command("all.db", "--merge " + folder.store("part.db").string())) == 2);
  CHECK_THAT(folder.said(), ContainsSubstring("part.db: no such file"));
  CHECK_FALSE(fs::exists(folder.store("all.db")));
}

TEST_CASE("an export holds every row of the store, or those that meet a condition", "[property]") {
  const SweepFolder folder;
  const auto lines = [&](const std::string& name) {
    std::ifstream in(folder.store(name));
    return std::count(std::istreambuf_iterator<char>(in), {}, '\n');
  };
  REQUIRE(folder.shell(folder.command("s.db", fmt::format("--export {}", folder.store("all.csv").string()))) == 0);
  const std::string rows = folder.rows("s.db");
  CHECK(lines("all.csv") == std::count(rows.begin(), rows.end(), '\n') + 1);  // a header
  const std::string invalid =
      fmt::format("--resume --where 'status == invalid' --export {}", folder.store("invalid.jsonl").string());
  REQUIRE(folder.shell(folder.command("s.db", invalid)) == 0);
  std::int64_t expected = 0;
  for (std::size_t at = rows.find(" invalid "); at != std::string::npos; at = rows.find(" invalid ", at + 1)) ++expected;
  REQUIRE(expected > 0);
  CHECK(lines("invalid.jsonl") == expected);
}

TEST_CASE("the ranks of an MPI job give the rows of a single process", "[property]") {
  if (!has_mpirun()) return;
  const SweepFolder folder;
  // into a file: mpirun gives its ranks a terminal of its own, whose width is not that of a pipe
  const std::string into_file = "-o " + folder.store("answer").string();
  REQUIRE(folder.shell(folder.command("whole.db", into_file)) == 0);
  const std::string alone = folder.answered();
  REQUIRE(folder.shell(over_ranks(3, folder.command("ranks.db", into_file))) == 0);
  CHECK(folder.answered() == alone);
  CHECK(folder.rows("ranks.db") == folder.rows("whole.db"));
}

TEST_CASE("when a rank dies the job ends, and --resume does the rest", "[property]") {
  if (!has_mpirun()) return;
  const SweepFolder folder;
  REQUIRE(folder.shell(folder.command("whole.db", "")) == 0);
  const std::string job = over_ranks(3, folder.command("broken.db", ""));
  // mpirun itself sometimes waits for ever once all its ranks are gone: it is ended then, a minute later
  const std::string end =
      "for i in $(seq 600); do kill -0 $job 2>/dev/null || break; sleep 0.1; done; kill -9 $job 2>/dev/null; wait $job";
  const std::string kill = "job=$!; sleep 0.6; ranks=$(pgrep -P $job) && kill -9 ${ranks##* } 2>/dev/null; " + end;
  static_cast<void>(folder.shell(fmt::format("export {} & {}", "OMPI_MCA_orte_abort_print_stack=0; " + job, kill)));
  CHECK(folder.shell(folder.command("broken.db", "--resume")) == 0);
  CHECK(folder.rows("broken.db") == folder.rows("whole.db"));
}
