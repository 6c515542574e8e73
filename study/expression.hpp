// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mfusim {

/// The names that expressions may use, each with a number. Words (`full`, `interleaved-1f1b`) are numbers of their own, written
/// with `_` for what is no letter or digit, so that `recompute == full` compares them.
struct ExpressionNames {
  std::map<std::string, double> variables;  ///< Their numbers may change between evaluations; the map must not.
  std::map<std::string, double> words;

  /// The number of a value as text: a number itself, true 1, false 0, otherwise that of the word, which becomes known.
  [[nodiscard]] double number_of(const std::string& text);
};

/// A condition over names: numbers, + - * / % ^, comparisons, `and or not` (also && || !), ?:, brackets, min and max.
class Expression {
 public:
  /// Throws InputError `expression, at character N: rule` on a broken expression or a name that is not known.
  /// `names` must outlive the expression and hold every name by now.
  Expression(std::string text, ExpressionNames& names);
  ~Expression();
  Expression(Expression&& other) noexcept;
  Expression& operator=(Expression&& other) noexcept;

  [[nodiscard]] bool holds() const;  ///< With the numbers that the names have now; false where it is not a number.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::vector<std::string> used_names() const;

 private:
  struct Parser;
  std::string text_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace mfusim
