// SPDX-License-Identifier: Apache-2.0
#include "study/json.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catalog/catalog.h"
#include "study/version.h"

namespace etalon::study {
namespace {

using Json = nlohmann::json;  // keys sorted; numbers with all digits

Json seconds(const std::map<std::string, Seconds>& parts) {
  Json out = Json::object();
  for (const auto& [name, time] : parts) out[name] = time.value;
  return out;
}

std::map<std::string, Seconds> parts_of(const Json& json) {
  std::map<std::string, Seconds> parts;
  for (const auto& [name, time] : json.items()) parts[name] = Seconds{time.get<double>()};
  return parts;
}

Json json_of(const Finding& f) {
  const char* severity = f.severity == Severity::failure   ? "failure"
                         : f.severity == Severity::warning ? "warning"
                                                           : "note";
  return {{"severity", severity}, {"code", f.code}, {"text", f.text}, {"where", f.where}};
}

Json json_of(const Findings& findings) {
  Json out = Json::array();
  for (const Finding& f : findings) out.push_back(json_of(f));
  return out;
}

Finding finding_of(const Json& json) {
  const std::string severity = json.at("severity");
  return {severity == "failure"   ? Severity::failure
          : severity == "warning" ? Severity::warning
                                  : Severity::note,
          json.at("code"), json.at("text"), json.at("where")};
}

Json json_of(const Outcome& o) {
  return {{"step_s", o.step.value},
          {"energy_j", o.energy.value},
          {"memory_bytes", o.memory.value},
          {"capacity_bytes", o.capacity.value},
          {"peak_flop_per_s", o.peak.value},
          {"model_flop", o.model_flops.value},
          {"tokens", o.tokens},
          {"chips", o.chips},
          {"by_operation_s", seconds(o.by_operation)},
          {"by_limit_s", seconds(o.by_limit)},
          {"by_mechanism_s", seconds(o.by_mechanism)},
          {"plan", o.plan},
          {"fidelity", name_of(o.fidelity)},
          {"findings", json_of(o.findings)}};
}

Outcome outcome_of(const Json& j) {
  Outcome o;
  o.step = Seconds{j.at("step_s")};
  o.energy = Joules{j.at("energy_j")};
  o.memory = Bytes{j.at("memory_bytes")};
  o.capacity = Bytes{j.at("capacity_bytes")};
  o.peak = FlopsPerSecond{j.at("peak_flop_per_s")};
  o.model_flops = Flops{j.at("model_flop")};
  o.tokens = j.at("tokens");
  o.chips = j.at("chips");
  o.by_operation = parts_of(j.at("by_operation_s"));
  o.by_limit = parts_of(j.at("by_limit_s"));
  o.by_mechanism = parts_of(j.at("by_mechanism_s"));
  o.plan = j.at("plan");
  const std::string fidelity = j.at("fidelity");
  o.fidelity = fidelity == "cycle"   ? Fidelity::cycle
               : fidelity == "table" ? Fidelity::table
                                     : Fidelity::formula;
  for (const Json& f : j.at("findings")) o.findings.push_back(finding_of(f));
  return o;
}

Json json_of(const Interval& i) { return {{"low", i.low}, {"value", i.value}, {"high", i.high}}; }

Json json_of(const std::vector<Metric>& metrics) {
  Json out = Json::array();
  for (const Metric& m : metrics) {
    out.push_back(
        {{"name", m.name}, {"unit", m.unit}, {"nominal", m.nominal}, {"interval", json_of(m.value)}});
  }
  return out;
}

Json json_of(const catalog::Fact& f) {
  Json out = {{"basis", catalog::name_of(f.basis)}, {"source", f.source}, {"unit", f.unit}};
  if (f.is_categorical()) {
    out["choice"] = f.choice;
    out["choices"] = f.choices;
  } else {
    out["si"] = json_of(f.si);
  }
  if (!f.formula.empty()) out["formula"] = f.formula;
  if (!f.rows.empty()) out["rows"] = f.rows;
  return out;
}

Json facts_of(const catalog::FactSheet& sheet) {
  Json out = Json::object();
  for (const auto& [path, fact] : sheet.facts()) out[path] = json_of(fact);
  return out;
}

Json json_of(const SideResult& r) {
  Json variables = Json::array();
  for (const Variable& v : r.sensitivity.variables) {
    variables.push_back({{"name", v.name()}, {"swing", v.swing}, {"full", v.is_full}});
  }
  return {{"name", r.name},
          {"nominal", json_of(r.sensitivity.nominal)},
          {"metrics", json_of(r.metrics)},
          {"by_operation", json_of(r.by_operation)},
          {"by_limit", json_of(r.by_limit)},
          {"facts_by_basis", r.facts_by_basis},
          {"chip_facts", r.chip_facts},
          {"chip_vendor_facts", r.chip_vendor_facts},
          {"mechanisms", r.mechanisms},
          {"variables", variables},
          {"variables_without_effect", r.sensitivity.still},
          {"surface", {{"worst_error", r.surface_error}, {"checked_samples", r.checked}}}};
}

Json json_of(const Pair& p) {
  Json tornado = Json::array(), break_even = Json::array();
  for (const TornadoBar& b : p.tornado) {
    tornado.push_back({{"side", b.side},
                       {"fact", b.fact},
                       {"basis", b.basis},
                       {"unit", b.unit},
                       {"low", b.low_text},
                       {"high", b.high_text},
                       {"ratio_low", b.ratio_low},
                       {"ratio_high", b.ratio_high}});
  }
  for (const BreakEven& b : p.break_even) {
    break_even.push_back({{"side", b.side},
                          {"fact", b.fact},
                          {"unit", b.unit},
                          {"range", json_of(b.range)},
                          {"value", b.value ? Json(*b.value) : Json()},
                          {"inside", b.is_inside}});
  }
  return {{"first", p.first},
          {"second", p.second},
          {"probability_first_is_faster", p.probability},
          {"speed_ratio", json_of(p.speed)},
          {"tornado", tornado},
          {"break_even", break_even}};
}

Json json_of(const Recipe& r, const std::vector<PreparedSide>& sides) {
  Json machines = Json::array();
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const Machine& m = sides[i].side.machine;
    machines.push_back(
        {{"asked", r.machines[i]},
         {"hash", hash_of(m)},
         {"plan", cluster::describe(sides[i].plan)},
         {"chip", {{"name", m.chip.name}, {"facts", facts_of(m.chip)}}},
         {"node", {{"name", m.node.name}, {"packages", m.node.packages}, {"facts", facts_of(m.node)}}},
         {"software", {{"name", m.software.name}, {"facts", facts_of(m.software)}}}});
  }
  return {{"version", version()},
          {"job",
           {{"model", r.job.model},
            {"seq", r.job.seq},
            {"global_batch", r.job.global_batch},
            {"chips", r.job.chips},
            {"dtype", r.job.dtype},
            {"software", r.job.software},
            {"plan", r.job.plan}}},
          {"fidelity", name_of(r.fidelity)},
          {"samples", r.samples},
          {"check_samples", r.check_samples},
          {"full_facts", r.full_facts},
          {"seed", r.seed},
          {"machines", machines}};
}

SavedRecipe saved_of(const Json& file) {
  const Json& j = file.at("recipe");
  SavedRecipe s;
  s.version = j.at("version");
  const Json& job = j.at("job");
  s.recipe.job = {job.at("model"), job.at("seq"),      job.at("global_batch"), job.at("chips"),
                  job.at("dtype"), job.at("software"), job.at("plan")};
  s.recipe.fidelity = j.at("fidelity") == "formula" ? Fidelity::formula : Fidelity::cycle;
  s.recipe.samples = j.at("samples");
  s.recipe.check_samples = j.at("check_samples");
  s.recipe.full_facts = j.at("full_facts");
  s.recipe.seed = j.at("seed");
  for (const Json& m : j.at("machines")) {
    s.recipe.machines.push_back(m.at("asked"));
    s.hashes.push_back(m.at("hash"));
  }
  return s;
}

}  // namespace

std::string to_json(const Outcome& outcome) { return json_of(outcome).dump(); }

std::optional<Outcome> outcome_from_json(const std::string& text) {
  try {
    return outcome_of(Json::parse(text));
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::string to_json(const Recipe& recipe, const std::vector<PreparedSide>& sides,
                    const Comparison& comparison) {
  Json results = Json::array(), pairs = Json::array();
  for (const SideResult& side : comparison.sides) results.push_back(json_of(side));
  for (const Pair& pair : comparison.pairs) pairs.push_back(json_of(pair));
  const Json file = {{"format", "etalon comparison 1"},
                     {"recipe", json_of(recipe, sides)},
                     {"sides", results},
                     {"pairs", pairs},
                     {"findings", json_of(comparison.findings)}};
  return file.dump(1) + "\n";
}

Result<SavedRecipe> read_recipe(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return fail(Error{"recipe.unreadable", "cannot read the result file", "check the path", file, 0, 0, {}});
  std::ostringstream text;
  text << in.rdbuf();
  try {
    SavedRecipe saved = saved_of(Json::parse(text.str()));
    if (saved.version != version()) {
      return fail(Error{"recipe.version",
                        fmt::format("written by version {}, this is {}", saved.version, version()),
                        "run it with the version that wrote it, or compare anew",
                        file,
                        0,
                        0,
                        {}});
    }
    return saved;
  } catch (const Json::exception& e) {
    return fail(Error{"recipe.syntax",
                      fmt::format("not a result of etalon compare: {}", e.what()),
                      "give a file written by etalon compare ... --json FILE",
                      file,
                      0,
                      0,
                      {}});
  }
}

std::string hash_of(const Machine& machine) {
  const Json facts = {{"chip", facts_of(machine.chip)},
                      {"node", facts_of(machine.node)},
                      {"packages", machine.node.packages},
                      {"software", facts_of(machine.software)}};
  return catalog::sha256(facts.dump());
}

}  // namespace etalon::study
