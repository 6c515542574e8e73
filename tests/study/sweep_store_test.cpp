// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_store.hpp"

#include "study/sqlite_database.hpp"
#include "study/sweep.hpp"
#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"
#include "tests/study/temporary_file.hpp"

namespace {

using namespace mfusim;
using tests::small_sweep;
using tests::sweep_space;
using tests::TemporaryFolder;

std::vector<SweepRow> rows_of(const SweepStore& store) {
  std::vector<SweepRow> rows;
  store.for_each_row([&](const SweepRow& row) { rows.push_back(row); });
  return rows;
}

void check_same(const std::vector<SweepRow>& a, const std::vector<SweepRow>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    CHECK(a[i].index == b[i].index);
    CHECK(a[i].status == b[i].status);
    CHECK(a[i].reason == b[i].reason);
    CHECK(a[i].iteration_time == b[i].iteration_time);
    CHECK(a[i].mfu == b[i].mfu);
    CHECK(a[i].peak == b[i].peak);
    CHECK(a[i].plan.recompute == b[i].plan.recompute);
    CHECK(a[i].plan.micro_batches == b[i].plan.micro_batches);
  }
}

SweepOptions part(std::optional<std::int64_t> limit, Shard shard = {}) {
  SweepOptions options;
  options.extent = {limit, shard};
  return options;
}

std::string refusal(const std::filesystem::path& path, const SweepSpace& space, SweepStore::Opening opening) {
  try {
    SweepStore store(path, space, opening);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

/// Several ranges.
const char* const longer_sweep = R"(sweep:
  axes:
    parallel.tensor: [1, 2, 4]
    parallel.pipeline: [1, 2]
    training.sequence_length: {from: 16, to: 640, step: 16}
)";

}  // namespace

TEST_CASE("a store gives back the rows that it was given", "[unit]") {
  const TemporaryFolder folder;
  const SweepSpace space = sweep_space(small_sweep);
  SweepOptions options;
  options.top = 1000;
  const auto path = folder.path() / "store.db";
  SweepStore store(path, space, SweepStore::Opening::New);
  const SweepAnswer answer = run_sweep(space, options, &store);
  const std::vector<SweepRow> rows = rows_of(store);
  CHECK(static_cast<std::int64_t>(rows.size()) == space.size);
  for (const RankedRow& ranked : answer.best) {
    const SweepRow& row = rows[static_cast<std::size_t>(ranked.row.index)];
    CHECK(row.iteration_time == ranked.row.iteration_time);
    CHECK(row.mfu == ranked.row.mfu);
  }
  const auto invalid = [](const SweepRow& row) { return row.status == RowStatus::Invalid; };
  CHECK(std::count_if(rows.begin(), rows.end(), invalid) == answer.counts.invalid);
  for (const SweepRow& row : rows) CHECK(row.reason.empty() == !invalid(row));
}

TEST_CASE("a sweep in parts ends with the rows and the answer of a sweep in one go", "[property]") {
  const TemporaryFolder folder;
  const SweepSpace space = sweep_space(longer_sweep);
  SweepStore whole(folder.path() / "whole.db", space, SweepStore::Opening::New);
  const SweepAnswer expected = run_sweep(space, part(std::nullopt), &whole);
  const auto path = folder.path() / "parts.db";
  for (const std::int64_t limit : {1, 63, 64, 65, 200}) {
    SweepStore store(path, space, SweepStore::Opening::Resume);
    CHECK(run_sweep(space, part(limit), &store).counts.all() == limit);
  }
  SweepStore store(path, space, SweepStore::Opening::Resume);
  const SweepAnswer answer = run_sweep(space, part(std::nullopt), &store);
  check_same(rows_of(store), rows_of(whole));
  REQUIRE(answer.best.size() == expected.best.size());
  for (std::size_t i = 0; i < answer.best.size(); ++i) CHECK(answer.best[i].row.index == expected.best[i].row.index);
  CHECK(answer.counts.fits == expected.counts.fits);
}

TEST_CASE("merged shards are the whole, merged twice too", "[property]") {
  const TemporaryFolder folder;
  const SweepSpace space = sweep_space(longer_sweep);
  SweepStore whole(folder.path() / "whole.db", space, SweepStore::Opening::New);
  static_cast<void>(run_sweep(space, part(std::nullopt), &whole));
  const std::int64_t shards = 3;
  const auto path_of = [&](std::int64_t shard) { return folder.path() / ("shard" + std::to_string(shard)); };
  for (std::int64_t shard = 1; shard <= shards; ++shard) {
    SweepStore store(path_of(shard), space, SweepStore::Opening::New);
    static_cast<void>(run_sweep(space, part(std::nullopt, {shard, shards}), &store));
  }
  SweepStore merged(folder.path() / "merged.db", space, SweepStore::Opening::New);
  for (const std::int64_t shard : {1, 2, 3, 2}) merged.merge(path_of(shard));
  check_same(rows_of(merged), rows_of(whole));
  CHECK(pending_ranges(space, {}, merged.finished()).empty());
}

TEST_CASE("a store that is not this sweep's is refused", "[unit]") {
  const TemporaryFolder folder;
  const SweepSpace space = sweep_space(small_sweep);
  const auto path = folder.path() / "store.db";
  {
    const SweepStore store(path, space, SweepStore::Opening::New);
    CHECK_THAT(refusal(path, space, SweepStore::Opening::Resume), ContainsSubstring("in use by another process"));
  }
  CHECK(refusal(path, space, SweepStore::Opening::Resume) == "accepted");
  CHECK_THAT(refusal(path, space, SweepStore::Opening::New), ContainsSubstring("pass --resume"));
  CHECK_THAT(refusal(path, sweep_space(longer_sweep), SweepStore::Opening::Resume), ContainsSubstring("another scenario"));
  CHECK_THAT(refusal(folder.write("text.db", std::string(5000, 'x')), space, SweepStore::Opening::Resume),
             ContainsSubstring("damaged, or no store"));
  CHECK_THAT(refusal(folder.path() / "no" / "such" / "folder.db", space, SweepStore::Opening::New),
             ContainsSubstring("cannot be opened"));
  CHECK_THAT(refusal(folder.path(), space, SweepStore::Opening::Resume), ContainsSubstring("a store is a plain file"));
  CHECK_THAT(refusal("", space, SweepStore::Opening::New), ContainsSubstring("expected the name of a file"));
}

TEST_CASE("a store of a program from other sources is refused, and so are rows that cannot be", "[unit]") {
  const TemporaryFolder folder;
  const SweepSpace space = sweep_space(small_sweep);
  const auto changed = [&](const std::string& name, const std::string& sql) {
    const auto path = folder.path() / name;
    {
      SweepStore store(path, space, SweepStore::Opening::New);
      static_cast<void>(run_sweep(space, {}, &store));
    }
    SqliteDatabase(path).run(sql);
    return path;
  };
  const auto other = changed("other.db", "UPDATE about SET value = 'abc' WHERE name = 'program'");
  CHECK_THAT(refusal(other, space, SweepStore::Opening::Resume), ContainsSubstring("made by another program"));
  for (const char* sql :
       {"UPDATE configuration SET status = 7 WHERE id = 3", "UPDATE configuration SET id = 1000 WHERE id = 3"}) {
    CAPTURE(sql);
    const SweepStore store(changed(std::to_string(std::string(sql).size()) + ".db", sql), space, SweepStore::Opening::Resume);
    CHECK_THROWS_WITH(store.for_each_row([](const SweepRow&) {}), ContainsSubstring("the store is damaged"));
  }
}

TEST_CASE("a store is a file, whatever SQLite would make of its name", "[unit]") {
  const TemporaryFolder folder;
  const SweepSpace space = sweep_space(small_sweep);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  for (const char* name : {":memory:", "file:memory.db?mode=memory"}) {
    CAPTURE(name);
    static_cast<void>(SweepStore(name, space, SweepStore::Opening::New));
    CHECK(std::filesystem::exists(folder.path() / name));
  }
  std::filesystem::current_path(before);
}

TEST_CASE("a store takes in neither itself nor an empty file", "[unit]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "store.db";
  SweepStore store(path, sweep_space(small_sweep), SweepStore::Opening::New);
  CHECK_THROWS_WITH(store.merge(path), ContainsSubstring("is the store itself"));
  CHECK_THROWS_WITH(store.merge(folder.write("empty.db", "")), ContainsSubstring("no store yet"));
}

TEST_CASE("the space of a model that is a file knows what the file holds", "[property]") {
  const TemporaryFolder folder;
  const auto identity = [&](const char* hidden_size) {
    static_cast<void>(folder.write("config.json", std::string(R"({"model_type": "gpt2", "n_embd": )") + hidden_size + "}"));
    Node document = tests::sweep_document("sweep: {axes: {parallel.tensor: [1, 2]}}");
    Node name;
    name.kind = Node::Kind::Scalar;
    name.text = "config.json";
    *document.find("model") = name;
    return read_sweep_space(document, folder.path() / "space.yaml", Limited::No).identity;
  };
  CHECK(identity("768") != identity("1024"));
  CHECK(identity("768") == identity("768"));
}
