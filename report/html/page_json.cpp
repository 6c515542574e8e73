// SPDX-License-Identifier: Apache-2.0
#include "report/html/page_json.hpp"

#include "report/html/timeline_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace mfusim::html {
namespace {

using json = nlohmann::ordered_json;

json meaning_json(const Meaning& meaning) {
  return {{"label", meaning.label}, {"definition", meaning.definition}, {"source", meaning.source}};
}

json axis_json(const Axis& axis) {
  return {{"title", axis.title}, {"unit", axis.unit}, {"scale", axis.scale == Scale::Linear ? "linear" : "logarithmic"}};
}

json cell_json(const Cell& cell) {
  return std::visit(
      [](const auto& value) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
          return nullptr;
        } else {
          return value;
        }
      },
      cell);
}

json block_json(const Cards& cards) {
  json list = json::array();
  for (const Card& card : cards) {
    list.push_back({{"key", card.key},
                    {"value", card.value},
                    {"unit", card.unit},
                    {"note", card.note},
                    {"meaning", meaning_json(card.meaning)}});
  }
  return {{"kind", "cards"}, {"cards", list}};
}

json series_json(const BarSeries& series) {
  json bars = json::array();
  json colours = json::array();
  for (const Bar& bar : series.bars) {
    bars.push_back({bar.from, bar.to});
    colours.push_back(bar.colour.empty() ? series.colour : bar.colour);
  }
  return {{"name", series.name}, {"colour", series.colour}, {"bars", bars}, {"colours", colours}};
}

json block_json(const BarChart& chart) {
  json series = json::array();
  for (const BarSeries& one : chart.series) series.push_back(series_json(one));
  json meanings = json::array();
  for (const Meaning& meaning : chart.meanings) meanings.push_back(meaning_json(meaning));
  json object{{"kind", "bars"},
              {"key", chart.key},
              {"title", chart.title},
              {"caption", chart.caption},
              {"axis", axis_json(chart.axis)},
              {"categories", chart.categories},
              {"series", series},
              {"stacked", chart.arrangement == BarArrangement::Stacked},
              {"meanings", meanings},
              {"numbers", chart.numbers == NumbersPlace::Below},
              {"source", chart.source}};
  if (chart.mark) object["mark"] = {{"label", chart.mark->label}, {"at", chart.mark->at}};
  return object;
}

const char* style_name(PointStyle style) {
  switch (style) {
    case PointStyle::Dots:
      return "dots";
    case PointStyle::Line:
      return "line";
    case PointStyle::DottedLine:
      return "dotted";
  }
  throw std::logic_error("unhandled PointStyle");
}

json block_json(const PointChart& chart) {
  json series = json::array();
  for (const PointSeries& one : chart.series) {
    json points = json::array();
    for (const Point& point : one.points)
      points.push_back({{"x", point.x}, {"y", point.y}, {"weight", point.weight}, {"label", point.label}});
    series.push_back({{"name", one.name}, {"colour", one.colour}, {"style", style_name(one.style)}, {"points", points}});
  }
  return {{"kind", "points"},        {"key", chart.key},        {"title", chart.title}, {"caption", chart.caption},
          {"x", axis_json(chart.x)}, {"y", axis_json(chart.y)}, {"series", series},     {"source", chart.source}};
}

json block_json(const Table& table) {
  json columns = json::array();
  for (const GridColumn& column : table.grid.columns) {
    const auto note =
        std::find_if(table.notes.begin(), table.notes.end(), [&](const ColumnNote& one) { return one.key == column.key; });
    const bool noted = note != table.notes.end();
    columns.push_back({{"key", column.key},
                       {"heading", column.heading},
                       {"digits", column.digits},
                       {"unit", noted ? note->unit : ""},
                       {"definition", noted ? note->definition : ""}});
  }
  json rows = json::array();
  for (const std::vector<Cell>& row : table.grid.rows) {
    json cells = json::array();
    for (const Cell& cell : row) cells.push_back(cell_json(cell));
    rows.push_back(std::move(cells));
  }
  return {{"kind", "table"},    {"key", table.key}, {"title", table.title},  {"caption", table.caption},
          {"columns", columns}, {"rows", rows},     {"source", table.source}};
}

json block_json(const Timeline& timeline) {
  return timeline_json(timeline);
}

json block_json(const Notes& notes) {
  return {{"kind", "notes"}, {"warning", notes.kind == NoteKind::Warning}, {"title", notes.title}, {"lines", notes.lines}};
}

json section_json(const Section& section) {
  json blocks = json::array();
  for (const Block& block : section.blocks) {
    blocks.push_back(std::visit([](const auto& one) { return block_json(one); }, block));
  }
  return {{"key", section.key}, {"title", section.title}, {"lead", section.lead}, {"blocks", blocks}};
}

}  // namespace

std::string page_json(const Page& page) {
  json subtitle = json::array();
  for (const auto& [name, value] : page.subtitle) subtitle.push_back({name, value});
  json sections = json::array();
  for (const Section& section : page.sections) sections.push_back(section_json(section));
  const json document{{"command", page.command}, {"title", page.title},  {"answer", page.answer},
                      {"subtitle", subtitle},    {"sections", sections}, {"version", page.version}};
  const std::string plain = document.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string safe;
  safe.reserve(plain.size());
  for (const char letter : plain) {
    if (letter == '<') {
      safe += "\\u003c";  // '<' occurs in strings only: neither an end tag nor a comment can begin
    } else {
      safe += letter;
    }
  }
  return safe;
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += letter;
    }
  }
  return safe;
}

}  // namespace mfusim::html
