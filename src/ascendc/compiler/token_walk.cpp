// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/token_walk.h"

namespace etalon::ascendc::compiler {

std::size_t TokenWalk::match(std::size_t open) const {
  int depth = 0;
  for (std::size_t i = open; i < tokens_.size(); ++i) {
    if (tokens_[i].kind != TokenKind::punctuation) continue;
    const char c = text_[tokens_[i].begin];
    if (c == '(' || c == '[' || c == '{') ++depth;
    if ((c == ')' || c == ']' || c == '}') && --depth == 0) return i;
  }
  return tokens_.size() - 1;
}
std::size_t TokenWalk::match_back(std::size_t close) const {
  int depth = 0;
  for (std::size_t i = close + 1; i-- > 0;) {
    if (tokens_[i].kind != TokenKind::punctuation) continue;
    const char c = text_[tokens_[i].begin];
    if (c == ')' || c == ']' || c == '}') ++depth;
    if ((c == '(' || c == '[' || c == '{') && --depth == 0) return i;
  }
  return kNone;
}
std::size_t TokenWalk::match_angle(std::size_t open) const {
  int depth = 0;
  for (std::size_t i = open; i < tokens_.size(); ++i) {
    if (is(i, "<")) ++depth;
    if (is(i, ">") && --depth == 0) return i;
    if (is(i, "(") || is(i, "[") || is(i, "{")) i = match(i);
    if (is(i, ";")) break;
  }
  return kNone;
}
std::size_t TokenWalk::match_angle_back(std::size_t close) const {
  int depth = 0;
  for (std::size_t i = close + 1; i-- > 0;) {
    if (is(i, ">")) ++depth;
    if (is(i, "<") && --depth == 0) return i;
    if (is(i, ")") || is(i, "]") || is(i, "}")) {
      i = match_back(i);
      if (i == kNone) return kNone;
    }
    if (is(i, ";")) break;
  }
  return kNone;
}

}  // namespace etalon::ascendc::compiler
