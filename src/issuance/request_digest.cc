#include "issuance/request_digest.h"

#include "crypto/digest.h"

namespace certwright::issuance {
namespace {

// Each part is preceded by its length, so that no two lists of parts give the same octets.
class Parts {
 public:
  void add(ByteView part) {
    const std::uint64_t size = part.size();
    std::array<std::uint8_t, 8> length{};
    for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<std::uint8_t>(size >> (56 - 8 * i));
    hash_.update(length);
    hash_.update(part);
  }
  void add(std::string_view part) { add(as_bytes(part)); }
  store::Sha256 finish() { return hash_.finish(); }

 private:
  crypto::Sha256 hash_;
};

}  // namespace

store::Sha256 request_digest(const registration::IssuanceRequest& request) {
  Parts parts;
  for (const std::string* text : {&request.tenant, &request.ca, &request.profile, &request.entity_type,
                                  &request.entity_id, &request.generate_key})
    parts.add(*text);
  parts.add(request.certification_request ? request.certification_request->der() : ByteView{});
  parts.add(std::to_string(request.subject.size()));
  for (const auto& attribute : request.subject) {
    parts.add(attribute.attribute);
    parts.add(attribute.value);
  }
  parts.add(std::to_string(request.names.size()));
  for (const auto& name : request.names) parts.add(name.to_text());
  parts.add(request.validity ? std::to_string(request.validity->count()) : "");
  if (request.name_constraints) parts.add(x509::encode_name_constraints(*request.name_constraints));
  return parts.finish();
}

}  // namespace certwright::issuance
