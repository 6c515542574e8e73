// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/glossary.hpp"
#include "report/grid.hpp"
#include "sim/timeline_view.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// A report as plain data. A command's page is one function that fills these structs; write_page() turns them into a file.
/// Numbers stay numbers here and carry their unit: "s", "B", "FLOP", "FLOP/s", "B/s" (shown with a fitting prefix), "share"
/// (0.47 -> 47 %), "%" (already in percent), "" (a count), or any other word, which follows the number.
namespace mfusim::html {

/// Colours are named after what they stand for ("matmul", "bubble", "capacity"); assets/colours.js knows them. A name that it
/// does not know gets the next colour of the palette.
using Colour = std::string;

/// A number that the reader should see first.
struct Card {
  std::string key;  ///< Of the JSON answer where it has one.
  double value = 0;
  std::string unit;
  std::string note;  ///< A few words below the number.
  Meaning meaning;
};
using Cards = std::vector<Card>;

enum class Scale { Linear, Logarithmic };
struct Axis {
  std::string title;
  std::string unit;
  Scale scale = Scale::Linear;
};

/// A line across a chart: a capacity, a peak.
struct Mark {
  std::string label;
  double at = 0;
};

struct Bar {
  double from = 0;
  double to = 0;
  Colour colour;  ///< Empty: the series' colour.
};
struct BarSeries {
  std::string name;
  Colour colour;
  std::vector<Bar> bars;  ///< One a category.
};
enum class BarArrangement { Stacked, SideBySide };
/// Where the numbers behind a chart can be read: in a list that unfolds below it, or in a table that follows.
enum class NumbersPlace { Below, InTable };

/// Lying bars, so that long names stay readable; categories from top to bottom.
struct BarChart {
  std::string key;
  std::string title;
  std::string caption;
  Axis axis;
  std::vector<std::string> categories;
  std::vector<BarSeries> series;
  BarArrangement arrangement = BarArrangement::Stacked;
  std::optional<Mark> mark;
  std::vector<Meaning> meanings;  ///< Of its categories or series: they join the page's definitions.
  NumbersPlace numbers = NumbersPlace::Below;
  std::string source;  ///< What the numbers are computed or read from.
};

struct Point {
  double x = 0;
  double y = 0;
  double weight = 0;  ///< 0..1: area of the dot; 0: the smallest.
  std::string label;  ///< Shown on hover.
};
enum class PointStyle { Dots, Line, DottedLine };
struct PointSeries {
  std::string name;
  Colour colour;
  PointStyle style = PointStyle::Dots;
  std::vector<Point> points;
};

/// A scatter plot, a curve, or both: rooflines, Pareto fronts, predicted against measured.
struct PointChart {
  std::string key;
  std::string title;
  std::string caption;
  Axis x;
  Axis y;
  std::vector<PointSeries> series;
  std::string source;
};

/// What a column of a grid holds, by its key.
struct ColumnNote {
  std::string key;
  std::string unit;
  std::string definition;
};

/// Rows that sort by any column and can be filtered by words.
struct Table {
  std::string key;
  std::string title;
  std::string caption;
  Grid grid;
  std::vector<ColumnNote> notes;
  std::string source;
};

/// The step on its ranks, to zoom into.
struct Timeline {
  std::string key;
  std::string title;
  std::string caption;
  TimelineView view;
  std::vector<std::string> rank_names;  ///< Of view.ranks.
  const StepTable* steps = nullptr;     ///< What the slices' rows mean; only those in use are written.
};

enum class NoteKind { Plain, Warning };
struct Notes {
  NoteKind kind = NoteKind::Plain;
  std::string title;
  std::vector<std::string> lines;
};

using Block = std::variant<Cards, BarChart, PointChart, Table, Timeline, Notes>;

struct Section {
  std::string key;
  std::string title;
  std::string lead;  ///< How to read what follows, in a sentence or two.
  std::vector<Block> blocks;
};

struct Page {
  std::string command;                                        ///< "run"
  std::string title;                                          ///< What was asked about.
  std::string answer;                                         ///< One sentence.
  std::vector<std::pair<std::string, std::string>> subtitle;  ///< Facts of the question: name, value.
  std::vector<Section> sections;
  std::string version;
};

}  // namespace mfusim::html
