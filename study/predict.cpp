// SPDX-License-Identifier: Apache-2.0
#include "study/predict.hpp"

#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/summarize.hpp"

namespace mfusim {

Result predict(const Scenario& scenario) {
  const Work<Count> work = micro_batch_work(scenario);
  const BuiltStep step = build_step(scenario, work);
  return summarize(scenario, work, step, simulate(step.graph));
}

}  // namespace mfusim
