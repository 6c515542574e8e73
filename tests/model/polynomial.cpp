// SPDX-License-Identifier: Apache-2.0
#include "tests/model/polynomial.hpp"

#include <cctype>
#include <stdexcept>

namespace mfusim::test {
namespace {

/// One term, as `590848*id**2*il`; a bare variable has coefficient 1.
void add_term(Polynomial& polynomial, std::string_view term, bool negative) {
  Fraction coefficient{.numerator = negative ? -1 : 1, .denominator = 1};
  Powers powers;
  while (!term.empty()) {
    const std::size_t end = term.find('*');
    const std::string factor(term.substr(0, end));
    term = end == std::string_view::npos ? std::string_view() : term.substr(end + 1);
    if (std::isdigit(static_cast<unsigned char>(factor.at(0))) != 0) {
      const std::size_t bar = factor.find('/');
      coefficient.numerator *= std::stoll(factor.substr(0, bar));
      if (bar != std::string::npos) coefficient.denominator *= std::stoll(factor.substr(bar + 1));
      continue;
    }
    int power = 1;
    if (term.starts_with("*")) {
      std::size_t used = 0;
      power = std::stoi(std::string(term.substr(1)), &used);
      term = term.size() > used + 1 ? term.substr(used + 2) : std::string_view();
    }
    powers[factor] += power;
  }
  polynomial[powers] += coefficient;
}

}  // namespace

Polynomial parse_polynomial(std::string_view text) {
  Polynomial polynomial;
  bool negative = text.starts_with("-");
  if (negative) text.remove_prefix(1);
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    add_term(polynomial, text.substr(0, end), negative);
    if (end == std::string_view::npos) break;
    negative = text.at(end + 1) == '-';
    text.remove_prefix(end + 3);
  }
  return polynomial;
}

Count evaluate(const Polynomial& polynomial, const std::map<std::string, Count>& values) {
  Fraction sum;
  for (const auto& [powers, coefficient] : polynomial) {
    Count product = coefficient.numerator;
    for (const auto& [name, power] : powers) {
      if (power < 0) throw std::invalid_argument("a negative power is not a polynomial");
      for (int i = 0; i < power; ++i) product *= values.at(name);
    }
    sum += {.numerator = product, .denominator = coefficient.denominator};
  }
  return sum.numerator / sum.denominator;
}

}  // namespace mfusim::test
