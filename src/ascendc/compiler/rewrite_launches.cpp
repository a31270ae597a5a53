// SPDX-License-Identifier: Apache-2.0
// Launches: kernel<<<blocks, control, stream>>>(arguments).
#include <fmt/format.h>

#include "ascendc/compiler/rewriter.h"

namespace etalon::ascendc::compiler {

// Names declared as `void* name` anywhere: what they hold goes to a kernel as a pointer of any type.
const std::set<std::string_view>& Rewriter::void_pointers() {
  if (!void_pointers_.empty()) return void_pointers_;
  void_pointers_.insert("");
  for (std::size_t i = 0; i + 2 < tokens_.size(); ++i) {
    if (!is(i, "void")) continue;
    std::size_t at = i + 1;
    if (is(at, "const")) ++at;
    if (!is(at, "*") || is(at + 1, "*")) continue;
    ++at;
    if (is(at, "const") || is(at, "__restrict") || is(at, "__restrict__")) ++at;
    for (; is_word(at); at += 3) {  // void *x, *y
      void_pointers_.insert(word(at));
      if (!is(at + 1, ",") || !is(at + 2, "*")) break;
    }
  }
  return void_pointers_;
}

// The argument from token `first` up to `last`, if it may be such a pointer: its name, a member or a call
// of that name, or a cast.
void Rewriter::pass_pointer(std::size_t first, std::size_t last) {
  if (first >= last) return;
  std::size_t name = last - 1;
  if (is(name, ")") && match_back(name) != kNone && match_back(name) > first) name = match_back(name) - 1;
  bool pointer = void_pointers().contains(word(name)), chain = true;
  for (std::size_t i = first; i < last; ++i) {
    if (is(i, "{") || is(i, "...")) return;
    pointer |= i >= first + 2 && is(i, "void") && (is(i - 1, "<") || is(i - 1, "("));
    pointer |= i == first + 1 && is(i, "void") && is(first, "(");
    if (i < name)
      chain &= is_word(i) || is(i, ".") || is(i, "->") || is(i, "::") || is(i, "<") || is(i, ">") ||
               is(i, "*") || is(i, "(") || is(i, ")") || tokens_[i].kind == TokenKind::line_marker;
  }
  if (!pointer || !chain) return;
  edits_.push_back({tokens_[first].begin, tokens_[first].begin, "(::etalon_cc::Argument(), "});
  edits_.push_back({tokens_[last - 1].end, tokens_[last - 1].end, ")"});
}

// The start of the postfix expression that ends just before `end`: a::b<c>, x.template f<g>, (*p), v[i].
std::size_t Rewriter::callee_start(std::size_t end) const {
  std::size_t at = end;
  while (at > 0) {
    const std::size_t before = at - 1;
    if (is(before, ">")) {
      const std::size_t open = match_angle_back(before);
      if (open == kNone) return kNone;
      at = open;
      continue;  // the name of the template stands before
    }
    if (is(before, ")") || is(before, "]")) {
      const std::size_t open = match_back(before);
      if (open == kNone) return kNone;
      at = open;
      if (at == 0 || !(is_word(at - 1) || is(at - 1, ")") || is(at - 1, "]") || is(at - 1, ">"))) return at;
      if (is(at - 1, "return") || is(at - 1, "else") || is(at - 1, "do")) return at;
      continue;
    }
    if (!is_word(before)) return kNone;
    at = before;
    if (at > 0 && is(at - 1, "template")) --at;
    if (at > 0 && (is(at - 1, "::") || is(at - 1, ".") || is(at - 1, "->"))) {
      --at;
      if (is(at, "::") &&
          (at == 0 || !(is_word(at - 1) || is(at - 1, ">")) || is(at - 1, "return") || is(at - 1, "else")))
        return at;  // ::name
      continue;
    }
    return at;
  }
  return at;
}

// The first '>' of the closing '>>>'.
std::size_t Rewriter::launch_end(std::size_t first) const {
  int angles = 0;
  for (std::size_t i = first; i + 3 < tokens_.size(); ++i) {
    if (is(i, "(") || is(i, "[") || is(i, "{")) {
      i = match(i);
      continue;
    }
    if (is(i, ";") || is(i, "}")) break;
    if (is(i, "<") && i > 0 && is_word(i - 1)) ++angles;
    if (!is(i, ">")) continue;
    const bool three = is(i + 1, ">") && is(i + 2, ">") && touches(i) && touches(i + 1);
    if (three && is(i + 3, "(") && (angles < 3 || later_end(i + 3) == kNone)) return i;
    if (angles > 0) --angles;
  }
  return kNone;
}

std::size_t Rewriter::later_end(std::size_t from) const {
  for (std::size_t i = from; i + 3 < tokens_.size() && !is(i, ";") && !is(i, "{") && !is(i, "}"); ++i) {
    if (is(i, ">") && is(i + 1, ">") && is(i + 2, ">") && is(i + 3, "(")) return i;
  }
  return kNone;
}

Result<bool> Rewriter::launch(std::size_t open) {
  const std::size_t callee = callee_start(open), close = launch_end(open + 3);
  if (callee == kNone || callee == open || close == kNone) {
    return error("cc.launch", "a launch is not complete",
                 "write `kernel<<<blocks, bytes, stream>>>(arguments)`", open);
  }
  const std::size_t arguments = close + 3, end = match(arguments);
  ++out_.launches;
  if (pass_ == Pass::host) {
    const std::string_view config =
        text_.substr(tokens_[open + 2].end, tokens_[close].begin - tokens_[open + 2].end);
    edits_.push_back(
        {tokens_[callee].begin, tokens_[callee].begin,
         fmt::format("::etalon_cc::launch(::etalon_cc::pending({}), [&]() {{ ", one_line(config))});
    edits_.push_back({tokens_[end].end, tokens_[end].end, "; })"});
  }
  blank(tokens_[open].begin, tokens_[close + 2].end, "");
  std::size_t first = arguments + 1;
  for (std::size_t i = first; i <= end; ++i) {
    if (is(i, "<") && word(i - 1).ends_with("_cast") && match_angle(i) != kNone) {
      i = match_angle(i);
      continue;
    }
    if (is(i, "<")) break;  // a comma may be one of template arguments
    if (is(i, "(") || is(i, "[") || is(i, "{")) {
      i = match(i);
    } else if (is(i, ",") || i == end) {
      pass_pointer(first, i);
      first = i + 1;
    }
  }
  return true;
}

}  // namespace etalon::ascendc::compiler
