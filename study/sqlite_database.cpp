// SPDX-License-Identifier: Apache-2.0
#include "study/sqlite_database.hpp"

#include "base/input_error.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace mfusim {
namespace {

/// What a person can do about an error of the file.
std::string rule_of(int code, const char* detail) {
  constexpr int primary = 0xff;
  switch (code & primary) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "the store is in use by another process";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "damaged, or no store";
    case SQLITE_FULL:
      return "the disk is full; what was written before is kept: make room and go on with --resume";
    case SQLITE_IOERR:
      return fmt::format("cannot be written or read ({}); what was written before is kept: go on with --resume", detail);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return fmt::format("cannot be opened for writing ({})", detail);
    default:
      return fmt::format("SQLite says: {}", detail);
  }
}

[[noreturn]] void fail(const std::string& file, int code, sqlite3* database) {
  throw InputError(
      fmt::format("{}: {}", file, rule_of(code, database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code))));
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void SqliteStatement::check(int code) const {
  if (code != SQLITE_OK) fail(file_, code, sqlite3_db_handle(statement_.get()));
}

void SqliteStatement::bind(int parameter, std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), parameter + 1, value));
}

void SqliteStatement::bind(int parameter, double value) {
  check(sqlite3_bind_double(statement_.get(), parameter + 1, value));
}

void SqliteStatement::bind(int parameter, std::string_view value) {
  check(sqlite3_bind_text(statement_.get(), parameter + 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT));
}

bool SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    check(sqlite3_reset(statement_.get()));
    return false;
  }
  fail(file_, code, sqlite3_db_handle(statement_.get()));
}

void SqliteStatement::run() {
  while (step()) continue;
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double SqliteStatement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::string SqliteStatement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  return text == nullptr ? "" : std::string(reinterpret_cast<const char*>(text));
}

void SqliteDatabase::Close::operator()(sqlite3* database) const {
  sqlite3_close(database);
}

SqliteDatabase::SqliteDatabase(const std::filesystem::path& path) : file_(path.string()) {
  sqlite3* database = nullptr;
  // an absolute path, since names as ":memory:" and "file:..." mean something else to SQLite
  const std::string place = std::filesystem::absolute(path).string();
  const int code = sqlite3_open_v2(place.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) fail(file_, code, database);
  constexpr int patience_ms = 1000;  // a process that was killed a moment ago may still hold its lock
  sqlite3_busy_timeout(database, patience_ms);
  // A rollback journal and not a write-ahead log, which needs shared memory and so no network file system.
  run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL; BEGIN EXCLUSIVE; COMMIT;");
}

void SqliteDatabase::run(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(file_, code, database_.get());
}

SqliteStatement SqliteDatabase::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), static_cast<int>(sql.size()), &statement, nullptr);
  SqliteStatement prepared(statement, file_);
  if (code != SQLITE_OK) fail(file_, code, database_.get());
  return prepared;
}

void SqliteDatabase::transact(const std::function<void()>& change) {
  run("BEGIN IMMEDIATE");
  try {
    change();
    run("COMMIT");
  } catch (...) {
    if (sqlite3_get_autocommit(database_.get()) == 0) sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

}  // namespace mfusim
