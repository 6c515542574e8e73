// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"
#include "base/text_check.hpp"
#include "base/tree_builder.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <iterator>

namespace mfusim {
namespace {

/// Walks over the text and counts its lines, so that parse events know where they are. The line is that of the character
/// taken last: after a number the parser has already taken the line break that ends it.
class LineCountingIterator {
 public:
  using difference_type = std::ptrdiff_t;
  using value_type = char;
  using pointer = const char*;
  using reference = const char&;
  using iterator_category = std::input_iterator_tag;

  LineCountingIterator(std::string_view text, std::size_t at, int* line)
      : begin_(text.data()), at_(text.data() + at), line_(line) {}
  reference operator*() const { return *at_; }
  LineCountingIterator& operator++() {
    if (at_ != begin_ && at_[-1] == '\n') ++*line_;
    ++at_;
    return *this;
  }
  LineCountingIterator operator++(int) {
    LineCountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const LineCountingIterator& a, const LineCountingIterator& b) { return a.at_ == b.at_; }
  friend bool operator!=(const LineCountingIterator& a, const LineCountingIterator& b) { return a.at_ != b.at_; }

 private:
  const char* begin_;
  const char* at_;
  int* line_;
};

class JsonEvents {
 public:
  using json = nlohmann::json;
  JsonEvents(TreeBuilder& tree, const int& line) : tree_(tree), line_(line) {}

  bool null() { return tree_.null(line_), true; }
  bool boolean(bool value) { return word(value ? "true" : "false"); }
  bool number_integer(json::number_integer_t value) { return word(fmt::format("{}", value)); }
  bool number_unsigned(json::number_unsigned_t value) { return word(fmt::format("{}", value)); }
  bool number_float(json::number_float_t, const std::string& text) { return word(text); }
  bool string(std::string& value) { return tree_.scalar(std::move(value), true, line_), true; }
  static bool binary(json::binary_t&) { return false; }
  bool start_object(std::size_t) { return tree_.begin(Node::Kind::Mapping, line_), true; }
  bool key(std::string& value) { return tree_.scalar(std::move(value), true, line_), true; }
  bool end_object() { return tree_.end(), true; }
  bool start_array(std::size_t) { return tree_.begin(Node::Kind::Sequence, line_), true; }
  bool end_array() { return tree_.end(), true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) {
    throw InputError(tree_.at(line_), "", "broken JSON: " + shown(error.what()));
  }

 private:
  bool word(std::string text) { return tree_.scalar(std::move(text), false, line_), true; }
  TreeBuilder& tree_;
  const int& line_;
};

}  // namespace

Node parse_json(std::string_view text, const std::string& name) {
  TreeBuilder tree(name);
  require_text(text, tree);  // nlohmann/json takes a NUL for the end
  int line = 1;
  JsonEvents events(tree, line);
  const LineCountingIterator first(text, 0, &line);
  const LineCountingIterator last(text, text.size(), &line);
  nlohmann::json::sax_parse(first, last, &events);
  return tree.take();
}

}  // namespace mfusim
