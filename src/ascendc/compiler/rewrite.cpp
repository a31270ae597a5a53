// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <set>

#include "ascendc/compiler/token_walk.h"
#include "ascendc/compiler/usual_names.h"

namespace etalon::ascendc::compiler {
namespace {

struct Edit {
  std::size_t begin, end;
  std::string text;
};

class Rewriter : private TokenWalk {
 public:
  Rewriter(std::string_view text, Pass pass) : TokenWalk(text), pass_(pass) {}

  Result<Rewritten> run() {
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

 private:
  void remove(std::size_t first, std::size_t last) { blank(tokens_[first].begin, tokens_[last].end, ""); }

  // Replaces a range by `text`, keeping its line breaks and line markers.
  void blank(std::size_t begin, std::size_t end, std::string text) {
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

  std::unexpected<Error> error(std::string code, std::string message, std::string fix,
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

  // "[aicore]", "[host, aicore]": the closing bracket, if these are what they seem.
  std::size_t core_attribute(std::size_t open) const {
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

  std::size_t declaration_start(std::size_t i) const {
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
  std::string declared_type(std::size_t first, std::size_t last) const {
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

  bool inside_extern_c(std::size_t token) const {
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
  bool library_has(std::size_t name, std::size_t end) const {
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
  void overload(std::size_t start, std::size_t global) {
    for (std::size_t t = start; t < global; ++t) {
      if (!is(t, "extern") || !is(t + 1, "\"C\"")) continue;
      edits_.push_back({tokens_[t + 1].begin, tokens_[t + 1].end, "\"C++\""});
      return;
    }
    edits_.push_back({tokens_[start].begin, tokens_[start].begin, "extern \"C++\" "});
  }

  // Names declared as `void* name` anywhere: what they hold goes to a kernel as a pointer of any type.
  const std::set<std::string_view>& void_pointers() {
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
  void pass_pointer(std::size_t first, std::size_t last) {
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

  Result<bool> kernel(std::size_t global) {
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

  // The start of the postfix expression that ends just before `end`: a::b<c>, x.template f<g>, (*p), v[i].
  std::size_t callee_start(std::size_t end) const {
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
  std::size_t launch_end(std::size_t first) const {
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
  std::size_t later_end(std::size_t from) const {
    for (std::size_t i = from; i + 3 < tokens_.size() && !is(i, ";") && !is(i, "{") && !is(i, "}"); ++i) {
      if (is(i, ">") && is(i + 1, ">") && is(i + 2, ">") && is(i + 3, "(")) return i;
    }
    return kNone;
  }

  Result<bool> launch(std::size_t open) {
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

  static std::string one_line(std::string_view s) {
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

  std::string apply() {
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
  static std::string bare(std::string_view name) {
    std::string out;
    for (const char c : name) {
      if (c != '_') out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return out;
  }

  // __etalon_tiling_class__(operator, type) in namespace optiling: of the classes registered, that of a
  // kernel of this source, or the last, becomes what GET_TILING_DATA reads.
  void choose_tiling_class() {
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
            i == chosen
                ? fmt::format("}} using etalon_tiling_default = ::optiling::{}; namespace optiling {{",
                              one_line(type))
                : std::string());
    }
  }

  // For each plain kernel the C function that a generated aclrtlaunch_NAME.h declares.
  void append_launch_functions() {
    for (const RewrittenKernel& k : out_.kernels) {
      if (launched_by_name(k)) out_.text += launch_function(k);
    }
  }

  Pass pass_;
  std::vector<Edit> edits_;
  std::vector<std::size_t> tiling_classes_;
  std::set<std::string_view> void_pointers_;
  std::size_t dropped_until_ = 0;
  Rewritten out_;
};

}  // namespace

Result<Rewritten> rewrite(std::string_view preprocessed, Pass pass) {
  return Rewriter(preprocessed, pass).run();
}

}  // namespace etalon::ascendc::compiler
