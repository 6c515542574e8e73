// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/counting.hpp"
#include "model/input_shape.hpp"

#include <string>
#include <vector>

namespace mfusim {

/// A model's parameters and its forward operations at one input shape.
struct ParameterPoint {
  std::string model;
  Count parameters;
  Count table_parameters;  ///< In token and position tables: looked up, not multiplied.
  Count token_weighted;    ///< Sum over towers of tokens x (parameters - table_parameters).
  Count forward;
};

/// operations = factor x abscissa, fitted to the mean of log(operations / abscissa), so that every model weighs the same.
struct ProportionalFit {
  std::string abscissa;
  double factor = 0;
  double exponent = 0;     ///< Slope of log(operations) over log(abscissa) by least squares: 1 is linear.
  double r_squared = 0;    ///< Of that line.
  double worst_ratio = 1;  ///< Largest of operations / fit and fit / operations.
};

/// How do parameters relate to operations? The answer to the first question of the background: proportional to the parameters
/// that multiply, times the tokens that they see; tables of embeddings and towers with different token counts break the
/// plain proportion.
struct ParameterStudy {
  std::vector<ParameterPoint> points;  ///< By parameters, fewest first.
  ProportionalFit all;                 ///< Over all parameters.
  ProportionalFit without_tables;      ///< Over those that are not in tables.
  ProportionalFit token_weighted;      ///< Over tokens x parameters, tower by tower.
  std::vector<std::string> left_out;   ///< Models that cannot take the shape, with the reason.
};

/// Over `models` (catalog names or paths) at one shape. Throws InputError where fewer than two can take it.
[[nodiscard]] ParameterStudy parameters_against_operations(const std::vector<std::string>& models, const InputShape& input,
                                                           Convention convention = Convention::Matmul);

/// Every contrastive model of the catalog.
[[nodiscard]] std::vector<std::string> contrastive_models();

}  // namespace mfusim
