// SPDX-License-Identifier: Apache-2.0
#pragma once

// What no C++ compiler reads, made into what it does. Works on preprocessed text, where launches in headers,
// macros, templates and overloads all look the same, and keeps every line where it was, so that errors and
// debug information name the user's own lines.
//
//   host pass     kernel bodies go (a trampoline of the same name stands in for them at link time);
//                 k<T><<<blocks, ub, stream>>>(a)  becomes  ::etalon_cc::launch(pending(blocks, ub, stream),
//                 [&] { k<T>(a); })
//   device pass   kernels get a section of their own, by which they are found in the object file;
//                 launches become plain calls, which instantiate the kernels they name
//   every pass    [aicore], [host, aicore] go

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etalon::ascendc::compiler {

enum class Pass : std::uint8_t { host, cube, vector };

// Kernels are put into sections called kKernelSection + type, where type is one of auto, aic, aiv, mix11,
// mix12, mix10 and mix01, with ".batch" after it for __schedmode__(1).
inline constexpr std::string_view kKernelSection = ".text.etalon.kernel.";

struct RewrittenKernel {
  std::string name, type;
  std::string parameters;  // as written, without the parentheses
  bool plain_c = false;    // extern "C" at the definition: can be launched by name from other files
  bool definition = false;
};

struct Rewritten {
  std::string text;
  std::vector<RewrittenKernel> kernels;
  int launches = 0;
};

// Errors: "cc.kernel" (a __global__ that declares no function), "cc.launch" (a <<< without >>> and
// arguments), with the user's file and line.
Result<Rewritten> rewrite(std::string_view preprocessed, Pass pass);

// How a kernel's arguments cross the C function aclrtlaunch_NAME: pointers and scalars as they are, anything
// else (tiling structs by value) by address.
struct LaunchSignature {
  std::string definition;           // parameters where the kernel is defined: "uint8_t * x, const Tiling* t"
  std::string declaration;          // in the generated header: "void* x, const void* t"
  std::string by_value, templates;  // for C++ callers that pass structs themselves; empty if there are none
  std::string call, by_value_call;  // arguments handed on: "x, *t" and "x, &t"
  bool complete = true;             // false: some parameter has no name
};
LaunchSignature launch_signature(const RewrittenKernel& kernel);

// Whether other files can launch it: extern "C", defined here, all parameters named.
bool launched_by_name(const RewrittenKernel& kernel);

// The C functions that carry out launches by name of the kernels that `device` defines and `host` does not;
// such a kernel's parameters are pointers and scalars, since the host may not know other types.
std::string device_only_launches(const Rewritten& host, const Rewritten& device);

// The C function aclrtlaunch_NAME, as text.
std::string launch_function(const RewrittenKernel& kernel);

// The text of aclrtlaunch_NAME.h.
std::string launch_header(const RewrittenKernel& kernel);

}  // namespace etalon::ascendc::compiler
