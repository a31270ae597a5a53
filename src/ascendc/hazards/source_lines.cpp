// SPDX-License-Identifier: Apache-2.0
// DWARF by libdw: the line of an address, and of the calls that were inlined around it.
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "ascendc/hazards/sites.h"

namespace etalon::ascendc::hazards {
namespace {

bool is_device_header(std::string_view file) {
  return file.find("ascendc/api/") != std::string_view::npos ||
         file.find("ascendc/acl/include/") != std::string_view::npos;
}

// No search beside the program's own files, and none on the network.
int no_separate_file(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word,
                     char**) {
  return -1;
}

// Appends the scopes around `pc` below `parent`, outermost first. Functions of classes that are local to
// another function lie below that function, whose own code does not hold `pc`: every function is looked into.
bool search(Dwarf_Die* parent, Dwarf_Addr pc, std::vector<Dwarf_Die>& path) {
  Dwarf_Die child;
  if (dwarf_child(parent, &child) != 0) return false;
  do {
    const int tag = dwarf_tag(&child);
    const bool code =
        tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block;
    const bool holds = code && dwarf_haspc(&child, pc) > 0;
    const bool other = tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type;
    if (!code && !other) continue;
    if (holds) path.push_back(child);
    if (search(&child, pc, path) || holds) return true;
  } while (dwarf_siblingof(&child, &child) == 0);
  return false;
}

// The scopes around `pc`, innermost first.
std::vector<Dwarf_Die> scopes_of(Dwarf_Die* unit, Dwarf_Addr pc) {
  std::vector<Dwarf_Die> found;
  Dwarf_Die* scopes = nullptr;
  if (dwarf_getscopes(unit, pc, &scopes) > 0) {
    Dwarf_Die inner = scopes[0];
    std::free(scopes);
    scopes = nullptr;
    const int count = dwarf_getscopes_die(&inner, &scopes);
    if (count > 0) found.assign(scopes, scopes + count);
  }
  std::free(scopes);
  if (found.empty()) {
    search(unit, pc, found);
    std::reverse(found.begin(), found.end());
  }
  return found;
}

std::string place(const char* file, int line) {
  return file == nullptr || line <= 0 ? std::string() : std::string(file) + ":" + std::to_string(line);
}

}  // namespace

struct SourceLines::Impl {
  Dwfl* dwfl = nullptr;
  Dwfl_Callbacks callbacks = {};
  std::unordered_map<const void*, std::string> known;

  Impl() {
    callbacks.find_elf = dwfl_linux_proc_find_elf;
    callbacks.find_debuginfo = no_separate_file;
    dwfl = dwfl_begin(&callbacks);
    if (dwfl == nullptr) return;
    if (dwfl_linux_proc_report(dwfl, getpid()) != 0 || dwfl_report_end(dwfl, nullptr, nullptr) != 0) {
      dwfl_end(dwfl);
      dwfl = nullptr;
    }
  }
  ~Impl() {
    if (dwfl != nullptr) dwfl_end(dwfl);
  }

  // The first line around `address` that is not one of the device headers; empty if there is none.
  std::string line_of(const void* return_address) {
    if (dwfl == nullptr) return {};
    const auto address = static_cast<Dwarf_Addr>(reinterpret_cast<std::uintptr_t>(return_address)) - 1;
    Dwfl_Module* module = dwfl_addrmodule(dwfl, address);
    if (module == nullptr) return {};
    Dwfl_Line* innermost = dwfl_module_getsrc(module, address);
    if (innermost == nullptr) return {};
    int line = 0;
    const char* file = dwfl_lineinfo(innermost, nullptr, &line, nullptr, nullptr, nullptr);
    if (file != nullptr && !is_device_header(file)) return place(file, line);
    return caller_of_inlined(module, address);
  }

  std::string caller_of_inlined(Dwfl_Module* module, Dwarf_Addr address) {
    Dwarf_Addr bias = 0;
    Dwarf_Die* unit = dwfl_module_addrdie(module, address, &bias);
    if (unit == nullptr) return {};
    const std::vector<Dwarf_Die> scopes = scopes_of(unit, address - bias);
    Dwarf_Files* files = nullptr;
    std::size_t files_count = 0;
    if (dwarf_getsrcfiles(unit, &files, &files_count) != 0) return {};
    std::string found;
    for (Dwarf_Die scope : scopes) {
      Dwarf_Attribute attribute;
      Dwarf_Word file = 0, line = 0;
      if (dwarf_tag(&scope) != DW_TAG_inlined_subroutine) continue;
      if (dwarf_formudata(dwarf_attr(&scope, DW_AT_call_file, &attribute), &file) != 0) continue;
      if (dwarf_formudata(dwarf_attr(&scope, DW_AT_call_line, &attribute), &line) != 0) continue;
      const char* name = dwarf_filesrc(files, file, nullptr, nullptr);
      if (name == nullptr || is_device_header(name)) continue;
      found = place(name, static_cast<int>(line));
      break;
    }
    return found;
  }
};

SourceLines::SourceLines() : impl_(std::make_unique<Impl>()) {}
SourceLines::~SourceLines() = default;

std::string SourceLines::of(const Sites::Site& site) {
  for (int i = 0; i < site.count; ++i) {
    const auto [at, fresh] = impl_->known.try_emplace(site.frames[i]);
    if (fresh) at->second = impl_->line_of(site.frames[i]);
    if (!at->second.empty()) return at->second;
  }
  return {};
}

}  // namespace etalon::ascendc::hazards
