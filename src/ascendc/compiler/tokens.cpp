// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/tokens.h"

#include <string>

namespace etalon::ascendc::compiler {
namespace {

bool begins_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool continues_word(char c) { return begins_word(c) || is_digit(c); }

// Past the closing quote of a plain string or character; past the line's end if there is none.
std::size_t end_of_quoted(std::string_view s, std::size_t at) {
  const char quote = s[at++];
  while (at < s.size() && s[at] != quote && s[at] != '\n') at += s[at] == '\\' ? 2 : 1;
  return at < s.size() ? at + 1 : s.size();
}

// `at` is the quote of R"delimiter( ... )delimiter".
std::size_t end_of_raw(std::string_view s, std::size_t at) {
  const std::size_t open = s.find('(', at);
  if (open == std::string_view::npos) return s.size();
  std::string closing = ")";
  closing += s.substr(at + 1, open - at - 1);
  closing += '"';
  const std::size_t end = s.find(closing, open);
  return end == std::string_view::npos ? s.size() : end + closing.size();
}

std::size_t end_of_number(std::string_view s, std::size_t at) {
  while (at < s.size()) {
    const char c = s[at];
    const bool sign = (c == '+' || c == '-') &&
                      (s[at - 1] == 'e' || s[at - 1] == 'E' || s[at - 1] == 'p' || s[at - 1] == 'P');
    const bool separator = c == '\'' && at + 1 < s.size() && continues_word(s[at + 1]);
    if (!continues_word(c) && c != '.' && !sign && !separator) break;
    ++at;
  }
  return at;
}

std::size_t length_of_punctuation(std::string_view s, std::size_t at) {
  const std::string_view two = s.substr(at, 2);
  for (const std::string_view known : {"::", "->", ">=", "<=", "==", "!=", "&&", "||"}) {
    if (two == known) return 2;
  }
  return 1;
}

}  // namespace

std::vector<Token> tokens_of(std::string_view s) {
  std::vector<Token> out;
  out.reserve(s.size() / 5);
  bool line_start = true;
  for (std::size_t at = 0; at < s.size();) {
    const char c = s[at];
    if (c == '\n') {
      line_start = true;
      ++at;
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
      ++at;
      continue;
    }
    Token token{TokenKind::punctuation, at, at};
    if (c == '#' && line_start) {
      token.kind = TokenKind::line_marker;
      const std::size_t newline = s.find('\n', at);
      at = newline == std::string_view::npos ? s.size() : newline;
    } else if (begins_word(c)) {
      while (at < s.size() && continues_word(s[at])) ++at;
      const std::string_view word = s.substr(token.begin, at - token.begin);
      token.kind = TokenKind::word;
      if (at < s.size() && (s[at] == '"' || s[at] == '\'') && word.size() <= 3) {
        const std::string_view raw_less = word.ends_with('R') ? word.substr(0, word.size() - 1) : word;
        const bool prefix =
            raw_less.empty() || raw_less == "u8" || raw_less == "u" || raw_less == "U" || raw_less == "L";
        if (prefix && word.ends_with('R') && s[at] == '"') {
          token.kind = TokenKind::text;
          at = end_of_raw(s, at);
        } else if (prefix && !word.ends_with('R')) {
          token.kind = TokenKind::text;
          at = end_of_quoted(s, at);
        }
      }
    } else if (is_digit(c) || (c == '.' && at + 1 < s.size() && is_digit(s[at + 1]))) {
      token.kind = TokenKind::number;
      at = end_of_number(s, at + 1);
    } else if (c == '"' || c == '\'') {
      token.kind = TokenKind::text;
      at = end_of_quoted(s, at);
    } else {
      at += length_of_punctuation(s, at);
    }
    if (at > s.size()) at = s.size();
    line_start = false;
    token.end = at;
    out.push_back(token);
  }
  return out;
}

}  // namespace etalon::ascendc::compiler
