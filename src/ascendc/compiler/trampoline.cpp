// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/trampoline.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string_view>

namespace etalon::ascendc::compiler {
namespace {

bool reaches_any(const DeviceKernel* k, std::initializer_list<const char*> names) {
  if (k == nullptr) return false;
  for (const char* n : names) {
    if (k->reached.contains(n)) return true;
  }
  return false;
}
bool uses_cube(const DeviceKernel* k) {
  return reaches_any(
      k, {"etalon_asc_mmad_op", "etalon_asc_load_op", "etalon_asc_fixpipe_op", "etalon_asc_fill_op"});
}
bool uses_vector(const DeviceKernel* k) { return reaches_any(k, {"etalon_asc_vector_op"}); }
bool does_anything(const DeviceKernel* k) {
  return uses_cube(k) || uses_vector(k) ||
         reaches_any(k, {"etalon_asc_move_op", "etalon_asc_cross_set", "etalon_asc_cross_wait",
                         "etalon_asc_cross_wait_mode"});
}

// Code that is the same on both kinds of core says nothing by itself; where the passes differ, the author
// chose.
CoreType inferred(const DeviceKernel* cube, const DeviceKernel* vector) {
  const bool c = uses_cube(cube), v = uses_vector(vector);
  if (c && v) return CoreType::mix_1_2;
  if (c) return !uses_cube(vector) && does_anything(vector) ? CoreType::mix_1_2 : CoreType::aic;
  if (v) return !uses_vector(cube) && does_anything(cube) ? CoreType::mix_1_2 : CoreType::aiv;
  return CoreType::aiv;
}

CoreType type_named(std::string_view name) {
  static const std::map<std::string_view, CoreType> known = {
      {"aic", CoreType::aic},
      {"aiv", CoreType::aiv},
      {"mix11", CoreType::mix_1_1},
      {"mix12", CoreType::mix_1_2},
      {"mix10", CoreType::mix_aic_1_0},
      {"mix01", CoreType::mix_aiv_1_0},
      {"KERNEL_TYPE_AIC_ONLY", CoreType::aic},
      {"KERNEL_TYPE_AIV_ONLY", CoreType::aiv},
      {"KERNEL_TYPE_MIX_AIC_1_1", CoreType::mix_1_1},
      {"KERNEL_TYPE_MIX_AIC_1_2", CoreType::mix_1_2},
      {"KERNEL_TYPE_MIX_AIC_1_0", CoreType::mix_aic_1_0},
      {"KERNEL_TYPE_MIX_AIV_1_0", CoreType::mix_aiv_1_0},
  };
  const auto found = known.find(name);
  return found == known.end() ? CoreType::unknown : found->second;
}

// "void ns::k<float>(unsigned char*)" -> "ns::k<float>".
std::string shown_name(const std::string& symbol) {
  int status = 0;
  char* full = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status);
  std::string name = status == 0 && full != nullptr ? full : symbol;
  std::free(full);
  if (name.starts_with("void ")) name.erase(0, 5);
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '<') ++depth;
    if (name[i] == '>') --depth;
    if (name[i] == '(' && depth == 0 && i > 0 && name.compare(i, 21, "(anonymous namespace)") != 0)
      return name.substr(0, i);
  }
  return name;
}

void take_marks(const DeviceKernel* k, LinkedKernel& out) {
  if (k == nullptr) return;
  constexpr std::string_view plain = "etalon_task_type_", keyed = "etalon_keyed_task_type_";
  for (const auto& [mark, addend] : k->marks) {
    if (mark.starts_with(plain)) out.type = type_named(mark.substr(plain.size()));
    if (mark.starts_with(keyed)) {
      const std::pair entry(static_cast<std::uint64_t>(addend), type_named(mark.substr(keyed.size())));
      if (std::find(out.keyed.begin(), out.keyed.end(), entry) == out.keyed.end()) out.keyed.push_back(entry);
    }
  }
}

}  // namespace

std::vector<LinkedKernel> join_kernels(const std::vector<DeviceKernel>& cube,
                                       const std::vector<DeviceKernel>& vector) {
  std::map<std::string, std::pair<const DeviceKernel*, const DeviceKernel*>> by_symbol;
  for (const DeviceKernel& k : cube) by_symbol[k.symbol].first = &k;
  for (const DeviceKernel& k : vector) by_symbol[k.symbol].second = &k;
  std::vector<LinkedKernel> out;
  for (const auto& [symbol, both] : by_symbol) {
    const auto [c, v] = both;
    LinkedKernel k;
    k.symbol = symbol;
    k.shown = shown_name(symbol);
    k.scratch = reaches_any(c, {"etalon_matmul_scratch"}) || reaches_any(v, {"etalon_matmul_scratch"});
    k.cube = c != nullptr;
    k.vector = v != nullptr;
    std::string declared = (c != nullptr ? c : v)->declared;
    k.local = (c != nullptr ? c : v)->local || symbol.find("_GLOBAL__N_") != std::string::npos;
    k.weak = (c != nullptr ? c : v)->weak;
    k.batch = declared.ends_with(".batch");
    if (k.batch) declared.erase(declared.size() - 6);
    k.type = type_named(declared);
    if (k.type == CoreType::unknown) take_marks(v, k);
    if (k.type == CoreType::unknown) take_marks(c, k);
    if (k.type == CoreType::unknown) k.type = inferred(c, v);
    out.push_back(std::move(k));
  }
  return out;
}

std::string trampolines(const std::vector<LinkedKernel>& kernels, const std::string& architecture) {
#if defined(__aarch64__)
  constexpr const char* jump = "  adrp x9, {0}\n  add x9, x9, :lo12:{0}\n  b etalon_kernel_trampoline\n";
  constexpr const char* kind = "%";
#else
  constexpr const char* jump = "  leaq {0}(%rip), %r11\n  jmp etalon_kernel_trampoline\n";
  constexpr const char* kind = "@";
#endif
  std::string out = "  .hidden etalon_kernel_trampoline\n";
  const auto section = [&](const LinkedKernel& k, const char* name, const char* flags) {
    return k.weak && !k.local
               ? fmt::format("  .section {0}.{1},\"{2}G\",{3}progbits,{1},comdat\n", name, k.symbol, flags,
                             kind)
               : fmt::format("  .section {}.{},\"{}\",{}progbits\n", name, k.symbol, flags, kind);
  };
  for (const LinkedKernel& k : kernels) {
    const std::string record = "etalon_record." + k.symbol;
    out += section(k, ".text.etalon.trampoline", "ax");
    out += fmt::format("  .{2} {0}\n  .type {0}, {1}function\n{0}:\n", k.symbol, kind,
                       k.weak && !k.local ? "weak" : "globl");
    out += fmt::format(fmt::runtime(jump), record);
    out += fmt::format("  .size {0}, . - {0}\n", k.symbol);
    out += section(k, ".data.rel.ro.etalon.record", "aw");
    out += fmt::format(
        "  .balign 8\n{0}:\n  .quad 1f\n  .quad 2f\n  .quad {1}\n  .quad {2}\n  .long {3}\n  .long {4}\n",
        record, k.cube ? kCubePrefix + k.symbol : "0", k.vector ? kVectorPrefix + k.symbol : "0",
        static_cast<std::uint32_t>(k.type), (k.batch ? 1 : 0) + (k.scratch ? 2 : 0));
    out += fmt::format("  .quad {}\n  .quad {}\n1: .asciz \"{}\"\n2: .asciz \"{}\"\n",
                       k.keyed.empty() ? "0" : "3f", k.keyed.size(), k.shown, architecture);
    out += "  .balign 8\n3:\n";
    for (const auto& [key, type] : k.keyed)
      out += fmt::format("  .quad {}, {}\n", key, static_cast<std::uint32_t>(type));
  }
  if (architecture == "dav-3510") {  // a mark for the start of the program
    out += fmt::format(
        "  .section .rodata.etalon.image,\"a\",{}progbits\n  .weak etalon_image_3510\n"
        "etalon_image_3510: .byte 1\n",
        kind);
  }
  out += "  .section .note.GNU-stack,\"\"," + std::string(kind) + "progbits\n";
  return out;
}

}  // namespace etalon::ascendc::compiler
