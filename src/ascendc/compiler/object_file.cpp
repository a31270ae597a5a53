// SPDX-License-Identifier: Apache-2.0
#include "ascendc/compiler/object_file.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>

#include "ascendc/compiler/process.h"
#include "ascendc/compiler/rewrite.h"

namespace etalon::ascendc::compiler {
namespace {

// A function or object, or the part of a section that belongs to none (symbol 0).
struct Node {
  std::uint32_t section, symbol;
  auto operator<=>(const Node&) const = default;
};

class Reader {
 public:
  Reader(std::string bytes, std::string file) : bytes_(std::move(bytes)), file_(std::move(file)) {}

  Result<std::vector<DeviceKernel>> kernels() {
    TRY_VOID(read());
    std::vector<DeviceKernel> out;
    for (std::uint32_t s = 1; s < symbols_.size(); ++s) {
      const Elf64_Sym& symbol = symbols_[s];
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx >= sections_.size()) continue;
      const std::string_view section = name(sections_[symbol.st_shndx].sh_name, section_names_);
      if (!section.starts_with(kKernelSection)) continue;
      DeviceKernel k;
      k.symbol = name(symbol.st_name, symbol_names_);
      k.declared = section.substr(kKernelSection.size());
      k.local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL;
      k.weak = ELF64_ST_BIND(symbol.st_info) == STB_WEAK;
      reach(Node{symbol.st_shndx, s}, k);
      out.push_back(std::move(k));
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.symbol < b.symbol; });
    return out;
  }

 private:
  std::unexpected<Error> bad() const {
    return fail("cc.object", fmt::format("{} is no object file of this kind of machine", file_),
                "compile it again");
  }

  template <class T>
  bool copy(std::vector<T>& out, std::uint64_t offset, std::uint64_t bytes) const {
    if (offset > bytes_.size() || bytes > bytes_.size() - offset) return false;
    out.resize(bytes / sizeof(T));
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size() * sizeof(T));
    return true;
  }

  std::string_view name(std::uint64_t offset, const Elf64_Shdr& table) const {
    if (offset >= table.sh_size || table.sh_offset + table.sh_size > bytes_.size()) return {};
    const char* start = bytes_.data() + table.sh_offset + offset;
    return {start, strnlen(start, table.sh_size - offset)};
  }

  Result<bool> read() {
    Elf64_Ehdr header{};
    if (bytes_.size() < sizeof(header)) return bad();
    std::memcpy(&header, bytes_.data(), sizeof(header));
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != ELFDATA2LSB) {
      return bad();
    }
    if (!copy(sections_, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr))) return bad();
    if (header.e_shstrndx >= sections_.size()) return bad();
    section_names_ = sections_[header.e_shstrndx];
    for (const Elf64_Shdr& s : sections_) {
      if (s.sh_type != SHT_SYMTAB) continue;
      if (!copy(symbols_, s.sh_offset, s.sh_size) || s.sh_link >= sections_.size()) return bad();
      symbol_names_ = sections_[s.sh_link];
    }
    for (std::uint32_t s = 1; s < symbols_.size(); ++s) {
      const auto type = ELF64_ST_TYPE(symbols_[s].st_info);
      if (type == STT_FUNC || type == STT_OBJECT) by_section_[symbols_[s].st_shndx].push_back(s);
    }
    for (const Elf64_Shdr& s : sections_) {
      if (s.sh_type != SHT_RELA || s.sh_info >= sections_.size()) continue;
      if ((sections_[s.sh_info].sh_flags & SHF_ALLOC) == 0) continue;
      const std::string_view target = name(sections_[s.sh_info].sh_name, section_names_);
      if (target.starts_with(".eh_frame")) continue;
      std::vector<Elf64_Rela> relocations;
      if (!copy(relocations, s.sh_offset, s.sh_size)) return bad();
      for (const Elf64_Rela& r : relocations) {
        if (ELF64_R_SYM(r.r_info) < symbols_.size()) references_[at(s.sh_info, r.r_offset)].push_back(r);
      }
    }
    return true;
  }

  Node at(std::uint32_t section, std::uint64_t offset) const {
    const auto found = by_section_.find(section);
    if (found != by_section_.end()) {
      for (const std::uint32_t s : found->second) {
        if (offset >= symbols_[s].st_value && offset < symbols_[s].st_value + symbols_[s].st_size)
          return {section, s};
      }
    }
    return {section, 0};
  }

  void reach(Node from, DeviceKernel& kernel) const {
    std::set<Node> seen{from};
    std::vector<Node> todo{from};
    const auto visit = [&](Node n) {
      if (seen.insert(n).second) todo.push_back(n);
    };
    while (!todo.empty()) {
      const auto found = references_.find(todo.back());
      todo.pop_back();
      if (found == references_.end()) continue;
      for (const Elf64_Rela& r : found->second) {
        const auto index = static_cast<std::uint32_t>(ELF64_R_SYM(r.r_info));
        const Elf64_Sym& symbol = symbols_[index];
        if (symbol.st_shndx == SHN_UNDEF) {
          std::string target(name(symbol.st_name, symbol_names_));
          if (target.find("task_type_") != std::string::npos) kernel.marks.emplace_back(target, r.r_addend);
          kernel.reached.insert(std::move(target));
        } else if (ELF64_ST_TYPE(symbol.st_info) == STT_SECTION) {
          visit({symbol.st_shndx, 0});  // which of the section's parts is not worth the decoding: all of them
          const auto parts = by_section_.find(symbol.st_shndx);
          if (parts == by_section_.end()) continue;
          for (const std::uint32_t part : parts->second) visit({symbol.st_shndx, part});
        } else if (symbol.st_shndx < sections_.size()) {
          visit({symbol.st_shndx, index});
          visit({symbol.st_shndx, 0});
        }
      }
    }
  }

  std::string bytes_, file_;
  std::vector<Elf64_Shdr> sections_;
  std::vector<Elf64_Sym> symbols_;
  Elf64_Shdr section_names_{}, symbol_names_{};
  std::map<std::uint32_t, std::vector<std::uint32_t>> by_section_;
  std::map<Node, std::vector<Elf64_Rela>> references_;
};

}  // namespace

Result<std::vector<DeviceKernel>> device_kernels(const std::filesystem::path& object) {
  TRY(bytes, read_file(object));
  return Reader(std::move(bytes), object.string()).kernels();
}

}  // namespace etalon::ascendc::compiler
