// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command lines of clang in the three passes over a source.

#include <filesystem>
#include <string>
#include <vector>

#include "ascendc/compiler/options.h"
#include "ascendc/compiler/rewrite.h"

namespace etalon::ascendc::compiler {

using Words = std::vector<std::string>;

inline void append(Words& to, const Words& more) { to.insert(to.end(), more.begin(), more.end()); }

// The macros by which a source knows its pass.
Words pass_macros(int npu_arch, Pass pass);

// From rewritten, preprocessed text to an object file.
Words compile_words(const Options& options, const std::string& clang, Pass pass,
                    const std::filesystem::path& input, const std::filesystem::path& output);

}  // namespace etalon::ascendc::compiler
