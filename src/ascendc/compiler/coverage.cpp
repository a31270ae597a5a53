// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/coverage.h"

#include <fmt/format.h>

#include <algorithm>

#include "ascendc/compiler/process.h"
#include "ascendc/compiler/tokens.h"
#include "base/text.h"

namespace etalon::ascendc::compiler {
namespace {

// Comments as spaces; strings stay.
std::string without_comments(std::string_view s) {
  std::string out(s);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == '"' || out[i] == '\'') {
      const char quote = out[i];
      for (++i; i < out.size() && out[i] != quote && out[i] != '\n'; ++i) {
        if (out[i] == '\\') ++i;
      }
    } else if (out.compare(i, 2, "//") == 0) {
      while (i < out.size() && out[i] != '\n') out[i++] = ' ';
    } else if (out.compare(i, 2, "/*") == 0) {
      const std::size_t end = std::min(out.find("*/", i + 2), out.size() - 2) + 2;
      for (; i < end; ++i) {
        if (out[i] != '\n') out[i] = ' ';
      }
      --i;
    }
  }
  return out;
}

// Words of a text, with the place of each; preprocessor lines count as text.
template <class Visit>
void for_words(std::string_view text, const Visit& visit) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t newline = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, newline - at);
    const std::size_t hash = line.find_first_not_of(" \t");
    const std::size_t skip = hash != std::string_view::npos && line[hash] == '#' ? hash + 1 : 0;
    const std::vector<Token> tokens = tokens_of(line.substr(skip));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].kind != TokenKind::word) continue;
      const auto word = [&](std::size_t t) {
        return line.substr(skip).substr(tokens[t].begin, tokens[t].end - tokens[t].begin);
      };
      visit(word(i), i > 0 ? word(i - 1) : std::string_view(), at);
    }
    at = newline + 1;
  }
}

}  // namespace

Result<Interface> Interface::read(const std::filesystem::path& names,
                                  const std::vector<std::filesystem::path>& headers) {
  Interface out;
  TRY(text, read_file(names));
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, ',');
    if (fields.size() >= 3 && line[0] != '#' && fields[0] != "name") {
      out.family_[fields[0]] = fields[2];
      if (fields[2] == "language") out.here_.insert(fields[0]);  // words of the compiler, not of headers
    }
  }
  for (const std::filesystem::path& folder : headers) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, ignored)) {
      if (entry.path().extension() != ".h") continue;
      TRY(header, read_file(entry.path()));
      for_words(without_comments(header), [&](std::string_view word, std::string_view, std::size_t) {
        if (out.family_.contains(word)) out.here_.emplace(word);
      });
    }
  }
  return out;
}

std::vector<NameUse> Interface::used_in(std::string_view source) const {
  const std::string text = without_comments(source);
  std::map<std::string, NameUse> used;
  std::set<std::string> own;
  for_words(text, [&](std::string_view word, std::string_view before, std::size_t line_start) {
    const auto known = family_.find(word);
    if (known == family_.end()) return;
    std::string name(word);
    if (before == "class" || before == "struct" || before == "define" || before == "void" ||
        before == "using" || before == "enum") {
      own.insert(name);
    }
    if (used.contains(name)) return;
    const auto line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(line_start), '\n') + 1;
    used[name] = NameUse{name, known->second, static_cast<int>(line), here_.contains(word)};
  });
  std::vector<NameUse> out;
  for (const auto& [name, use] : used) {
    if (!own.contains(name)) out.push_back(use);
  }
  return out;
}

std::string Interface::explain(std::string_view messages) const {
  std::set<std::string> told;
  std::string out;
  for (const std::string_view phrase : {"no member named '", "undeclared identifier '", "no template named '",
                                        "unknown type name '", "no type named '"}) {
    for (std::size_t at = messages.find(phrase); at != std::string_view::npos;
         at = messages.find(phrase, at + 1)) {
      const std::size_t start = at + phrase.size();
      const std::string name(messages.substr(start, messages.find('\'', start) - start));
      const auto known = family_.find(name);
      if (known == family_.end() || !told.insert(name).second) continue;
      out += fmt::format("etalon cc: {} ({}) is part of Ascend C, but not available here{}\n", name,
                         known->second, here_.contains(name) ? " in this form" : "");
    }
  }
  if (!out.empty()) out += "etalon cc: `etalon cc --coverage FILE` lists all such names of a source\n";
  return out;
}

}  // namespace etalon::ascendc::compiler
