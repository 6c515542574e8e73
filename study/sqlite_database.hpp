// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace mfusim {

/// A SQL statement with parameters and columns, both counted from 0 here.
class SqliteStatement {
 public:
  /// Takes the statement over; `file` is for messages.
  SqliteStatement(sqlite3_stmt* statement, std::string file) : statement_(statement), file_(std::move(file)) {}
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  SqliteStatement(SqliteStatement&&) noexcept = default;
  SqliteStatement& operator=(SqliteStatement&&) noexcept = default;
  ~SqliteStatement() = default;

  void bind(int parameter, std::int64_t value);
  void bind(int parameter, double value);
  void bind(int parameter, std::string_view value);
  /// True: a row is there; false: no more rows, and the statement may run again.
  [[nodiscard]] bool step();
  /// Runs a statement without rows.
  void run();
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string text(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void check(int code) const;

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string file_;
};

/// A SQLite file that this process alone uses. Errors are InputError with the file's name and what to do.
class SqliteDatabase {
 public:
  explicit SqliteDatabase(const std::filesystem::path& path);

  void run(const std::string& sql);
  [[nodiscard]] SqliteStatement prepare(const std::string& sql);
  /// Runs `change` as one transaction: wholly, or not at all where it throws.
  void transact(const std::function<void()>& change);
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::string file_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace mfusim
