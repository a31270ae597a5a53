// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/rewrite.h"

#include <fmt/format.h>

#include <algorithm>

#include "ascendc/compiler/rewriter.h"
#include "ascendc/compiler/usual_names.h"

namespace etalon::ascendc::compiler {

Result<Rewritten> Rewriter::run() {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (is(i, "__etalon_global__")) {
      TRY_VOID(kernel(i));
    } else if (is(i, "__etalon_vector__") || is(i, "__etalon_cube__")) {
      remove(i, i);  // beside __global__ they were read with it; on helpers they say nothing here
    } else if (is(i, "__etalon_mix__") || is(i, "__etalon_schedmode__")) {
      remove(i, is(i + 1, "(") ? match(i + 1) : i);
    } else if (is(i, "__etalon_tiling_class__") && is(i + 1, "(")) {
      tiling_classes_.push_back(i);
    } else if (is(i, "[") && core_attribute(i) != kNone) {
      remove(i, core_attribute(i));
    } else if (is(i, "<") && is(i + 1, "<") && is(i + 2, "<") && touches(i) &&
               (i == 0 || !is(i - 1, "operator"))) {
      if (i < dropped_until_) continue;  // in a body that goes
      TRY_VOID(launch(i));
    }
  }
  choose_tiling_class();
  out_.text = usual_names(*this) + apply();
  if (pass_ == Pass::host) append_launch_functions();
  return std::move(out_);
}

// Replaces a range by `text`, keeping its line breaks and line markers.
void Rewriter::blank(std::size_t begin, std::size_t end, std::string text) {
  std::size_t at = begin;
  while (true) {
    const std::size_t newline = text_.find('\n', at);
    if (newline == std::string_view::npos || newline >= end) break;
    text += '\n';
    at = newline + 1;
    if (at < end && text_[at] == '#') {
      const std::size_t stop = std::min(text_.find('\n', at), end);
      text += text_.substr(at, stop - at);
      at = stop;
    }
  }
  if (text.empty()) text = " ";
  edits_.push_back({begin, end, std::move(text)});
}

std::unexpected<Error> Rewriter::error(std::string code, std::string message, std::string fix,
                                       std::size_t token) const {
  Error e{std::move(code), std::move(message), std::move(fix), {}, 0, 0, {}};
  int since = 0;
  std::size_t at = tokens_[token].begin;
  while (at > 0) {
    const std::size_t start =
        text_.rfind('\n', at - 1) == std::string_view::npos ? 0 : text_.rfind('\n', at - 1) + 1;
    const std::string_view line = text_.substr(start, text_.find('\n', start) - start);
    if (line.size() > 2 && line[0] == '#' && line[1] == ' ') {
      const std::size_t open = line.find('"'), close = line.rfind('"');
      e.line = std::atoi(std::string(line.substr(2, 12)).c_str()) + since - 1;
      if (open < close) e.file = line.substr(open + 1, close - open - 1);
      break;
    }
    ++since;
    if (start == 0) break;
    at = start - 1;
    if (at == 0) break;
  }
  return fail(std::move(e));
}

std::string Rewriter::one_line(std::string_view s) {
  std::string out;
  bool marker = false;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '\n') {
      marker = i + 1 < s.size() && s[i + 1] == '#';
      out += ' ';
    } else if (!marker) {
      out += s[i];
    }
  }
  return out;
}

std::string Rewriter::apply() {
  std::stable_sort(edits_.begin(), edits_.end(),
                   [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  std::string out;
  out.reserve(text_.size() + 64 * edits_.size());
  std::size_t at = 0;
  for (const Edit& e : edits_) {
    if (e.begin < at) continue;  // inside what is already replaced
    out += text_.substr(at, e.begin - at);
    out += e.text;
    at = e.end;
  }
  out += text_.substr(at);
  return out;
}

// Letters and digits alone, small: the kernel add_custom is that of the operator AddCustom.
std::string Rewriter::bare(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '_') out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  return out;
}

// __etalon_tiling_class__(operator, type) in namespace optiling: of the classes registered, that of a
// kernel of this source, or the last, becomes what GET_TILING_DATA reads.
void Rewriter::choose_tiling_class() {
  if (tiling_classes_.empty()) return;
  std::size_t chosen = tiling_classes_.back();
  for (const std::size_t i : tiling_classes_) {
    const std::string op = bare(word(i + 2));
    const bool ours = std::any_of(out_.kernels.begin(), out_.kernels.end(),
                                  [&](const RewrittenKernel& k) { return bare(k.name) == op; });
    if (ours) chosen = i;
  }
  for (const std::size_t i : tiling_classes_) {
    const std::size_t end = match(i + 1);
    const std::string_view type =
        text_.substr(tokens_[i + 4].begin, tokens_[end].begin - tokens_[i + 4].begin);
    blank(tokens_[i].begin, tokens_[end].end,
          i == chosen ? fmt::format("}} using etalon_tiling_default = ::optiling::{}; namespace optiling {{",
                                    one_line(type))
                      : std::string());
  }
}

// For each plain kernel the C function that a generated aclrtlaunch_NAME.h declares.
void Rewriter::append_launch_functions() {
  for (const RewrittenKernel& k : out_.kernels) {
    if (launched_by_name(k)) out_.text += launch_function(k);
  }
}

Result<Rewritten> rewrite(std::string_view preprocessed, Pass pass) {
  return Rewriter(preprocessed, pass).run();
}

}  // namespace etalon::ascendc::compiler
