// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/sharing.hpp"
#include "sim/solved_rates.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace mfusim {

/// The rates of the tasks that run now, kept up to date as tasks start and end. Only what a change can reach is solved again:
/// through contended resources (one whose demands all fit ties nobody together), and from a class only to itself and
/// later ones. The rates depend on what runs, not on how it came about: equal situations get equal numbers.
class SharedRates {
 public:
  explicit SharedRates(const SharingModel& model);

  void start(UsageId usage) { change_count(usage, 1); }
  void end(UsageId usage) { change_count(usage, -1); }

  /// Solves what starts and ends since the last call changed; a task that follows one of its usage changes nothing.
  /// Returns the usages whose rate is another now.
  [[nodiscard]] std::span<const UsageId> update();

  /// Rate of a task of this usage, as of the last update.
  [[nodiscard]] double rate(UsageId usage) const { return usages_[usage].rate; }

 private:
  /// Demands are added up in integers: the sum of the same tasks is the same number in whatever order they came and went.
  using FixedPoint = std::int64_t;
  static constexpr FixedPoint kCapacity = FixedPoint{1} << 40;
  static constexpr FixedPoint kFits = kCapacity + static_cast<FixedPoint>(kSharingTolerance * kCapacity);
  static constexpr std::uint32_t kUnreached = std::numeric_limits<std::uint32_t>::max();

  struct UsageState {
    double rate = 1;
    std::uint32_t running = 0;
    std::uint32_t solved = 0;  ///< Of `running`, at the last update.
    std::uint32_t rank = 0;    ///< By priority, then by what it takes.
    bool listed = false;       ///< In `counted_`.
    bool reached = false;      ///< In `ranks_`.
  };
  struct Resource {
    FixedPoint demand = 0;
    std::uint32_t reached = kUnreached;  ///< The first class that changes, while an update goes on.
    std::vector<std::uint32_t> active;   ///< Entries of model.shares whose usage runs, by its rank.
  };

  void change_count(UsageId usage, int by) {
    UsageState& state = usages_[usage];
    state.running += static_cast<std::uint32_t>(by);
    if (state.listed) return;
    state.listed = true;
    counted_.push_back(usage);
  }
  void apply_change(UsageId usage);
  void reach(ResourceId resource, std::uint32_t priority);
  void reach_usages_of(ResourceId resource);
  /// When a change of the rate alone of a share's usage can matter to others on its resource: of what is held, later classes
  /// find the same left at any rate, so only usages of the same class notice.
  enum class PassesOn : std::uint8_t { Never, InCompany, Always };
  void find_what_passes_on();
  /// Whether it does now. `entry` of model.shares.
  [[nodiscard]] bool passes_on(std::uint32_t entry) const;
  /// Solves the reached loads of one class.
  void solve_class(std::span<const Load> loads);
  /// Into `key_`: what the rates of these loads depend on, the loads and what earlier classes left to them.
  void write_key(std::span<const Load> loads);
  [[nodiscard]] std::span<const double> solve(std::span<const Load> loads);
  [[nodiscard]] double left_to_class(const Resource& resource, std::uint32_t priority) const;

  const SharingModel& model_;
  FairSharing sharing_;
  SolvedRates solved_;
  std::vector<UsageState> usages_;
  std::vector<Resource> resources_;
  std::vector<FixedPoint> fraction_;  ///< By entry of model.shares.
  std::vector<UsageId> owner_;        ///< By entry of model.shares.
  std::vector<PassesOn> passes_on_;   ///< By entry of model.shares.
  std::vector<UsageId> by_rank_;
  std::vector<UsageId> counted_;      ///< Usages that started or ended tasks since the last update.
  std::vector<ResourceId> queue_;     ///< Resources that the update reached.
  std::vector<std::uint32_t> ranks_;  ///< Usages that the update reached.
  std::vector<Load> loads_;
  std::vector<std::uint64_t> key_;
  std::vector<UsageId> changed_;
};

}  // namespace mfusim
