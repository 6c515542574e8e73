// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_kinds.hpp"
#include "sim/fold_outcome.hpp"

#include <cstdint>
#include <forward_list>
#include <memory_resource>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mfusim {

/// A cut that was made before: the number of its situation, its tasks, and those that it leaves out.
struct CutNode {
  std::int64_t offset = 0;
  std::uint32_t streams = 0;
  std::uint32_t situation = 0;
  std::pmr::vector<std::uint32_t> tasks;
  std::pmr::vector<std::uint32_t> left_out;
};

struct OutcomeNode {
  std::uint32_t situation = 0;
  std::uint32_t first_step = 0;  ///< The first of the outcome's tasks that is a step.
  std::int64_t host_lag = 0;
  CutNode* last_cut = nullptr;  ///< The one that was asked for last: mostly the next one too.
  Outcome outcome;
  std::pmr::forward_list<CutNode> cuts;
};

/// What is known of outcomes. What lives in `memory` is not destroyed piece by piece: it goes with it.
struct KnownOutcomes {
  struct Key {
    std::uint32_t kind = 0;
    std::uint32_t situation = 0;
    std::int64_t host_lag = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      const std::uint64_t word =
          (std::uint64_t{key.kind} << 32U | key.situation) + 0x9E3779B97F4A7C15U * static_cast<std::uint64_t>(key.host_lag);
      return (word ^ word >> 29U) * 0xBF58476D1CE4E5B9U;
    }
  };
  using ByKey = std::pmr::unordered_map<Key, OutcomeNode*, Hash>;

  std::pmr::monotonic_buffer_resource memory;
  std::pmr::polymorphic_allocator<> allocator{&memory};
  Situations& situations = *allocator.new_object<Situations>(&memory);
  ByKey& by_key = *allocator.new_object<ByKey>();
};

/// Outcomes of groups, each simulated when it is first asked for.
class Outcomes {
 public:
  /// Of `kinds`, which may become more.
  Outcomes(const FoldKinds& kinds, const SharingModel& sharing) : kinds_(kinds), engine_(sharing, &known_->memory) {}

  /// To be called before of() where there are more kinds.
  void make_room() {
    of_kind_.resize(kinds_.size());
    models_of_pattern_.resize(kinds_.patterns());
  }

  /// Of a kind after `under_way` (none: nothing is).
  [[nodiscard]] OutcomeNode& of(const CutNode* under_way, std::uint32_t kind, std::int64_t host_lag) {
    const std::uint32_t situation = under_way == nullptr ? 0 : under_way->situation;
    OutcomeNode* last = of_kind_[kind].last_asked;
    if (last != nullptr && last->situation == situation && last->host_lag == host_lag) return *last;
    return find({kind, situation, host_lag});
  }
  [[nodiscard]] const CutNode& cut_of(OutcomeNode& node, std::int64_t offset, std::uint32_t streams) {
    const CutNode* last = node.last_cut;
    if (last != nullptr && last->offset == offset && last->streams == streams) return *last;
    return find_cut(node, offset, streams);
  }

  /// Outcomes and kinds are no longer known; what runs beside what at which rate still is.
  void forget();

  [[nodiscard]] std::size_t simulated_tasks() const { return simulated_tasks_; }
  /// Tasks whose ends are kept.
  [[nodiscard]] std::size_t kept_tasks() const { return kept_tasks_; }

 private:
  static constexpr std::size_t most_models = 4;  ///< Of a kind, and of a pattern: each one is tried at each pause.

  struct OfKind {
    OutcomeNode* last_asked = nullptr;
    std::vector<const Outcome*> models{};  ///< Outcomes that others follow where they can.
  };
  OutcomeNode& find(const KnownOutcomes::Key& key);
  const CutNode& find_cut(OutcomeNode& node, std::int64_t offset, std::uint32_t streams);
  void keep_as_model(Outcome& outcome, OfKind& of_kind);

  std::optional<KnownOutcomes> known_{std::in_place};
  const FoldKinds& kinds_;
  RankEngine engine_;
  std::vector<OfKind> of_kind_;
  std::vector<std::vector<const Outcome*>>
      models_of_pattern_;               ///< Outcomes of kinds of one pattern, simulated for the most part.
  std::vector<const Outcome*> models_;  ///< For the outcome that is simulated.
  Cut cut_;                             ///< The one that is made.
  std::size_t simulated_tasks_ = 0;
  std::size_t kept_tasks_ = 0;
};

}  // namespace mfusim
