// An answer that a client accepts is written the way we write answers and read again to the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "gateway/certgen/response.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  using namespace certwright::gateway::certgen;
  const auto response = decode_response({data, size});
  if (!response) return 0;
  Request request{.host = response->host, .service = response->service, .usage = response->usage, .upstream_certificate = {}};
  Bytes written(head_octets_max(request.host.size()));
  written.resize(encode_head(request, written));
  const SecretBytes body = encode_body(response->chain_pem, response->private_key.reveal());
  written.insert(written.end(), body.reveal().begin(), body.reveal().end());
  std::array<std::uint8_t, kTailOctetsMax> tail{};
  const auto tail_octets = encode_tail(response->ttl_s, tail);
  written.insert(written.end(), tail.begin(), tail.begin() + static_cast<std::ptrdiff_t>(tail_octets));
  if (written.size() > kResponseOctetsMax) return 0;
  const auto again = decode_response(written);
  if (!again || again->host != response->host || again->service != response->service ||
      again->usage != response->usage || again->chain_pem != response->chain_pem || again->ttl_s != response->ttl_s ||
      again->key_is_pem || !std::ranges::equal(again->private_key.reveal(), response->private_key.reveal()))
    std::abort();
  return 0;
}
