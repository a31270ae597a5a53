// SPDX-License-Identifier: Apache-2.0
#include "report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/text.h"

namespace etalon::report {
namespace {

constexpr double kWidth = 900, kLeft = 90, kRight = 20, kTop = 30, kBottom = 40;
constexpr int kColours = 6;

std::string text_at(double x, double y, const std::string& text, const char* anchor = "start") {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)", x, y, anchor,
                     escaped_for_html(text)) +
         "\n";
}
std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return fmt::format(R"(<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", style, x1, y1,
                     x2, y2) +
         "\n";
}
std::string box(double x, double y, double width, double height, std::size_t colour,
                const std::string& tooltip) {
  return fmt::format(
             R"(<rect class="c{}" x="{:.2f}" y="{:.1f}" width="{:.2f}" height="{:.1f}"><title>{}</title></rect>)",
             colour % kColours, x, y, width, height, escaped_for_html(tooltip)) +
         "\n";
}
std::string picture(const std::string& title, double height, const std::string& body) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{0}\" viewBox=\"0 0 {1:.0f} "
      "{2:.0f}\">\n"
      "<title>{0}</title>\n{3}{4}</svg>\n",
      escaped_for_html(title), kWidth, height, text_at(kLeft, 18, title), body);
}

std::string us(double t) { return significant(t, 3) + " us"; }

// Powers of ten that hold all of `values`, at least one decade.
std::pair<double, double> decades(const std::vector<double>& values) {
  const auto [least, most] = std::ranges::minmax_element(values);
  const double low = std::floor(std::log10(*least)), high = std::ceil(std::log10(*most));
  return {low, std::max(high, low + 1)};
}

}  // namespace

const char* const kPictureStyle = R"(
svg { width: 100%; max-width: 900px; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: currentColor; }
svg .grid { stroke: currentColor; stroke-opacity: .15; }
svg .roof { stroke: currentColor; stroke-width: 2; fill: none; }
svg .flow { stroke: currentColor; stroke-opacity: .45; stroke-width: .7; }
svg rect { stroke: #fff; stroke-width: .3; }
svg .point { fill: #c0392b; }
svg .c0 { fill: #2a7f62; } svg .c1 { fill: #e0a030; } svg .c2 { fill: #b5543c; }
svg .c3 { fill: #4a6fa5; } svg .c4 { fill: #7d5ba6; } svg .c5 { fill: #5f8a8b; }
)";

std::string alone(const std::string& svg) {
  const std::size_t body = svg.find('\n') + 1;
  if (body == 0) return svg;
  return svg.substr(0, body) + "<style>" + kPictureStyle + "</style>\n" +
         "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" + svg.substr(body);
}

std::string escaped_for_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string as_svg(const Roofline& r) {
  constexpr double kHeight = 420;
  double top = 0, bandwidth = 0;
  for (const auto& roof : r.roofs) top = std::max(top, roof.per_s);
  for (const auto& slope : r.slopes) bandwidth = std::max(bandwidth, slope.bytes_per_s);
  if (top <= 0 || bandwidth <= 0) return {};
  // From a decade left of the first ridge to one right of the last, and all points.
  std::vector<double> xs, ys = {top};
  for (const auto& roof : r.roofs) {
    for (const auto& slope : r.slopes) xs.push_back(roof.per_s / slope.bytes_per_s);
    ys.push_back(roof.per_s / 10);
  }
  std::vector<Roofline::Point> points;
  for (const auto& p : r.points) {
    if (p.per_byte > 0 && p.per_s > 0) points.push_back(p), xs.push_back(p.per_byte), ys.push_back(p.per_s);
  }
  const auto [x_low, x_high] = decades(xs);
  const auto [y_low, y_high] = decades(ys);
  const auto x_of = [&, low = x_low, high = x_high](double v) {
    return kLeft + (std::log10(v) - low) / (high - low) * (kWidth - kLeft - kRight);
  };
  const auto y_of = [&, low = y_low, high = y_high](double v) {
    return kHeight - kBottom - (std::log10(v) - low) / (high - low) * (kHeight - kTop - kBottom);
  };
  std::string body;
  for (double d = x_low; d <= x_high; ++d) {
    body += line(x_of(std::pow(10, d)), kTop, x_of(std::pow(10, d)), kHeight - kBottom, "grid");
    body += text_at(x_of(std::pow(10, d)), kHeight - kBottom + 16, significant(std::pow(10, d), 3), "middle");
  }
  for (double d = y_low; d <= y_high; ++d) {
    body += line(kLeft, y_of(std::pow(10, d)), kWidth - kRight, y_of(std::pow(10, d)), "grid");
    body += text_at(kLeft - 6, y_of(std::pow(10, d)) + 4, fmt::format("1e{:.0f}/s", d), "end");
  }
  body += text_at((kLeft + kWidth - kRight) / 2, kHeight - 6, r.operations + " per byte", "middle");
  const double x_least = std::pow(10, x_low), x_most = std::pow(10, x_high), y_least = std::pow(10, y_low);
  for (const auto& roof : r.roofs) {
    const double ridge = std::clamp(roof.per_s / bandwidth, x_least, x_most);
    body += line(x_of(ridge), y_of(roof.per_s), kWidth - kRight, y_of(roof.per_s), "roof");
    body += text_at(kWidth - kRight, y_of(roof.per_s) - 5,
                    fmt::format("{}: {} T/s", roof.name, significant(roof.per_s * 1e-12, 3)), "end");
  }
  for (const auto& slope : r.slopes) {
    const double from = std::max(x_least, y_least / slope.bytes_per_s), to = top / slope.bytes_per_s;
    body += line(x_of(from), y_of(from * slope.bytes_per_s), x_of(to), y_of(top), "roof");
    const double middle = std::sqrt(from * to);
    body += text_at(x_of(middle) - 8, y_of(middle * slope.bytes_per_s) - 4,
                    fmt::format("{}: {} TB/s", slope.name, significant(slope.bytes_per_s * 1e-12, 3)), "end");
  }
  for (const auto& p : points) {
    body += fmt::format(
                R"(<circle class="point" cx="{:.1f}" cy="{:.1f}" r="5"><title>{}: {} T/s</title></circle>)",
                x_of(p.per_byte), y_of(p.per_s), escaped_for_html(p.name), significant(p.per_s * 1e-12, 3)) +
            "\n" + text_at(x_of(p.per_byte) + 8, y_of(p.per_s) + 4, p.name);
  }
  return picture(r.title, kHeight, body);
}

std::string as_svg(const Occupancy& o) {
  if (o.whole_us <= 0 || o.bars.empty()) return {};
  constexpr double kRow = 26;
  const double scale = (kWidth - kLeft - kRight) / o.whole_us;
  std::string body;
  double y = kTop;
  for (const auto& bar : o.bars) {
    body += text_at(kLeft - 8, y + 15, bar.name, "end");
    double x = kLeft;
    for (std::size_t k = 0; k < bar.us.size(); ++k) {
      const double width = std::min(bar.us[k] * scale, kWidth - kRight - x);
      if (width <= 0) continue;
      body += box(x, y, width, kRow - 6, k, fmt::format("{}: {}", o.kinds.at(k), us(bar.us[k])));
      x += width;
    }
    y += kRow;
  }
  body += line(kLeft, kTop - 4, kLeft, y, "grid") +
          line(kWidth - kRight, kTop - 4, kWidth - kRight, y, "grid") + text_at(kLeft, y + 14, "0") +
          text_at(kWidth - kRight, y + 14, us(o.whole_us), "end");
  double x = kLeft;
  for (std::size_t k = 0; k < o.kinds.size(); ++k) {
    body += box(x, y + 22, 12, 12, k, o.kinds[k]) + text_at(x + 17, y + 32, o.kinds[k]);
    x += 40 + 7.0 * static_cast<double>(o.kinds[k].size());
  }
  return picture(o.title, y + 42, body);
}

std::string as_svg(const Timeline& t, const std::vector<Flow>& flows) {
  constexpr double kRow = 20;
  double end = 0;
  for (const Span& s : t.spans) end = std::max(end, s.start_us + s.duration_us);
  if (end <= 0) return {};
  std::map<std::string, double> rows;
  std::map<std::string, std::size_t> colours;
  for (const Span& s : t.spans) {
    rows.emplace(s.lane, 0);
    colours.emplace(s.name, 0);
  }
  double y = kTop;
  for (auto& [lane, at] : rows) at = y, y += kRow;
  std::size_t next = 0;
  for (auto& [name, colour] : colours) colour = next++;
  const double left = kLeft + 30, scale = (kWidth - left - kRight) / end;
  std::string body;
  for (const auto& [lane, at] : rows)
    body +=
        text_at(left - 8, at + 13, lane, "end") + line(left, at + kRow, kWidth - kRight, at + kRow, "grid");
  for (const Span& s : t.spans) {
    body += box(left + s.start_us * scale, rows[s.lane] + 2, std::max(s.duration_us * scale, 0.3), kRow - 4,
                colours[s.name], fmt::format("{}: {} from {}", s.name, us(s.duration_us), us(s.start_us)));
  }
  for (const Flow& f : flows) {
    const auto from = rows.find(f.from_lane), to = rows.find(f.to_lane);
    if (from == rows.end() || to == rows.end() || from == to) continue;
    body += line(left + f.from_us * scale, from->second + kRow / 2, left + f.to_us * scale,
                 to->second + kRow / 2, "flow");
  }
  body += text_at(left, y + 14, "0") + text_at(kWidth - kRight, y + 14, us(end), "end");
  return picture(t.title, y + 22, body);
}

}  // namespace etalon::report
