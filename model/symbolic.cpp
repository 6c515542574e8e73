// SPDX-License-Identifier: Apache-2.0
#include "model/symbolic.hpp"

#include "base/input_error.hpp"
#include "base/nearest.hpp"
#include "model/build_work.hpp"
#include "model/convert_spec.hpp"
#include "model/parameters.hpp"

#include <fmt/format.h>
#include <ginac/ginac.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace mfusim {

using GiNaC::ex;

template <>
struct NumberTraits<ex> {
  [[nodiscard]] static bool same(const ex& a, const ex& b) { return (a - b).expand().is_zero(); }
  [[nodiscard]] static ex smaller(const ex& a, const ex& b) {
    const ex difference = (a - b).expand();
    return GiNaC::is_a<GiNaC::numeric>(difference) && difference < 0 ? a : b;
  }
  [[nodiscard]] static ex quotient(const ex& a, const ex& b) {
    const bool numbers = GiNaC::is_a<GiNaC::numeric>(a) && GiNaC::is_a<GiNaC::numeric>(b);
    if (!numbers) return a / b;
    return GiNaC::iquo(GiNaC::ex_to<GiNaC::numeric>(a), GiNaC::ex_to<GiNaC::numeric>(b));
  }
  [[nodiscard]] static ex remaining(const ex& count, double dropped) {
    if (!GiNaC::is_a<GiNaC::numeric>(count)) throw InputError("--symbolic: the patches left by patch dropout are no polynomial");
    return NumberTraits<Count>::remaining(GiNaC::ex_to<GiNaC::numeric>(count).to_long(), dropped).value();
  }
};

namespace {

using Symbols = std::vector<std::pair<std::string, GiNaC::symbol>>;

/// Names of all sizes that a converted model asks for.
std::vector<std::string> asked_names(const ModelSpec& model, const InputShape& input) {
  std::vector<std::string> names;
  const auto record = [&names](const std::string& name, Count count) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    return count;
  };
  SpecConverter<Count, decltype(record)> converter(record);
  static_cast<void>(converter.model(model));
  static_cast<void>(converter.input(input, model));
  return names;
}

Symbols symbols_for(const ModelSpec& model, const InputShape& input, std::vector<std::string> variables) {
  const std::vector<std::string> known = asked_names(model, input);
  if (variables.empty()) {
    for (const char* name : {"id", "il", "im", "td", "tl", "tm", "d", "l", "m"}) {
      if (std::find(known.begin(), known.end(), name) != known.end()) variables.emplace_back(name);
    }
  }
  Symbols symbols;
  for (const std::string& name : variables) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw InputError(fmt::format("--symbolic: expected variables of {}: {}, got '{}'{}", model.name, fmt::join(known, ", "),
                                   shown(name), suggestion(name, known)));
    }
    const bool repeated = std::any_of(symbols.begin(), symbols.end(), [&](const auto& entry) { return entry.first == name; });
    if (repeated) throw InputError(fmt::format("--symbolic: the variable {} is given twice", name));
    symbols.emplace_back(name, GiNaC::symbol(name));
  }
  return symbols;
}

ex of_operator(const Operator<ex>& op, FormulaOf what, Convention convention, bool frozen) {
  switch (what) {
    case FormulaOf::Forward:
      return forward_count(op, convention).total();
    case FormulaOf::ForwardMul:
      return forward_count(op, convention).mul;
    case FormulaOf::ForwardAdd:
      return forward_count(op, convention).add;
    case FormulaOf::Backward:
      return frozen ? ex(0) : backward_count(op, convention).total().total();
    case FormulaOf::Parameters:
      return parameters(op);
  }
  throw std::logic_error("unhandled FormulaOf");
}

ex sum_of(const std::vector<LayerGroup<ex>>& groups, FormulaOf what, Convention convention, bool frozen) {
  ex sum = 0;
  for (const LayerGroup<ex>& group : groups) {
    ex layer = 0;
    for (const Operator<ex>& op : group.layer.operators) layer += of_operator(op, what, convention, frozen);
    sum += layer * group.repeat;
  }
  return sum;
}

/// A product of powers with its factor; `powers` in the order of the variables.
struct Term {
  std::vector<int> powers;
  GiNaC::numeric factor;
};

Term term_of(const ex& product, const Symbols& symbols) {
  Term term;
  ex rest = product;
  for (const auto& [name, symbol] : symbols) {
    const int power = product.degree(symbol);
    term.powers.push_back(power);
    rest /= GiNaC::pow(symbol, power);
  }
  rest = rest.normal();
  if (!GiNaC::is_a<GiNaC::numeric>(rest)) throw InputError("--symbolic: the formula is no sum of products in these variables");
  term.factor = GiNaC::ex_to<GiNaC::numeric>(rest);
  return term;
}

std::vector<Term> terms_of(const ex& sum, const Symbols& symbols) {
  std::vector<Term> terms;
  if (GiNaC::is_a<GiNaC::add>(sum)) {
    for (const ex& product : sum) terms.push_back(term_of(product, symbols));
  } else if (!sum.is_zero()) {
    terms.push_back(term_of(sum, symbols));
  }
  std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.powers > b.powers; });
  return terms;
}

std::string text_of(const Term& term, const Symbols& symbols) {
  std::ostringstream factor;
  factor << GiNaC::abs(term.factor);
  std::string text = factor.str();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (term.powers[i] == 0) continue;
    text += "*" + symbols[i].first;
    if (term.powers[i] != 1) text += fmt::format("**{}", term.powers[i]);
  }
  return text.starts_with("1*") ? text.substr(2) : text;
}

std::string text_of(const std::vector<Term>& terms, const Symbols& symbols) {
  if (terms.empty()) return "0";
  std::string text;
  for (const Term& term : terms) {
    const bool negative = term.factor.is_negative();
    text += text.empty() ? (negative ? "-" : "") : (negative ? " - " : " + ");
    text += text_of(term, symbols);
  }
  return text;
}

}  // namespace

std::vector<std::string> symbolic_variables(const ModelSpec& model) {
  return asked_names(model, InputShape{});
}

std::string symbolic_formula(const ModelSpec& model, const InputShape& input, std::vector<std::string> variables, FormulaOf what,
                             Convention convention) {
  check_input(model, input);
  const Symbols symbols = symbols_for(model, input, std::move(variables));
  const auto value = [&symbols](const std::string& name, Count count) -> ex {
    for (const auto& [known, symbol] : symbols) {
      if (known == name) return symbol;
    }
    return ex(static_cast<long>(count.value()));
  };
  const SpecConverter<ex, decltype(value)> converter(value);
  const Work<ex> work = build_work<ex>(converter.model(model), converter.input(input, model));
  ex sum = sum_of(work.head, what, convention, false);
  for (const Tower<ex>& tower : work.towers) sum += sum_of(tower.groups, what, convention, tower.frozen);
  return text_of(terms_of(sum.expand(), symbols), symbols);
}

}  // namespace mfusim
