// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without libFuzzer: the seeds of a folder, each cut at many places, and seeded mutations
// of them. usage: fuzz_NAME_brief FOLDER [MUTATIONS]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

etalon::Rng draws(1, "fuzz");
std::size_t below(std::size_t n) { return n == 0 ? 0 : draws.below(n); }
char byte() { return static_cast<char>(draws.bits()); }

void try_input(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

std::string number() {
  static const char* const kNumbers[] = {"0",
                                         "-1",
                                         "1",
                                         "3",
                                         "7",
                                         "4096",
                                         "1000000",
                                         "1000000000000",
                                         "1000000000001",
                                         "9223372036854775807",
                                         "18446744073709551616",
                                         "1e308",
                                         "1.5",
                                         "null",
                                         "true",
                                         "\"x\"",
                                         "[]",
                                         "{}",
                                         "-0",
                                         "1e-9"};
  return kNumbers[below(std::size(kNumbers))];
}

std::string mutated(std::string s, const std::string& other) {
  for (std::size_t n = 1 + below(4); n > 0; --n) {
    const std::size_t at = below(s.size());
    switch (below(6)) {
      case 0:
        if (!s.empty()) s[at] = byte();
        break;
      case 1:
        s.erase(at, below(16));
        break;
      case 2:
        s.insert(at, std::string(1 + below(3), byte()));
        break;
      case 3:
        s.insert(at, other.substr(below(other.size()), below(64)));
        break;
      default: {  // a number of the text becomes another
        std::size_t digit = s.find_first_of("0123456789", at);
        if (digit == std::string::npos) break;
        const std::size_t end = s.find_first_not_of("0123456789.", digit);
        s.replace(digit, (end == std::string::npos ? s.size() : end) - digit, number());
      }
    }
  }
  return s;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: %s FOLDER [MUTATIONS]\n", argv[0]), 2;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> seeds;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  if (seeds.empty()) return std::fprintf(stderr, "%s: no seeds\n", argv[1]), 1;
  std::size_t runs = 0;
  for (const auto& seed : seeds) {
    try_input(seed);
    for (std::size_t cut = 0; cut < seed.size(); cut += 1 + seed.size() / 50, ++runs)
      try_input(seed.substr(0, cut));
  }
  const std::size_t mutations = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20000;
  for (std::size_t i = 0; i < mutations; ++i, ++runs)
    try_input(mutated(seeds[below(seeds.size())], seeds[below(seeds.size())]));
  std::printf("%zu inputs, no crash\n", runs + seeds.size());
  return 0;
}
