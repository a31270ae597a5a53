// SPDX-License-Identifier: Apache-2.0
#include "kernels/cache.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <mutex>
#include <vector>

namespace etalon::kernels {
namespace {

constexpr int kBusyMilliseconds = 5000;
constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS cost_1 (key TEXT NOT NULL, fingerprint TEXT NOT NULL, paths TEXT NOT NULL,"
    " cost TEXT NOT NULL, PRIMARY KEY (key, fingerprint)) WITHOUT ROWID";

struct Entry {
  std::string fingerprint, paths, cost;
};

std::string column(sqlite3_stmt* s, int i) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(s, i));
  return text ? std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(s, i))) : std::string();
}

}  // namespace

struct CostCache::Impl {
  std::string file;
  sqlite3* db = nullptr;
  sqlite3_stmt* select = nullptr;
  sqlite3_stmt* insert = nullptr;
  mutable std::mutex mutex;
  Findings findings;

  void open() {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    int code = sqlite3_open_v2(file.c_str(), &db, flags, nullptr);
    if (code == SQLITE_OK) {
      sqlite3_busy_timeout(db, kBusyMilliseconds);
      code = execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
    }
    if (code == SQLITE_OK) code = execute(kSchema);
    if (code == SQLITE_OK)
      code = sqlite3_prepare_v2(db, "SELECT fingerprint, paths, cost FROM cost_1 WHERE key = ?1", -1, &select,
                                nullptr);
    if (code == SQLITE_OK)
      code = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO cost_1 VALUES (?1, ?2, ?3, ?4)", -1, &insert,
                                nullptr);
    if (code != SQLITE_OK) give_up("opened");
  }

  // Others may be opening the same file. Changing its journal is refused at once while they hold it: the busy
  // timeout of SQLite does not cover that.
  int execute(const char* statements) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBusyMilliseconds);
    int code = sqlite3_exec(db, statements, nullptr, nullptr, nullptr);
    while (code == SQLITE_BUSY && std::chrono::steady_clock::now() < end) {
      sqlite3_sleep(1);
      code = sqlite3_exec(db, statements, nullptr, nullptr, nullptr);
    }
    return code;
  }

  // Without the file from here on; what is in memory stays valid.
  void give_up(const char* what) {
    findings.push_back({Severity::warning, "cache.unusable",
                        fmt::format("the cache could not be {}: {}; working without it", what,
                                    db ? sqlite3_errmsg(db) : "out of memory"),
                        file});
    close();
  }

  void close() {
    sqlite3_finalize(select);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    select = insert = nullptr;
    db = nullptr;
  }

  std::vector<Entry> entries(const std::string& key) {
    std::vector<Entry> out;
    if (!db) return out;
    sqlite3_bind_text(select, 1, key.data(), static_cast<int>(key.size()), SQLITE_TRANSIENT);
    int code = sqlite3_step(select);
    for (; code == SQLITE_ROW; code = sqlite3_step(select))
      out.push_back({column(select, 0), column(select, 1), column(select, 2)});
    if (code != SQLITE_DONE && code != SQLITE_BUSY) {
      give_up("read");
      return {};
    }
    sqlite3_reset(select);
    return out;
  }
};

CostCache::CostCache(const std::string& file) : impl_(std::make_unique<Impl>()) {
  impl_->file = file;
  if (!file.empty()) impl_->open();
}

CostCache::~CostCache() { impl_->close(); }

std::optional<KernelCost> CostCache::find(const std::string& key, const Fingerprint& fingerprint) {
  const std::lock_guard lock(impl_->mutex);
  for (const Entry& e : impl_->entries(key)) {
    if (fingerprint(e.paths) != e.fingerprint) continue;
    if (auto cost = cost_from_text(e.cost)) return cost;
    impl_->findings.push_back({Severity::warning, "cache.entry",
                               "an entry of the cache is damaged; computing afresh", impl_->file});
  }
  return std::nullopt;
}

void CostCache::store(const std::string& key, const std::string& paths, const std::string& fingerprint,
                      const KernelCost& cost) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->db) return;
  const std::string text = to_text(cost);
  const std::string* values[] = {&key, &fingerprint, &paths, &text};
  for (int i = 0; i < 4; ++i)
    sqlite3_bind_text(impl_->insert, i + 1, values[i]->data(), static_cast<int>(values[i]->size()),
                      SQLITE_TRANSIENT);
  const int code = sqlite3_step(impl_->insert);
  if (code != SQLITE_DONE && code != SQLITE_BUSY) return impl_->give_up("written");
  sqlite3_reset(impl_->insert);
}

Findings CostCache::findings() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->findings;
}

}  // namespace etalon::kernels
