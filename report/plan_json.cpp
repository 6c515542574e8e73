// SPDX-License-Identifier: Apache-2.0
#include "report/plan_json.hpp"

namespace mfusim {

nlohmann::ordered_json plan_json(const Result::Plan& plan) {
  nlohmann::ordered_json object{{"tensor", plan.tensor},
                                {"sequence", plan.sequence},
                                {"pipeline", plan.pipeline},
                                {"virtual_stages", plan.virtual_stages},
                                {"schedule", plan.schedule},
                                {"data", plan.data},
                                {"zero", plan.zero},
                                {"shard_group", plan.shard_group},
                                {"context", plan.context},
                                {"context_exchange", plan.context_exchange},
                                {"recompute", plan.recompute},
                                {"micro_batch", plan.micro_batch},
                                {"micro_batches", plan.micro_batches}};
  if (!plan.rank_order.empty()) object["rank_order"] = plan.rank_order;
  if (!plan.stages.empty()) object["stages"] = plan.stages;
  if (plan.post_validation) object["post_validation"] = true;
  if (plan.memory_limit > 0) object["memory_limit"] = plan.memory_limit;
  return object;
}

}  // namespace mfusim
