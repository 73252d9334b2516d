#pragma once
// A store in a folder of its own that goes with the test.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store_contract.h"

namespace certwright::store {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    // In memory if there is such a place: these tests are not about the disk (power_loss_test.cc
    // is), and would wait for it thousands of times.
    const bool memory = ::access("/dev/shm", W_OK) == 0;
    const std::filesystem::path base =
        memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
    std::string name = (base / "certwright_store_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<SqliteStore> open_store(const std::string& path,
                                               const SqliteOptions& options = {}) {
  auto opened = SqliteStore::open(path, options);
  if (!opened) throw std::runtime_error(opened.error().detail);
  return *std::move(opened);
}

// Beside the store, as another program or an older version would.
inline std::unique_ptr<sqlite::Database> connect(const std::string& path) {
  auto opened = sqlite::Database::open(path, {});
  if (!opened) throw std::runtime_error(opened.error().detail);
  return *std::move(opened);
}

inline void issue(Store& store, const CertificateRecord& record) {
  const auto n = record.id - contract::id_of(0);
  ASSERT_TRUE(store.apply({ReserveSerial{contract::reservation(n), {}}, AppendAuditLeaf{{1}}}));
  ASSERT_TRUE(store.apply({RecordCertificate{record, 0, {}}, AppendAuditLeaf{{2}}}));
}

inline std::int64_t health_of(const Store& store, std::string_view name) {
  const auto all = store.health().value();
  for (const auto& [key, value] : all)
    if (key == name) return value;
  throw std::runtime_error("no such health value");
}

namespace contract {

class SqliteBackend final : public Backend {
 public:
  explicit SqliteBackend(SqliteOptions options) : options_(std::move(options)) {
    store_ = open_store(folder_.file("store.db"), options_);
  }
  Store& store() override { return *store_; }
  bool reopen() override {
    store_.reset();
    store_ = open_store(folder_.file("store.db"), options_);
    return true;
  }
  void settle() override {
    for (int i = 0; i < 2000; ++i) {
      const auto lag = health_of(*store_, "index_lag");
      if (options_.index_from == 0 || lag < options_.index_from) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    throw std::runtime_error("the indexer does not come to an end");
  }

 private:
  TemporaryFolder folder_;
  SqliteOptions options_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace contract
}  // namespace certwright::store
