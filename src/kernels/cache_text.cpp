// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <string_view>
#include <vector>

#include "kernels/cache.h"

namespace etalon::kernels {
namespace {

// One field a line, "name<TAB>value"; texts have their newlines and tabs escaped.
std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\\')
      out += "\\\\";
    else
      out += c;
  }
  return out;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    ++i;
    out += text[i] == 'n' ? '\n' : text[i] == 't' ? '\t' : text[i];
  }
  return out;
}

class Writer {
 public:
  void number(std::string_view name, double v) { text_ += fmt::format("{}\t{:a}\n", name, v); }
  void number(std::string_view name, const std::string& key, double v) {
    text_ += fmt::format("{}\t{}\t{:a}\n", name, escape(key), v);
  }
  void text(std::string_view name, const std::string& v) {
    text_ += fmt::format("{}\t{}\n", name, escape(v));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::vector<std::string_view> split(std::string_view line, char by) {
  std::vector<std::string_view> out;
  std::size_t from = 0;
  for (std::size_t at = line.find(by); at != line.npos; at = line.find(by, from)) {
    out.push_back(line.substr(from, at - from));
    from = at + 1;
  }
  out.push_back(line.substr(from));
  return out;
}

std::optional<double> number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.starts_with("0x")) text.remove_prefix(2);
  double v = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), v, std::chars_format::hex);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return negative ? -v : v;
}

struct NumberField {
  const char* name;
  double* at;
};
std::vector<NumberField> number_fields(KernelCost& c) {
  return {{"time", &c.time.value},         {"launch", &c.launch.value},
          {"low", &c.low.value},           {"high", &c.high.value},
          {"clock", &c.clock.value},       {"flops", &c.flops.value},
          {"hbm_read", &c.hbm_read.value}, {"hbm_written", &c.hbm_written.value},
          {"l2_read", &c.l2_read.value},   {"energy", &c.energy.value}};
}

bool read_finding(const std::vector<std::string_view>& f, KernelCost& c) {
  if (f.size() != 5) return false;
  const auto severity = number(f[1]);
  if (!severity || *severity < 0 || *severity > 2) return false;
  c.findings.push_back(
      {static_cast<Severity>(static_cast<int>(*severity)), unescape(f[2]), unescape(f[3]), unescape(f[4])});
  return true;
}

bool read_line(const std::vector<std::string_view>& f, const std::vector<NumberField>& numbers,
               KernelCost& c) {
  if (f.size() < 2) return false;
  if (f[0] == "tiling") return c.tiling = unescape(f[1]), true;
  if (f[0] == "mechanism") return c.mechanism = unescape(f[1]), true;
  if (f[0] == "finding") return read_finding(f, c);
  const auto v = number(f.back());
  if (!v) return false;
  if (f[0] == "busy" && f.size() == 3) return c.busy[unescape(f[1])] = Seconds{*v}, true;
  if (f[0] == "stall" && f.size() == 3) return c.stalls[unescape(f[1])] = Seconds{*v}, true;
  if (f[0] == "limit" && f.size() == 3) {
    const auto which = number(f[1]);
    if (!which) return false;
    return c.limits[static_cast<Limit>(static_cast<int>(*which))] = *v, true;
  }
  if (f[0] == "fidelity") return c.fidelity = static_cast<Fidelity>(static_cast<int>(*v)), true;
  if (f[0] == "kernels") return c.kernels = static_cast<int>(*v), true;
  for (const NumberField& n : numbers)
    if (f[0] == n.name) return *n.at = *v, true;
  return false;
}

}  // namespace

std::string to_text(const KernelCost& cost) {
  KernelCost c = cost;
  Writer w;
  for (const NumberField& n : number_fields(c)) w.number(n.name, *n.at);
  w.number("fidelity", static_cast<double>(c.fidelity));
  w.number("kernels", c.kernels);
  for (const auto& [name, v] : c.busy) w.number("busy", name, v.value);
  for (const auto& [name, v] : c.stalls) w.number("stall", name, v.value);
  for (const auto& [limit, v] : c.limits)
    w.number("limit", fmt::format("{:a}", static_cast<double>(limit)), v);
  w.text("tiling", c.tiling);
  w.text("mechanism", c.mechanism);
  std::string out = w.take();
  for (const Finding& f : c.findings)
    out += fmt::format("finding\t{:a}\t{}\t{}\t{}\n", static_cast<double>(f.severity), escape(f.code),
                       escape(f.text), escape(f.where));
  return out + "end\t1\n";
}

std::optional<KernelCost> cost_from_text(const std::string& text) {
  KernelCost c;
  const std::vector<NumberField> numbers = number_fields(c);
  if (!text.ends_with("end\t1\n")) return std::nullopt;  // cut short
  for (const std::string_view line : split(std::string_view(text).substr(0, text.size() - 1), '\n')) {
    if (line.starts_with("end\t")) break;
    if (!read_line(split(line, '\t'), numbers, c)) return std::nullopt;
  }
  return c;
}

}  // namespace etalon::kernels
