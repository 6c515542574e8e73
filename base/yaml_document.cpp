// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"
#include "base/text_check.hpp"
#include "base/tree_builder.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

namespace mfusim {
namespace {

/// yaml-cpp counts lines from 0; people count from 1.
int line_of(const YAML::Mark& mark) {
  return mark.line + 1;
}

/// Receives yaml-cpp's parse events. Its own Node type would accept repeated keys and resolve aliases silently.
class YamlEvents : public YAML::EventHandler {
 public:
  explicit YamlEvents(TreeBuilder& tree) : tree_(tree) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw InputError(tree_.at(line_of(mark)), "", "the document ends before this line, and more follows");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse(mark, anchor, "");
    tree_.null(line_of(mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark, 1, ""); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse(mark, anchor, tag);
    // yaml-cpp turns the escapes \_ and \N into single bytes
    if (!is_utf8(value)) throw InputError(tree_.at(line_of(mark)), "", "the escapes \\_ and \\N are not supported");
    const bool quoted = tag == "!";
    if (!quoted && (value == "null" || value == "~" || value.empty())) {
      tree_.null(line_of(mark));
    } else {
      tree_.scalar(value, quoted, line_of(mark));
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse(mark, anchor, tag);
    tree_.begin(Node::Kind::Sequence, line_of(mark));
  }
  void OnSequenceEnd() override { tree_.end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    refuse(mark, anchor, tag);
    tree_.begin(Node::Kind::Mapping, line_of(mark));
  }
  void OnMapEnd() override { tree_.end(); }

 private:
  void refuse(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) const {
    if (anchor != 0) throw InputError(tree_.at(line_of(mark)), "", "anchors and aliases (& and *) are not supported");
    if (!tag.empty() && tag != "!" && tag != "?")
      throw InputError(tree_.at(line_of(mark)), "", "tags are not supported, got " + shown(tag));
  }
  TreeBuilder& tree_;
  int documents_ = 0;
};

/// Whether a tab stands before the first word of a line (from 0): YAML allows spaces only, and yaml-cpp does not say so.
bool is_indented_by_tab(std::string_view text, int line) {
  for (; line > 0 && !text.empty(); --line) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  const std::string_view blanks = text.substr(0, std::min(text.find_first_not_of(" \t"), text.size()));
  return blanks.find('\t') != std::string_view::npos;
}

Node parse_events(const std::string& text, const std::string& name) {
  TreeBuilder tree(name);
  // yaml-cpp sees one line, a comment to its end where it begins with '#'
  if (text.find('\r') != std::string::npos && text.find('\n') == std::string::npos && text.find('\r') + 1 < text.size())
    throw InputError(tree.at(1), "", "lines end in carriage returns alone: write line feeds, as `tr '\\r' '\\n'` does");
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    YamlEvents events(tree);
    if (!parser.HandleNextDocument(events)) throw InputError(tree.at(0), "", "the file is empty");
    while (parser.HandleNextDocument(events)) continue;
    return tree.take();
  } catch (const YAML::Exception& error) {
    if (is_indented_by_tab(text, error.mark.line))
      throw InputError(tree.at(line_of(error.mark)), "", "broken YAML: the line is indented by a tab; YAML allows spaces only");
    throw InputError(tree.at(line_of(error.mark)), "", "broken YAML: " + shown(error.msg));
  }
}

/// yaml-cpp takes the end of the file for the end of a quote that is never closed, unless the document's end is marked.
/// (It is not marked at first, since that spoils the message about a bracket that is never closed.)
void require_closed_quotes(const std::string& text, const std::string& name) {
  if (text.find_first_of("'\"") == std::string::npos) return;
  try {
    static_cast<void>(parse_events(text + (text.ends_with('\n') ? "...\n" : "\n...\n"), name));
  } catch (const InputError&) {
    throw InputError(TreeBuilder(name).at(0), "", "broken YAML: a quote is opened and never closed");
  }
}

}  // namespace

Node parse_yaml(std::string_view text, const std::string& name) {
  require_text(text, TreeBuilder(name));  // yaml-cpp takes a NUL for the end and repairs bad UTF-8
  const std::string document(text);
  Node root = parse_events(document, name);
  require_closed_quotes(document, name);
  return root;
}

}  // namespace mfusim
