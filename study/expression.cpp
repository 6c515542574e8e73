// SPDX-License-Identifier: Apache-2.0
#include "study/expression.hpp"

#include "base/input_error.hpp"
#include "base/nearest.hpp"
#include "base/number.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <muParser.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>

namespace mfusim {
namespace {

constexpr const char* name_characters = "0123456789_.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr const char* operator_characters = "abcdefghijklmnopqrstuvwxyz+-*^/?<>=!%&|";
constexpr double first_word = 1e12;  // far from any size, so that a word never equals a number

double conjunction(double a, double b) {
  return a != 0 && b != 0 ? 1 : 0;
}
double disjunction(double a, double b) {
  return a != 0 || b != 0 ? 1 : 0;
}
double negation(double a) {
  return a == 0 ? 1 : 0;
}
double remainder_of(double a, double b) {
  return std::fmod(a, b);
}

/// A word as a name: `interleaved-1f1b` -> `interleaved_1f1b`; a leading digit gets an underscore: `_1f1b`.
std::string name_of_word(const std::string& word) {
  std::string name;
  for (const char c : word) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  if (!name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) != 0) name.insert(name.begin(), '_');
  return name;
}

/// muParser would take a single `=` as an assignment.
void reject_assignment(const std::string& text) {
  const auto is_at = [&](std::size_t place, std::string_view characters) {
    return place < text.size() && characters.find(text[place]) != std::string_view::npos;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_at(i + 1, "=") && is_at(i, "=!<>")) {
      ++i;
    } else if (text[i] == '=') {
      throw InputError(fmt::format("'{}', at character {}: a comparison is written ==", shown(text), i + 1));
    }
  }
}

/// The names without a path, where a message has room for them.
std::string known_names(const ExpressionNames& names) {
  constexpr std::size_t most = 40;
  std::vector<std::string_view> plain;
  for (const auto& [name, value] : names.variables) {
    if (name.find('.') == std::string::npos) plain.push_back(name);
  }
  if (plain.size() > most) return "names are the keys of a scenario, with their path or its last part, as tensor";
  return fmt::format("names are {}", fmt::join(plain, ", "));
}

/// Names that a word could have meant: the keys, and the last parts that several of them share.
std::string hint_for(const std::string& word, const ExpressionNames& names) {
  std::vector<std::string> known;
  std::string sharing;
  for (const auto& [name, value] : names.variables) {
    known.push_back(name);
    if (name.ends_with("." + word)) sharing += (sharing.empty() ? "" : ", ") + name;
  }
  for (const auto& [name, value] : names.words) known.push_back(name);
  if (!sharing.empty()) return fmt::format("; it may be {}", sharing);
  const std::string near = suggestion(word, known);
  return near.empty() ? "; " + known_names(names) : near;
}

}  // namespace

double ExpressionNames::number_of(const std::string& text) {
  if (const std::optional<double> number = parse_number(text)) return *number;
  if (text == "true") return 1;
  if (text == "false") return 0;
  const double next = first_word + static_cast<double>(words.size());
  return words.emplace(name_of_word(text), next).first->second;
}

struct Expression::Parser {
  mu::Parser parser;
};

Expression::Expression(std::string text, ExpressionNames& names) : text_(std::move(text)), parser_(std::make_unique<Parser>()) {
  reject_assignment(text_);
  mu::Parser& parser = parser_->parser;
  try {
    parser.DefineNameChars(name_characters);
    parser.DefineOprtChars(operator_characters);
    parser.DefineInfixOprtChars(operator_characters);
    parser.DefineOprt("and", conjunction, mu::prLAND, mu::oaLEFT, true);
    parser.DefineOprt("or", disjunction, mu::prLOR, mu::oaLEFT, true);
    parser.DefineOprt("%", remainder_of, mu::prMUL_DIV, mu::oaLEFT, true);
    parser.DefineInfixOprt("not", negation, mu::prLAND, true);
    parser.DefineInfixOprt("!", negation, mu::prINFIX, true);
    parser.ClearConst();
    parser.DefineConst("true", 1);
    parser.DefineConst("false", 0);
    for (auto& [name, value] : names.variables) parser.DefineVar(name, &value);
    for (const auto& [name, value] : names.words) {
      if (!names.variables.contains(name) && !name.empty()) parser.DefineConst(name, value);
    }
    parser.SetExpr(text_);
    static_cast<void>(parser.Eval());  // parses
  } catch (const mu::ParserError& error) {
    const bool unknown = error.GetCode() == mu::ecUNASSIGNABLE_TOKEN;
    const std::size_t place = std::min(static_cast<std::size_t>(std::max(error.GetPos(), 0)), text_.size()) + 1;
    const std::string& message = error.GetMsg();
    const std::string rule = unknown
                                 ? fmt::format("unknown name '{}'{}", shown(error.GetToken()), hint_for(error.GetToken(), names))
                                 : message.substr(0, message.find(" at position"));
    throw InputError(fmt::format("'{}', at character {}: {}", shown(text_), place, rule));
  }
}

Expression::~Expression() = default;
Expression::Expression(Expression&& other) noexcept = default;
Expression& Expression::operator=(Expression&& other) noexcept = default;

bool Expression::holds() const {
  const double value = parser_->parser.Eval();
  return !std::isnan(value) && value != 0;
}

std::vector<std::string> Expression::used_names() const {
  std::vector<std::string> names;
  for (const auto& [name, place] : parser_->parser.GetUsedVar()) names.push_back(name);
  return names;
}

}  // namespace mfusim
