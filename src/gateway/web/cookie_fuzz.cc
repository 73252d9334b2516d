// session_cookie(): only ever 43 characters that can be a session's id, and what set_session_cookie() wrote.
#include <cstdlib>

#include "bytes/bytes.h"
#include "gateway/web/cookie.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace web = certwright::gateway::web;
  const std::string value(certwright::as_text({data, size}));
  const auto id = web::session_cookie({{"Cookie", value}});
  if (!id) return 0;
  if (id->size() != 43 || value.find(std::string(web::kSessionCookie)) == value.npos) std::abort();
  for (const char c : *id)
    if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')) std::abort();
  const std::string set = web::set_session_cookie(*id);
  if (web::session_cookie({{"Cookie", set.substr(0, set.find(';'))}}) != id) std::abort();
  // The same twice is none.
  if (web::session_cookie({{"Cookie", value}, {"Cookie", value}})) std::abort();
  return 0;
}
