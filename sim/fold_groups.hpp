// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_pattern.hpp"
#include "sim/pipeline_wiring.hpp"
#include "sim/step_record.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace mfusim {

/// One occurrence of a kind on a rank.
struct FoldGroup {
  const FoldPattern* pattern = nullptr;
  std::uint32_t item = StepRecord::none;  ///< The pattern's; none at the head of a rank.
  std::uint32_t kind = 0;
  std::uint32_t sent = StepRecord::none;        ///< What the pass sends: the first of its steps.
  std::uint32_t first_step = StepRecord::none;  ///< Items of its other steps, as a list through FoldPlan::next_step.
  friend bool operator==(const FoldGroup&, const FoldGroup&) = default;
};

/// The groups of a rank: the head, those of its passes, and others. Most are a pass and what it sends, as its kind says; only
/// those that are more than that are kept one by one.
class FoldGroups {
 public:
  static constexpr std::uint32_t none = StepRecord::none;

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] FoldGroup operator[](std::uint32_t place) const {
    const auto at = std::lower_bound(places_.begin(), places_.end(), place);
    return at != places_.end() && *at == place ? own_[static_cast<std::size_t>(at - places_.begin())] : pass_group(place);
  }
  /// The pattern's item.
  [[nodiscard]] std::uint32_t item_of(std::uint32_t place) const {
    return is_pass(place) ? pass_item(place) : (*this)[place].item;
  }
  /// Behind the head, the first group that is kept by itself.
  [[nodiscard]] std::uint32_t first_own() const { return places_.size() > 1 ? places_[1] : size_; }
  /// Whether both are the same head and passes of the same kinds of one wiring and stage, but for own groups.
  [[nodiscard]] bool begins_like(const FoldGroups& other) const {
    return wiring_ != nullptr && wiring_ == other.wiring_ && first_pass_ == other.first_pass_ &&
           own_.front() == other.own_.front() && of_kind_ == other.of_kind_;
  }
  /// Those that are kept one by one, in their order.
  [[nodiscard]] std::span<FoldGroup> own() { return own_; }

  /// Once, behind the head. `of_kind`: what the groups of each kind of the stage's passes have in common.
  void add_passes(const PipelineWiring& wiring, std::size_t stage, std::vector<FoldGroup> of_kind) {
    wiring_ = &wiring;
    of_kind_ = std::move(of_kind);
    first_pass_ = wiring.first(stage);
    passes_ = wiring.first(stage + 1) - first_pass_;
    size_ += passes_;
  }
  void push_back(const FoldGroup& group) {
    places_.push_back(size_++);
    own_.push_back(group);
  }
  /// A group that is to be kept by itself from now on.
  [[nodiscard]] FoldGroup& own(std::uint32_t place) {
    const auto at = std::lower_bound(places_.begin(), places_.end(), place);
    const auto group = own_.begin() + (at - places_.begin());
    if (at != places_.end() && *at == place) return *group;
    const auto made = own_.insert(group, pass_group(place));
    places_.insert(at, place);
    return *made;
  }

  /// Goes through them in their order.
  class Walk {
   public:
    explicit Walk(const FoldGroups& groups) : groups_(groups) {}
    [[nodiscard]] std::uint32_t place() const { return place_; }
    [[nodiscard]] bool is_done() const { return place_ == groups_.size_; }
    [[nodiscard]] std::uint32_t item() const {
      return groups_.is_pass(place_) ? groups_.pass_item(place_) : groups_.own_[next_own_].item;
    }
    /// What it has in common with others of its kind, where it is not kept by itself. It stays where it is.
    [[nodiscard]] const FoldGroup& group() const {
      return place_ == own_place_ ? groups_.own_[next_own_] : groups_.of_kind_[groups_.wiring_->kind_of(groups_.pass(place_))];
    }
    /// Whether the next group waits for what this one sends.
    [[nodiscard]] bool blocks() const { return groups_.is_pass(place_) && groups_.wiring_->blocks(groups_.pass(place_)); }
    /// Goes on behind the head, not beyond the first own group there.
    void go_to(std::uint32_t place) {
      if (place == 0) return;
      next();
      place_ = place;
    }
    void next() {
      if (place_++ != own_place_) return;
      ++next_own_;
      own_place_ = next_own_ < groups_.places_.size() ? groups_.places_[next_own_] : none;
    }

   private:
    const FoldGroups& groups_;
    std::uint32_t place_ = 0;
    std::uint32_t own_place_ = 0;  ///< Of the next own group; the first is the head.
    std::size_t next_own_ = 0;
  };

 private:
  [[nodiscard]] bool is_pass(std::uint32_t place) const { return place - 1 < passes_; }
  [[nodiscard]] std::uint32_t pass(std::uint32_t place) const { return first_pass_ + place - 1; }
  [[nodiscard]] std::uint32_t pass_item(std::uint32_t place) const { return step_items::of_pass(pass(place)); }
  [[nodiscard]] FoldGroup pass_group(std::uint32_t place) const {
    FoldGroup group = of_kind_[wiring_->kind_of(pass(place))];
    group.item = pass_item(place);
    if (group.sent != none) group.sent = step_items::of_sent(pass(place));
    return group;
  }

  const PipelineWiring* wiring_ = nullptr;
  std::vector<FoldGroup> of_kind_;
  std::uint32_t first_pass_ = 0;
  std::uint32_t passes_ = 0;
  std::uint32_t size_ = 1;
  std::vector<std::uint32_t> places_{0};  ///< Of `own_`, ascending.
  std::vector<FoldGroup> own_{FoldGroup{}};
};

}  // namespace mfusim
