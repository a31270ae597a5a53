// SPDX-License-Identifier: Apache-2.0
#pragma once

// Preprocessed C++ as a list of tokens: enough of the language to find declarations and calls without
// understanding them. Comments and macros are gone before; strings, raw strings and digit separators are not.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace etalon::ascendc::compiler {

enum class TokenKind : std::uint8_t { word, number, text, punctuation, line_marker };

struct Token {
  TokenKind kind = TokenKind::word;
  std::size_t begin = 0, end = 0;  // byte offsets into the text
};

// Never fails: what it does not know is a punctuation of one character. Angle brackets are always single
// tokens.
std::vector<Token> tokens_of(std::string_view text);

}  // namespace etalon::ascendc::compiler
