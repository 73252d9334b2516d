// What parse_checkpoint() and CheckpointKey::parse() accept comes back octet for octet, and what
// verifies under the fixed key is what sign_checkpoint() would write.
#include <cstdlib>

#include "audit/log_fixture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  static const auto signer = audit::test_signer();
  static const auto key = audit::CheckpointKey::of(*signer);
  const std::string_view text = as_text({data, size});
  if (const auto note = audit::parse_checkpoint(text)) {
    Bytes blob(note->key_id.begin(), note->key_id.end());
    blob.insert(blob.end(), note->signature.begin(), note->signature.end());
    const std::string again = note->checkpoint.origin + "\n" +
                              std::to_string(note->checkpoint.tree_size) + "\n" +
                              to_base64(note->checkpoint.root) + "\n\n\xe2\x80\x94 " +
                              note->key_name + " " + to_base64(blob) + "\n";
    if (again != text) std::abort();
  }
  if (const auto checkpoint = audit::verify_checkpoint(text, key)) {
    const auto again = audit::sign_checkpoint(checkpoint->tree_size, checkpoint->root, *signer);
    if (again.value() != text) std::abort();
  }
  if (const auto parsed = audit::CheckpointKey::parse(text)) {
    const bool named = !parsed->name().empty();
    if (named && parsed->text() != text && parsed->text() + "\n" != text) std::abort();
    if (audit::CheckpointKey::parse(parsed->pem())->public_key() != parsed->public_key())
      std::abort();
  }
  return 0;
}
