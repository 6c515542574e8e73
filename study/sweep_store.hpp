// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/sweep_row.hpp"
#include "study/sweep_space.hpp"
#include "study/sweep_work.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mfusim {

class SqliteDatabase;
class SqliteStatement;

/// A sweep's rows in a SQLite file. Rows are committed with the range they belong to, so a process that is killed leaves whole
/// ranges and nothing else. One process at a time. Every function throws InputError with the file's name where the file is
/// locked by another process, damaged, cannot be written, or the disk is full; what was committed before stays.
class SweepStore {
 public:
  enum class Opening { New, Resume };
  /// New refuses a file that is there already; Resume takes one, or starts one. Throws InputError where the file is no store,
  /// damaged, or that of another space or of a program built from other sources (study/program_fingerprint.hpp).
  SweepStore(const std::filesystem::path& path, const SweepSpace& space, Opening opening);
  ~SweepStore();
  SweepStore(const SweepStore&) = delete;
  SweepStore& operator=(const SweepStore&) = delete;

  /// Ranges that are done, sorted, neighbours joined.
  [[nodiscard]] std::vector<IndexRange> finished() const;
  /// All rows by number.
  void for_each_row(const std::function<void(const SweepRow&)>& visit) const;
  /// Commits ranges with their rows.
  void add(const std::vector<RangeRows>& ranges);
  /// Takes over what another store of the same space has finished and this one has not.
  void merge(const std::filesystem::path& other);
  /// Refuses a file that holds no store: to be asked before the store that takes it in is made.
  static void check_mergeable(const std::filesystem::path& other);

 private:
  void create(const SweepSpace& space);
  void check(const SweepSpace& space) const;
  void check_pages() const;
  [[nodiscard]] SweepRow sound_row(const SqliteStatement& select) const;
  [[nodiscard]] std::int64_t reason_id(const std::string& reason);
  [[nodiscard]] std::int64_t stored_reason_id(std::string_view reason);
  void forget_reasons_unless_done(const std::function<void()>& change);

  std::unique_ptr<SqliteDatabase> database_;
  std::string identity_;
  std::int64_t size_;
  std::map<std::string, std::int64_t> reasons_;  ///< Ids of texts that are stored; not all of them.
};

}  // namespace mfusim
