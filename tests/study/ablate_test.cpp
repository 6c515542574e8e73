// SPDX-License-Identifier: Apache-2.0
#include "study/ablate.hpp"

#include "study/predict.hpp"
#include "tests/catch.hpp"
#include "tests/study/temporary_file.hpp"

#include <cmath>
#include <numeric>

using namespace mfusim;
using mfusim::tests::TemporaryFolder;

namespace {

const std::string base = R"(model: {kind: decoder, layers: 4, hidden_size: 512, heads: 8, vocabulary: 1000}
cluster: {gpu: a100-sxm4-80gb, gpus: 8, gpus_per_node: 8}
training: {global_batch: 32, micro_batch: 2, sequence_length: 128}
parallel: {tensor: 2, sequence: true, pipeline: 2}
stack: megatron-lm-2023-01
)";

Ablation load(const std::string& text, const Settings& settings = {}) {
  const TemporaryFolder folder;
  return load_ablation(folder.write("a.yaml", text), settings);
}

AblationReport answer(const std::string& text) {
  return ablate(load(text));
}

std::string with_steps(const std::string& steps) {
  return base + "ablation:\n  baseline: bare\n  steps:\n" + steps;
}

double total(const Result& result) {
  return std::accumulate(result.breakdown.begin(), result.breakdown.end(), 0.0,
                         [](double sum, const auto& part) { return sum + part.second.count(); });
}

}  // namespace

TEST_CASE("each row is the scenario with the settings of all steps so far", "[property]") {
  const AblationReport report =
      answer(with_steps("    - {name: block, set: {techniques.parallel_block: true}}\n"
                        "    - {name: both, set: {techniques.pp_overlap: true, techniques.flash_attention: 2}}\n"
                        "    - {name: batch, set: {training.global_batch: 64}}\n"));
  REQUIRE(report.rows.size() == 4);
  CHECK(report.rows[0].name == "bare");
  const TemporaryFolder folder;
  const auto path = folder.write("b.yaml", base);
  Settings so_far;
  CHECK(report.rows[0].result.iteration_time == predict(load_scenario(path)).iteration_time);
  const std::vector<Settings> steps{{{"techniques.parallel_block", "true"}},
                                    {{"techniques.pp_overlap", "true"}, {"techniques.flash_attention", "2"}},
                                    {{"training.global_batch", "64"}}};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    CAPTURE(i);
    so_far.insert(so_far.end(), steps[i].begin(), steps[i].end());
    const Result alone = predict(load_scenario(path, so_far));
    CHECK(report.rows[i + 1].result.iteration_time == alone.iteration_time);
    CHECK_THAT(report.rows[i + 1].gain_points, WithinAbs(100 * (alone.mfu - report.rows[i].result.mfu), 1e-9));
  }
}

TEST_CASE("the shares of all steps add up to the whole gain", "[property]") {
  const AblationReport report = answer(base);
  const double shares =
      std::accumulate(report.rows.begin(), report.rows.end(), 0.0, [](double sum, const auto& row) { return sum + row.share; });
  CHECK_THAT(shares, WithinAbs(1, 1e-9));
}

TEST_CASE("what moved is told for the same samples, largest first", "[property]") {
  const AblationReport report = answer(base);
  for (std::size_t i = 1; i < report.rows.size(); ++i) {
    const AblationRow& row = report.rows[i];
    CAPTURE(row.name);
    double before = std::numeric_limits<double>::infinity();
    double told = 0;
    for (const MovedPart& part : row.moved) {
      const double change = std::abs((part.after - part.before).count());
      CHECK(change > 0);
      CHECK(change <= before);
      before = change;
      told += change;
    }
    const double scale = row.result.samples_per_s * row.result.iteration_time.count() /
                         (report.rows[i - 1].result.samples_per_s * report.rows[i - 1].result.iteration_time.count());
    const double net = std::abs(total(row.result) - scale * total(report.rows[i - 1].result));
    CHECK(told >= 0.5 * net);  // parts below a twentieth of what moved stay untold
  }
}

TEST_CASE("without a block the techniques start switched off, and what has no use is left out with a reason", "[unit]") {
  const TemporaryFolder folder;
  const auto path = folder.write("clip.yaml",
                                 "model: ViT-B-32\ncluster: {gpu: a100-sxm4-80gb, gpus: 8}\ntraining: {global_batch: 512}\n"
                                 "stack: pytorch-ddp-2024\nmeasured: {mfu: 0.4, source: s}\n");
  const Ablation ablation = load_ablation(path);
  CHECK_FALSE(ablation.baseline_published);  // it was measured with techniques on
  const AblationReport report = ablate(ablation);
  REQUIRE(report.rows.size() == 5);  // baseline, DP overlap, operators, input path, batch
  CHECK(report.left_out.size() == 4);
  CHECK_THAT(report.left_out.at(2), ContainsSubstring("TP overlap: needs a tensor group"));
  const Scenario bare = read_scenario(ablation.baseline.root, ".", "test");
  CHECK_FALSE(bare.techniques.dp_overlap);
  CHECK(bare.techniques.attention == AttentionKernel::Unfused);
}

TEST_CASE("a step that changes nothing, or cannot be combined, is refused by its name", "[unit]") {
  CHECK_THROWS_WITH(answer(with_steps("    - {name: again, set: {techniques.pp_overlap: false}}\n")),
                    ContainsSubstring(":9: ablation step 'again': changes nothing"));
  CHECK_THROWS_WITH(answer(with_steps("    - {name: again, set: {training.precision: bf16}}\n")),
                    ContainsSubstring("changes nothing"));
  CHECK_THROWS_WITH(answer(with_steps("    - {name: tp, set: {techniques.tp_overlap: true}}\n")),
                    ContainsSubstring("'tp': cannot be combined") && ContainsSubstring("does not cut collectives into pieces"));
  CHECK_THROWS_WITH(answer(with_steps("    - {name: odd, set: {parallel.tensor: 3}}\n")), ContainsSubstring("'odd'"));
  CHECK_THROWS_WITH(answer(with_steps("    - {name: typo, set: {techniques.pp_overlop: true}}\n")),
                    ContainsSubstring("'typo'") && ContainsSubstring("unknown key"));
  CHECK_THROWS_WITH(answer(with_steps("    - {name: kernel, set: {techniques.flash_attention: 3}}\n")),
                    ContainsSubstring("'kernel'") && ContainsSubstring("no figures"));
}

TEST_CASE("an ablation block says what it adds and where published values come from", "[unit]") {
  CHECK_THROWS_AS(load(base + "ablation: []\n"), InputError);
  CHECK_THROWS_WITH(load(base + "ablation: {baseline: b}\n"), ContainsSubstring("steps"));
  CHECK_THROWS_WITH(load(with_steps("    - {name: a, set: {}}\n")), ContainsSubstring("at least one path.to.key"));
  CHECK_THROWS_WITH(load(with_steps("    - {set: {techniques.pp_overlap: true}}\n")), ContainsSubstring("name"));
  CHECK_THROWS_WITH(load(with_steps("    - {name: a, set: {techniques.pp_overlap: true}, measured: {mfu: 0.5}}\n")),
                    ContainsSubstring("source"));
  CHECK_THROWS_WITH(load(with_steps("    - {name: a, set: {techniques.pp_overlap: true}, measured: {source: s}}\n")),
                    ContainsSubstring("needs a value"));
  CHECK_THROWS_WITH(load(with_steps("    - {name: a, set: {techniques.pp_overlap: true}, measured: {mfu: 53, source: s}}\n")),
                    ContainsSubstring("mfu"));
  CHECK_THROWS_WITH(load(with_steps("    - {name: a, set: {techniques.pp_overlap: true}}\n"
                                    "    - {name: a, set: {techniques.dp_overlap: true}}\n")),
                    ContainsSubstring("given twice"));
  CHECK_THROWS_WITH(load(with_steps("    - {name: a, set: {techniques.pp_overlap: true}, mfu: 0.5}\n")),
                    ContainsSubstring("unknown key"));
}

TEST_CASE("a run of a scenario with an ablation block answers for its baseline", "[unit]") {
  const TemporaryFolder folder;
  const std::string text = with_steps("    - {name: block, set: {techniques.parallel_block: true}}\n");
  CHECK(predict(load_scenario(folder.write("a.yaml", text))).iteration_time ==
        predict(load_scenario(folder.write("b.yaml", base))).iteration_time);
}

TEST_CASE("published: the shipped ablation has the rows of MegaScale's table 3", "[published]") {
  const AblationReport report = ablate(load_ablation("scenarios/ablation-175b-a100x256.yaml"));
  const std::vector<double> published{47.7, 52.3, 53.3, 55.5, 58.0, 59.5, 61.2, 62.3, 65.3};
  REQUIRE(report.rows.size() == published.size());
  for (std::size_t i = 0; i < published.size(); ++i) {
    CAPTURE(i, report.rows[i].name, report.rows[i].result.mfu);
    CHECK_THAT(100 * report.rows[i].published.value().mfu.value(), WithinAbs(published[i], 1e-9));
    CHECK_THAT(report.rows[i].error_points.value(), WithinAbs(100 * report.rows[i].result.mfu - published[i], 1e-9));
  }
}
