#pragma once
// The read side for doors: what exists, as far as the caller may see it. No writes.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/principal.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "store/store.h"
#include "x509/serial_number.h"

namespace certwright::inventory {

// A line of renewals: at least one certificate, oldest first.
struct Lineage {
  std::vector<store::StoredCertificate> certificates;
  const store::StoredCertificate& handle() const { return certificates.front(); }
  const store::StoredCertificate& current() const { return certificates.back(); }
};

struct ListPage {
  std::uint32_t limit = 10;           // 1 to store::Page::kMaxLimit
  std::uint64_t offset = 0;           // 0 to store::Page::kMaxOffset; not with a cursor
  std::optional<std::string> cursor;  // `next` of the page before; newest_first stays
  bool newest_first = false;          // by time of issue of the lineage's first certificate
  bool count = true;                  // false: do not count, and `count` is not meant
};

struct Listing {
  std::vector<store::LineageRow> rows;
  store::Count count;               // of all pages, as far as the scope goes
  std::optional<std::string> next;  // cursor of the next page; none: this was the last
};

// Opaque to clients, and not secret: a forged cursor only starts somewhere else in what the scope
// lets its user see. Errors of decoding: invalid, field "cursor".
struct Cursor {
  store::CertificateId after = 0;
  bool newest_first = false;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};
std::string encode_cursor(const Cursor& cursor);
Result<Cursor> decode_cursor(std::string_view text);

// Safe to call from any thread. What is outside the scope does not exist: not_found, and no row.
class Inventory {
 public:
  // Both must outlive the inventory.
  Inventory(const store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  Result<store::StoredCertificate> find(const x509::SerialNumber& serial,
                                        const access::Scope& scope) const;

  // By its row key, for one who was authorised otherwise: the requester of a request that it came from.
  Result<std::optional<store::StoredCertificate>> certificate(store::CertificateId id) const {
    return store_.find_certificate(id);
  }

  // The lineage that `serial` belongs to: any serial of it resolves.
  Result<Lineage> lineage(const x509::SerialNumber& serial, const access::Scope& scope) const;

  // One row per lineage. `filter.now` is set here; `filter.tenants` are cut to the scope's.
  // Errors: invalid with the field for a limit, offset, cursor or filter out of its bounds.
  Result<Listing> list(store::LineageFilter filter, const ListPage& page,
                       const access::Scope& scope) const;

 private:
  const store::Store& store_;
  const Clock& clock_;
};

}  // namespace certwright::inventory
