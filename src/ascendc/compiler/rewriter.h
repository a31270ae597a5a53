// SPDX-License-Identifier: Apache-2.0
#pragma once

// One pass over a preprocessed source, which replaces what only the vendor's compiler understands. Kernels'
// definitions are in rewrite_kernels.cpp, launches in rewrite_launches.cpp.

#include <set>
#include <string>
#include <vector>

#include "ascendc/compiler/rewrite.h"
#include "ascendc/compiler/token_walk.h"

namespace etalon::ascendc::compiler {

struct Edit {
  std::size_t begin, end;
  std::string text;
};

class Rewriter : private TokenWalk {
 public:
  Rewriter(std::string_view text, Pass pass) : TokenWalk(text), pass_(pass) {}
  Result<Rewritten> run();

 private:
  void remove(std::size_t first, std::size_t last) { blank(tokens_[first].begin, tokens_[last].end, ""); }
  // Replaces a range by `text`, keeping its line breaks and line markers.
  void blank(std::size_t begin, std::size_t end, std::string text);
  std::unexpected<Error> error(std::string code, std::string message, std::string fix,
                               std::size_t token) const;
  // "[aicore]", "[host, aicore]": the closing bracket, if these are what they seem.
  std::size_t core_attribute(std::size_t open) const;
  std::size_t declaration_start(std::size_t i) const;
  // Type as said by __vector__, __cube__ or __mix__(c, v) between `first` and `last`.
  std::string declared_type(std::size_t first, std::size_t last) const;
  bool inside_extern_c(std::size_t token) const;
  // Whether a header of the system declares a function of this name before `end`: kernels are called hypot,
  // pow or index, and the device's compiler has no such functions.
  bool library_has(std::size_t name, std::size_t end) const;
  // Such a kernel becomes an overload of the function.
  void overload(std::size_t start, std::size_t global);
  // Names declared as `void* name` anywhere: what they hold goes to a kernel as a pointer of any type.
  const std::set<std::string_view>& void_pointers();
  // The argument from token `first` up to `last`, if it may be such a pointer: its name, a member or a call
  // of that name, or a cast.
  void pass_pointer(std::size_t first, std::size_t last);
  Result<bool> kernel(std::size_t global);
  // The start of the postfix expression that ends just before `end`: a::b<c>, x.template f<g>, (*p), v[i].
  std::size_t callee_start(std::size_t end) const;
  // The first '>' of the closing '>>>'.
  std::size_t launch_end(std::size_t first) const;
  std::size_t later_end(std::size_t from) const;
  Result<bool> launch(std::size_t open);
  static std::string one_line(std::string_view s);
  std::string apply();
  // Letters and digits alone, small: the kernel add_custom is that of the operator AddCustom.
  static std::string bare(std::string_view name);
  // __etalon_tiling_class__(operator, type) in namespace optiling: of the classes registered, that of a
  // kernel of this source, or the last, becomes what GET_TILING_DATA reads.
  void choose_tiling_class();
  // For each plain kernel the C function that a generated aclrtlaunch_NAME.h declares.
  void append_launch_functions();

  Pass pass_;
  std::vector<Edit> edits_;
  std::vector<std::size_t> tiling_classes_;
  std::set<std::string_view> void_pointers_;
  std::size_t dropped_until_ = 0;
  Rewritten out_;
};

}  // namespace etalon::ascendc::compiler
