// SPDX-License-Identifier: Apache-2.0
#include "llm/hugging_face.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "llm/config_families.h"
#include "llm/config_reader.h"

namespace etalon::llm {
namespace {

const Family* by_type(const std::string& type) {
  for (const auto& f : families())
    if (type == f.type) return &f;
  return nullptr;
}

// By `model_type`, else by class name, else by key names no other form uses.
const Family* family_of(ConfigReader& r, std::string& type) {
  type = r.text_or({"model_type"}, "");
  // Megatron-style files say "dense" or "moe" there; their key names tell them apart.
  if (r.has("head_num") && r.has("layer_num")) return by_type("megatron_gpt");
  if (!type.empty()) return by_type(type);
  if (const auto* names = r.find({"architectures"});
      names && names->is_array() && !names->empty() && (*names)[0].is_string()) {
    type = (*names)[0].get<std::string>();
    for (const auto& f : families())
      if (type == f.architecture) return &f;
    return nullptr;
  }
  if (r.has("dim") && r.has("n_layers")) return by_type("deepseek_inference");
  if (r.has("n_embd") && r.has("n_layer")) return by_type("gpt2");
  if (r.has("d_model") && r.has("n_layers")) return by_type("mpt");
  return nullptr;
}

// A contradiction between dimensions is found after reading; its place is the key of the first that is named.
Error placed(Error e, std::string_view text) {
  static constexpr std::pair<const char*, const char*> kKeys[] = {
      {"key-value heads", "num_key_value_heads"},
      {"experts per token", "num_experts_per_tok"},
      {"layers", "num_hidden_layers"},
      {"vocabulary", "vocab_size"},
      {"hidden size", "hidden_size"},
      {"parameters", "hidden_size"}};
  for (const auto& [words, key] : kKeys) {
    const std::size_t byte = text.find(fmt::format("\"{}\"", key));
    if (e.message.find(words) == std::string::npos || byte == std::string_view::npos) continue;
    const Place at = place_of(text, byte);
    e.line = at.line, e.column = at.column;
    return e;
  }
  return e;
}

Error unknown_family(const std::string& type, const std::string& file, Place at) {
  const std::string near = type.empty() ? std::string{} : did_you_mean(type, known_families());
  std::string list;
  for (const auto& f : known_families()) list += (list.empty() ? "" : ", ") + f;
  const std::string shown = type.size() > 60 ? type.substr(0, 57) + "..." : type;
  return Error{"model.family",
               type.empty() ? "no \"model_type\" and no known key names"
                            : fmt::format("unknown model family \"{}\"", shown),
               (near.empty() ? "" : near + " ") + "known: " + list,
               file,
               at.line,
               at.column,
               {}};
}

}  // namespace

std::vector<std::string> known_families() {
  std::vector<std::string> out;
  for (const auto& f : families()) out.emplace_back(f.type);
  return out;
}

Result<Architecture> parse_config(std::string_view text, const std::string& file, const std::string& name) {
  nlohmann::json config;
  try {
    config = nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& e) {
    const Place at = place_of(text, e.byte > 0 ? e.byte - 1 : 0);
    const bool cut = e.byte > text.size();
    return fail(Error{"model.json",
                      cut ? "not valid JSON: the file ends too early" : "not valid JSON here",
                      cut ? "the file may be truncated: fetch it again" : "",
                      file,
                      at.line,
                      at.column,
                      {}});
  } catch (const nlohmann::json::exception&) {
    return fail(Error{"model.json", "not valid JSON: a number does not fit", "", file, 0, 0, {}});
  }
  if (!config.is_object())
    return fail(
        Error{"model.json", "expected a JSON object, the content of a config.json", "", file, 1, 1, {}});
  // Models that also see or hear keep their language model's dimensions in an object of their own.
  const auto part = config.find("text_config");
  const bool nested = part != config.end() && part->is_object() && !config.contains("vocab_size");
  ConfigReader r(nested ? *part : config, text, file);
  Architecture m;
  m.file = file;
  m.name = r.text_or({"_name"}, name);
  m.title = r.text_or({"_title"}, m.name);
  m.source = r.text_or({"_source"}, file);
  std::string type;
  const Family* family = family_of(r, type);
  if (!r.clean()) return fail(r.error());
  if (family == nullptr) {
    const std::size_t byte = text.find("\"model_type\"");
    return fail(
        unknown_family(type, file, byte == std::string_view::npos ? Place{1, 1} : place_of(text, byte)));
  }
  m.family = family->type;
  family->read(r, m);
  if (const std::string note = r.text_or({"_note"}, ""); !note.empty()) m.assumptions.push_back(note);
  if (nested) m.assumptions.push_back("only the language model of \"text_config\" is counted");
  if (!r.clean()) return fail(r.error());
  if (m.latent) m.head_dim = m.key_dim();
  auto model = checked(std::move(m));
  if (!model) return fail(placed(std::move(model).error(), text));
  return model;
}

}  // namespace etalon::llm
