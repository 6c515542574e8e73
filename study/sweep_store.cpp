// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_store.hpp"

#include "base/input_error.hpp"
#include "sim/version.hpp"
#include "study/program_fingerprint.hpp"
#include "study/sqlite_database.hpp"
#include "study/sweep_store_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace mfusim {
namespace {

namespace fs = std::filesystem;

constexpr const char* format = "mfusim sweep 2";

}  // namespace

SweepStore::SweepStore(const fs::path& path, const SweepSpace& space, Opening opening)
    : identity_(space.identity), size_(space.size) {
  std::error_code error;
  if (path.empty()) throw InputError("--store: expected the name of a file, got nothing");
  if (fs::exists(path, error) && !fs::is_regular_file(path, error))
    throw InputError(fmt::format("{}: a store is a plain file, and this is none", path.string()));
  const bool there = fs::exists(path, error) && fs::file_size(path, error) > 0;
  if (there && opening == Opening::New)
    throw InputError(fmt::format("{}: the store is there already: pass --resume to go on with it", path.string()));
  database_ = std::make_unique<SqliteDatabase>(path);
  SqliteStatement count = database_->prepare("SELECT count(*) FROM sqlite_master");
  if (!count.step()) throw std::logic_error("a count without a row");
  const bool empty = count.integer(0) == 0;
  static_cast<void>(count.step());
  if (empty) create(space);
  if (!empty) check_pages();
  check(space);
}

SweepStore::~SweepStore() = default;

void SweepStore::create(const SweepSpace& space) {
  database_->transact([&] {
    database_->run(store_rows::tables);
    SqliteStatement about = database_->prepare("INSERT INTO about VALUES (?, ?)");
    for (const auto& [name, value] : {std::pair{"format", std::string(format)},
                                      {"version", version()},
                                      {"program", program_fingerprint()},
                                      {"scenario", space.name},
                                      {"space", space.identity}}) {
      about.bind(0, std::string_view(name));
      about.bind(1, std::string_view(value));
      about.run();
    }
    SqliteStatement status = database_->prepare("INSERT INTO status VALUES (?, ?)");
    for (const auto& [name, value] : row_status_names()) {
      status.bind(0, static_cast<std::int64_t>(value));
      status.bind(1, std::string_view(name));
      status.run();
    }
    SqliteStatement axis = database_->prepare("INSERT INTO axis VALUES (?, ?, ?, ?, ?, ?)");
    std::int64_t stride = space.size;
    for (std::size_t i = 0; i < space.axes.size(); ++i) {
      const auto length = static_cast<std::int64_t>(space.axes[i].values.size());
      stride /= length;
      for (std::size_t choice = 0; choice < space.axes[i].labels.size(); ++choice) {
        axis.bind(0, static_cast<std::int64_t>(i));
        axis.bind(1, std::string_view(space.axes[i].path));
        axis.bind(2, static_cast<std::int64_t>(choice));
        axis.bind(3, stride);
        axis.bind(4, length);
        axis.bind(5, std::string_view(space.axes[i].labels[choice]));
        axis.run();
      }
    }
  });
}

void SweepStore::check(const SweepSpace& space) const {
  const auto about = [&](const char* name) {
    SqliteStatement select = database_->prepare("SELECT value FROM about WHERE name = ?");
    select.bind(0, std::string_view(name));
    return select.step() ? select.text(0) : std::string();
  };
  SqliteStatement table = database_->prepare("SELECT 1 FROM sqlite_master WHERE name = 'about'");
  if (!table.step() || about("format") != format)
    throw InputError(fmt::format("{}: a database, but no store of this program", database_->file()));
  if (about("space") != space.identity) {
    throw InputError(fmt::format("{}: the store of another scenario or another space (it was made for {})", database_->file(),
                                 shown(about("scenario"))));
  }
  if (about("program") != program_fingerprint()) {
    throw InputError(
        fmt::format("{}: the rows were made by another program (version {}, sources {:.12}); this one ({}, {:.12}) may "
                    "give others: start a new store",
                    database_->file(), shown(about("version")), shown(about("program")), version(), program_fingerprint()));
  }
}

void SweepStore::check_pages() const {
  SqliteStatement check = database_->prepare("PRAGMA quick_check(1)");
  if (check.step() && check.text(0) != "ok")
    throw InputError(fmt::format("{}: the store is damaged: {}", database_->file(), shown(check.text(0))));
}

std::vector<IndexRange> SweepStore::finished() const {
  std::vector<IndexRange> ranges;
  SqliteStatement select = database_->prepare("SELECT first, last FROM finished ORDER BY first");
  while (select.step()) {
    const IndexRange range{select.integer(0), select.integer(1)};
    if (!ranges.empty() && range.first <= ranges.back().last) {
      ranges.back().last = std::max(ranges.back().last, range.last);
    } else {
      ranges.push_back(range);
    }
  }
  return ranges;
}

void SweepStore::for_each_row(const std::function<void(const SweepRow&)>& visit) const {
  SqliteStatement select = database_->prepare(store_rows::select);
  while (select.step()) visit(sound_row(select));
}

SweepRow SweepStore::sound_row(const SqliteStatement& select) const {
  try {
    SweepRow row = store_rows::read(select);
    if (row.index < 0 || row.index >= size_) throw InputError(fmt::format("not a configuration of the space ({})", size_));
    return row;
  } catch (const InputError& error) {
    throw InputError(
        fmt::format("{}: the store is damaged: configuration {}: {}", database_->file(), select.integer(0), error.what()));
  }
}

std::int64_t SweepStore::reason_id(const std::string& reason) {
  if (reason.empty()) return 0;
  constexpr std::size_t most_known = 20'000;  // keeps memory flat however many texts there are
  if (reasons_.size() >= most_known) reasons_.clear();
  const auto [at, is_new] = reasons_.emplace(reason, 0);
  if (is_new) at->second = stored_reason_id(reason);
  return at->second;
}

std::int64_t SweepStore::stored_reason_id(std::string_view reason) {
  SqliteStatement insert = database_->prepare("INSERT OR IGNORE INTO reason (text) VALUES (?)");
  insert.bind(0, reason);
  insert.run();
  SqliteStatement select = database_->prepare("SELECT id FROM reason WHERE text = ?");
  select.bind(0, reason);
  if (!select.step()) throw std::logic_error("a reason that was written is not there");
  return select.integer(0);
}

void SweepStore::add(const std::vector<RangeRows>& ranges) {
  forget_reasons_unless_done([&] {
    SqliteStatement insert = database_->prepare(store_rows::insert);
    SqliteStatement finish = database_->prepare("INSERT INTO finished VALUES (?, ?)");
    for (const RangeRows& range : ranges) {
      for (const SweepRow& row : range.rows) {
        store_rows::bind(insert, row, reason_id(row.reason));
        insert.run();
      }
      finish.bind(0, range.range.first);
      finish.bind(1, range.range.last);
      finish.run();
    }
  });
}

/// Ids that were learnt in a transaction which is taken back are wrong.
void SweepStore::forget_reasons_unless_done(const std::function<void()>& change) {
  try {
    database_->transact(change);
  } catch (...) {
    reasons_.clear();
    throw;
  }
}

void SweepStore::check_mergeable(const fs::path& other) {
  std::error_code error;
  if (!fs::exists(other, error)) throw InputError(fmt::format("{}: no such file", other.string()));
  if (fs::is_regular_file(other, error) && fs::file_size(other, error) == 0)
    throw InputError(fmt::format("{}: empty: no store yet", other.string()));
}

void SweepStore::merge(const fs::path& other) {
  check_mergeable(other);
  std::error_code error;
  if (fs::equivalent(other, database_->file(), error))
    throw InputError(fmt::format("{}: --merge: is the store itself: name the others", other.string()));
  SweepSpace same;
  same.identity = identity_;
  same.size = size_;
  const SweepStore source(other, same, Opening::Resume);
  const std::vector<IndexRange> ranges = source.finished();
  forget_reasons_unless_done([&] {
    SqliteStatement insert = database_->prepare(store_rows::insert);
    source.for_each_row([&](const SweepRow& row) {
      store_rows::bind(insert, row, reason_id(row.reason));
      insert.run();
    });
    SqliteStatement finish = database_->prepare(
        "INSERT INTO finished VALUES (?, ?) ON CONFLICT (first) DO UPDATE SET last = max(last, excluded.last)");
    for (const IndexRange& range : ranges) {
      finish.bind(0, range.first);
      finish.bind(1, range.last);
      finish.run();
    }
  });
}

}  // namespace mfusim
