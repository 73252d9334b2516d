#include "profile/key_usage.h"

namespace certwright::profile {

x509::KeyUsage possible_key_usage(crypto::KeyFamily family) noexcept {
  using Bit = x509::KeyUsageBit;
  x509::KeyUsage usage = {Bit::digital_signature, Bit::content_commitment, Bit::key_cert_sign,
                          Bit::crl_sign};
  if (family == crypto::KeyFamily::rsa) {
    usage.set(Bit::key_encipherment);
    usage.set(Bit::data_encipherment);
  }
  if (family == crypto::KeyFamily::ecdsa) {
    usage.set(Bit::key_agreement);
    usage.set(Bit::encipher_only);
    usage.set(Bit::decipher_only);
  }
  return usage;
}

x509::KeyUsage key_usage_for(const Profile& profile, crypto::KeyFamily family) noexcept {
  x509::KeyUsage usage;
  for (const std::string& name : profile.key_usage)
    if (const auto bit = x509::key_usage_bit_from_name(name)) usage.set(*bit);
  return x509::KeyUsage::from_mask(
      static_cast<std::uint16_t>(usage.mask() & possible_key_usage(family).mask()));
}

}  // namespace certwright::profile
