// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/expression.hpp"
#include "study/sweep_space.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// The constraints of a space over one configuration at a time. Names are the keys of the scenario with their path
/// (`parallel.tensor`), and without it where that is unambiguous (`tensor`); also `data` and `micro_batches` as they follow from
/// the others. `parallel.sequence: auto` is what it comes to in a language model: true where `tensor` > 1. For one thread.
class SweepConstraints {
 public:
  /// Throws InputError with the constraint's line on a broken one.
  explicit SweepConstraints(const SweepSpace& space);
  SweepConstraints(const SweepConstraints&) = delete;  // assignments point into it
  SweepConstraints& operator=(const SweepConstraints&) = delete;

  /// The axis takes this value; each axis must have been given one before violated() is asked.
  void choose(std::size_t axis, std::size_t choice);
  /// The first constraint that the configuration breaks.
  [[nodiscard]] std::optional<std::size_t> violated();
  [[nodiscard]] bool holds(std::size_t constraint);
  /// The last axis that a constraint depends on: the others may vary without changing its answer. None: it is constant.
  [[nodiscard]] std::optional<std::size_t> last_axis_of(std::size_t constraint) const { return last_axis_[constraint]; }

 private:
  struct Assignment {
    double* place;
    double number;
  };
  void name_scalars(const SweepSpace& space);
  void name_short_forms();
  void name_choices(const SweepSpace& space);
  void name_towers(const SweepSpace& space);
  void derive();
  [[nodiscard]] std::vector<double*> places_of(const std::string& path);
  [[nodiscard]] std::optional<std::size_t> last_axis_used(const Expression& expression) const;

  ExpressionNames names_;
  std::set<std::string> full_names_;
  std::vector<std::vector<std::vector<Assignment>>> assignments_;  ///< By axis and choice.
  std::map<const double*, std::size_t> axis_of_place_;             ///< The last axis that sets it.
  bool data_follows_ = true;                                       ///< `parallel.data` is auto everywhere.
  std::vector<double*> data_, micro_batches_, sequence_;           ///< Places of the derived names.
  bool sequence_follows_ = false;                                  ///< `parallel.sequence` is auto somewhere.
  double asked_sequence_ = 0;                                      ///< Before auto is decided.
  double automatic_ = 0;                                           ///< The number of the word.
  double two_towers_ = 0;                                          ///< 1: the model has them.
  /// Places of what they follow from.
  const double* gpus_ = nullptr;
  const double* tensor_ = nullptr;
  const double* pipeline_ = nullptr;
  const double* context_ = nullptr;
  const double* global_batch_ = nullptr;
  const double* micro_batch_ = nullptr;
  std::vector<Expression> constraints_;
  std::vector<std::optional<std::size_t>> last_axis_;
};

/// Where a space has no configuration that meets all constraints: which one alone nothing meets, or which two
/// together, or which one leaves nothing of what those before it leave. Looks at every configuration.
[[nodiscard]] std::string contradiction_in(const SweepSpace& space);

/// The values that a key has anywhere in the space, as text.
[[nodiscard]] std::vector<std::string> possible_values(const SweepSpace& space, const std::string& path);

}  // namespace mfusim
