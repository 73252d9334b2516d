// A text is a token, with the prefix it says, or it is refused; redaction never shows the secret.
#include <cstdlib>
#include <string>

#include "access/token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  const std::string_view text = as_text({data, size});
  const auto prefix = access::token_prefix(text);
  if (prefix && (text.size() != access::kTokenCharacters || text.substr(3, 12) != *prefix ||
                 !text.starts_with("cw_") || text[15] != '_'))
    std::abort();
  const std::string shown = access::redacted_token(text);
  if (shown != (prefix ? "cw_" + std::string(*prefix) + "_..." : "(not a token)")) std::abort();
  return 0;
}
