// Whatever is accepted is written in the form g3proxy uses and read again to the same request.
#include <cstdint>
#include <cstdlib>

#include "gateway/certgen/request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  using namespace certwright::gateway::certgen;
  RequestDecoder decoder, second;
  const auto request = decoder.decode({data, size});
  if (!request) return 0;
  if (request->host.size() > kHostOctetsMax) std::abort();
  const Bytes encoded = encode_request(*request);
  const auto again = second.decode(encoded);
  if (!again || !(*again == *request) || encode_request(*again) != encoded) std::abort();
  return 0;
}
