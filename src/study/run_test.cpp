// SPDX-License-Identifier: Apache-2.0
#include "study/run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace etalon::study {
namespace {

namespace fs = std::filesystem;

// A folder of its own for each test, named as the cache.
class Run : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("etalon_run_test_" + std::to_string(getpid()));
    fs::create_directories(folder_);
    setenv("ETALON_CACHE", (folder_ / "costs.sqlite").c_str(), 1);
  }
  void TearDown() override {
    unsetenv("ETALON_CACHE");
    fs::remove_all(folder_);
  }
  fs::path folder_;
};

Outcome outcome() {
  Outcome o;
  o.step = Seconds{0.1};
  o.energy = Joules{1.0 / 3};
  o.by_operation["matmul"] = Seconds{0.07};
  o.by_mechanism["gemm.compute"] = Seconds{0.1};
  o.plan = "dp 8";
  o.fidelity = Fidelity::cycle;
  o.findings.push_back({Severity::failure, "memory.does-not-fit", "too \"big\"\tby far", "stage 0"});
  return o;
}

Recipe small_job() {
  Recipe r;
  r.job.model = "llama-3.1-8b:layers=1";
  r.job.seq = 1024;
  r.job.global_batch = 8;
  r.job.plan = "tp=1,pp=1,cp=1,zero=1,micro_batch=1,recompute=none";
  r.machines = {"h100-sxm", "h200-sxm"};
  r.fidelity = Fidelity::formula;
  r.samples = 200;
  r.check_samples = 1;
  r.full_facts = 2;
  return r;
}

TEST_F(Run, AnOutcomeIsReadAsItWasKept) {
  const std::string file = (folder_ / "x.outcomes").string(), key(64, 'a');
  {
    OutcomeStore store(file);
    store.put(key, outcome());
    store.save();
  }
  const auto found = OutcomeStore(file).find(key);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(to_json(*found), to_json(outcome()));
  EXPECT_EQ(found->energy, outcome().energy);
}

TEST_F(Run, ADamagedOrUnwritableCacheIsDoneWithout) {
  const std::string file = (folder_ / "x.outcomes").string();
  std::ofstream(file) << "something else\n";
  OutcomeStore damaged(file);
  EXPECT_FALSE(damaged.find(std::string(64, 'a')).has_value());
  EXPECT_EQ(damaged.findings().at(0).code, "cache.unreadable");
  std::ofstream(file) << "etalon outcomes 1\n" << std::string(64, 'a') << "\t{broken\n";
  EXPECT_FALSE(OutcomeStore(file).find(std::string(64, 'a')).has_value());
  OutcomeStore unwritable("/proc/nowhere/x.outcomes");
  unwritable.put(std::string(64, 'a'), outcome());
  unwritable.save();
  EXPECT_EQ(unwritable.findings().at(0).code, "cache.unwritable");
}

TEST_F(Run, AComparisonIsTheSameFromTheCacheAndWithoutIt) {
  RunOptions none, cached;
  none.use_cache = false;
  const auto fresh = run(small_job(), none), first = run(small_job(), cached),
             second = run(small_job(), cached);
  ASSERT_TRUE(fresh && first && second) << (fresh ? "" : fresh.error().text());
  EXPECT_EQ(fresh->json, first->json);
  EXPECT_EQ(fresh->json, second->json);
}

TEST_F(Run, ASavedComparisonRerunsToTheSameBytes) {
  const auto first = run(small_job(), {});
  ASSERT_TRUE(first.has_value());
  const std::string file = (folder_ / "answer.json").string();
  std::ofstream(file, std::ios::binary) << first->json;
  const auto saved = read_recipe(file);
  ASSERT_TRUE(saved.has_value()) << saved.error().text();
  const auto again = run(saved->recipe, {}, saved->hashes);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->json, first->json);
}

TEST_F(Run, ARecipeOfOtherFactsOrAnotherVersionIsRefused) {
  auto wrong = run(small_job(), {}, {std::string(64, '0'), std::string(64, '0')});
  EXPECT_EQ(wrong.error().code, "recipe.facts");
  EXPECT_EQ(read_recipe("/nonexistent.json").error().code, "recipe.unreadable");
  const std::string file = (folder_ / "bad.json").string();
  std::ofstream(file) << "{\"recipe\": {}}";
  EXPECT_EQ(read_recipe(file).error().code, "recipe.syntax");
  auto answer = run(small_job(), {});
  ASSERT_TRUE(answer.has_value());
  const std::string mine = "\"version\": \"0.1.0\"";
  ASSERT_NE(answer->json.find(mine), std::string::npos);
  answer->json.replace(answer->json.find(mine), mine.size(), "\"version\": \"9.9.9\"");
  std::ofstream(file) << answer->json;
  EXPECT_EQ(read_recipe(file).error().code, "recipe.version");
}

TEST_F(Run, TheFasterMemoryOfTheH200NeverLoses) {
  const auto c = run(small_job(), {});
  ASSERT_TRUE(c.has_value());
  EXPECT_LE(c->comparison.sides[1].sensitivity.nominal.step, c->comparison.sides[0].sensitivity.nominal.step);
}

TEST_F(Run, WhatFitsInNoPlanIsShownAsAFailure) {
  Recipe r = small_job();
  r.job.model = "llama-3.1-405b";
  r.job.plan = "";
  r.machines = {"a100-40g-sxm"};
  const auto c = run(r, {});
  ASSERT_TRUE(c.has_value()) << c.error().text();
  bool failed = false;
  for (const Finding& f : c->document.findings) failed = failed || f.severity == Severity::failure;
  EXPECT_TRUE(failed);
}

TEST_F(Run, SettingsOfAPlanThatCannotBeAreErrors) {
  Job job;
  for (const char* plan : {"tp", "tp=0", "speed=2", "zero=4", "recompute=some", "tp=2x"}) {
    job.plan = plan;
    EXPECT_EQ(limits_of(job).error().code, "plan.syntax") << plan;
  }
  job.plan = " tp = 2 , recompute=full";
  EXPECT_EQ(limits_of(job)->tp, 2);
  job.dtype = "bf17";
  EXPECT_EQ(limits_of(job).error().code, "plan.dtype");
}

}  // namespace
}  // namespace etalon::study
