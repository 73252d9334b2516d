#include "store/memory/memory_store.h"

#include "store/store_contract.h"

namespace certwright::store::contract {
namespace {

class MemoryBackend final : public Backend {
 public:
  Store& store() override { return store_; }
  bool reopen() override { return false; }

 private:
  MemoryStore store_;
};

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(BackendCase{"Memory",
                                                     []() -> std::unique_ptr<Backend> {
                                                       return std::make_unique<MemoryBackend>();
                                                     }}),
                         case_name);

}  // namespace
}  // namespace certwright::store::contract
