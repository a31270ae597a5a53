// SPDX-License-Identifier: Apache-2.0
// What ACLRT_LAUNCH_KERNEL calls: the C function of a kernel and the header that declares it.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ascendc/compiler/rewrite.h"
#include "ascendc/compiler/tokens.h"

namespace etalon::ascendc::compiler {
namespace {

// Types that go by value through the C function; a pointer to anything else.
bool is_scalar(const std::string& type) {
  static const std::set<std::string> known = {
      "bool",     "char",   "short",     "int",      "long",    "unsigned", "signed",   "float",
      "double",   "int8_t", "int16_t",   "int32_t",  "int64_t", "uint8_t",  "uint16_t", "uint32_t",
      "uint64_t", "size_t", "uintptr_t", "intptr_t", "const",   "std",      "::"};
  const std::vector<Token> words = tokens_of(type);
  return std::all_of(words.begin(), words.end(),
                     [&](const Token& t) { return known.contains(type.substr(t.begin, t.end - t.begin)); });
}

std::vector<std::vector<std::string>> parameters_of(const std::string& text) {
  std::vector<std::vector<std::string>> out(1);
  int depth = 0;
  bool default_value = false;
  for (const Token& t : tokens_of(text)) {
    if (t.kind == TokenKind::line_marker) continue;
    const std::string word = text.substr(t.begin, t.end - t.begin);
    if (word == "(" || word == "<" || word == "[" || word == "{") ++depth;
    if (word == ")" || word == ">" || word == "]" || word == "}") --depth;
    if (word == "," && depth == 0) {
      out.emplace_back();
      default_value = false;
      continue;
    }
    default_value |= word == "=" && depth == 0;
    if (!default_value) out.back().push_back(word);
  }
  return out;
}

void add(std::string& list, const std::string& item) { list += (list.empty() ? "" : ", ") + item; }

}  // namespace

LaunchSignature launch_signature(const RewrittenKernel& kernel) {
  LaunchSignature out;
  bool structs = false;
  for (std::vector<std::string>& p : parameters_of(kernel.parameters)) {
    if (p.empty() || (p.size() == 1 && p[0] == "void")) continue;
    const std::string name = p.back();
    p.pop_back();
    std::string type;
    for (const std::string& word : p) type += (type.empty() ? "" : " ") + word;
    const bool named =
        (name[0] >= 'a' && name[0] <= 'z') || (name[0] >= 'A' && name[0] <= 'Z') || name[0] == '_';
    if (type.empty() || !named) {
      out.complete = false;
      return out;
    }
    const bool pointer = type.find('*') != std::string::npos, scalar = !pointer && is_scalar(type);
    add(out.definition, pointer || scalar ? type + " " + name : "const " + type + "* " + name);
    add(out.declaration, (pointer ? "void*" : scalar ? type : "const void*") + (" " + name));
    add(out.call, (pointer || scalar ? "" : "*") + name);
    add(out.by_value, pointer  ? "void* " + name
                      : scalar ? type + " " + name
                               : "const Of_" + name + "& " + name);
    add(out.by_value_call, pointer || scalar ? name : "static_cast<const void*>(&" + name + ")");
    if (!pointer && !scalar) {
      structs = true;
      add(out.templates, "class Of_" + name);
      add(out.templates, "char (*)[__is_class(Of_" + name + ") ? 1 : -1] = nullptr");
    }
  }
  if (!structs) out.by_value.clear();
  return out;
}

bool launched_by_name(const RewrittenKernel& kernel) {
  return kernel.definition && kernel.plain_c && launch_signature(kernel).complete;
}

std::string launch_function(const RewrittenKernel& kernel) {
  const LaunchSignature s = launch_signature(kernel);
  return fmt::format(
      "\n# 1 \"<launch of {0}>\"\nextern \"C\" __attribute__((weak)) unsigned aclrtlaunch_{0}(unsigned "
      "etalon_blocks, void* etalon_stream{1}{2}) {{ return "
      "static_cast<unsigned>(::etalon_cc::launch(::etalon_cc::pending(etalon_blocks, 0, etalon_stream), "
      "[&]() {{ {0}({3}); }})); }}\n",
      kernel.name, s.definition.empty() ? "" : ", ", s.definition, s.call);
}

std::string device_only_launches(const Rewritten& host, const Rewritten& device) {
  std::string out;
  for (const RewrittenKernel& k : device.kernels) {
    const auto same = [&](const RewrittenKernel& h) { return h.definition && h.name == k.name; };
    if (!launched_by_name(k) || std::any_of(host.kernels.begin(), host.kernels.end(), same)) continue;
    const LaunchSignature s = launch_signature(k);
    if (!s.by_value.empty()) continue;
    out += fmt::format("\nextern \"C\" void {}({});\n{}", k.name, s.definition, launch_function(k));
  }
  return out;
}

std::string launch_header(const RewrittenKernel& kernel) {
  const LaunchSignature s = launch_signature(kernel);
  const std::string& name = kernel.name;
  std::string out = fmt::format(
      "#pragma once\n#include <stdint.h>\n#ifndef ACLRT_LAUNCH_KERNEL\n#define ACLRT_LAUNCH_KERNEL(kernel) "
      "aclrtlaunch_##kernel\n#endif\n#ifdef __cplusplus\nextern \"C\"\n#endif\nuint32_t "
      "aclrtlaunch_{}(uint32_t blocks, "
      "void* stream{}{});\n",
      name, s.declaration.empty() ? "" : ", ", s.declaration);
  if (!s.by_value.empty()) {
    out += fmt::format(
        "#ifdef __cplusplus\ntemplate <{}>\ninline uint32_t aclrtlaunch_{}(uint32_t blocks, void* stream, "
        "{}) {{\n"
        "  return aclrtlaunch_{}(blocks, stream, {});\n}}\n#endif\n",
        s.templates, name, s.by_value, name, s.by_value_call);
  }
  return out;
}

}  // namespace etalon::ascendc::compiler
