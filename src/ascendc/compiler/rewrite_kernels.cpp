// SPDX-License-Identifier: Apache-2.0
// Definitions of kernels: attributes, types of cores, names.
#include <fmt/format.h>

#include "ascendc/compiler/rewriter.h"

namespace etalon::ascendc::compiler {

// "[aicore]", "[host, aicore]": the closing bracket, if these are what they seem.
std::size_t Rewriter::core_attribute(std::size_t open) const {
  bool device = false;
  std::size_t i = open + 1;
  for (;; i += 2) {
    if (!is(i, "aicore") && !is(i, "host")) return kNone;
    device |= is(i, "aicore");
    if (!is(i + 1, ",")) break;
  }
  ++i;
  if (!is(i, "]")) return kNone;
  // [host] alone may be a subscript; a declaration goes on with a word.
  return device || is_word(i + 1) ? i : kNone;
}

std::size_t Rewriter::declaration_start(std::size_t i) const {
  std::size_t at = i;
  while (at > 0) {
    const std::size_t before = at - 1;
    if (tokens_[before].kind == TokenKind::line_marker) {
      at = before;
      continue;
    }
    if (is(before, ";") || is(before, "{") || is(before, "}") || is(before, ":")) break;
    if (is(before, ">")) {
      const std::size_t open = match_angle_back(before);
      if (open == kNone) break;
      at = open;
      continue;
    }
    if (is(before, ")") || is(before, "]")) {
      const std::size_t open = match_back(before);
      if (open == kNone) break;
      at = open;
      continue;
    }
    at = before;
  }
  return at;
}

// Type as said by __vector__, __cube__ or __mix__(c, v) between `first` and `last`.
std::string Rewriter::declared_type(std::size_t first, std::size_t last) const {
  std::string type = "auto", batch;
  for (std::size_t i = first; i < last; ++i) {
    if (is(i, "__etalon_vector__")) type = "aiv";
    if (is(i, "__etalon_cube__")) type = "aic";
    if (is(i, "__etalon_mix__") && is(i + 1, "(") && is(i + 3, ","))
      type = fmt::format("mix{}{}", word(i + 2), word(i + 4));
    if (is(i, "__etalon_schedmode__") && is(i + 2, "1")) batch = ".batch";
  }
  return type + batch;
}

bool Rewriter::inside_extern_c(std::size_t token) const {
  int depth = 0;
  for (std::size_t i = token; i-- > 0;) {
    if (is(i, "}")) ++depth;
    if (is(i, "{") && depth-- == 0) {
      if (i >= 2 && is(i - 1, "\"C\"") && is(i - 2, "extern")) return true;
      depth = 0;
    }
  }
  return false;
}

// Whether a header of the system declares a function of this name before `end`: kernels are called hypot,
// pow or index, and the device's compiler has no such functions.
bool Rewriter::library_has(std::size_t name, std::size_t end) const {
  for (std::size_t i = 1; i < end; ++i) {
    if (!is(i, word(name)) || !is(i + 1, "(") || !(is_word(i - 1) || is(i - 1, "*"))) continue;
    if (is(i - 1, "return") || is(i - 1, "else")) continue;
    for (std::size_t at = i; at-- > 0;) {
      if (tokens_[at].kind != TokenKind::line_marker) continue;
      if (word(at).find("\"/usr/") != std::string_view::npos) return true;
      break;
    }
  }
  return false;
}

// Such a kernel becomes an overload of the function.
void Rewriter::overload(std::size_t start, std::size_t global) {
  for (std::size_t t = start; t < global; ++t) {
    if (!is(t, "extern") || !is(t + 1, "\"C\"")) continue;
    edits_.push_back({tokens_[t + 1].begin, tokens_[t + 1].end, "\"C++\""});
    return;
  }
  edits_.push_back({tokens_[start].begin, tokens_[start].begin, "extern \"C++\" "});
}

Result<bool> Rewriter::kernel(std::size_t global) {
  const std::size_t start = declaration_start(global);
  std::size_t i = global + 1, name = kNone;
  for (; i < tokens_.size(); ++i) {
    if (is(i, ";") || is(i, "{") || is(i, "}") || is(i, "=")) break;
    if (is(i, "[")) {
      i = match(i);
    } else if (is(i, "<")) {
      const std::size_t close = match_angle(i);
      if (close == kNone) break;
      i = close;
    } else if (is(i, "(")) {
      if (name == kNone) break;
      if (is(name, "__attribute__") || is(name, "decltype") || is(name, "alignas") ||
          is(name, "__etalon_mix__") || is(name, "__etalon_schedmode__") || is(name, "__launch_bounds__") ||
          is(name, "__declspec")) {
        i = match(i);
      } else {
        break;
      }
    } else if (is_word(i)) {
      name = i;
    }
  }
  if (name == kNone || !is(i, "(")) {
    return error("cc.kernel", "__global__ declares no function here", "write `__global__ void name(...)`",
                 global);
  }
  const std::size_t open = i, close = match(open);
  std::size_t end = close + 1;
  while (end < tokens_.size() && !is(end, "{") && !is(end, ";"))
    end = is(end, "(") ? match(end) + 1 : end + 1;

  RewrittenKernel k;
  k.name = word(name);
  k.type = declared_type(start, open);
  k.definition = is(end, "{");
  k.parameters = text_.substr(tokens_[open].end, tokens_[close].begin - tokens_[open].end);
  bool is_template = false;
  for (std::size_t t = start; t < global; ++t) {
    if (is(t, "extern") && is(t + 1, "\"C\"")) k.plain_c = true;
    is_template |= is(t, "template");
    // An explicit instantiation: the host has no body to instantiate.
    if (pass_ == Pass::host && is(t, "template") && !is(t + 1, "<")) {
      edits_.push_back({tokens_[t].begin, tokens_[t].begin, "extern "});
    }
  }
  if (k.definition && !is_template && !k.plain_c) k.plain_c = inside_extern_c(start);
  if (library_has(name, start)) overload(start, global);
  if (k.definition && pass_ == Pass::host) {
    remove(global, global);
    const std::size_t body_end = match(end);
    blank(tokens_[end].begin, tokens_[body_end].end, ";");
    dropped_until_ = body_end;
  } else if (k.definition) {
    blank(tokens_[global].begin, tokens_[global].end,
          fmt::format("__attribute__((noinline, used, section(\"{}{}\")))", kKernelSection, k.type));
  } else {
    remove(global, global);
  }
  out_.kernels.push_back(std::move(k));
  return true;
}

}  // namespace etalon::ascendc::compiler
