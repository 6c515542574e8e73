// SPDX-License-Identifier: Apache-2.0
#include "study/shell_script.hpp"

#include "base/input_error.hpp"
#include "study/shell_variables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>
#include <utility>

namespace mfusim {
namespace {

bool is_name_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool is_space(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

template <std::size_t n>
bool is_one_of(std::string_view word, const std::array<std::string_view, n>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 5> opening{"if", "for", "while", "until", "case"};
constexpr std::array<std::string_view, 3> closing{"fi", "done", "esac"};
/// An assignment may follow these.
constexpr std::array<std::string_view, 10> before_assignments{"export", "readonly", "local", "declare", "env",
                                                              "then",   "else",     "do",    "{",       "set"};

class ShellScript {
 public:
  ShellScript(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  std::vector<ShellCommand> commands() {
    while (!at_end()) read_step();
    end_command();
    return std::move(commands_);
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char ahead(std::size_t letters = 0) const { return at_ + letters < text_.size() ? text_[at_ + letters] : '\0'; }
  char take() {
    const char c = text_[at_++];
    if (c == '\n') ++line_;
    return c;
  }

  void add(char c, std::size_t reason = 0) { put({c, line_, reason, false}); }
  void put(const ShellLetter& letter) {
    constexpr std::size_t most = 1 << 20;
    if (++letters_put_ > most) throw InputError(fmt::format("{}: longer than 1 MiB with its variables replaced", shown(source_)));
    word_.push_back(letter);
  }
  void add_unknown(std::string_view written, const std::string& reason) {
    const std::size_t number = variables_.add_reason(reason);
    for (const char c : written) add(c, number);
  }

  /// One letter, quotation or expansion of a command.
  void read_step() {
    const char c = ahead();
    if (c == '\n' || c == ';' || c == '|' || c == '&') return end_word(), end_command_at(take());
    if (is_space(c)) return end_word(), static_cast<void>(take());
    if (c == '#' && word_.empty()) return skip_comment();
    if ((c == '(' || c == ')') && word_.empty()) return static_cast<void>(take());
    if (c == '=' && begins_assignment()) return begin_assignment();
    read_part();
  }

  /// What may stand in a word: a letter, a quotation, an expansion.
  void read_part() {
    const char c = take();
    if (c == '\\') return read_escaped();
    if (c == '\'') {
      while (!at_end() && ahead() != '\'') add(take());
      if (!at_end()) take();
    } else if (c == '"') {
      while (!at_end() && ahead() != '"') read_quoted();
      if (!at_end()) take();
    } else if (c == '$') {
      expand(Quoted::No);
    } else if (c == '`') {
      skip_computed("`", [&] { return ahead() == '`'; });
    } else {
      add(c);
    }
  }

  void read_escaped() {
    if (ahead() == '\r') take();
    if (at_end()) return;
    const char c = take();
    if (c != '\n') add(c);
  }

  enum class Quoted { No, Yes };
  void read_quoted() {
    const char c = take();
    if (c == '\\') return read_escaped();
    if (c == '$') return expand(Quoted::Yes);
    add(c);
  }

  void skip_comment() {
    while (!at_end() && ahead() != '\n') take();
  }

  template <class AtEnd>
  void skip_computed(const std::string& written, AtEnd is_end) {
    while (!at_end() && !is_end()) take();
    if (!at_end()) take();
    add_unknown(written + "...", "the shell computes it");
  }

  /// Behind a `$`.
  void expand(Quoted quoted) {
    if (ahead() == '{') return expand_braces(quoted);
    if (ahead() == '(') {
      int depth = 0;
      return skip_computed("$(", [&] {
        if (ahead() == '(') ++depth;
        return ahead() == ')' && --depth == 0;
      });
    }
    std::string name;
    while (is_name_letter(ahead()) && !(name.empty() && std::isdigit(static_cast<unsigned char>(ahead())) != 0)) name += take();
    if (!name.empty()) return replace(name, "$" + name, quoted);
    if (std::isdigit(static_cast<unsigned char>(ahead())) != 0 || ahead() == '@' || ahead() == '*')
      return add_unknown(std::string("$") + take(), "it is an argument of the script");
    add('$');
  }

  /// ${NAME}, ${NAME[@]}, ${NAME:-default} and the like.
  void expand_braces(Quoted quoted) {
    take();
    std::string inside;
    for (int depth = 1; !at_end(); inside += take()) {
      if (ahead() == '{') ++depth;
      if (ahead() == '}' && --depth == 0) break;
    }
    if (!at_end()) take();
    const std::size_t length =
        static_cast<std::size_t>(std::find_if_not(inside.begin(), inside.end(), is_name_letter) - inside.begin());
    const std::string name = inside.substr(0, length);
    std::string rest = inside.substr(length);
    if (rest.starts_with("[@]") || rest.starts_with("[*]")) rest.erase(0, 3);
    const bool has_default = rest.starts_with(":-") || rest.starts_with(":=");
    if (name.empty() || (!rest.empty() && !has_default)) return add_unknown("${" + inside + "}", "the shell computes it");
    if (variables_.find(name) != nullptr || !has_default) return replace(name, "${" + inside + "}", quoted);
    read_inside(std::string_view(rest).substr(2));
  }

  /// A default, with what it refers to.
  void read_inside(std::string_view text) {
    const std::string copy(text);
    const std::pair<std::string_view, std::size_t> outside{text_, at_};
    const int line = line_;
    text_ = copy;
    at_ = 0;
    while (!at_end()) read_part();
    std::tie(text_, at_) = outside;
    line_ = line;
  }

  void replace(const std::string& name, const std::string& written, Quoted quoted) {
    const ShellLetters* const found = variables_.find(name);
    if (found == nullptr) return add_unknown(written, fmt::format("{} is not set in this file", name));
    const ShellLetters value = *found;  // a variable may be replaced in its own new value
    for (ShellLetter letter : value) {
      letter.ends_word = letter.ends_word || (quoted == Quoted::No && is_space(letter.c));
      put(letter);
    }
  }

  [[nodiscard]] bool begins_assignment() const {
    if (!command_.empty() && !is_one_of<10>(command_.front().text, before_assignments)) return false;
    const std::size_t length = word_.size() - (!word_.empty() && word_.back().c == '+' ? 1 : 0);
    return assigned_.empty() && length > 0 && std::isdigit(static_cast<unsigned char>(word_.front().c)) == 0 &&
           std::all_of(word_.begin(), word_.begin() + static_cast<std::ptrdiff_t>(length),
                       [](const ShellLetter& letter) { return letter.reason == 0 && is_name_letter(letter.c); });
  }

  void begin_assignment() {
    take();
    for (const ShellLetter& letter : word_) assigned_ += letter.c;
    word_.clear();
    if (ahead() != '(') return;
    take();
    while (!at_end() && ahead() != ')') {
      if (is_space(ahead())) {
        word_.push_back({take(), line_, 0, true});
      } else if (ahead() == '#' && (word_.empty() || word_.back().ends_word)) {
        skip_comment();
      } else {
        read_part();
      }
    }
    if (!at_end()) take();
    end_word();
  }

  void assign() {
    const bool appends = assigned_.back() == '+';
    if (appends) assigned_.pop_back();
    if (depth_ > 0 || conditional_) {
      const std::size_t reason = variables_.add_reason(fmt::format("{} is set under a condition, on line {}", assigned_, line_));
      for (ShellLetter& letter : word_) letter.reason = reason;
    }
    appends ? variables_.append(assigned_, word_) : variables_.assign(assigned_, word_);
    assigned_.clear();
    word_.clear();
  }

  /// Is the word a command of its own, as behind `sh -c`?
  [[nodiscard]] bool is_command_text() const {
    return !command_.empty() &&
           (command_.front().text == "eval" || command_.back().text == "-c" || command_.back().text == "-lc");
  }

  void end_word() {
    if (!assigned_.empty()) return assign();
    if (is_command_text()) {
      for (ShellLetter& letter : word_) letter.ends_word = letter.ends_word || is_space(letter.c);
    }
    for (auto begin = word_.begin(); begin != word_.end();) {
      const auto end = std::find_if(begin, word_.end(), [](const ShellLetter& letter) { return letter.ends_word; });
      if (begin != end) add_word(ShellLetters(begin, end));
      begin = end == word_.end() ? end : std::next(end);
    }
    word_.clear();
  }

  void add_word(const ShellLetters& letters) {
    ShellWord word{.text = {}, .line = letters.front().line, .unknown = {}};
    for (const ShellLetter& letter : letters) {
      word.text += letter.c;
      if (word.unknown.empty()) word.unknown = variables_.reason(letter.reason);
    }
    if (command_.empty() && is_one_of<5>(word.text, opening)) ++depth_;
    if (command_.empty() && is_one_of<3>(word.text, closing)) depth_ = std::max(0, depth_ - 1);
    command_.push_back(std::move(word));
  }

  void end_command_at(char end) {
    end_command();
    conditional_ = (end == '&' || end == '|') && ahead() == end;
    if (conditional_) take();
  }

  void end_command() {
    end_word();
    if (!command_.empty()) commands_.push_back(std::move(command_));
    command_.clear();
  }

  std::string_view text_;
  const std::string& source_;
  std::size_t at_ = 0;
  std::size_t letters_put_ = 0;
  int line_ = 1;
  int depth_ = 0;             ///< Of conditions and loops around the command.
  bool conditional_ = false;  ///< Behind && or ||.
  std::string assigned_;      ///< The variable that the word is assigned to, with `+` where it is appended; empty: none.
  ShellLetters word_;
  ShellCommand command_;
  std::vector<ShellCommand> commands_;
  ShellVariables variables_;
};

}  // namespace

std::vector<ShellCommand> shell_commands(std::string_view text, const std::string& source) {
  return ShellScript(text, source).commands();
}

}  // namespace mfusim
