// SPDX-License-Identifier: Apache-2.0
#pragma once

// A progress bar on standard error, on a terminal only; nothing is written otherwise.

#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <string>

namespace etalon::cli {

class Progress {
 public:
  explicit Progress(std::string what) : what_(std::move(what)), is_shown_(isatty(STDERR_FILENO) != 0) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;

  void operator()(std::size_t done, std::size_t total) {
    if (!is_shown_ || total == 0) return;
    const int percent = static_cast<int>(100 * done / total);
    if (percent == percent_) return;
    percent_ = percent;
    std::string bar(30, ' ');
    for (std::size_t i = 0; i < bar.size() * done / total; ++i) bar[i] = '#';
    std::fprintf(stderr, "\r%s [%s] %3d%% (%zu of %zu)", what_.c_str(), bar.c_str(), percent, done, total);
  }
  void clear() {
    if (percent_ >= 0) std::fprintf(stderr, "\r\033[K");
    percent_ = -1;
  }

 private:
  std::string what_;
  bool is_shown_;
  int percent_ = -1;
};

}  // namespace etalon::cli
