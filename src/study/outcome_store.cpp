// SPDX-License-Identifier: Apache-2.0
#include "study/outcome_store.h"

#include <filesystem>
#include <fstream>

#include "study/json.h"

namespace etalon::study {
namespace {

constexpr const char* kHeader = "etalon outcomes 1";

}  // namespace

OutcomeStore::OutcomeStore(std::string file) : file_(std::move(file)) {
  std::error_code ignored;
  if (file_.empty() || !std::filesystem::exists(file_, ignored)) return;
  std::ifstream in(file_, std::ios::binary);
  std::string line;
  if (!in || !std::getline(in, line) || line != kHeader) {
    findings_.push_back(
        {Severity::note, "cache.unreadable", "not an outcome cache of this program: done without", file_});
    return;
  }
  while (std::getline(in, line)) {
    const std::size_t tab = line.find('\t');
    if (tab == 64) entries_[line.substr(0, tab)] = line.substr(tab + 1);
  }
}

std::optional<std::string> OutcomeStore::find_text(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return std::nullopt;
  return entry->second;
}

std::optional<Outcome> OutcomeStore::find(const std::string& key) const {
  const auto text = find_text(key);
  if (!text) return std::nullopt;
  return outcome_from_json(*text);  // none if the line is damaged: it is evaluated again
}

void OutcomeStore::put_text(const std::string& key, const std::string& text) {
  const std::lock_guard lock(mutex_);
  entries_[key] = text;
  is_changed_ = true;
}

void OutcomeStore::put(const std::string& key, const Outcome& outcome) { put_text(key, to_json(outcome)); }

void OutcomeStore::save() {
  const std::lock_guard lock(mutex_);
  if (file_.empty() || !is_changed_) return;
  const std::string draft = file_ + ".new";
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(file_).parent_path(), error);
  {
    std::ofstream out(draft, std::ios::binary | std::ios::trunc);
    out << kHeader << '\n';
    for (const auto& [key, text] : entries_) out << key << '\t' << text << '\n';
    if (!out.flush()) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) std::filesystem::rename(draft, file_, error);
  if (error) {
    findings_.push_back(
        {Severity::note, "cache.unwritable", "outcomes are not kept: " + error.message(), file_});
    return;
  }
  is_changed_ = false;
}

Findings OutcomeStore::findings() const {
  const std::lock_guard lock(mutex_);
  return findings_;
}

}  // namespace etalon::study
