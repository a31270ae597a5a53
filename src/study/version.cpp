// SPDX-License-Identifier: Apache-2.0
#include "study/version.h"

#include <fstream>
#include <sstream>

#include "catalog/catalog.h"

namespace etalon::study {

std::string version() { return "0.1.0"; }

const std::string& program_hash() {
  static const std::string hash = [] {
    std::ifstream in("/proc/self/exe", std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return catalog::sha256(bytes.str());
  }();
  return hash;
}

}  // namespace etalon::study
