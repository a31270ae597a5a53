// SPDX-License-Identifier: Apache-2.0
#include "ascendc/hazards/reports.h"

#include <fmt/format.h>

#include <algorithm>

namespace etalon::ascendc::hazards {

const char* name_of_pipe(int pipe) {
  static constexpr const char* names[] = {"S", "V", "M", "MTE1", "MTE2", "MTE3", "FIX", "ALL"};
  return names[pipe];
}

const char* name_of_space(int space) {
  static constexpr const char* names[] = {"UB", "L1", "L0A", "L0B", "L0C", "BT", "FB", "device memory"};
  return names[space];
}

bool Reports::fresh(const Key& key, std::uint32_t block, Severity severity) {
  Item& item = items_[key];
  ++item.count;
  item.blocks.insert(block);
  if (item.count == 1) item.number = items_.size();
  return item.count == 1 || severity > item.severity;
}

void Reports::add(const Key& key, Severity severity, const std::string& who, std::string text) {
  Item& item = items_[key];
  item.severity = severity;
  item.who = who;
  item.text = std::move(text);
  failed_ = failed_ || severity == Severity::failure;
}

namespace {

void replace(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

}  // namespace

Findings Reports::findings(const Sites& sites) const {
  SourceLines lines;
  const auto line_of = [&](SiteId id) {
    const std::string line = lines.of(sites.at(id));
    return line.empty() ? std::string("?") : line;
  };
  std::vector<std::pair<const Key*, const Item*>> in_order;
  for (const auto& [key, item] : items_) in_order.emplace_back(&key, &item);
  std::sort(in_order.begin(), in_order.end(),
            [](const auto& a, const auto& b) { return a.second->number < b.second->number; });
  // Different calls of one line (an unrolled loop, several instances of a template) are one finding.
  struct Merged {
    Finding finding;
    std::int64_t count = 0;
    std::set<std::uint32_t> blocks;
    int others = 0;  // places of the same advice
  };
  std::vector<Merged> merged;
  using Identity = std::tuple<std::string, std::string, std::string, int>;
  std::map<Identity, std::size_t> known;
  for (const auto& [key, item] : in_order) {
    const std::string now = line_of(key->now), before = line_of(key->before);
    Identity identity = now == "?" ? Identity(key->code, fmt::format("{}", key->now),
                                              fmt::format("{}", key->before), key->detail)
                                   : Identity(key->code, now, before, key->detail);
    // Advice is given once a kernel.
    if (item->severity == Severity::note) identity = Identity(key->code, "", "", 0);
    const auto [at, is_new] = known.try_emplace(identity, merged.size());
    if (!is_new) merged[at->second].others += item->severity == Severity::note ? 1 : 0;
    if (is_new || item->severity > merged[at->second].finding.severity) {
      std::string text = item->who + ": " + item->text;
      replace(text, "{now}", now);
      replace(text, "{before}", before);
      for (std::size_t at = 0; (at = text.find("{@", at)) != std::string::npos;) {
        const std::size_t end = text.find('}', at);
        text.replace(at, end + 1 - at, line_of(static_cast<SiteId>(std::stoul(text.substr(at + 2)))));
      }
      Finding finding{item->severity, key->code, std::move(text), now};
      if (is_new)
        merged.push_back({std::move(finding), 0, {}, 0});
      else
        merged[at->second].finding = std::move(finding);
    }
    Merged& m = merged[at->second];
    m.count += item->count;
    m.blocks.insert(item->blocks.begin(), item->blocks.end());
  }
  Findings all;
  for (Merged& m : merged) {
    if (m.others > 0) {
      m.finding.text += m.others > 1 ? fmt::format("; the same in {} other places", m.others)
                                     : std::string("; the same in another place");
    } else if (m.count > 1) {
      m.finding.text += m.blocks.size() > 1 ? fmt::format("; {} times in {} blocks", m.count, m.blocks.size())
                                            : fmt::format("; {} times", m.count);
    }
    all.push_back(std::move(m.finding));
  }
  return all;
}

}  // namespace etalon::ascendc::hazards
