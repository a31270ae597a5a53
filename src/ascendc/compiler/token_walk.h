// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ways through the tokens of a preprocessed source: words by number, brackets and their partners.

#include <string_view>
#include <vector>

#include "ascendc/compiler/tokens.h"

namespace etalon::ascendc::compiler {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

class TokenWalk {
 public:
  explicit TokenWalk(std::string_view text) : text_(text), tokens_(tokens_of(text)) {}

  std::size_t size() const { return tokens_.size(); }
  std::string_view word(std::size_t i) const {
    return i < tokens_.size() ? text_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin)
                              : std::string_view();
  }
  bool is(std::size_t i, std::string_view s) const { return word(i) == s; }
  bool is_word(std::size_t i) const { return i < tokens_.size() && tokens_[i].kind == TokenKind::word; }
  // Nothing stands between this token and the next.
  bool touches(std::size_t i) const {
    return i + 1 < tokens_.size() && tokens_[i].end == tokens_[i + 1].begin;
  }

  // The partner of an opening bracket; the last token if there is none.
  std::size_t match(std::size_t open) const;
  // The partner of a closing bracket, or kNone.
  std::size_t match_back(std::size_t close) const;
  // Of template argument lists, or kNone; brackets inside are skipped whole.
  std::size_t match_angle(std::size_t open) const;
  std::size_t match_angle_back(std::size_t close) const;

 protected:
  std::string_view text_;
  std::vector<Token> tokens_;
};

}  // namespace etalon::ascendc::compiler
