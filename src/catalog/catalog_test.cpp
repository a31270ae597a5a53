// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

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

TEST(Catalog, the_910d_takes_the_core_of_the_950_when_its_architecture_is_taken_to_be_dav_3510) {
  const auto chip = find_chip("ascend-910d");
  ASSERT_TRUE(chip) << chip.error().text();
  EXPECT_FALSE(chip->has("cube.fp8"));
  EXPECT_FALSE(chip->has("marketed.fp8"));
  EXPECT_FALSE(chip->has("path.l0c_ub"));
  EXPECT_EQ(chip->get<Bytes>("ub.size"), 192 * kKiB);
  const Chip other = chip->with_choice("core.architecture", "dav-3510");
  EXPECT_EQ(other.family, "dav-3510");
  EXPECT_EQ(other.get<FlopsPerCycle>("cube.fp8").value, 16384);
  EXPECT_EQ(other.get<Bytes>("ub.size"), 248 * kKiB);
  EXPECT_TRUE(other.has("path.l0c_ub"));
  EXPECT_DOUBLE_EQ(other.get<FlopsPerSecond>("marketed.fp8").value, 4 * 24 * 16384 * 1.8e9);
  EXPECT_EQ(other.count("cube.count"), 24);  // stated by the file itself
  EXPECT_EQ(other.with_choice("core.architecture", "dav-c220").fingerprint(), chip->fingerprint());
}

TEST(Catalog, derived_facts_follow_a_change) {
  const auto chip = find_chip("ascend-910d");
  ASSERT_TRUE(chip);
  EXPECT_EQ(chip->with("cube.count", 20).count("vector.count"), 40);
  const Interval bf16 = chip->facts().find("marketed.bf16")->second.si;
  EXPECT_DOUBLE_EQ(bf16.value, 4 * 24 * 8192 * 1.8e9);
  EXPECT_DOUBLE_EQ(bf16.low, 4 * 20 * 8192 * 1.5e9);
}

TEST(Catalog, every_chip_has_a_node_to_stand_in) {
  for (const std::string& name : chip_names()) {
    const auto chip = find_chip(name);
    ASSERT_TRUE(chip);
    const auto node = find_node_for(*chip);
    ASSERT_TRUE(node) << node.error().text();
    EXPECT_EQ(node->chip, name);
  }
}

// Facts one generation has and its sibling lacks; each entry says why.
TEST(Catalog, a_sibling_lacks_only_the_facts_that_its_hardware_lacks) {
  struct Pair {
    const char *one, *other;
    std::set<std::string> lacking;
  };
  const Pair pairs[] = {
      {"ascend-910b1", "ascend-950pr", {"cube.int4"}},  // not among the formats of dav-3510
      {"ascend-910b1", "ascend-910d", {}},
      {"ascend-910b1", "ascend-910c", {}},
      {"h100-sxm",
       "a100-80g-sxm",
       {"tensor.fp8", "marketed.fp8", "energy.matrix_fp8"}},  // FP8 came with Hopper
      {"h100-sxm", "b200", {}},
  };
  for (const Pair& pair : pairs) {
    const auto one = find_chip(pair.one), other = find_chip(pair.other);
    ASSERT_TRUE(one && other);
    for (const auto& [path, fact] : one->facts()) {
      EXPECT_TRUE(other->facts().contains(path) || pair.lacking.contains(path))
          << pair.other << " lacks " << path << ", which " << pair.one << " has";
    }
    for (const std::string& path : pair.lacking) EXPECT_FALSE(other->has(path)) << path;
  }
}

TEST(Catalog, every_fact_has_a_source_a_unit_and_a_basis_worth_its_name) {
  const auto known = sources();
  ASSERT_TRUE(known) << known.error().text();
  const auto check = [&](const FactSheet& sheet) {
    for (const auto& [path, fact] : sheet.facts()) {
      EXPECT_TRUE(known->contains(fact.source.substr(0, fact.source.find('#')))) << sheet.name << " " << path;
      EXPECT_TRUE(fact.is_categorical() || fact.dimension == Dimension{} || !fact.unit.empty())
          << sheet.name << " " << path;
      EXPECT_TRUE(fact.basis != Basis::fitted || !fact.rows.empty()) << sheet.name << " " << path;
      EXPECT_TRUE(fact.basis != Basis::guess || fact.rows.empty()) << sheet.name << " " << path;
      EXPECT_GT(fact.line, 0) << sheet.name << " " << path;
    }
  };
  for (const std::string& name : chip_names()) {
    const auto chip = find_chip(name);
    ASSERT_TRUE(chip) << chip.error().text();
    check(*chip);
  }
  for (const std::string& name : node_names()) {
    const auto node = find_node(name);
    ASSERT_TRUE(node) << node.error().text();
    check(*node);
  }
}

TEST(Catalog, nothing_said_of_the_910d_counts_as_a_vendor_fact) {
  const auto chip = find_chip("ascend-910d");
  ASSERT_TRUE(chip);
  for (const Chip& reading : {*chip, chip->with_choice("core.architecture", "dav-3510")}) {
    for (const auto& [path, fact] : reading.facts()) {
      EXPECT_TRUE(fact.basis == Basis::guess || fact.basis == Basis::rumour ||
                  fact.basis == Basis::reported || fact.basis == Basis::derived)
          << path;
    }
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
