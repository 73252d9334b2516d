#pragma once
#include <cstddef>
#include <memory>
#include <utility>

#include "bytes/bytes.h"

namespace certwright::der {

// A whole DER encoding whose type says what it is, so that a signer that takes TbsCertificateDer
// cannot be handed other octets. Only code that built or checked the octets should construct one;
// the constructor is explicit so that every such place can be found. Does not check anything.
template <class What>
class Encoding {
 public:
  explicit Encoding(Bytes tlv) noexcept : tlv_(std::move(tlv)) {}
  // Valid as long as *this.
  ByteView tlv() const noexcept { return tlv_; }
  // Gives the octets away and leaves nothing behind.
  Bytes release() && noexcept { return std::move(tlv_); }

  friend bool operator==(const Encoding&, const Encoding&) = default;

 private:
  Bytes tlv_;
};

// The same for octets inside a buffer that others hold too: for what is too large to be copied for
// its type. Nobody may change the buffer while this lives.
template <class What>
class SharedEncoding {
 public:
  SharedEncoding(std::shared_ptr<const Bytes> buffer, std::size_t offset, std::size_t size) noexcept
      : buffer_(std::move(buffer)), offset_(offset), size_(size) {}
  SharedEncoding(SharedEncoding&&) noexcept = default;
  SharedEncoding& operator=(SharedEncoding&&) noexcept = default;
  // Empty if this was moved from.
  ByteView tlv() const noexcept {
    return buffer_ ? ByteView(*buffer_).subspan(offset_, size_) : ByteView();
  }

 private:
  std::shared_ptr<const Bytes> buffer_;
  std::size_t offset_, size_;
};

using TbsCertificateDer = Encoding<struct TbsCertificateTag>;                      // RFC 5280 4.1.2
using CertificateDer = Encoding<struct CertificateTag>;                            // RFC 5280 4.1
using SharedTbsCertListDer = SharedEncoding<struct TbsCertListTag>;                // RFC 5280 5.1.2
using CertificationRequestInfoDer = Encoding<struct CertificationRequestInfoTag>;  // RFC 2986 4.1
using CertificationRequestDer = Encoding<struct CertificationRequestTag>;          // RFC 2986 4.2
using ResponseDataDer = Encoding<struct ResponseDataTag>;                          // RFC 6960 4.2.1

}  // namespace certwright::der
