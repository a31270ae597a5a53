// SPDX-License-Identifier: Apache-2.0
// Each mechanism of the collectives is switched off in turn: which rows get worse shows what it is there for.
#include <gtest/gtest.h>

#include <functional>

#include "base/published_rows_for_test.h"
#include "catalog/catalog.h"
#include "cluster/collectives.h"

namespace etalon::cluster {
namespace {

struct Row {
  CollectiveOp op{};
  int ranks = 0;
  double bytes = 0, seconds = 0;
};
using Select = std::function<bool(const Row&)>;
using Change = std::function<void(LibraryFacts&)>;

Fabric fabric_of(const char* name) {
  const auto machine = find_node_and_chip(name).value();
  return read_fabric(machine.node, machine.chip).value();
}

std::vector<Row> rows_of_node(const std::string& node) {
  std::vector<Row> out;
  for (auto& r : test::published_rows("collective.csv")) {
    Row row{{}, std::stoi(r["ranks"]), std::stod(r["bytes"]), std::stod(r["time_us"]) * 1e-6};
    if (r["cluster"] == node && parse(r["op"], row.op)) out.push_back(row);
  }
  return out;
}

double mean_error(const Fabric& fabric, const std::vector<Row>& rows, const Select& select) {
  double sum = 0;
  int count = 0;
  for (const Row& r : rows) {
    if (!select(r)) continue;
    sum += std::abs(collective(fabric, r.op, {r.ranks, 1}, Bytes{r.bytes})->time.value / r.seconds - 1);
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

void expect_needed(const char* node, const char* what, const Change& remove, const Select& where,
                   double factor) {
  const auto rows = rows_of_node(node);
  if (rows.empty()) GTEST_SKIP() << test::kNoEvidence;
  const Fabric with = fabric_of(node);
  Fabric without = with;
  remove(without.library);
  const double before = mean_error(with, rows, where), after = mean_error(without, rows, where);
  std::printf("%s without %s: mean error of its rows %.1f%% -> %.1f%%\n", node, what, 100 * before,
              100 * after);
  EXPECT_GT(after, factor * before);
}

bool is_small(const Row& r) { return r.bytes <= 64 * 1024 && r.op != CollectiveOp::all_to_all; }
bool is_large(const Row& r) { return r.bytes >= 64.0 * 1024 * 1024; }

TEST(CollectiveMechanisms, LatencyPerHopMakesSmallMessagesOfMoreRanksSlower) {
  for (const char* node : {"dgx-h100", "dgx-b200"})
    expect_needed(node, "the hop", [](LibraryFacts& l) { l.step = Seconds{0}; }, is_small, 3);
}

TEST(CollectiveMechanisms, TheLowLatencyProtocolCarriesSmallMessages) {
  for (const char* node : {"dgx-h100", "dgx-b200"})
    expect_needed(node, "low latency", [](LibraryFacts& l) { l.step_rate = 0; }, is_small, 3);
}

TEST(CollectiveMechanisms, LeavingItLateMissesTheJumpAboveOneMebibyteARank) {
  const auto after_the_jump = [](const Row& r) {
    const double share = r.bytes / r.ranks;
    return share > 1.5e6 && share < 3e6 && r.op == CollectiveOp::reduce_scatter;
  };
  expect_needed(
      "dgx-b200", "the limit", [](LibraryFacts& l) { l.step_limit = Bytes{1e18}; }, after_the_jump, 2);
}

TEST(CollectiveMechanisms, HopsOfTheBulkRingAreSeenBetweenFourAndThirtyTwoMebibytes) {
  const auto middle = [](const Row& r) { return r.bytes > 4e6 && r.bytes < 4e7 && r.ranks == 8; };
  expect_needed("dgx-b200", "the bulk hop", [](LibraryFacts& l) { l.bulk_step = Seconds{0}; }, middle, 1.5);
}

TEST(CollectiveMechanisms, FillingChannelsIsSeenOnHopper) {
  const auto middle = [](const Row& r) { return r.bytes > 4e6 && r.bytes < 3e8; };
  expect_needed("dgx-h100", "the fill", [](LibraryFacts& l) { l.fill = Seconds{0}; }, middle, 2);
}

TEST(CollectiveMechanisms, CopyingTheOwnShareIsSeenWithTwoRanks) {
  const auto two = [](const Row& r) { return is_large(r) && r.ranks == 2; };
  for (const char* node : {"dgx-h100", "dgx-b200"})
    expect_needed(node, "the copy", [](LibraryFacts& l) { l.copy = BytesPerSecond{0}; }, two, 1.5);
}

TEST(CollectiveMechanisms, ReductionInTheSwitchIsSeenWithEightRanks) {
  const auto eight = [](const Row& r) {
    return is_large(r) && r.ranks == 8 && r.op == CollectiveOp::all_reduce;
  };
  expect_needed("dgx-h100", "multicast", [](LibraryFacts& l) { l.multicast_rate = 0; }, eight, 2);
}

}  // namespace
}  // namespace etalon::cluster
