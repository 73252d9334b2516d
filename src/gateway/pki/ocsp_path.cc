#include "gateway/pki/ocsp_path.h"

#include <string>

#include "http/message.h"

namespace certwright::gateway::pki {

Result<Bytes> decode_ocsp_path(std::string_view raw_path) {
  CERTWRIGHT_TRY(std::string text, http::percent_decode(raw_path));
  text.erase(0, text.find_first_not_of('/'));
  if (text.empty()) return fail(Errc::bad_encoding, "the path holds no OCSP request");
  const bool is_padded = text.back() == '=';
  if (!is_padded) text.append((4 - text.size() % 4) % 4, '=');
  return from_base64(text);
}

}  // namespace certwright::gateway::pki
