// SPDX-License-Identifier: Apache-2.0
#include "llm/models.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <variant>

#include "base/text.h"
#include "catalog/catalog.h"
#include "llm/hugging_face.h"

namespace etalon::llm {
namespace {

namespace fs = std::filesystem;
constexpr std::uintmax_t kLargestFile = 16u << 20;

bool parse_count(std::string_view s, std::int64_t& out) {
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), out);
  return error == std::errc{} && end == s.data() + s.size() && out >= 0 && out <= 1'000'000'000'000;
}

Result<std::string> read_text(const fs::path& path) {
  std::error_code ec;
  if (fs::is_directory(path, ec))
    return fail(
        Error{"model.unknown", "is a directory, expected a config.json", "", path.string(), 0, 0, {}});
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Error{"model.unknown", "no such file, or not readable", "", path.string(), 0, 0, {}});
  if (const auto size = fs::file_size(path, ec); !ec && size > kLargestFile)
    return fail(Error{"model.json",
                      fmt::format("{} bytes, expected a config.json of at most 16 MiB", size),
                      "give the config.json, not the weights",
                      path.string(),
                      0,
                      0,
                      {}});
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Result<Architecture> load(fs::path path) {
  std::error_code ec;
  if (fs::is_directory(path, ec) && fs::exists(path / "config.json", ec)) path /= "config.json";
  TRY(text, read_text(path));
  std::string name = path.stem().string();
  if (name == "config" && path.has_parent_path()) name = path.parent_path().filename().string();
  return parse_config(text, path.string(), name.empty() ? "model" : name);
}

Error bad_setting(const std::string& name, const std::string& what, std::string fix = {}) {
  return Error{"model.setting", fmt::format("model \"{}\": {}", name, what), std::move(fix), {}, 0, 0, {}};
}

Result<std::monostate> set(Architecture& m, const std::string& name, const std::string& key,
                           std::int64_t value) {
  if (key == "layers") {
    if (value < 1 || value > m.layer_count())
      return fail(bad_setting(name, fmt::format("layers is {}, expected 1 to {}", value, m.layer_count()),
                              "a cut keeps the first layers; it cannot add any"));
    m.layers.resize(static_cast<std::size_t>(value));
  } else if (key == "vocab") {
    m.vocab = value;
  } else if (key == "positions") {
    if (m.learned_positions == 0) return fail(bad_setting(name, "the model has no learned positions"));
    m.learned_positions = m.max_seq = value;
  } else if (key == "mtp") {
    if (value > m.mtp_layers)
      return fail(bad_setting(name, fmt::format("mtp is {}, expected 0 to {}", value, m.mtp_layers)));
    m.mtp_layers = value;
  } else {
    const std::vector<std::string> keys{"layers", "vocab", "positions", "mtp"};
    return fail(bad_setting(name, fmt::format("unknown setting \"{}\"", key),
                            did_you_mean(key, keys) + " known: layers, vocab, positions, mtp"));
  }
  return std::monostate{};
}

Result<Architecture> with_settings(Architecture m, const std::string& name, std::string_view settings) {
  for (const auto& part : split(settings, ',')) {
    const std::size_t equal = part.find('=');
    std::int64_t value = 0;
    if (equal == std::string::npos || !parse_count(trim(std::string_view(part).substr(equal + 1)), value))
      return fail(bad_setting(name, fmt::format("\"{}\" is not key=integer", part), "for example layers=4"));
    TRY_VOID(set(m, name, std::string(trim(std::string_view(part).substr(0, equal))), value));
  }
  m.name = name;
  return checked(std::move(m));
}

bool is_path(const std::string& s) { return s.find('/') != std::string::npos || s.ends_with(".json"); }

// ---- dimensions of a training row

using Dims = std::map<std::string, std::string>;
Result<Dims> split_dims(std::string_view dims) {
  std::string plain;
  int depth = 0;
  for (const char c : dims) {
    if (c == '(')
      ++depth;
    else if (c == ')')
      depth = std::max(0, depth - 1);
    else if (depth == 0)
      plain += c == ' ' ? ';' : c;
  }
  static const std::vector<std::string> kKeys{
      "L",       "H",    "heads",   "kv",         "head_dim",     "FFN",    "ffn",     "V",   "params",
      "experts", "topk", "moe_ffn", "shared_ffn", "dense_layers", "q_lora", "kv_lora", "attn"};
  Dims out;
  for (const auto& part : split(plain, ';')) {
    const std::size_t equal = part.find('=');
    if (equal == std::string::npos) continue;
    const std::string key(trim(std::string_view(part).substr(0, equal)));
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      return fail("model.dims", fmt::format("unknown dimension \"{}\"", key), did_you_mean(key, kKeys));
    out[key == "ffn" ? "FFN" : key] = trim(std::string_view(part).substr(equal + 1));
  }
  return out;
}

class DimsReader {
 public:
  explicit DimsReader(Dims dims) : dims_(std::move(dims)) {}
  bool has(const std::string& key) const { return dims_.contains(key); }
  std::int64_t need(const std::string& key) {
    if (!has(key)) problem(fmt::format("dimension \"{}\" is missing", key));
    return get(key, 1);
  }
  std::int64_t get(const std::string& key, std::int64_t otherwise) {
    const auto at = dims_.find(key);
    if (at == dims_.end()) return otherwise;
    std::int64_t v = 0;
    if (!parse_count(at->second, v))
      problem(fmt::format("dimension \"{}\" is \"{}\", expected an integer", key, at->second));
    return v;
  }
  std::int64_t ffn(std::int64_t hidden, bool& four_h) {
    const auto at = dims_.find("FFN");
    if (at != dims_.end() && at->second == "4H") return four_h = true, 4 * hidden;
    const std::int64_t v = get("FFN", 0);
    four_h = v == 4 * hidden;
    return v;
  }
  const std::string& problems() const { return problem_; }

 private:
  void problem(std::string text) {
    if (problem_.empty()) problem_ = std::move(text);
  }
  Dims dims_;
  std::string problem_;
};

std::int64_t layers_of_name(const std::string& name) {
  const std::size_t at = name.find(":layers=");
  std::int64_t n = 0;
  return at != std::string::npos && parse_count(std::string_view(name).substr(at + 8), n) ? n : 0;
}

void make_gpt(Architecture& m, std::int64_t positions) {
  m.family = "gpt";
  m.activation = Activation::gelu;
  m.norm = NormKind::layernorm;
  m.norm_bias = m.qkv_bias = m.out_bias = m.mlp_bias = true;
  m.rotary = false;
  m.tied = true;
  m.learned_positions = m.max_seq = positions;
}

void add_experts(DimsReader& r, Architecture& m) {
  m.experts = r.need("experts");
  m.top_k = r.need("topk");
  m.expert_ffn = r.need("moe_ffn");
  m.shared_ffn = r.get("shared_ffn", 0);
  const std::int64_t dense = r.get("dense_layers", 0);
  for (std::size_t i = 0; i < m.layers.size(); ++i)
    m.layers[i].experts = static_cast<std::int64_t>(i) >= dense;
}

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> out;
  std::error_code ec;
  for (fs::directory_iterator it(catalog::data_directory() / "llms", ec), end; !ec && it != end;
       it.increment(ec))
    if (it->path().extension() == ".json") out.push_back(it->path().stem().string());
  std::sort(out.begin(), out.end());
  return out;
}

Result<Architecture> find_model(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  const std::size_t colon = name.find(':', slash == std::string::npos ? 0 : slash);
  const std::string base = name.substr(0, colon);
  Architecture m;
  if (is_path(base)) {
    TRY(loaded, load(base));
    m = std::move(loaded);
  } else {
    const auto names = model_names();
    if (std::find(names.begin(), names.end(), base) == names.end()) {
      const std::string near = did_you_mean(base, names);
      return fail("model.unknown", fmt::format("unknown model \"{}\"", base),
                  (near.empty() ? "" : near + " ") +
                      "list them with: etalon models, or give the path of a config.json");
    }
    TRY(loaded, load(catalog::data_directory() / "llms" / (base + ".json")));
    m = std::move(loaded);
  }
  if (colon == std::string::npos) return m;
  return with_settings(std::move(m), name, std::string_view(name).substr(colon + 1));
}

Result<Architecture> architecture_from_dims(std::string_view dims, const std::string& name,
                                            std::int64_t positions) {
  TRY(parts, split_dims(dims));
  DimsReader r(std::move(parts));
  Architecture m;
  m.name = m.title = name;
  m.family = "dims";
  m.source = "dimensions of the measurement";
  const std::int64_t cut = layers_of_name(name);
  const std::int64_t layers = cut > 0 ? cut : r.need("L");
  if (layers < 1 || layers > 100'000)
    return fail("model.dims", fmt::format("dimension \"L\" is {}, expected 1 to 100000", layers));
  m.layers.assign(static_cast<std::size_t>(layers), LayerKind{});
  m.hidden = r.need("H");
  m.heads = r.need("heads");
  m.kv_heads = r.get("kv", m.heads);
  if (m.heads > 0 && m.hidden % m.heads != 0 && !r.has("head_dim") && r.problems().empty())
    return fail("model.dims", fmt::format("H={} is not divisible by heads={}", m.hidden, m.heads));
  m.head_dim = r.get("head_dim", m.heads > 0 ? m.hidden / m.heads : 0);
  bool four_h = false;
  m.ffn = r.ffn(m.hidden, four_h);
  m.vocab = r.need("V");
  if (r.has("kv_lora"))  // the head dimensions of all published latent attentions; rows do not repeat them
    m.latent = Latent{r.get("q_lora", 0), r.need("kv_lora"), 128, 64, 128};
  if (m.latent) m.head_dim = m.key_dim();
  if (r.has("experts"))
    add_experts(r, m);
  else if (four_h && !r.has("kv"))
    make_gpt(m, positions);
  if (!r.problems().empty()) return fail("model.dims", r.problems(), fmt::format("in \"{}\"", dims));
  TRY(model, checked(std::move(m)));
  if (r.has("params")) {
    const double given = static_cast<double>(r.get("params", 0)), counted = parameters(model).total();
    if (std::abs(counted / given - 1) > 0.005)
      return fail("model.dims", fmt::format("{:.0f} parameters counted from \"{}\", its params say {:.0f}",
                                            counted, dims, given));
  }
  return model;
}

Result<Architecture> model_of_row(const std::string& name, std::string_view dims, std::int64_t seq) {
  auto known = find_model(name);
  if (!known) {
    if (known.error().code != "model.unknown" || trim(dims).empty()) return known;
    return architecture_from_dims(dims, name, seq);
  }
  if (known->learned_positions > 0) known->learned_positions = known->max_seq = seq;
  return known;
}

}  // namespace etalon::llm
