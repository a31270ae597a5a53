// SPDX-License-Identifier: Apache-2.0
#pragma once

// Running another program: the compiler, the linker.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace etalon::ascendc::compiler {

struct Outcome {
  int code = -1;       // 128 + signal if it was killed
  std::string errors;  // its standard error
};

// Runs `words` (the first is looked for in PATH) with standard error caught in `scratch`. Error:
// "cc.no-program".
Result<Outcome> run_program(const std::vector<std::string>& words, const std::filesystem::path& scratch);

// A new folder under the system's place for temporary files, removed with all it holds.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  void keep() { keep_ = true; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  bool keep_ = false;
};

Result<std::string> read_file(const std::filesystem::path& file);                   // "file.unreadable"
Result<bool> write_file(const std::filesystem::path& file, std::string_view text);  // "file.unwritable"

}  // namespace etalon::ascendc::compiler
