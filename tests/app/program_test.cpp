// SPDX-License-Identifier: Apache-2.0
// The program as scripts see it: exit codes, streams, messages.
#include "tests/catch.hpp"

#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

namespace fs = std::filesystem;

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "mfusim_program_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] fs::path file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Outcome call(const std::string& arguments) {
  const Folder folder;
  const fs::path out = folder.path() / "out";
  const fs::path err = folder.path() / "err";
  const std::string command = std::string(MFUSIM_PROGRAM) + " " + arguments + " >" + out.string() + " 2>" + err.string();
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of(out), text_of(err)};
}

const char* const scenario = "scenarios/clip-l14-336-a100x8.yaml";

}  // namespace

TEST_CASE("help and version answer, an unknown command is wrong input", "[unit]") {
  for (const char* command : {"", "flops ", "run ", "sweep ", "diff ", "plan ", "split ", "ablate ", "explain ", "models ",
                              "hardware ", "validate ", "calibrate ", "schema "}) {
    CAPTURE(command);
    const Outcome help = call(std::string(command) + "--help");
    CHECK(help.exit_code == 0);
    CHECK(help.out.size() > 80);
  }
  CHECK(call("--version").exit_code == 0);
  CHECK(call("no-such-command").exit_code == 2);
  CHECK(call("").exit_code == 2);
  CHECK(call("run").exit_code == 2);
  for (const std::string words : {"--help", "--version", "run --help"}) {
    CAPTURE(words);
    CHECK(std::system((std::string(MFUSIM_PROGRAM) + " " + words + " >/dev/full 2>/dev/null").c_str()) == 2 << 8);
  }
}

TEST_CASE("a model of very many layers is refused before its layers are priced", "[unit]") {
  const std::string model = " --set 'model={kind: decoder, layers: 1920000000, hidden_size: 1024, heads: 8, vocabulary: 1024}'";
  for (const std::string plan : {"llama3-8b-fsdp-h100x64", "megascale-175b-megatron"}) {  // sharded; a pipeline
    CAPTURE(plan);
    const Outcome outcome = call("run scenarios/" + plan + ".yaml" + model);
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.err, ContainsSubstring("tasks needs"));
  }
}

TEST_CASE("a wrong scenario exits with 2 and a message that names the file, and prints no answer", "[unit]") {
  const Folder folder;
  const std::array<std::pair<const char*, std::string>, 9> wrong{{{"empty.yaml", ""},
                                                                  {"carriage_returns.yaml", "# mac\rmodel: x\r"},
                                                                  {"binary.yaml", std::string("\x00\x01\x02", 3)},
                                                                  {"broken.yaml", "model: ["},
                                                                  {"unknown.yaml", "modle: x\n"},
                                                                  {"deep.yaml", "a: " + std::string(5000, '[')},
                                                                  {"list.yaml", "- 1\n- 2\n"},
                                                                  {"scalar.yaml", "hello"},
                                                                  {"repeated.yaml", "model: a\nmodel: b\n"}}};
  for (const auto& [name, text] : wrong) {
    CAPTURE(name);
    const Outcome outcome = call("run " + folder.file(name, text).string());
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, ContainsSubstring(name));
  }
  CHECK(call("run " + (folder.path() / "missing.yaml").string()).exit_code == 2);
  CHECK(call("run " + folder.path().string()).exit_code == 2);
  CHECK(call(std::string("run ") + scenario + " --set parallel.tensor").exit_code == 2);
  CHECK(call(std::string("run ") + scenario + " --format xml").exit_code == 2);
}

TEST_CASE("a newcomer's mistakes are told with what to write instead", "[unit]") {
  const std::string file = scenario;
  const std::array<std::pair<std::string, const char*>, 32> mistakes{{
      {"runn " + file, "did you mean 'run'?"},
      {"run --reprt x " + file, "did you mean '--report'?"},
      {"run", "SCENARIO: missing"},
      {"", "expected a command"},
      {file, "as in `mfusim run scenarios/clip-l14-336-a100x8.yaml`"},
      {"run scenarios/clip-l14-336-a100x.yaml", "did you mean 'scenarios/clip-l14-336-a100x8.yaml'?"},
      {"run clip-l14-336-a100x8.yaml", "did you mean 'scenarios/clip-l14-336-a100x8.yaml'?"},
      {"run scenarios", "expected a scenario file (YAML), got a folder"},
      {"run openai/clip-vit-large-patch14-336", "`mfusim flops openai/clip-vit-large-patch14-336`"},
      {"flops " + file, "`mfusim run scenarios/clip-l14-336-a100x8.yaml`"},
      {"run " + file + " other.yaml", "one argument too many: 'other.yaml'"},
      {"run " + file + " --set parallel.tensor = 2", "'=' (a setting is one word: path.to.key=value)"},
      {"run " + file + " --set parallel.tp=2", "parallel.tp: unknown key; did you mean 'tensor'?"},
      {"run " + file + " --set training.seq_length=64", "did you mean 'sequence_length'?"},
      {"run " + file + " --set cluster.gpu=H200", "unknown GPU 'H200'; did you mean 'h200-sxm-141gb'?"},
      {"run " + file + " --format yaml", "expected one of table, json, csv, got 'yaml'"},
      {"run " + file + " --set parallel.tensr=2", "did you mean 'tensor'?"},
      {"hardware a100-sxm4-80gb --gemm 1,2", "--gemm: expected K"},
      {"run " + file + " --set training.global_batch=1,024", "digits alone, without separators"},
      {"diff " + file + " --to foo=1", "--to foo=1: foo: unknown key"},
      {"diff " + file + " --to parallel.data=3", "--to parallel.data=3: parallel.data"},
      {"diff " + file + " --to foo", "--to: expected path.to.key=value"},
      {"flops ViT-B-32 --batch 1e3", "--batch: expected a number in digits, as 1000, got '1e3'"},
      {"sweep scenarios/sweep-clip-l14-336.yaml -j 0", "--jobs: expected a positive integer, got '0'"},
      {"run " + file + " --report ''", "--report: expected the name of a file"},
      {"calibrate hardware/measurements/none.csv --gpu a100-sxm4-80gb --format json", "--format: unknown option"},
      {"run " + file + " --set 'stack_settings.step_host_cost=1e30 s'", "at most 106 days"},
      {"plan scenarios/sweep-clip-l14-336.yaml --samples inf", "--samples: expected a positive number, got 'inf'"},
      {"plan " + file + " --set 'sweep={axes: {parallel.zero: [0]}}'", "; --axis asks about another: parallel.zero"},
      {"run " + file + " --set 'data.decode_per_node=1e-9 samples/s'", "a step may last 106 days"},
      {"run " + file + " --set cluster.gpus_per_node=512", "expected at most 256, as many as NVLink joins"},
      {"run scenarios/megascale-175b-megatron.yaml --set cluster.gpu=v100-sxm2-32gb --set training.precision=fp16"
       " --set stack=megatron-core-2024",
       "techniques.flash_attention: false is attention without"},
  }};
  for (const auto& [arguments, words] : mistakes) {
    CAPTURE(arguments);
    const Outcome outcome = call(arguments);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, ContainsSubstring(words));
  }
}

TEST_CASE("`mfusim help COMMAND` is COMMAND --help, and help keeps to the width", "[unit]") {
  CHECK(call("help").out == call("--help").out);
  CHECK(call("help run").out == call("run --help").out);
  const Folder folder;
  const fs::path out = folder.path() / "out";
  for (const char* command : {"", "run ", "sweep ", "flops "}) {
    CAPTURE(command);
    const std::string line_of_shell = "COLUMNS=72 " + std::string(MFUSIM_PROGRAM) + " " + command + "--help >" + out.string();
    REQUIRE(std::system(line_of_shell.c_str()) == 0);
    std::istringstream lines(text_of(out));
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line.size() <= 72);
    }
  }
}

TEST_CASE("a config.json of another architecture is refused by name", "[unit]") {
  const Folder folder;
  const fs::path config =
      folder.file("config.json", R"({"architectures": ["MambaForCausalLM"], "model_type": "mamba", "hidden_size": 768})");
  const Outcome outcome = call("flops " + config.string());
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.err, ContainsSubstring("amba"));
}

TEST_CASE("the JSON answer is one document with the contract's keys, twice the same", "[unit]") {
  const Outcome first = call(std::string("run ") + scenario + " --format json");
  REQUIRE(first.exit_code == 0);
  const auto result = nlohmann::json::parse(first.out);
  for (const char* key : {"iteration_time_s", "mfu", "hfu", "samples_per_s", "model_flops", "hardware_flops", "breakdown_s",
                          "memory", "parallel", "towers", "range", "provenance", "defaults", "warnings", "version"}) {
    CAPTURE(key);
    CHECK(result.contains(key));
  }
  double sum = 0;
  for (const auto& part : result["breakdown_s"]) sum += part.get<double>();
  CHECK_THAT(sum, WithinRel(result["iteration_time_s"].get<double>(), 1e-12));
  CHECK(call(std::string("run ") + scenario + " --format json").out == first.out);
  const std::string jittered = std::string("run ") + scenario +
                               " --format json --set 'variation={jitter: {relative_deviation: 0.02, seed: 3, samples: 2}}'";
  const Outcome drawn = call(jittered);
  REQUIRE(drawn.exit_code == 0);
  CHECK(nlohmann::json::parse(drawn.out)["iteration_time_s"] != result["iteration_time_s"]);
  CHECK(call(jittered).out == drawn.out);  // one seed, one answer
}

TEST_CASE("a case of a file is run, explained and validated by its id: one step time", "[property]") {
  const std::string file = "scenarios/published/narayanan.yaml";
  const auto answer = [](const std::string& arguments) {
    const Outcome outcome = call(arguments + " --format json");
    REQUIRE(outcome.exit_code == 0);
    return nlohmann::json::parse(outcome.out);
  };
  const auto rows = answer("validate " + file)["rows"];
  const std::string first = rows[0]["id"];
  const std::string second = rows[1]["id"];
  CHECK(answer("run " + file + " --case " + second)["iteration_time_s"] == rows[1]["predicted"]);
  CHECK(answer("explain " + file + " --case " + second)["iteration_time_s"] == rows[1]["predicted"]);
  const auto alone = answer("validate " + file + " --case " + second)["rows"];
  REQUIRE(alone.size() == 1);
  CHECK(alone[0] == rows[1]);
  CHECK(alone[0].contains("assumed"));
  const auto between = answer("diff " + file + " --case " + first + " --to-case " + second);
  CHECK(between["first"]["iteration_time_s"] == rows[0]["predicted"]);
  CHECK(between["second"]["iteration_time_s"] == rows[1]["predicted"]);
  for (const char* command : {"run ", "explain ", "diff ", "validate "}) {
    CAPTURE(command);
    const Outcome refused = call(command + file + " --case " + second + "x");
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.err, ContainsSubstring("near it: " + second));
  }
  CHECK_THAT(call("run " + file).err, ContainsSubstring("--case ID"));
}

TEST_CASE("a step of more tasks than can be numbered is refused before it is built, with what to do", "[unit]") {
  // 8388608 pairs on 8 GPUs, one at a time, are 2^20 micro-batches; over 2^12 tasks each makes more than the 2^32 of a TaskId
  for (const std::string command : {"run ", "explain ", "diff "}) {
    CAPTURE(command);
    const Outcome refused = call(command + scenario +
                                 " --set model=EVA02-CLIP-bigE-14 --set training.image_size=224 --set training.micro_batch=1"
                                 " --set training.global_batch=8388608");
    CHECK(refused.exit_code == 2);
    CHECK(refused.out.empty());
    CHECK_THAT(refused.err, ContainsSubstring("GB of memory to simulate") && ContainsSubstring("a larger training.micro_batch"));
  }
}

TEST_CASE("--output and --trace write whole files or say why not", "[unit]") {
  const Folder folder;
  const fs::path answer = folder.path() / "answer.json";
  const fs::path trace = folder.path() / "trace.json";
  const Outcome outcome =
      call(std::string("run ") + scenario + " --format json -o " + answer.string() + " --trace " + trace.string());
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.out.empty());
  CHECK(nlohmann::json::parse(text_of(answer)).contains("mfu"));
  const auto events = nlohmann::json::parse(text_of(trace))["traceEvents"];
  CHECK(events.size() > 100);
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 2);
  CHECK(call(std::string("run ") + scenario + " --trace /no/such/folder/trace.json").exit_code == 2);
  CHECK(call(std::string("run ") + scenario + " -o " + folder.path().string()).exit_code == 2);
}

TEST_CASE("--report writes one whole page, or an error before the work begins", "[unit]") {
  const Folder folder;
  const fs::path page = folder.path() / "page.html";
  const Outcome outcome = call(std::string("run ") + scenario + " --report " + page.string());
  if (outcome.exit_code == 2) {  // built without the chart library
    CHECK_THAT(outcome.err, ContainsSubstring("libjs-chart.js"));
    CHECK_FALSE(fs::exists(page));
    return;
  }
  REQUIRE(outcome.exit_code == 0);
  CHECK(text_of(page).starts_with("<!DOCTYPE html>"));
  CHECK(text_of(page).ends_with("</html>\n"));
  for (const std::string& path : {std::string("/no/such/folder/page.html"), folder.path().string()}) {
    CAPTURE(path);
    const Outcome refused = call("run no-such-scenario.yaml --report " + path);
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.err, ContainsSubstring("cannot be written"));  // said before the scenario is even read
  }
  const Outcome twice = call(std::string("run ") + scenario + " --report " + page.string() + " --trace " + page.string());
  CHECK_THAT(twice.err, ContainsSubstring("two answers cannot go to the same file"));
}

TEST_CASE("an answer does not replace the file that it is read from", "[unit]") {
  const Folder folder;
  const std::string question = "{model: ViT-B-32, cluster: {gpu: a100-sxm4-80gb, gpus: 1}, training: {global_batch: 8}}";
  const std::string file = folder.file("question.yaml", question).string();
  const std::string other_way = (folder.path() / "." / "question.yaml").string();
  for (const std::string& command :
       {"run " + file + " --output " + file, "run " + file + " --trace " + other_way, "sweep " + file + " --write-best " + file,
        "diff question-of-mine.yaml " + file + " --output " + file, "plan " + file + " --output " + file}) {
    CAPTURE(command);
    const Outcome refused = call(command);
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.err, ContainsSubstring("would replace the file that it is read from"));
    CHECK(text_of(file) == question);
  }
}

TEST_CASE("an answer does not replace a scenario that the asked one is built on", "[unit]") {
  const Folder folder;
  const std::string below = "{model: ViT-B-32, cluster: {gpu: a100-sxm4-80gb, gpus: 1}, training: {global_batch: 8}}";
  const std::string base = folder.file("base.yaml", below).string();
  (void)folder.file("middle.yaml", "extends: base.yaml\n");
  const std::string top = folder.file("top.yaml", "extends: middle.yaml\n").string();
  for (const std::string command : {"run ", "explain ", "split ", "ablate ", "sweep ", "plan ", "diff "}) {
    CAPTURE(command);
    const Outcome refused = call(command + top + " --output " + base);
    CHECK(refused.exit_code == 2);
    CHECK_THAT(refused.err, ContainsSubstring("would replace the file that it is read from"));
    CHECK(text_of(base) == below);
  }
}

TEST_CASE("a full disk is an error message, and leaves no half file and the old file as it was", "[unit]") {
  const std::string option = GENERATE("--report", "--trace", "--format json --output");
  CAPTURE(option);
  const Folder folder;
  const fs::path file = folder.file("answer", "old");
  const std::string limited = "sh -c 'ulimit -f 1; exec \"$0\" \"$@\"' ";  // blocks of 512 bytes
  const std::string command = limited + MFUSIM_PROGRAM + " run " + scenario + " " + option + " " + file.string() +
                              " >/dev/null 2>" + (folder.path() / "err").string();
  const int status = std::system(command.c_str());
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 2);
  CHECK(text_of(file) == "old");
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 2);
  const Outcome device = call(std::string("run ") + scenario + " " + option + " /dev/full");
  CHECK(device.exit_code == 2);
  CHECK(device.err.size() > 10);
}

TEST_CASE("the table keeps to COLUMNS, and has no colour where no terminal is", "[unit]") {
  const Folder folder;
  const fs::path out = folder.path() / "out";
  const std::string command = "COLUMNS=64 " + std::string(MFUSIM_PROGRAM) + " run " + scenario + " >" + out.string();
  REQUIRE(std::system(command.c_str()) == 0);
  std::istringstream lines(text_of(out));
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 64);
  CHECK(text_of(out).find('\x1b') == std::string::npos);
}

TEST_CASE("the three models of the background give its totals", "[published]") {
  // The study this project started from; every addition, multiplication, division, exponential and root counts one.
  const std::array<std::pair<const char*, std::int64_t>, 3> totals{{{"openai/clip-vit-large-patch14-336", 50'402'779'132'416},
                                                                    {"laion/CLIP-ViT-H-14-laion2B-s32B-b79K", 47'895'855'448'576},
                                                                    {"EVA02-CLIP-bigE-14", 295'085'273'678'080}}};
  for (const auto& [model, total] : totals) {
    CAPTURE(model);
    const Outcome outcome = call(std::string("flops ") + model + " --batch 128 --text-length 64 --format json");
    REQUIRE(outcome.exit_code == 0);
    const auto report = nlohmann::json::parse(outcome.out);
    CHECK(report["forward"]["total"].get<std::int64_t>() == total);
    CHECK(report["forward"]["mul"].get<std::int64_t>() + report["forward"]["add"].get<std::int64_t>() == total);
  }
}

TEST_CASE("split answers in each format and refuses a workload without iterations", "[unit]") {
  const std::string scenario = "scenarios/split-clip-l14-336-a100x64.yaml";
  const Outcome table = call("split " + scenario + " --set cluster.gpus=8 --set training.global_batch=512");
  CHECK(table.exit_code == 0);
  CHECK_THAT(table.out, ContainsSubstring("plit: ") && ContainsSubstring("colocated"));
  const Outcome data = call("split " + scenario + " --format json --set cluster.gpus=8 --set training.global_batch=512");
  const nlohmann::json answer = nlohmann::json::parse(data.out);
  CHECK(answer["curve"].size() == 7);
  CHECK(answer["placements"][0]["placement"] == "colocated");
  const Outcome wrong = call("split " + scenario + " --set 'workload={phases: [{iterations: 0}]}'");
  CHECK(wrong.exit_code == 2);
  CHECK_THAT(wrong.err, ContainsSubstring("iterations: expected a positive integer, got '0'"));
}
