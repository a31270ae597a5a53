// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `etalon run` and `etalon profile` tell a program through its environment.

#include <cstdlib>
#include <string>

namespace etalon::ascendc {

inline std::string setting(const char* name, const char* otherwise = "") {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

// Seconds a kernel may take: ETALON_TIMEOUT, else 60; 0 or less: no limit.
inline double timeout_seconds() {
  const std::string text = setting("ETALON_TIMEOUT", "60");
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  return end != text.c_str() && *end == '\0' ? seconds : 60;
}
inline bool wants_hazards() { return setting("ETALON_HAZARDS", "on") != "off"; }
inline std::string profile_file() { return setting("ETALON_PROFILE"); }

}  // namespace etalon::ascendc
