// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "catalog/catalog.h"

namespace etalon::catalog {

std::filesystem::path data_directory() {
  const char* chosen = std::getenv("ETALON_DATA");
  return chosen != nullptr && *chosen != '\0' ? chosen : ETALON_DEFAULT_DATA;
}

}  // namespace etalon::catalog
