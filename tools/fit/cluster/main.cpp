// SPDX-License-Identifier: Apache-2.0
// etalon_fit_cluster NAME [--evidence DIR] [--check] [--write]
// NAME: a node (its [collective] facts) or a file of data/software. Fits its constants on the rows listed in
// data/calibration and prints how well these and the others are predicted; --check: with the constants as
// they are;
// --write: puts the new ones into data/. Steps are costed by closed form, within 1 to 3% of the cycle model.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "../rewrite.h"
#include "../solve.h"
#include "catalog/catalog.h"
#include "cluster/collectives.h"
#include "cluster/training_row.h"
#include "evidence/corpus.h"
#include "evidence/predict.h"
#include "llm/models.h"

namespace etalon::fit {
namespace {

struct Subject {
  std::string name, folder, list;
  std::vector<std::string> constants;
};

const std::vector<Subject>& subjects() {
  static const std::vector<std::string> collective = {
      "collective.launch",    "collective.step", "collective.step_rate",        "collective.bulk_step",
      "collective.bulk_rate", "collective.copy", "collective.multicast_launch", "collective.multicast_rate"};
  static std::vector<std::string> hopper = collective;
  if (hopper.size() == collective.size()) {
    for (const char* more : {"collective.fill", "collective.exchange_launch", "collective.exchange_low"})
      hopper.emplace_back(more);
  }
  static const std::vector<Subject> all = {
      {"dgx-h100", "nodes", "collectives-h100", hopper},
      {"dgx-b200", "nodes", "collectives-b200", collective},
      {"composer-2023",
       "software",
       "software",
       {"elementwise.traffic", "attention.rate", "attention.older", "fsdp.exposed", "matrix.rate",
        "matrix.older"}},
      {"composer-2023-te", "software", "software", {"elementwise.traffic"}},
      {"megatron-2022", "software", "software", {"elementwise.traffic"}},
      {"megatron-2026",
       "software",
       "software",
       {"elementwise.traffic", "attention.older", "attention.latent", "matrix.older", "collective.skew",
        "host.operation", "host.expert_sync", "host.step"}},
      {"megatron-bridge",
       "software",
       "software",
       {"elementwise.traffic", "host.expert_layer", "matrix.older"}},
      {"nemo-automodel", "software", "software", {"elementwise.traffic"}}};
  return all;
}

std::set<std::string> ids_of(const std::string& list) {
  std::set<std::string> out;
  std::ifstream in(catalog::data_directory() / "calibration" / (list + ".txt"));
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line[0] != '#') out.insert(line);
  return out;
}

// A row and its ln(predicted / measured) under a changed sheet of facts.
struct Sample {
  std::string id;
  bool fitted = false;
  std::function<double(const catalog::FactSheet&)> residual;
};

std::vector<Sample> collective_samples(const evidence::Corpus& corpus, const Subject& subject,
                                       const std::set<std::string>& ids) {
  std::vector<Sample> out;
  const auto machine = cluster::find_node_and_chip(subject.name).value();
  for (const auto& row : corpus.rows) {
    if (row.kind != evidence::Kind::collective || row.chip != subject.name) continue;
    const auto shape = std::get<evidence::CollectiveShape>(row.shape);
    cluster::CollectiveOp op{};
    if (!cluster::parse(shape.op, op)) continue;
    out.push_back(
        {row.id, ids.contains(row.id), [=, measured = row.measured](const catalog::FactSheet& sheet) {
           catalog::Node node = machine.node;
           static_cast<catalog::FactSheet&>(node) = sheet;
           const auto cost = cluster::collective(node, machine.chip, op, static_cast<int>(shape.ranks),
                                                 Bytes{static_cast<double>(shape.bytes)});
           return cost ? std::log(cost->time.value * 1e6 / measured) : 0.0;
         }});
  }
  return out;
}

// Kernel costs by closed form, remembered over all evaluations.
class Costs {
 public:
  explicit Costs(const catalog::Chip& chip) : model_(chip, {Fidelity::formula, {}, false}) {}
  Result<kernels::KernelCost> operator()(const llm::Operation& op, const kernels::Harness& h) {
    const auto key = fmt::format("{}|{}", h.clock ? h.clock->value : 0.0, llm::describe(op));
    const auto it = known_.find(key);
    return it != known_.end() ? it->second : known_.emplace(key, model_.cost(op, h)).first->second;
  }

 private:
  kernels::CostModel model_;
  std::map<std::string, Result<kernels::KernelCost>> known_;
};

std::optional<Sample> training_sample(const evidence::Row& row, const Subject& subject,
                                      std::map<std::string, std::shared_ptr<Costs>>& costs) {
  const auto t = evidence::as_training_row(row);
  const auto software = cluster::software_of_row(t.software);
  if (!software || software->name != subject.name || t.task != "pretrain") return std::nullopt;
  const bool is_time = row.metric == "step_time_s", is_rate = row.metric == "tokens_per_s_per_chip";
  auto node = catalog::find_node(t.cluster);
  const auto model = llm::model_of_row(t.model, t.model_dims, t.seq);
  if (!node || !model || (!is_time && !is_rate) || t.chips < 1 || t.chips > node->packages)
    return std::nullopt;
  const auto chip = catalog::find_chip(node->chip).value();
  node->packages = static_cast<int>(t.chips);
  std::vector<std::string> assumed;
  const auto plan = cluster::plan_of_row(t, 1, assumed);
  if (!plan) return std::nullopt;
  auto& shared = costs[chip.name];
  if (!shared) shared = std::make_shared<Costs>(chip);
  const double tokens = static_cast<double>(t.seq * t.global_batch);
  const double seconds = is_time ? row.measured : tokens / row.measured / static_cast<double>(t.chips);
  return Sample{
      row.id, false,
      [=, node = *node, model = *model, plan = *plan, base = *software,
       task = cluster::Task{t.seq, t.global_batch}, costs = shared](const catalog::FactSheet& sheet) {
        cluster::Software changed = base;
        static_cast<catalog::FactSheet&>(changed) = sheet;
        const cluster::CostFunction cost = [costs](const llm::Operation& op, const kernels::Harness& h) {
          return (*costs)(op, h);
        };
        const auto steps = cluster::StepModel::make(node, chip, changed, {}, cost, cost);
        const auto report = steps->quick_step(model, plan, task);
        return report ? std::log(report->time.value / seconds) : 0.0;
      }};
}

double quantile(Vector v, double q) {
  std::sort(v.begin(), v.end());
  return v.empty() ? 0
                   : v[std::min(v.size() - 1, static_cast<std::size_t>(q * static_cast<double>(v.size())))];
}

Result<std::monostate> write(const Subject& subject, const catalog::FactSheet& sheet, const Vector& values) {
  const auto path = catalog::data_directory() / subject.folder / (subject.name + ".toml");
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::string now = text.str();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double scale = sheet.facts().find(subject.constants[i])->second.unit_scale;
    TRY(next, with_value(now, subject.constants[i], values[i] / scale));
    now = std::move(next);
  }
  std::ofstream(path) << now;
  return std::monostate{};
}

Result<std::monostate> run(const Subject& subject, const std::string& evidence_folder, bool fit_them,
                           bool write_them) {
  TRY(corpus, evidence::load_corpus(evidence_folder));
  const auto ids = ids_of(subject.list);
  std::vector<Sample> samples;
  catalog::FactSheet sheet;
  if (subject.folder == "nodes") {
    TRY(node, catalog::find_node(subject.name));
    sheet = node;
    samples = collective_samples(corpus, subject, ids);
  } else {
    TRY(software, cluster::find_software(subject.name));
    sheet = software;
    std::map<std::string, std::shared_ptr<Costs>> costs;
    for (const auto& row : corpus.rows) {
      if (row.kind != evidence::Kind::training) continue;
      if (auto sample = training_sample(row, subject, costs)) {
        sample->fitted = ids.contains(row.id);
        samples.push_back(*std::move(sample));
      }
    }
  }
  const auto with = [&](const Vector& values) {
    catalog::FactSheet changed = sheet;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto& fact = sheet.facts().find(subject.constants[i])->second;
      changed = changed.with(subject.constants[i], std::clamp(values[i], fact.si.low, fact.si.high));
    }
    return changed;
  };
  const auto residuals = [&](const Vector& values) {
    const auto changed = with(values);
    Vector out;
    for (const Sample& s : samples)
      if (s.fitted) out.push_back(s.residual(changed));
    return out;
  };
  Vector values;
  for (const auto& path : subject.constants)
    values.push_back(sheet.facts().find(path)->second.si.value);
  if (fit_them) {
    const Solution s = solve(values, residuals, residuals);
    values = s.constants;
    fmt::print("{}: mean |ln error| {:.4f} -> {:.4f}\n", subject.name, s.before, s.after);
  }
  const auto changed = with(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& fact = changed.facts().find(subject.constants[i])->second;
    values[i] = std::stod(fmt::format("{:.3g}", fact.si.value / fact.unit_scale)) * fact.unit_scale;
    fmt::print("  {} = {:.3g} {}\n", fact.path, values[i] / fact.unit_scale, fact.unit);
  }
  for (const bool fitted : {true, false}) {
    Vector errors;
    for (const Sample& s : samples)
      if (s.fitted == fitted) errors.push_back(std::abs(std::expm1(s.residual(changed))) * 100);
    fmt::print("  {:<6} {:4} rows: median {:5.1f} %  p90 {:5.1f} %\n", fitted ? "fit" : "check",
               errors.size(), quantile(errors, 0.5), quantile(errors, 0.9));
  }
  return write_them ? write(subject, sheet, values) : Result<std::monostate>{};
}

}  // namespace
}  // namespace etalon::fit

int main(int argc, char** argv) {
  std::string name, evidence = "data/evidence";
  bool fit_them = true, write_them = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--evidence" && i + 1 < argc)
      evidence = argv[++i];
    else if (word == "--check")
      fit_them = false;
    else if (word == "--write")
      write_them = true;
    else
      name = word;
  }
  for (const auto& subject : etalon::fit::subjects()) {
    if (subject.name != name) continue;
    const auto done = etalon::fit::run(subject, evidence, fit_them, write_them);
    if (!done) fmt::print(stderr, "{}\n", done.error().text());
    return done ? 0 : 2;
  }
  fmt::print(stderr, "usage: etalon_fit_cluster NAME [--evidence DIR] [--check] [--write]; NAME is one of");
  for (const auto& subject : etalon::fit::subjects()) fmt::print(stderr, " {}", subject.name);
  fmt::print(stderr, "\n");
  return 2;
}
