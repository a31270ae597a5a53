// SPDX-License-Identifier: Apache-2.0
#include "kernels/cost.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "catalog/catalog.h"

namespace etalon::kernels {
namespace {

// Three chips of one kind of core share a cache: facts that one has and another lacks are part of what is
// asked.
TEST(CostModel, AnAnswerForOneChipIsNeverGivenForAnother) {
  const auto file =
      std::filesystem::temp_directory_path() / ("etalon-cost-" + std::to_string(::getpid()) + ".sqlite");
  llm::Matmul product;
  product.m = product.n = product.k = 512;
  for (const char* name : {"ascend-910d", "ascend-950dt", "ascend-910b4"}) {
    const auto chip = catalog::find_chip(name);
    ASSERT_TRUE(chip) << chip.error().text();
    const auto fresh = CostModel(*chip).cost(product);
    const auto through_cache = CostModel(*chip, {Fidelity::cycle, file.string(), false}).cost(product);
    ASSERT_TRUE(fresh) << fresh.error().text();
    ASSERT_TRUE(through_cache) << through_cache.error().text();
    EXPECT_EQ(through_cache->time.value, fresh->time.value) << name;
    EXPECT_EQ(through_cache->clock.value, fresh->clock.value) << name;
  }
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
}

}  // namespace
}  // namespace etalon::kernels
