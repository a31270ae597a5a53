// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace etalon::catalog {
namespace {

TEST(Catalog, every_chip_of_the_catalog_loads_and_is_named_after_its_file) {
  const auto names = chip_names();
  ASSERT_FALSE(names.empty());
  for (const std::string& name : names) {
    const auto chip = find_chip(name);
    ASSERT_TRUE(chip) << chip.error().text();
    EXPECT_EQ(chip->name, name);
    EXPECT_FALSE(chip->title.empty()) << name;
    EXPECT_FALSE(chip->family.empty()) << name;
  }
}

TEST(Catalog, every_node_of_the_catalog_loads_with_its_chip) {
  for (const std::string& name : node_names()) {
    const auto node = find_node(name);
    ASSERT_TRUE(node) << node.error().text();
    EXPECT_EQ(node->name, name);
    const auto chip = find_chip(node->chip);
    EXPECT_TRUE(chip) << name << ": " << chip.error().text();
  }
}

TEST(Catalog, an_unknown_chip_offers_the_nearest_names) {
  const auto chip = find_chip("h100-sxn");
  ASSERT_FALSE(chip);
  EXPECT_EQ(chip.error().code, "chip.unknown");
  EXPECT_NE(chip.error().fix.find("h100-sxm"), std::string::npos);
}

}  // namespace
}  // namespace etalon::catalog
