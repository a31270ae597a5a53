// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "report/cells.h"
#include "report/report.h"

namespace etalon::report {
namespace {

using nlohmann::json;

json number(double v) { return std::isfinite(v) ? json(v) : json(nullptr); }

json value_of(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* real = std::get_if<double>(&cell)) return number(*real);
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return *whole;
  if (const auto* range = std::get_if<Interval>(&cell)) {
    return {{"low", number(range->low)}, {"value", number(range->value)}, {"high", number(range->high)}};
  }
  return nullptr;
}

json block_of(const Heading& h) { return {{"type", "heading"}, {"level", h.level}, {"text", h.text}}; }
json block_of(const Text& t) { return {{"type", "text"}, {"text", t.text}}; }
json block_of(const Table& t) {
  json columns = json::array(), rows = json::array();
  for (const Column& c : t.columns) columns.push_back({{"name", c.name}, {"unit", c.unit}});
  for (const auto& row : t.rows) {
    json cells = json::array();
    for (const Cell& cell : row) cells.push_back(value_of(cell));
    rows.push_back(std::move(cells));
  }
  return {{"type", "table"}, {"title", t.title}, {"columns", std::move(columns)}, {"rows", std::move(rows)}};
}
json block_of(const Series& s) {
  json x = json::array(), y = json::array();
  for (const double v : s.x) x.push_back(number(v));
  for (const double v : s.y) y.push_back(number(v));
  return {{"type", "series"},
          {"title", s.title},
          {"x", {{"name", s.x_name}, {"unit", s.x_unit}, {"values", std::move(x)}}},
          {"y", {{"name", s.y_name}, {"unit", s.y_unit}, {"values", std::move(y)}}}};
}
json block_of(const Timeline& t) {
  json spans = json::array();
  for (const Span& s : t.spans) {
    spans.push_back({{"lane", s.lane},
                     {"name", s.name},
                     {"start_us", number(s.start_us)},
                     {"duration_us", number(s.duration_us)}});
  }
  return {{"type", "timeline"}, {"title", t.title}, {"spans", std::move(spans)}};
}

std::string written(const json& j, int indent) {
  return j.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string as_json(const Document& document) {
  json blocks = json::array(), findings = json::array();
  for (const Block& block : document.blocks) {
    blocks.push_back(std::visit([](const auto& b) { return block_of(b); }, block));
  }
  for (const Finding& f : document.findings) {
    findings.push_back(
        {{"severity", severity_name(f.severity)}, {"code", f.code}, {"text", f.text}, {"where", f.where}});
  }
  return written(
      {{"title", document.title}, {"blocks", std::move(blocks)}, {"findings", std::move(findings)}}, 1);
}

std::string as_chrome_trace(const Timeline& timeline, const std::vector<Flow>& flows) {
  json events = json::array();
  std::map<std::string, int> lanes;
  for (const Span& s : timeline.spans) lanes.emplace(s.lane, 0);
  int next = 0;
  for (auto& [lane, id] : lanes) {
    id = next++;
    events.push_back(
        {{"ph", "M"}, {"name", "thread_name"}, {"pid", 0}, {"tid", id}, {"args", {{"name", lane}}}});
  }
  for (const Span& s : timeline.spans) {
    events.push_back({{"ph", "X"},
                      {"name", s.name},
                      {"pid", 0},
                      {"tid", lanes[s.lane]},
                      {"ts", number(s.start_us)},
                      {"dur", number(s.duration_us)}});
  }
  // An arrow binds to the spans that enclose its ends: it leaves just before the one ends.
  int number_of_flow = 0;
  for (const Flow& f : flows) {
    const auto from = lanes.find(f.from_lane), to = lanes.find(f.to_lane);
    if (from == lanes.end() || to == lanes.end()) continue;
    json begin = {{"ph", "s"}, {"name", "flag"}, {"cat", "flag"}, {"id", ++number_of_flow}, {"pid", 0}};
    json end = begin;
    begin["tid"] = from->second;
    begin["ts"] = number(std::max(0.0, f.from_us - 1e-6));
    end["ph"] = "f";
    end["bp"] = "e";
    end["tid"] = to->second;
    end["ts"] = number(f.to_us);
    events.push_back(std::move(begin));
    events.push_back(std::move(end));
  }
  return written({{"displayTimeUnit", "ns"},
                  {"otherData", {{"title", timeline.title}}},
                  {"traceEvents", std::move(events)}},
                 -1);
}

Result<std::monostate> write_file(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) {
    return fail(Error{"file.unwritable",
                      "cannot write the file",
                      "check that the folder exists and may be written",
                      path,
                      0,
                      0,
                      {}});
  }
  return std::monostate{};
}

}  // namespace etalon::report
