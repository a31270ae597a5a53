// SPDX-License-Identifier: Apache-2.0
#include "kernels/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <sstream>
#include <unordered_map>

#include "catalog/catalog.h"
#include "kernels/cache.h"
#include "source_hash.h"

namespace etalon::kernels {
namespace {

std::string describe(const Harness& h) {
  return fmt::format(
      "launch={} copies={} rotation={:a} replays={} warm={} sustained={} clock={:a} software={} seeds={}",
      static_cast<int>(h.launch), h.weight_copies, h.weight_rotation.value, h.replays, h.warm, h.sustained,
      h.clock ? h.clock->value : 0.0, h.software, h.seeds);
}

std::string join(const std::set<std::string>& paths) {
  std::string out;
  for (const std::string& p : paths) out += p + "\n";
  return out;
}

std::set<std::string> lines(const std::string& text) {
  std::set<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.insert(line);
  return out;
}

// The facts' values that decided a result. A fact that was asked for and is absent decides too: a chip that has it
// is another case.
std::string fingerprint(const catalog::Chip& chip, const std::set<std::string>& paths) {
  return catalog::sha256(paths.empty() ? std::string() : chip.fingerprint(paths));
}

std::string near_misses(const catalog::Chip& chip) {
  std::string out;
  for (const Kernel& k : builtin_kernels())
    if (k.kind == chip.kind) out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", k.name, k.summary);
  return out.empty() ? "none" : out;
}

}  // namespace

const char* name_of(Limit limit) {
  switch (limit) {
    case Limit::matrix:
      return "matrix";
    case Limit::vector:
      return "vector";
    case Limit::hbm:
      return "hbm";
    case Limit::l2:
      return "l2";
    case Limit::link:
      return "link";
    case Limit::launch:
      return "launch";
    case Limit::latency:
      return "latency";
  }
  return "?";
}

struct CostModel::Impl {
  catalog::Chip chip;
  CostOptions options;
  CostCache file;
  std::mutex mutex;
  std::unordered_map<std::string, KernelCost> memory;  // looked up only, never walked

  Impl(catalog::Chip c, CostOptions o)
      : chip(std::move(c)), options(std::move(o)), file(options.cache_file) {}

  Result<KernelCost> compute(const llm::Operation& op, const Harness& h, std::set<std::string>& read) const {
    catalog::Chip recorded = chip;
    recorded.start_recording();  // what a kernel reads to accept an operation decides the result too
    for (const Kernel& kernel : builtin_kernels()) {
      if (kernel.kind != chip.kind || !kernel.accepts(recorded, op)) continue;
      auto cost = kernel.cost(recorded, op, h, options);
      read = recorded.facts_read();
      return cost;
    }
    return fail(
        "kernel.none",
        fmt::format("no kernel of {} does {}; it has {}", chip.name, llm::describe(op), near_misses(chip)),
        "check that the chip has the type, and the shape its units need");
  }

  std::string key(const llm::Operation& op, const Harness& h) const {
    return catalog::sha256(fmt::format("{}|{}|{}|{}|{}|{}", llm::describe(op), describe(h), chip.family,
                                       etalon::name_of(options.fidelity), static_cast<int>(chip.kind),
                                       ETALON_SOURCE_HASH));
  }

  std::optional<KernelCost> known(const std::string& k) {
    {
      const std::lock_guard lock(mutex);
      if (const auto it = memory.find(k); it != memory.end()) return it->second;
    }
    auto cost = file.find(k, [&](const std::string& paths) { return fingerprint(chip, lines(paths)); });
    if (cost) remember(k, *cost);
    return cost;
  }

  void remember(const std::string& k, const KernelCost& cost) {
    const std::lock_guard lock(mutex);
    memory.emplace(k, cost);
  }
};

CostModel::CostModel(catalog::Chip chip, CostOptions options)
    : impl_(std::make_unique<Impl>(std::move(chip), std::move(options))) {}
CostModel::~CostModel() = default;
CostModel::CostModel(CostModel&&) noexcept = default;
CostModel& CostModel::operator=(CostModel&&) noexcept = default;

Result<KernelCost> CostModel::cost(const llm::Operation& op, const Harness& harness) const {
  std::set<std::string> read;
  if (impl_->options.want_timeline) return impl_->compute(op, harness, read);
  const std::string key = impl_->key(op, harness);
  if (auto cost = impl_->known(key)) return *std::move(cost);
  auto cost = impl_->compute(op, harness, read);
  if (!cost) return cost;
  impl_->remember(key, *cost);
  impl_->file.store(key, join(read), fingerprint(impl_->chip, read), *cost);
  return cost;
}

const catalog::Chip& CostModel::chip() const { return impl_->chip; }
Findings CostModel::findings() const { return impl_->file.findings(); }

}  // namespace etalon::kernels
