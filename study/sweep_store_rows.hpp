// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/sqlite_database.hpp"
#include "study/sweep_row.hpp"

#include <cstdint>

/// How a row of a sweep stands in the tables of a store.
namespace mfusim::store_rows {

/// Creates the tables. Numbers are those of the space; the axes' values are spelled out, so that other programs need not know how
/// they count.
extern const char* const tables;
extern const char* const insert;  ///< One row; what is there already stays.
extern const char* const select;  ///< All rows by number, each with its reason.

/// Fills `insert` with a row whose reason has this number.
void bind(SqliteStatement& statement, const SweepRow& row, std::int64_t reason);
/// The row that `select` stands on. Throws InputError on a status that is none: the file is damaged.
[[nodiscard]] SweepRow read(const SqliteStatement& statement);

}  // namespace mfusim::store_rows
