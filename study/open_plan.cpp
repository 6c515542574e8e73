// SPDX-License-Identifier: Apache-2.0
#include "study/open_plan.hpp"

#include "base/document.hpp"
#include "base/number.hpp"
#include "base/reader.hpp"
#include "sim/read_scenario.hpp"
#include "study/sweep_axis.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

namespace mfusim {
namespace {

using Numbers = std::vector<std::int64_t>;

// What is searched is a choice of ours (docs/sweep.md).
constexpr std::int64_t most_chunks = 12;                // a stage
constexpr std::int64_t most_samples = 16;               // of a language model's micro-batch
constexpr std::int64_t fewest_pairs = 16;               // of a two-tower model's, but for its whole local batch
constexpr std::int64_t long_sequence = 8192;            // tokens: longer ones are split over context ranks
constexpr std::int64_t most_context = 16;               // ranks
constexpr std::int64_t most_asked = 1'000'000'000'000;  // a number that can still be multiplied

Numbers divisors(std::int64_t number, std::int64_t most) {
  Numbers all = divisors_of(number);
  std::erase_if(all, [most](std::int64_t divisor) { return divisor > most; });
  return all;
}

Numbers powers_of_two(std::int64_t most) {
  Numbers all;
  for (std::int64_t i = 1; i <= most; i *= 2) all.push_back(i);
  return all;
}

/// An eighth to eight times `number`, where that is whole.
Numbers around(std::int64_t number) {
  Numbers all{number};
  for (const std::int64_t times : {2, 4, 8}) {
    all.push_back(number * times);
    if (number % times == 0) all.push_back(number / times);
  }
  std::sort(all.begin(), all.end());
  return all;
}

/// Layers that stages divide only where embedding and logits count as a layer each, as the 126 of Llama 3.1 405B over 16 stages.
bool ends_count(std::int64_t layers, std::int64_t most_stages) {
  const Numbers stages = powers_of_two(std::min(layers, most_stages));
  return std::any_of(stages.begin(), stages.end(), [&](std::int64_t p) { return layers % p != 0 && (layers + 2) % p == 0; });
}

/// The local batch of each number of GPUs and what it halves to.
Numbers local_batches(std::int64_t global_batch, const Numbers& gpus) {
  std::set<std::int64_t> sizes;
  for (const std::int64_t ranks : gpus) {
    if (global_batch % ranks != 0) continue;
    std::int64_t size = global_batch / ranks;
    sizes.insert(size);
    for (; size % 2 == 0 && size / 2 >= fewest_pairs; size /= 2) sizes.insert(size / 2);
  }
  return {sizes.begin(), sizes.end()};
}

/// The block as it is written: the axis that is added last varies fastest.
class OpenPlan {
 public:
  OpenPlan(const Node& document, const std::filesystem::path& folder)
      : document_(document), root_(document, "", nullptr), model_(read_model(root_, folder, catalogs_)) {
    Reader cluster = root_.child("cluster");
    gpus_ = {cluster.positive_int("gpus")};
    gpus_per_node_ = read_node_gpus(cluster);
    global_batch_ = root_.child("training").positive_int("global_batch");
  }

  void add_asked(const std::string& key) {
    const Node* value = value_at(document_, key);
    const std::optional<std::int64_t> number = value == nullptr ? std::nullopt : parse_integer(value->text);
    if (key == "cluster.gpu") {
      lines_.push_back("    cluster.gpu: auto\n");
    } else if (number && *number > 0 && *number <= most_asked) {
      lines_.push_back(fmt::format("    {}: [{}]\n", key, fmt::join(around(*number), ", ")));
    } else {
      root_.fail("sweep",
                 fmt::format("missing, and the scenario has no number of {} to vary: name the axes (docs/sweep.md)", shown(key)));
    }
    if (key == "cluster.gpus") gpus_ = around(gpus_.front());
    asked_ = key;
  }

  void add_open_keys() {
    const std::size_t before = lines_.size();
    if (is_contrastive(model_)) {
      add("training.micro_batch", local_batches(global_batch_, gpus_));
    } else {
      add_cut();
    }
    add("parallel.recompute", std::vector<std::string>{"none", "selective", "full"});
    add("parallel.zero", Numbers{0, 1, 2, 3});
    if (lines_.size() == before && asked_.empty())
      root_.fail(
          "sweep",
          "missing, and the scenario leaves nothing of its plan open: name axes (docs/sweep.md), or leave keys of parallel out");
  }

  [[nodiscard]] Node block() const {
    constexpr const char* conditions =
        "    - tensor * pipeline * context <= gpus\n"
        "    - data % 1 == 0\n"
        "    - micro_batches % 1 == 0\n"
        "    - zero <= 1 or pipeline == 1\n"
        "    - virtual_stages == 1 or pipeline > 1 and micro_batches % pipeline == 0\n";
    return parse_yaml(fmt::format("sweep:\n  axes:\n{}  constraints:\n{}{}", fmt::join(lines_, ""), conditions, own_conditions()),
                      name());
  }

  [[nodiscard]] bool splits_sequence() const { return !is_contrastive(model_) && !stated("parallel.sequence"); }

 private:
  [[nodiscard]] std::string name() const {
    return fmt::format("{} (the plan left open)", document_.where.file ? *document_.where.file : "scenario");
  }

  [[nodiscard]] bool stated(const std::string& path) const {
    const Node* value = value_at(document_, path);
    return path == asked_ || (value != nullptr && value->kind != Node::Kind::Null);
  }

  [[nodiscard]] std::string own_conditions() const {
    if (is_contrastive(model_)) return "    - zero <= 2 or micro_batches == 1\n";
    if (states_stages()) return "";
    const std::int64_t layers = repeated_layers(model_);
    if (!ends_) return fmt::format("    - {} % (pipeline * virtual_stages) == 0\n", layers);
    return fmt::format(
        "    - account_for_embedding == account_for_loss\n"
        "    - account_for_loss == 0 or pipeline > 1 and 2 * pipeline * virtual_stages <= {1}\n"  // no end without a layer
        "    - ({0} + 2 * account_for_loss) % (pipeline * virtual_stages) == 0\n",
        layers, layers + 2);
  }

  template <class Value>
  void add(const std::string& path, const std::vector<Value>& values) {
    if (!stated(path) && values.size() > 1) lines_.push_back(fmt::format("    {}: [{}]\n", path, fmt::join(values, ", ")));
  }

  [[nodiscard]] bool states_stages() const {
    const std::array<const char*, 5> keys{"parallel.stages", "parallel.first_stage_layers", "parallel.last_stage_layers",
                                          "parallel.account_for_embedding", "parallel.account_for_loss"};
    return std::any_of(keys.begin(), keys.end(), [&](const char* key) { return stated(key); });
  }

  [[nodiscard]] Numbers cuts(std::int64_t layers, std::int64_t most) const {
    const Numbers all = divisors(layers, most);
    std::set<std::int64_t> both(all.begin(), all.end());
    const Numbers more = divisors(layers + 2, most);
    if (ends_) both.insert(more.begin(), more.end());
    return {both.begin(), both.end()};
  }

  void add_cut() {
    const std::int64_t layers = repeated_layers(model_);
    const std::int64_t most_gpus = gpus_.back();
    add("parallel.tensor", divisors(gpus_per_node_, most_gpus));
    ends_ = !states_stages() && ends_count(layers, most_gpus);
    add("parallel.pipeline", cuts(layers, most_gpus));
    const Node* schedule = value_at(document_, "parallel.schedule");
    const bool interleaves = schedule == nullptr || schedule->text == "interleaved-1f1b";
    if (interleaves) add("parallel.virtual_stages", cuts(layers, most_chunks));
    if (ends_) {
      add("parallel.account_for_embedding", std::vector<bool>{false, true});
      add("parallel.account_for_loss", std::vector<bool>{false, true});
    }
    const Node* length = value_at(document_, "training.sequence_length");
    if (length != nullptr && parse_integer(length->text).value_or(0) > long_sequence)
      add("parallel.context", powers_of_two(most_context));
    add("training.micro_batch", powers_of_two(std::min(most_samples, global_batch_)));
  }

  const Node& document_;
  Reader root_;
  Catalogs catalogs_;
  ModelSpec model_;
  Numbers gpus_;
  std::int64_t gpus_per_node_ = 1;
  std::int64_t global_batch_ = 1;
  std::string asked_;
  bool ends_ = false;  ///< Embedding and logits may count as layers.
  std::vector<std::string> lines_;
};

}  // namespace

void search_open_plan(Node& document, const std::filesystem::path& folder, const std::string& asked) {
  Reader root(document, "", nullptr);
  std::optional<Reader> towers = root.child_if("towers");
  if (towers && (towers->has("vision") || towers->has("text")))
    root.fail("sweep", "missing: towers with plans of their own need axes (docs/sweep.md); `mfusim split` places them");
  OpenPlan plan(document, folder);
  if (!asked.empty()) plan.add_asked(asked);
  plan.add_open_keys();
  const Node block = plan.block();
  const bool splits_sequence = plan.splits_sequence();
  if (splits_sequence) set_value(document, "parallel.sequence", "auto");
  overlay(document, block);
}

}  // namespace mfusim
