// SPDX-License-Identifier: Apache-2.0
#include "catalog/loader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <thread>

namespace etalon::catalog {
namespace {

// A folder of its own for each test, removed at the end.
class Loader : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("etalon-loader-{}-{}", testing::UnitTest::GetInstance()->random_seed(),
                          testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const auto file = folder_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file.string();
  }
  // A complete chip file with `more` appended.
  static std::string chip(const std::string& more) {
    return "schema = 1\nkind = \"gpu\"\nfamily = \"hopper\"\n" + more;
  }
  static std::string fact(const std::string& inside) {
    return chip("[hbm]\nbandwidth = { " + inside + " }\n");
  }
  // Expects exactly this code for the first problem, at this line (0: any).
  void expect_error(const std::string& toml, const std::string& code, int line = 0) {
    const auto loaded = find_chip(write("chip.toml", toml));
    ASSERT_FALSE(loaded) << code << " was accepted:\n" << toml;
    EXPECT_EQ(loaded.error().code, code) << loaded.error().text();
    EXPECT_TRUE(line == 0 || loaded.error().line == line) << loaded.error().text();
    EXPECT_FALSE(loaded.error().file.empty());
  }

  std::filesystem::path folder_;
};

TEST_F(Loader, a_file_of_ones_own_works_by_path) {
  const auto chip = find_chip(write("mine.toml",
                                    "schema = 1\nbase = \"h100-sxm\"\n[hbm]\nbandwidth = { value = \"5 "
                                    "TB/s\", basis = \"guess\", source = \"etalon\" }\n"));
  ASSERT_TRUE(chip) << chip.error().text();
  EXPECT_EQ(chip->name, "mine");
  EXPECT_EQ(chip->get<BytesPerSecond>("hbm.bandwidth").value, 5e12);
  EXPECT_EQ(chip->count("sm.count"), 132);
  EXPECT_EQ(chip->bases, std::vector<std::string>{"h100-sxm"});
  EXPECT_EQ(find_node_for(*chip)->chip, "mine");
}

TEST_F(Loader, a_fact_without_unit_is_refused_with_its_place) {
  expect_error(fact(R"(value = "3.35", basis = "guess", source = "etalon")"), "fact.no-unit", 5);
  expect_error(fact(R"(value = 3.35, basis = "guess", source = "etalon")"), "fact.no-unit", 5);
}
TEST_F(Loader, a_fact_of_another_dimension_is_refused) {
  expect_error(fact(R"(value = "3.35 TB", basis = "guess", source = "etalon")"), "fact.dimension", 5);
}
TEST_F(Loader, a_fact_without_source_is_refused) {
  expect_error(fact(R"(value = "3.35 TB/s", basis = "guess")"), "fact.no-source", 5);
}
TEST_F(Loader, a_fact_with_an_unknown_source_is_refused_and_near_ones_are_offered) {
  const auto loaded = find_chip(
      write("chip.toml", fact(R"(value = "3 TB/s", basis = "vendor", source = "nvidia-h100-datashet#p2")")));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "fact.unknown-source");
  EXPECT_NE(loaded.error().fix.find("nvidia-h100-datasheet"), std::string::npos);
}
TEST_F(Loader, an_unknown_fact_is_refused_and_near_ones_are_offered) {
  const auto loaded = find_chip(
      write("chip.toml",
            chip("[hbm]\nbandwith = { value = \"3 TB/s\", basis = \"guess\", source = \"etalon\" }\n")));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "fact.unknown");
  EXPECT_NE(loaded.error().fix.find("hbm.bandwidth"), std::string::npos);
}
TEST_F(Loader, a_value_outside_its_own_range_is_refused) {
  expect_error(
      fact(R"(value = "3 TB/s", low = "4 TB/s", high = "5 TB/s", basis = "guess", source = "etalon")"),
      "fact.outside-range", 5);
}
TEST_F(Loader, a_value_that_cannot_be_is_refused) {
  expect_error(chip("[hbm]\nattained = { value = 1.5, basis = \"guess\", source = \"etalon\" }\n"),
               "fact.limits");
  expect_error(chip("[sm]\ncount = { value = 131.5, basis = \"guess\", source = \"etalon\" }\n"),
               "fact.limits");
}
TEST_F(Loader, a_derived_fact_needs_a_formula_and_no_value) {
  expect_error(fact(R"(value = "3 TB/s", basis = "derived", source = "etalon")"), "fact.no-formula");
  expect_error(fact(R"(value = "3 TB/s", basis = "derived", source = "etalon", formula = "1")"),
               "fact.no-formula");
}
TEST_F(Loader, a_formula_must_fit_the_dimension_and_not_run_in_a_circle) {
  expect_error(fact(R"(basis = "derived", source = "etalon", formula = "2")"), "fact.dimension");
  expect_error(fact(R"(basis = "derived", source = "etalon", formula = "2 * hbm.bandwidth")"),
               "formula.cycle");
  expect_error(fact(R"(basis = "derived", source = "etalon", formula = "2 * nope")"), "formula.unknown-fact");
  expect_error(fact(R"(basis = "derived", source = "etalon", formula = "2 *")"), "formula.syntax");
}
TEST_F(Loader, a_fitted_fact_names_its_rows) {
  expect_error(fact(R"(value = "3 TB/s", basis = "fitted", source = "etalon")"), "fact.no-rows");
}
TEST_F(Loader, a_basis_is_one_of_the_seven) {
  expect_error(fact(R"(value = "3 TB/s", basis = "hearsay", source = "etalon")"), "fact.no-basis");
  expect_error(fact(R"(value = "3 TB/s", source = "etalon")"), "fact.no-basis");
}
TEST_F(Loader, a_fact_without_value_or_with_unknown_keys_is_refused) {
  expect_error(fact(R"(basis = "guess", source = "etalon")"), "fact.no-value");
  expect_error(fact(R"(value = true, basis = "guess", source = "etalon")"), "fact.no-value");
  expect_error(fact(R"(value = "3 TB/s", basis = "guess", source = "etalon", colour = "red")"), "fact.key");
  expect_error(chip("[hbm]\nbandwidth = \"3 TB/s\"\n"), "fact.not-a-table");
}
TEST_F(Loader, a_measure_that_cannot_be_read_is_refused) {
  expect_error(fact(R"(value = "much", basis = "guess", source = "etalon")"), "unit.no-number");
  expect_error(fact(R"(value = "3 TB/fortnight", basis = "guess", source = "etalon")"), "unit.unknown");
}
TEST_F(Loader, choices_are_words_of_the_schema_whose_probabilities_sum_to_one) {
  expect_error(chip("[package]\nprocess = { value = \"tsmc-n1\", basis = \"guess\", source = \"etalon\" }\n"),
               "fact.choice");
  expect_error(chip("[package]\nprocess = { value = \"tsmc-4n\", choices = { tsmc-4n = 0.5, tsmc-n7 = 0.4 }, "
                    "basis = \"guess\", source = \"etalon\" }\n"),
               "fact.choice");
}
TEST_F(Loader, a_header_is_complete_and_known) {
  expect_error("kind = \"gpu\"\nfamily = \"x\"\n", "header.missing");
  expect_error("schema = 1\nfamily = \"x\"\n", "header.missing");
  expect_error("schema = 1\nkind = \"gpu\"\n", "header.missing");
  expect_error("schema = 1\nkind = \"tpu\"\nfamily = \"x\"\n", "header.kind");
  expect_error(chip("basis = \"h100-sxm\"\n"), "header.unknown");
}
TEST_F(Loader, a_base_must_exist_and_not_be_the_chip_itself) {
  expect_error("schema = 1\nbase = \"h100-smx\"\n", "base.unknown", 2);
  expect_error("schema = 1\nbase = \"./chip.toml\"\n", "base.cycle", 2);
  write("b.toml", "schema = 1\nbase = \"./chip.toml\"\n");
  expect_error("schema = 1\nbase = \"./b.toml\"\n", "base.cycle");
}
TEST_F(Loader, what_is_left_out_must_be_there) {
  expect_error("schema = 1\nbase = \"h100-sxm\"\nwithout = [\"tmem.size\"]\n", "fact.unknown", 3);
}
TEST_F(Loader, borrowing_and_alternatives_say_from_where) {
  expect_error(chip("[borrow]\nfrom = \"h100-sxm\"\nspread = 2\n"), "borrow.entry");
  expect_error(chip("[borrow]\nfrom = \"nobody\"\nspread = 0\n"), "base.unknown");
  expect_error(chip("[alternative.core.architecture.dav-3510]\nbase = \"ascend-950pr\"\n"),
               "alternative.entry");
}
TEST_F(Loader, what_is_borrowed_is_a_guess_with_wider_bounds) {
  const auto lender = find_chip("h100-sxm");
  const auto loaded =
      find_chip(write("chip.toml", fact(R"(value = "3 TB/s", basis = "vendor", source = "etalon")") +
                                       "[borrow]\nfrom = \"h100-sxm\"\ngroups = [\"hbm\", \"sm\"]\nexcept = "
                                       "[\"hbm.stacks\"]\nspread = 0.5\n"));
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->get<BytesPerSecond>("hbm.bandwidth").value, 3e12);
  const Fact& capacity = loaded->facts().find("hbm.capacity")->second;
  EXPECT_EQ(capacity.basis, Basis::guess);
  EXPECT_DOUBLE_EQ(capacity.si.high, 1.5 * lender->get<Bytes>("hbm.capacity").value);
  EXPECT_EQ(loaded->facts().find("sm.count")->second.si, Interval::exact(132));  // counts stay whole
  EXPECT_FALSE(loaded->has("hbm.stacks"));
  EXPECT_FALSE(loaded->has("l2.capacity"));
}
TEST_F(Loader, files_that_cannot_be_read_are_said_to_be) {
  expect_error("schema = = 1\n", "toml.syntax", 1);
  for (const char* text : {"\xff", "[.a]\n", "[a..b]\n", "a. = 1\n", "[\xc2\xa0]\n", "x = { , }\n",
                           "x = {.}\n", "[[", "=", ".="}) {
    expect_error(text, "toml.syntax");
  }
  EXPECT_EQ(find_chip((folder_ / "absent.toml").string()).error().code, "file.unreadable");
  EXPECT_EQ(find_chip(folder_.string() + "/").error().code, "file.unreadable");
  EXPECT_EQ(find_chip(write("big.toml", std::string((16 << 20) + 1, '#'))).error().code, "file.too-large");
  EXPECT_EQ(find_chip("").error().code, "chip.unknown");
  EXPECT_EQ(find_node("dgx").error().code, "node.unknown");
}
TEST_F(Loader, all_problems_of_a_file_are_reported_in_the_order_of_their_lines) {
  const auto loaded = find_chip(
      write("chip.toml",
            chip("[hbm]\nbandwidth = { value = \"3.35\", basis = \"guess\", source = \"etalon\" }\n"
                 "capacity = { value = \"80 GB\", basis = \"guess\" }\n[l2]\nsiz = { value = \"1 B\" }\n")));
  ASSERT_FALSE(loaded);
  ASSERT_EQ(loaded.error().also.size(), 2u);
  EXPECT_EQ(loaded.error().code, "fact.no-unit");
  EXPECT_EQ(loaded.error().also[0].code, "fact.no-source");
  EXPECT_EQ(loaded.error().also[1].code, "fact.unknown");
  EXPECT_EQ(loaded.error().line, 5);
  EXPECT_EQ(loaded.error().also[1].line, 8);
  EXPECT_NE(loaded.error().text().find("chip.toml:6:"), std::string::npos);
}

TEST_F(Loader, all_faulty_formulas_are_reported_but_not_what_follows_from_them) {
  const auto derived = [](const char* formula) {
    return fmt::format("{{ basis = \"derived\", source = \"etalon\", formula = \"{}\" }}\n", formula);
  };
  const auto loaded = find_chip(
      write("chip.toml", chip("[hbm]\nbandwidth = " + derived("2") + "capacity = " + derived("nope") +
                              "[l2]\nbandwidth = " + derived("2 * hbm.bandwidth"))));
  ASSERT_FALSE(loaded);
  ASSERT_EQ(loaded.error().also.size(), 1u) << loaded.error().text();
  EXPECT_EQ(loaded.error().code, "fact.dimension");
  EXPECT_EQ(loaded.error().also[0].code, "formula.unknown-fact");
}

TEST_F(Loader, a_node_needs_a_chip_and_a_sane_number_of_packages) {
  const auto load = [&](const std::string& text) {
    return find_node(write("node.toml", "schema = 1\n" + text));
  };
  EXPECT_EQ(load("packages = 8\n").error().code, "header.missing");
  EXPECT_EQ(load("chip = \"h100-sxm\"\npackages = 0\n").error().code, "header.kind");
  EXPECT_EQ(load("chip = \"h100-sxm\"\nkind = \"gpu\"\n").error().code, "header.kind");
  EXPECT_TRUE(load("chip = \"h100-sxm\"\npackages = 4\n"));
  EXPECT_EQ(find_node_for(*find_chip(write("lone.toml", chip("")))).error().code, "node.none");
}

TEST_F(Loader, schema_and_sources_are_checked_too) {
  const auto schema = [&](const std::string& text) { return load_schema(write("schema.toml", text)); };
  EXPECT_EQ(schema("[chip]\n").error().code, "schema.entry");
  EXPECT_EQ(schema("[node]\n[chip]\nhbm.x = { unit = \"B\" }\n").error().code, "schema.no-meaning");
  EXPECT_EQ(schema("[node]\n[chip]\nhbm.x = { choices = [], means = \"x\" }\n").error().code,
            "schema.choices");
  EXPECT_EQ(schema("[node]\n[chip]\nhbm.x = { unit = \"B\", min = \"1\", means = \"x\" }\n").error().code,
            "schema.bound");
  EXPECT_EQ(schema("[node]\n[chip]\nhbm.x = { unit = \"Q\", means = \"x\" }\n").error().code, "unit.unknown");
  EXPECT_EQ(schema("[node]\n[chip]\nhbm = 3\n").error().code, "schema.entry");
  write("sources/a.toml", "id = \"b\"\n");
  EXPECT_EQ(load_sources(folder_ / "sources").error().code, "source.incomplete");
  write("sources/a.toml", "id = \"a\"\ntitle = \"t\"\n");
  EXPECT_EQ(load_sources(folder_ / "sources").error().code, "source.incomplete");
}

TEST(FactSheet, look_ups_are_recorded_until_reset_also_those_that_find_nothing) {
  auto chip = find_chip("h100-sxm");
  ASSERT_TRUE(chip);
  chip->start_recording();
  (void)chip->get<BytesPerSecond>("hbm.bandwidth");
  (void)chip->has("tmem.size");
  const Chip copy = chip->with("hbm.bandwidth", 1e12);
  (void)copy.count("sm.count");
  EXPECT_EQ(chip->facts_read(), (std::set<std::string>{"hbm.bandwidth", "sm.count", "tmem.size"}));
}

TEST(FactSheet, look_ups_from_many_threads_are_all_recorded) {
  auto chip = find_chip("h100-sxm");
  ASSERT_TRUE(chip);
  chip->start_recording();
  std::vector<std::string> paths;
  for (const auto& [path, fact] : chip->facts()) paths.push_back(path);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (const std::string& path : paths) (void)chip->has(path);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(chip->facts_read().size(), paths.size());
}

TEST(FactSheet, a_wrong_look_up_is_a_fault_of_the_caller) {
  const auto chip = find_chip("h100-sxm");
  ASSERT_TRUE(chip);
  EXPECT_THROW((void)chip->get<Bytes>("hbm.bandwidth"), std::logic_error);
  EXPECT_THROW((void)chip->get<Bytes>("no.such"), std::logic_error);
  EXPECT_THROW((void)chip->choice("hbm.bandwidth"), std::logic_error);
  EXPECT_THROW((void)chip->with("no.such", 1), std::logic_error);
  EXPECT_THROW((void)chip->with_choice("package.process", "unheard-of"), std::logic_error);
  EXPECT_EQ(chip->get_or<Bytes>("tmem.size", Bytes{7}).value, 7);
}

TEST(FactSheet, the_fingerprint_changes_with_the_facts_it_covers_and_only_with_those) {
  const auto chip = find_chip("h100-sxm");
  ASSERT_TRUE(chip);
  const Chip faster = chip->with("hbm.bandwidth", 4e12);
  EXPECT_NE(faster.fingerprint(), chip->fingerprint());
  EXPECT_EQ(faster.fingerprint({"sm.count", "no.such"}), chip->fingerprint({"sm.count", "no.such"}));
  EXPECT_EQ(chip->fingerprint({"hbm.bandwidth", "no.such"}), "hbm.bandwidth=3350000000000;no.such=absent;");
}

TEST(Catalog, sha256_is_that_of_the_standard) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace etalon::catalog
