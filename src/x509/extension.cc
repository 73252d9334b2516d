#include "x509/extension.h"

#include <algorithm>

#include <fmt/format.h>

#include "der/reader.h"

namespace certwright::x509 {

Result<Extensions> Extensions::parse(ByteView tlv) {
  der::Reader outer(tlv);
  CERTWRIGHT_TRY(der::Reader list, outer.read_sequence("extensions"));
  CERTWRIGHT_CHECK(outer.expect_end("extensions"));
  if (list.at_end()) return fail(Errc::bad_encoding, "extensions: empty");
  Extensions extensions;
  while (!list.at_end()) {
    CERTWRIGHT_TRY(der::Reader fields, list.read_sequence("extension"));
    CERTWRIGHT_TRY(const der::Oid oid, fields.read_oid("extnID"));
    bool critical = false;
    if (fields.next_is(der::Tag::boolean)) {
      CERTWRIGHT_TRY(critical, fields.read_boolean("extension.critical"));
      if (!critical)
        return fail(Errc::bad_encoding, "extension.critical: FALSE is the default and left out");
    }
    CERTWRIGHT_TRY(const ByteView value, fields.read_octet_string("extnValue"));
    CERTWRIGHT_CHECK(fields.expect_end("extension"));
    if (extensions.find(oid) != nullptr)
      return fail(Errc::bad_encoding, fmt::format("extensions: {} comes twice", oid.to_text()));
    CERTWRIGHT_CHECK(extensions.add({oid, critical, to_bytes(value)}));
  }
  return extensions;
}

Result<void> Extensions::add(Extension extension) {
  if (list_.size() == kMaxCount)
    return fail(Errc::too_large, fmt::format("extensions: more than {}", kMaxCount));
  if (find(extension.oid) != nullptr)
    return fail(Errc::conflict,
                fmt::format("extensions: {} is there already", extension.oid.to_text()));
  list_.push_back(std::move(extension));
  return {};
}

const Extension* Extensions::find(const der::Oid& oid) const noexcept {
  const auto found = std::ranges::find(list_, oid, &Extension::oid);
  return found == list_.end() ? nullptr : &*found;
}

void Extensions::write(der::Writer& writer) const {
  if (list_.empty()) return;
  writer.sequence([&] {
    for (const Extension& extension : list_) {
      writer.sequence([&] {
        writer.oid(extension.oid);
        if (extension.critical) writer.boolean(true);
        writer.octet_string(extension.value);
      });
    }
  });
}

}  // namespace certwright::x509
