// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_store_rows.hpp"

#include "base/input_error.hpp"

#include <fmt/format.h>

#include <string_view>

namespace mfusim::store_rows {

const char* const tables = R"(
  CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE axis (position INTEGER, path TEXT, choice INTEGER, stride INTEGER, length INTEGER, value TEXT,
                     PRIMARY KEY (position, choice));
  CREATE TABLE finished (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
  CREATE TABLE reason (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL);
  CREATE TABLE status (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE configuration (
    id INTEGER PRIMARY KEY, status INTEGER NOT NULL, reason INTEGER, iteration_time_ps INTEGER, mfu REAL, peak_bytes REAL,
    capacity_bytes REAL, gpus INTEGER, gpu TEXT, global_batch INTEGER, tensor INTEGER, sequence INTEGER, pipeline INTEGER,
    virtual_stages INTEGER, schedule TEXT, data INTEGER, zero INTEGER, shard_group INTEGER, context INTEGER,
    context_exchange TEXT, recompute TEXT, micro_batch INTEGER,
    micro_batches INTEGER);
  CREATE VIEW axis_value AS SELECT configuration.id AS id, axis.path AS path, axis.value AS value
    FROM configuration JOIN axis ON configuration.id / axis.stride % axis.length = axis.choice;
)";
const char* const insert = "INSERT OR IGNORE INTO configuration VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
const char* const select =
    "SELECT configuration.id, status, coalesce(reason.text, ''), iteration_time_ps, mfu, peak_bytes, capacity_bytes, gpus, "
    "gpu, global_batch, tensor, sequence, pipeline, virtual_stages, schedule, data, zero, shard_group, context, "
    "context_exchange, recompute, micro_batch, micro_batches FROM configuration LEFT JOIN reason ON configuration.reason = "
    "reason.id ORDER BY configuration.id";

namespace {

/// One of the words; a number that is none comes from a damaged file.
RowStatus status_of(std::int64_t number) {
  for (const auto& [name, status] : row_status_names()) {
    if (static_cast<std::int64_t>(status) == number) return status;
  }
  throw InputError(fmt::format("a status of {}", number));
}

}  // namespace

void bind(SqliteStatement& statement, const SweepRow& row, std::int64_t reason) {
  int at = 0;
  const auto put = [&](auto value) { statement.bind(at++, value); };
  const Result::Plan& plan = row.plan;
  put(row.index);
  put(static_cast<std::int64_t>(row.status));
  put(reason);
  put(std::int64_t{row.iteration_time.count()});
  put(row.mfu);
  put(row.peak.value());
  put(row.capacity.value());
  put(std::int64_t{row.gpus});
  put(std::string_view(row.gpu));
  put(row.global_batch);
  put(std::int64_t{plan.tensor});
  put(std::int64_t{plan.sequence});
  put(std::int64_t{plan.pipeline});
  put(std::int64_t{plan.virtual_stages});
  put(std::string_view(plan.schedule));
  put(std::int64_t{plan.data});
  put(std::int64_t{plan.zero});
  put(std::int64_t{plan.shard_group});
  put(std::int64_t{plan.context});
  put(std::string_view(plan.context_exchange));
  put(std::string_view(plan.recompute));
  put(plan.micro_batch);
  put(plan.micro_batches);
}

SweepRow read(const SqliteStatement& statement) {
  int at = 0;
  const auto integer = [&] { return statement.integer(at++); };
  const auto small = [&] { return static_cast<int>(statement.integer(at++)); };
  SweepRow row;
  row.index = integer();
  row.status = status_of(integer());
  row.reason = statement.text(at++);
  row.iteration_time = Picoseconds(integer());
  row.mfu = statement.real(at++);
  row.peak = Bytes(statement.real(at++));
  row.capacity = Bytes(statement.real(at++));
  row.gpus = small();
  row.gpu = statement.text(at++);
  row.global_batch = integer();
  row.plan.tensor = small();
  row.plan.sequence = integer() != 0;
  row.plan.pipeline = small();
  row.plan.virtual_stages = small();
  row.plan.schedule = statement.text(at++);
  row.plan.data = small();
  row.plan.zero = small();
  row.plan.shard_group = small();
  row.plan.context = small();
  row.plan.context_exchange = statement.text(at++);
  row.plan.recompute = statement.text(at++);
  row.plan.micro_batch = integer();
  row.plan.micro_batches = integer();
  return row;
}

}  // namespace mfusim::store_rows
