// SPDX-License-Identifier: Apache-2.0
#include "study/cache_file.h"

#include <cstdlib>
#include <filesystem>

namespace etalon::study {

std::string cache_file() {
  namespace fs = std::filesystem;
  if (const char* chosen = std::getenv("ETALON_CACHE")) return chosen;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  fs::path folder;
  if (cache && *cache) {
    folder = cache;
  } else if (home && *home) {
    folder = fs::path(home) / ".cache";
  } else {
    return {};
  }
  folder /= "etalon";
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  return (folder / "costs.sqlite").string();
}

}  // namespace etalon::study
