// SPDX-License-Identifier: Apache-2.0
#include "cluster/software.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/text.h"
#include "catalog/fact_reader.h"
#include "catalog/loader.h"
#include "catalog/toml.h"

namespace etalon::cluster {
namespace {

namespace fs = std::filesystem;

fs::path folder() { return catalog::data_directory() / "software"; }

// data/software/schema.toml: path = { unit, means, min, max } or { choices, means }.
Result<catalog::FactReader::Part> read_schema() {
  const fs::path file = folder() / "schema.toml";
  TRY(root, catalog::read_toml(file));
  catalog::FactReader::Part out;
  for (const auto& [group, table] : root.table) {
    for (const auto& [name, value] : table.table) {
      catalog::SchemaEntry entry;
      entry.path = group + "." + name;
      if (const auto* means = value.find("means")) entry.means = means->string;
      if (const auto* choices = value.find("choices")) {
        for (const auto& choice : choices->array) entry.choices.push_back(choice.string);
      } else if (const auto* unit = value.find("unit")) {
        entry.unit = unit->string;
        TRY(measure, catalog::parse_measure("1 " + unit->string));
        entry.dimension = measure.dimension;
        entry.unit_scale = measure.si;
        if (const auto* min = value.find("min")) entry.min = min->number * entry.unit_scale;
        if (const auto* max = value.find("max")) entry.max = max->number * entry.unit_scale;
      } else {
        return fail(Error{"schema.entry",
                          fmt::format("'{}' has neither unit nor choices", entry.path),
                          "",
                          file.string(),
                          value.line,
                          value.column,
                          {}});
      }
      out.emplace(entry.path, std::move(entry));
    }
  }
  return out;
}

Result<Software> load(const fs::path& file) {
  TRY(schema, read_schema());
  TRY(sources, catalog::load_sources(catalog::data_directory() / "sources"));
  TRY(root, catalog::read_toml(file));
  Software out;
  if (const auto* base = root.find("base")) {
    if (base->string == file.stem().string() || !fs::exists(folder() / (base->string + ".toml"))) {
      return fail(Error{"software.base",
                        fmt::format("cannot build on software '{}'", base->string),
                        "base names another file of data/software",
                        file.string(),
                        base->line,
                        base->column,
                        {}});
    }
    TRY(inherited, load(folder() / (base->string + ".toml")));
    out = std::move(inherited);
    out.matches.clear();
  }
  out.file = file.string();
  out.name = file.stem().string();
  if (const auto* title = root.find("title")) out.title = title->string;
  if (const auto* matches = root.find("matches")) {
    for (const auto& m : matches->array) out.matches.push_back(m.string);
  }
  catalog::TomlValue facts;
  for (const auto& [key, value] : root.table) {
    if (value.type == catalog::TomlValue::Type::table) facts.table.emplace(key, value);
  }
  catalog::FactReader reader(schema, sources, file.string());
  std::vector<catalog::Fact> read;
  reader.read(facts, "", read);
  for (auto& fact : read) {
    if (auto done = out.insert(std::move(fact)); !done) reader.problems().push_back(std::move(done).error());
  }
  if (!reader.problems().empty()) {
    Error first = std::move(reader.problems().front());
    first.also.assign(reader.problems().begin() + 1, reader.problems().end());
    return fail(std::move(first));
  }
  TRY_VOID(out.recompute_derived());
  return out;
}

}  // namespace

std::vector<std::string> software_names() {
  std::vector<std::string> out{"ideal"};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder(), ignored)) {
    if (entry.path().extension() == ".toml" && entry.path().stem() != "schema")
      out.push_back(entry.path().stem().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<Software> find_software(const std::string& name) {
  if (name == "ideal") {
    Software out;
    out.name = "ideal";
    out.title = "kernels alone: all communication hidden, no host time";
    return out;
  }
  if (name.find('/') != std::string::npos || name.ends_with(".toml")) return load(name);
  const fs::path file = folder() / (name + ".toml");
  std::error_code ignored;
  if (name.empty() || name == "schema" || !fs::is_regular_file(file, ignored)) {
    return fail("software.unknown", fmt::format("unknown software '{}'", name),
                did_you_mean(name, software_names()));
  }
  return load(file);
}

Result<Software> software_of_row(const std::string& row_software) {
  std::optional<Software> best;
  std::size_t longest = 0;
  for (const auto& name : software_names()) {
    if (name == "ideal") continue;
    TRY(software, find_software(name));
    std::size_t length = 0;
    for (const auto& prefix : software.matches) {
      if (row_software.starts_with(prefix)) length = std::max(length, prefix.size());
    }
    if (length > longest) {
      longest = length;
      best = std::move(software);
    }
  }
  if (best) return *std::move(best);
  return fail("software.unknown", fmt::format("no file of data/software matches '{}'", row_software),
              "add its beginning to `matches` of one");
}

SoftwareFacts read_software_facts(const Software& s) {
  SoftwareFacts out;
  const bool is_ideal = s.facts().empty();
  const auto number = [&](const char* path, double& value) {
    if (s.has(path)) value = s.get<double>(path);
  };
  number("elementwise.traffic", out.elementwise_traffic);
  number("attention.rate", out.attention_rate);
  number("attention.older", out.attention_older);
  number("attention.latent", out.attention_latent);
  number("matrix.older", out.matrix_older);
  number("matrix.rate", out.matrix_rate);
  number("matrix.npu", out.matrix_npu);
  number("attention.npu", out.attention_npu);
  number("fsdp.exposed", out.fsdp_exposed);
  number("gradients.exposed", out.gradients_exposed);
  number("parameters.exposed", out.parameters_exposed);
  number("tensor.exposed", out.tensor_exposed);
  number("context.exposed", out.context_exposed);
  number("expert.exposed", out.expert_exposed);
  out.gradient_element = s.get_or<Bytes>("gradients.element", out.gradient_element);
  out.parameter_element = s.get_or<Bytes>("parameters.element", out.parameter_element);
  out.collective_skew = s.get_or<Seconds>("collective.skew", Seconds{0});
  out.host_operation = s.get_or<Seconds>("host.operation", Seconds{0});
  out.host_expert_layer = s.get_or<Seconds>("host.expert_layer", Seconds{0});
  out.host_expert_sync = s.get_or<Seconds>("host.expert_sync", Seconds{0});
  out.host_step = s.get_or<Seconds>("host.step", Seconds{0});
  out.workspace = s.get_or<Bytes>("memory.workspace", Bytes{0});
  if (is_ideal) return out;
  if (s.has("gradients.buffer")) out.fp32_gradients = s.choice("gradients.buffer") == "fp32";
  if (s.has("logits.softmax")) out.logits_fp32 = s.choice("logits.softmax") == "fp32";
  if (s.has("attention.generation")) out.attention_for = s.choice("attention.generation");
  if (s.has("matrix.generation")) out.matrix_for = s.choice("matrix.generation");
  if (s.has("attention.kernel") && s.choice("attention.kernel") == "unfused")
    out.attention = llm::AttentionKernel::unfused;
  if (s.has("context.method") && s.choice("context.method") == "ring") out.context = llm::ContextMethod::ring;
  if (s.has("context.split")) out.contiguous_context = s.choice("context.split") == "contiguous";
  return out;
}

}  // namespace etalon::cluster
