// SPDX-License-Identifier: Apache-2.0
// Every model and every dimension string of the published training rows, where the evidence is at hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "llm/models.h"

namespace etalon::llm {
namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

TEST(TrainingRows, NameModelsThatAreKnownOrGiveDimensionsThatAgreeWithTheirParameters) {
  setenv("ETALON_DATA", ETALON_SOURCE_DIR "/data", 0);
  const char* chosen = std::getenv("ETALON_EVIDENCE");
  const std::filesystem::path folder = chosen ? chosen : ETALON_SOURCE_DIR "/../shared/evidence/open";
  std::ifstream in(folder / "training.csv");
  if (!in) GTEST_SKIP() << "no training.csv in " << folder << ": set ETALON_EVIDENCE to a folder of evidence";
  // Mixtures of state-space and attention layers, and models whose dimensions nobody published.
  const std::set<std::string> not_modelled{"nemotron-22b",         "nemotron-8b",
                                           "nemotron-3-nano",      "nemotron-3-super",
                                           "nemotron-v3-nano-30b", "nemotron-v3-super-120b"};
  std::string line;
  std::getline(in, line);
  const auto header = fields_of(line);
  const auto column = [&](const char* name) {
    return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  };
  const std::size_t model = column("model"), dims = column("model_dims"), seq = column("seq");
  int known = 0, dimensioned = 0;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    const auto f = fields_of(line);
    const std::int64_t s = std::atoll(f.at(seq).c_str());
    const auto m = model_of_row(f[model], f[dims], s > 0 ? s : 4096);
    EXPECT_EQ(!m, not_modelled.contains(f[model])) << f[model] << ": " << (m ? "" : m.error().text());
    known += m.has_value();
    if (f[dims].empty() || f[dims].find("dense_layers") != std::string::npos) continue;
    ++dimensioned;
    const auto d = architecture_from_dims(f[dims], f[model], s > 0 ? s : 4096);
    ASSERT_TRUE(d) << f[model] << " " << f[dims] << ": " << d.error().text();
    const double same = m ? parameters(*m).total() : parameters(*d).total();
    EXPECT_NEAR(parameters(*d).total() / same, 1, 1e-3) << f[model] << " " << f[dims];
  }
  EXPECT_GT(known, 0);
  EXPECT_GT(dimensioned, 0);
}

}  // namespace
}  // namespace etalon::llm
