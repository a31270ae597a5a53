// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/op_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "ascendc/compiler/process.h"
#include "ascendc/compiler/tokens.h"

namespace etalon::ascendc::compiler {
namespace {

struct ElementType {
  std::string_view host, device;
  int number;  // as an operator's data type counts them
};
constexpr std::array<ElementType, 19> kElementTypes = {{{"DT_FLOAT", "float", 0},
                                                        {"DT_FLOAT16", "half", 1},
                                                        {"DT_INT8", "int8_t", 2},
                                                        {"DT_INT32", "int32_t", 3},
                                                        {"DT_UINT8", "uint8_t", 4},
                                                        {"DT_INT16", "int16_t", 6},
                                                        {"DT_UINT16", "uint16_t", 7},
                                                        {"DT_UINT32", "uint32_t", 8},
                                                        {"DT_INT64", "int64_t", 9},
                                                        {"DT_UINT64", "uint64_t", 10},
                                                        {"DT_DOUBLE", "double", 11},
                                                        {"DT_BOOL", "bool", 12},
                                                        {"DT_BF16", "bfloat16_t", 27},
                                                        {"DT_INT4", "int4b_t", 29},
                                                        {"DT_HIFLOAT8", "hifloat8_t", 34},
                                                        {"DT_FLOAT8_E5M2", "fp8_e5m2_t", 35},
                                                        {"DT_FLOAT8_E4M3FN", "fp8_e4m3fn_t", 36},
                                                        {"DT_FLOAT8_E8M0", "fp8_e8m0_t", 37},
                                                        {"DT_FLOAT4_E2M1", "fp4x2_e2m1_t", 40}}};

constexpr std::array<std::pair<std::string_view, int>, 6> kFormats = {{{"FORMAT_NCHW", 0},
                                                                       {"FORMAT_NHWC", 1},
                                                                       {"FORMAT_ND", 2},
                                                                       {"FORMAT_NC1HWC0", 3},
                                                                       {"FORMAT_FRACTAL_Z", 4},
                                                                       {"FORMAT_FRACTAL_NZ", 29}}};

const ElementType* element_type(std::string_view host) {
  for (const ElementType& t : kElementTypes) {
    if (t.host == host) return &t;
  }
  return nullptr;
}

std::string upper(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}
// Letters and digits alone, in small letters: add_custom and AddCustom are one.
std::string bare(std::string_view s) {
  std::string out;
  for (const char c : s) {
    if (c != '_') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

// A source as words, comments and white space gone.
class Source {
 public:
  explicit Source(std::string text) : text_(std::move(text)) {
    blank_comments();
    tokens_ = tokens_of(text_);
  }
  std::size_t size() const { return tokens_.size(); }
  std::string_view word(std::size_t i) const {
    return i < tokens_.size()
               ? std::string_view(text_).substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin)
               : std::string_view();
  }
  bool is(std::size_t i, std::string_view s) const { return word(i) == s; }
  std::string_view between(std::size_t first, std::size_t last) const {
    return std::string_view(text_).substr(tokens_[first].begin, tokens_[last].end - tokens_[first].begin);
  }

 private:
  void blank_comments() {
    for (std::size_t at = 0; at + 1 < text_.size();) {
      if (text_[at] == '"') {
        for (++at; at < text_.size() && text_[at] != '"' && text_[at] != '\n';)
          at += text_[at] == '\\' ? 2 : 1;
        ++at;
        continue;
      }
      const bool line = text_[at] == '/' && text_[at + 1] == '/',
                 block = text_[at] == '/' && text_[at + 1] == '*';
      if (!line && !block) {
        ++at;
        continue;
      }
      std::size_t end = line ? text_.find('\n', at) : text_.find("*/", at + 2);
      end = end == std::string::npos ? text_.size() : end + (line ? 0 : 2);
      for (; at < end; ++at) {
        if (text_[at] != '\n') text_[at] = ' ';
      }
    }
  }
  std::string text_;
  std::vector<Token> tokens_;
};

class Reader {
 public:
  Reader(std::string_view kernel_name, int column) : kernel_(bare(kernel_name)), column_(column) {}

  void read(const Source& s) {
    for (std::size_t i = 0; i < s.size(); ++i) {
      if (s.is(i, "BEGIN_TILING_DATA_DEF") && s.is(i + 1, "(")) i = structure(s, i);
      if (s.is(i, "REGISTER_TILING_DATA_CLASS") && s.is(i + 1, "(") && s.is(i + 3, ","))
        registered_.emplace_back(s.word(i + 2), last_name(s, i + 4));
      // class AddCustom : public OpDef
      if (s.is(i, "class") && s.is(i + 2, ":") && (s.is(i + 3, "OpDef") || s.is(i + 4, "OpDef")))
        operator_ = bare(s.word(i + 1));
      if (i > 0 && s.is(i - 1, "->") && (s.is(i, "Input") || s.is(i, "Output")) && s.is(i + 1, "(") &&
          operator_ == kernel_)
        parameter(s, i);
    }
  }

  std::string text() const {
    std::string out =
        "// Made from the operator's host side.\n#pragma once\n#include "
        "\"kernel_tiling/kernel_tiling.h\"\n#include \"register/tilingdata_base.h\"\n";
    for (const auto& [name, text] : structures_) out += text + ";\n";
    if (const std::string* name = registered(); name != nullptr)
      out += fmt::format("using etalon_tiling_default = ::{};\n", *name);
    for (const ElementType& t : kElementTypes)
      out += fmt::format("#ifndef {0}\n#define {0} {1}\n#endif\n", t.host, t.number);
    for (const auto& [name, value] : kFormats)
      out += fmt::format("#ifndef {0}\n#define {0} {1}\n#endif\n", name, value);
    for (const auto& [name, value] : macros_)
      out += fmt::format("#ifndef {0}\n#define {0} {1}\n#endif\n", name, value);
    return out;
  }

 private:
  // The struct for this kernel; if names say nothing and there is one only, that one.
  const std::string* registered() const {
    const std::string* only = nullptr;
    for (const auto& [op, type] : registered_) {
      const bool known =
          std::any_of(structures_.begin(), structures_.end(), [&](const auto& s) { return s.first == type; });
      if (!known) continue;
      if (bare(op) == kernel_) return &type;
      only = registered_.size() == 1 ? &type : nullptr;
    }
    return only;
  }

  static std::string last_name(const Source& s, std::size_t i) {
    std::string name(s.word(i));
    while (s.is(i + 1, "::")) name = s.word(i += 2);
    return name;
  }

  std::size_t structure(const Source& s, std::size_t begin) {
    std::size_t end = begin;
    while (end < s.size() && !s.is(end, "END_TILING_DATA_DEF")) ++end;
    if (end == s.size()) return begin;
    const std::string name(s.word(begin + 2));
    const bool known = std::any_of(structures_.begin(), structures_.end(),
                                   [&](const auto& one) { return one.first == name; });
    if (!known) structures_.emplace_back(name, s.between(begin, end));
    return end;
  }

  // Input("x").ParamType(...).DataType({a, b}).Format({...}) up to the semicolon.
  void parameter(const Source& s, std::size_t i) {
    const std::string_view quoted = s.word(i + 2);
    if (quoted.size() < 3 || quoted.front() != '"') return;
    const std::string name = upper(quoted.substr(1, quoted.size() - 2));
    for (std::size_t at = i; at < s.size() && !s.is(at, ";"); ++at) {
      if (s.is(at, "DataType") || s.is(at, "DataTypeList")) {
        const std::string host = listed(s, at + 1);
        const ElementType* type = element_type(host);
        if (type == nullptr) continue;
        macros_.emplace("DTYPE_" + name, type->device);
        macros_.emplace("ORIG_DTYPE_" + name, host);
      }
      if (s.is(at, "Format")) {
        if (const std::string format = listed(s, at + 1); !format.empty())
          macros_.emplace("FORMAT_" + name, format);
      }
    }
  }

  // Of ({ge::A, ge::B}) the name in the column, or the only one.
  std::string listed(const Source& s, std::size_t i) const {
    std::vector<std::string> names;
    for (; i < s.size() && !s.is(i, ")") && !s.is(i, ";"); ++i) {
      if (s.is(i + 1, ",") || s.is(i + 1, "}")) names.emplace_back(s.word(i));
    }
    std::erase_if(names, [](const std::string& n) { return n == "}" || n == ","; });
    if (names.empty()) return {};
    return names[std::min<std::size_t>(static_cast<std::size_t>(column_), names.size() - 1)];
  }

  std::string kernel_, operator_;
  int column_;
  std::vector<std::pair<std::string, std::string>> structures_, registered_;
  std::map<std::string, std::string> macros_;
};

}  // namespace

std::filesystem::path op_host_folder(const std::filesystem::path& kernel) {
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::absolute(kernel, ignored).parent_path();
  if (folder.filename() != "op_kernel") return {};
  const std::filesystem::path host = folder.parent_path() / "op_host";
  return std::filesystem::is_directory(host, ignored) ? host : std::filesystem::path();
}

bool wants_op_host(std::string_view messages) {
  return messages.find("undeclared identifier 'DTYPE_") != std::string_view::npos ||
         messages.find("undeclared identifier 'etalon_tiling_default'") != std::string_view::npos;
}

std::string op_host_definitions(const std::vector<std::string>& host_sources, std::string_view kernel_name,
                                int column) {
  Reader reader(kernel_name, column);
  for (const std::string& text : host_sources) reader.read(Source(text));
  return reader.text();
}

Result<bool> write_op_host_definitions(const std::filesystem::path& kernel, std::filesystem::path folder,
                                       int column, int npu_arch, const std::filesystem::path& header) {
  namespace fs = std::filesystem;
  if (folder.empty()) folder = op_host_folder(kernel);
  if (folder.empty()) return false;
  std::error_code problem;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem)) {
    // Folders called archNN hold what is another for that architecture: the 950's is arch35, and the 910B's
    // is the rest.
    if (at->is_directory(problem) && at->path().filename().string().starts_with("arch")) {
      const bool ours = at->path().filename() == (npu_arch == 3510 ? "arch35" : "arch22");
      if (!ours) at.disable_recursion_pending();
    }
    const std::string kind = at->path().extension().string();
    if (kind == ".h" || kind == ".hpp" || kind == ".cpp" || kind == ".cc") files.push_back(at->path());
  }
  if (problem)
    return fail("cc.no-input", fmt::format("cannot read the folder {}", folder.string()), "--op-host FOLDER");
  // Those of the architecture first: the first struct of a name counts.
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    const auto general = [](const fs::path& f) {
      return !f.parent_path().filename().string().starts_with("arch");
    };
    return general(a) != general(b) ? general(b) : a < b;
  });
  std::vector<std::string> sources;
  for (const fs::path& f : files) {
    TRY(text, read_file(f));
    sources.push_back(std::move(text));
  }
  TRY_VOID(write_file(header, op_host_definitions(sources, kernel.stem().string(), column)));
  return true;
}

}  // namespace etalon::ascendc::compiler
