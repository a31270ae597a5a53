// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/cells.h"
#include "report/report.h"

namespace etalon::report {
namespace {

constexpr int kNarrowest = 12;  // a text column is not wrapped below this
constexpr const char* kGap = "  ";

// Columns a UTF-8 text takes, counting code points.
int shown_width(std::string_view s) {
  return static_cast<int>(std::count_if(s.begin(), s.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(const std::string& s, int width, bool right) {
  const std::string blanks(static_cast<std::size_t>(std::max(0, width - shown_width(s))), ' ');
  return right ? blanks + s : s + blanks;
}

// Breaks between words; a word longer than the line stays whole.
std::vector<std::string> wrapped(const std::string& text, int width) {
  std::vector<std::string> lines;
  for (const std::string& paragraph : split(text, '\n')) {
    std::string line;
    for (const std::string& word : split(paragraph, ' ')) {
      if (!line.empty() && shown_width(line) + 1 + shown_width(word) > width) {
        lines.push_back(std::move(line));
        line.clear();
      }
      if (!line.empty()) line += ' ';
      line += word;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

class TextRenderer {
 public:
  explicit TextRenderer(const TextOptions& options) : options_(options) {}

  std::string render(const Document& document) {
    if (!document.title.empty()) heading({1, document.title});
    for (const Block& block : document.blocks) {
      std::visit([this](const auto& b) { show(b); }, block);
    }
    findings(document.findings);
    return std::move(out_);
  }

 private:
  void show(const Heading& h) { heading(h); }
  void show(const Series& s) { table(as_table(s)); }
  void show(const Timeline& t) { table(as_table(t)); }
  void show(const Table& t) { table(t); }
  void show(const Text& t) {
    separate();
    for (const std::string& line : wrapped(t.text, options_.width)) out_ += line + "\n";
  }
  void separate() {
    if (!out_.empty()) out_ += "\n";
  }
  std::string styled(const std::string& s, const char* code) const {
    return options_.is_coloured ? fmt::format("\x1b[{}m{}\x1b[0m", code, s) : s;
  }
  void heading(const Heading& h) {
    separate();
    out_ += styled(h.text, "1") + "\n";
    if (h.level <= 2)
      out_ += std::string(static_cast<std::size_t>(shown_width(h.text)), h.level == 1 ? '=' : '-') + "\n";
  }

  void table(const Table& t) {
    separate();
    if (!t.title.empty()) out_ += styled(t.title, "1") + "\n";
    const std::size_t columns = t.columns.size();
    std::vector<std::vector<std::string>> cells(1);
    for (const Column& c : t.columns) cells[0].push_back(column_title(c));
    for (const auto& row : t.rows) {
      cells.emplace_back();
      for (std::size_t i = 0; i < columns; ++i) {
        cells.back().push_back(i < row.size() ? cell_text(row[i], t.columns[i]) : "");
      }
    }
    std::vector<bool> right(columns);
    for (std::size_t i = 0; i < columns; ++i) right[i] = is_numeric(t, i);
    const std::vector<int> widths = fit(cells, right);
    for (std::size_t r = 0; r < cells.size(); ++r) {
      row(cells[r], widths, right);
      if (r == 0) rule(widths);
    }
    if (t.rows.empty()) out_ += "(no rows)\n";
  }

  // Column widths; the widest text columns give way until the table fits the terminal, down to their longest
  // word.
  std::vector<int> fit(const std::vector<std::vector<std::string>>& cells,
                       const std::vector<bool>& right) const {
    std::vector<int> widths(right.size(), 0), floors(right.size(), 0);
    for (const auto& row : cells) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        widths[i] = std::max(widths[i], shown_width(row[i]));
        for (const std::string& word : split(row[i], ' ')) floors[i] = std::max(floors[i], shown_width(word));
      }
    }
    int total = -2;
    for (const int w : widths) total += w + 2;
    while (total > options_.width) {
      std::size_t widest = widths.size();
      for (std::size_t i = 0; i < widths.size(); ++i) {
        const bool gives = widths[i] > std::max(floors[i], right[i] ? numeric_floor(cells, i) : kNarrowest);
        if (gives && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
      }
      if (widest == widths.size()) break;
      --widths[widest];
      --total;
    }
    return widths;
  }

  // Numbers are never broken; the title above them may be.
  static int numeric_floor(const std::vector<std::vector<std::string>>& cells, std::size_t column) {
    int out = 0;
    for (std::size_t r = 1; r < cells.size(); ++r) out = std::max(out, shown_width(cells[r][column]));
    return out;
  }

  void row(const std::vector<std::string>& cells, const std::vector<int>& widths,
           const std::vector<bool>& right) {
    std::vector<std::vector<std::string>> lines;
    std::size_t height = 1;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      lines.push_back(shown_width(cells[i]) > widths[i] ? wrapped(cells[i], widths[i])
                                                        : std::vector{cells[i]});
      height = std::max(height, lines.back().size());
    }
    for (std::size_t h = 0; h < height; ++h) {
      std::string line;
      for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) line += kGap;
        line += padded(h < lines[i].size() ? lines[i][h] : "", widths[i], right[i]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out_ += line + "\n";
    }
  }

  void rule(const std::vector<int>& widths) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) out_ += kGap;
      out_ += std::string(static_cast<std::size_t>(widths[i]), '-');
    }
    out_ += "\n";
  }

  void findings(const Findings& all) {
    if (all.empty()) return;
    heading({2, "Findings"});
    for (const Finding& f : all) {
      const char* colour = f.severity == Severity::failure   ? "31"
                           : f.severity == Severity::warning ? "33"
                                                             : "36";
      std::string line = fmt::format("{} [{}] {}", severity_name(f.severity), f.code, f.text);
      if (!f.where.empty()) line += fmt::format(" ({})", f.where);
      for (const std::string& part : wrapped(line, options_.width)) out_ += styled(part, colour) + "\n";
    }
  }

  TextOptions options_;
  std::string out_;
};

}  // namespace

std::string as_text(const Document& document, const TextOptions& options) {
  return TextRenderer(options).render(document);
}

}  // namespace etalon::report
