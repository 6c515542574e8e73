// SPDX-License-Identifier: Apache-2.0
#include "report/html/write_page.hpp"

#include "base/input_error.hpp"
#include "report/html/page_json.hpp"

#include <array>
#include <map>
#include <ostream>
#include <string_view>

namespace mfusim::embedded {
const std::map<std::string_view, std::string_view>& report_assets();
const std::map<std::string_view, std::string_view>& chart_library();
}  // namespace mfusim::embedded

namespace mfusim::html {
namespace {

/// In the order in which they need each other.
constexpr std::array scripts{"dom.js",       "numbers.js",     "colours.js", "cards.js",          "chart_frame.js",
                             "bar_chart.js", "point_chart.js", "table.js",   "timeline_model.js", "timeline_draw.js",
                             "timeline.js",  "page.js"};

/// Nothing may be fetched, from nowhere: the page proves by itself that it needs no network.
constexpr const char* policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action "
    "'none'";

std::string_view asset(const char* name) {
  return embedded::report_assets().at(name);
}

void write_head(std::ostream& out, const Page& page) {
  out << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      << "<meta http-equiv=\"Content-Security-Policy\" content=\"" << policy << "\">\n"
      << "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      << "<meta name=\"generator\" content=\"mfusim " << escaped(page.version) << "\">\n"
      << "<title>mfusim " << escaped(page.command) << ": " << escaped(page.title) << "</title>\n"
      << "<style>\n"
      << asset("page.css") << "</style>\n</head>\n";
}

/// What can be read without scripts stands in the page itself.
void write_header(std::ostream& out, const Page& page) {
  out << "<header>\n<p class=\"command\">mfusim " << escaped(page.command) << "</p>\n<h1>" << escaped(page.title)
      << "</h1>\n<dl class=\"subtitle\">\n";
  for (const auto& [name, value] : page.subtitle) {
    if (value.empty()) continue;
    out << "<div><dt>" << escaped(name) << "</dt><dd>" << escaped(value) << "</dd></div>\n";
  }
  out << "</dl>\n<p class=\"answer\">" << escaped(page.answer) << "</p>\n</header>\n";
}

}  // namespace

void check_charts() {
  if (!embedded::chart_library().empty()) return;
  throw InputError(
      "--report: this program was built without its chart library: install the package libjs-chart.js (Debian, Ubuntu) and build "
      "again");
}

void write_page(std::ostream& out, const Page& page) {
  check_charts();
  write_head(out, page);
  out << "<body>\n";
  write_header(out, page);
  out << "<noscript><p class=\"lead\">Charts and tables of this page need JavaScript; nothing is fetched from a "
         "network.</p></noscript>\n"
      << "<main id=\"page\"></main>\n<footer><p>Made by mfusim " << escaped(page.version)
      << ". This file is complete: it needs no network.</p>\n"
      << "<details><summary>Licence of the embedded chart library</summary><pre>" << escaped(asset("chart_licence.txt"))
      << "</pre></details></footer>\n"
      << "<script type=\"application/json\" id=\"data\">" << page_json(page) << "</script>\n";
  for (const auto& [name, text] : embedded::chart_library()) out << "<script>\n" << text << "\n</script>\n";
  out << "<script>\n'use strict';\nconst mfusim = {};\n";
  for (const char* script : scripts) out << asset(script);
  out << "</script>\n</body>\n</html>\n";
}

}  // namespace mfusim::html
