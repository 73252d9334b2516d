#include "inventory/inventory.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "store/limits.h"

namespace certwright::inventory {
namespace {

constexpr std::uint8_t kCursorVersion = 1;
constexpr std::size_t kCursorOctets = 10;  // version, order, id

tl::unexpected<Error> nothing() {
  return tl::unexpected<Error>(access::not_found_error());
}

// Grants that differ only in their tenant: what one filter can say.
struct Group {
  std::string ca;
  std::string owner;
  bool every_tenant = false;
  std::vector<std::string> tenants;
};

std::vector<Group> groups_of(const access::Scope& scope) {
  std::vector<Group> groups;
  for (const auto& grant : scope.grants) {
    auto group = std::ranges::find_if(groups, [&](const Group& g) {
      return g.ca == grant.ca && g.owner == grant.owner;
    });
    if (group == groups.end())
      group = groups.insert(groups.end(), Group{grant.ca, grant.owner, false, {}});
    if (grant.tenant == "*")
      group->every_tenant = true;
    else if (std::ranges::find(group->tenants, grant.tenant) == group->tenants.end())
      group->tenants.push_back(grant.tenant);
  }
  return groups;
}

// Cuts one condition to what the scope allows; false if nothing is left.
bool narrow(std::string& wanted, const std::string& allowed) {
  if (allowed.empty()) return true;
  if (wanted.empty()) wanted = allowed;
  return wanted == allowed;
}

// What `filter` finds, in parts of which each is one filter; within the scope.
std::vector<store::LineageFilter> parts_of(const store::LineageFilter& filter,
                                           const access::Scope& scope) {
  std::vector<store::LineageFilter> parts;
  for (const Group& group : groups_of(scope)) {
    store::LineageFilter part = filter;
    if (!narrow(part.ca, group.ca) || !narrow(part.principal, group.owner)) continue;
    if (!group.every_tenant) {
      if (part.tenants.empty())
        part.tenants = group.tenants;
      else
        std::erase_if(part.tenants, [&](const std::string& tenant) {
          return std::ranges::find(group.tenants, tenant) == group.tenants.end();
        });
      if (part.tenants.empty()) continue;
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

bool are_disjoint(const store::LineageFilter& a, const store::LineageFilter& b) {
  if (!a.ca.empty() && !b.ca.empty() && a.ca != b.ca) return true;
  if (a.tenants.empty() || b.tenants.empty()) return false;
  return std::ranges::none_of(a.tenants, [&](const std::string& tenant) {
    return std::ranges::find(b.tenants, tenant) != b.tenants.end();
  });
}

// The first `wanted` rows of one part; `page` without its offset.
Result<std::vector<store::LineageRow>> rows_of(const store::Store& store,
                                               const store::LineageFilter& part, store::Page page,
                                               std::size_t wanted) {
  std::vector<store::LineageRow> rows;
  while (rows.size() < wanted) {
    page.limit = static_cast<std::uint32_t>(
        std::min<std::size_t>(store::Page::kMaxLimit, wanted - rows.size()));
    CERTWRIGHT_TRY(auto more, store.list_lineages(part, page));
    const bool was_last = more.size() < page.limit;
    std::ranges::move(more, std::back_inserter(rows));
    if (was_last) break;
    page.after = rows.back().lineage;
  }
  return rows;
}

void cut(std::vector<store::LineageRow>& rows, std::size_t size) {
  if (rows.size() > size)
    rows.erase(std::next(rows.begin(), static_cast<std::ptrdiff_t>(size)), rows.end());
}

// `limit` + 1 rows behind the offset, if there are as many.
Result<std::vector<store::LineageRow>> page_of(const store::Store& store,
                                               const std::vector<store::LineageFilter>& parts,
                                               store::Page page) {
  const std::size_t wanted = std::size_t{page.limit} + 1;
  if (parts.size() == 1) {
    if (page.limit < store::Page::kMaxLimit) ++page.limit;
    return store.list_lineages(parts.front(), page);
  }
  const auto offset = static_cast<std::ptrdiff_t>(std::exchange(page.offset, 0));
  std::vector<store::LineageRow> all;
  for (const store::LineageFilter& part : parts) {
    CERTWRIGHT_TRY(auto rows,
                   rows_of(store, part, page, wanted + static_cast<std::size_t>(offset)));
    std::ranges::move(rows, std::back_inserter(all));
  }
  std::ranges::sort(all, [&](const store::LineageRow& a, const store::LineageRow& b) {
    return page.newest_first ? a.lineage > b.lineage : a.lineage < b.lineage;
  });
  const auto repeated = std::ranges::unique(all, {}, &store::LineageRow::lineage);
  all.erase(repeated.begin(), repeated.end());
  all.erase(all.begin(), std::next(all.begin(), std::min(offset, std::ssize(all))));
  cut(all, wanted);
  return all;
}

// Where parts overlap there is no cheap exact number: at least the largest of them.
Result<store::Count> count_of(const store::Store& store,
                              const std::vector<store::LineageFilter>& parts) {
  store::Count sum, most;
  bool overlap = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    CERTWRIGHT_TRY(const store::Count count, store.count_lineages(parts[i]));
    sum.value += count.value;
    sum.exact = sum.exact && count.exact;
    most.value = std::max(most.value, count.value);
    for (std::size_t j = 0; j < i; ++j) overlap = overlap || !are_disjoint(parts[i], parts[j]);
  }
  most.exact = false;
  return overlap ? most : sum;
}

Result<store::Page> to_store_page(const ListPage& page) {
  store::Page result;
  result.limit = page.limit;
  result.offset = page.offset;
  result.newest_first = page.newest_first;
  if (page.cursor) {
    CERTWRIGHT_TRY(const Cursor cursor, decode_cursor(*page.cursor));
    if (cursor.newest_first != page.newest_first)
      return fail_field(Errc::invalid, "cursor", "This cursor is of a list in the other order.");
    if (page.offset != 0)
      return fail_field(Errc::invalid, "offset", "An offset and a cursor exclude each other.");
    result.after = cursor.after;
  }
  CERTWRIGHT_CHECK(store::check_page(result));
  return result;
}

}  // namespace

std::string encode_cursor(const Cursor& cursor) {
  std::array<std::uint8_t, kCursorOctets> octets{kCursorVersion,
                                                 static_cast<std::uint8_t>(cursor.newest_first)};
  for (unsigned i = 0; i < 8; ++i)
    octets[2 + i] = static_cast<std::uint8_t>(cursor.after >> (56 - 8 * i));
  return to_base64url(octets);
}

Result<Cursor> decode_cursor(std::string_view text) {
  const auto octets = from_base64url(text);
  if (!octets || octets->size() != kCursorOctets || (*octets)[0] != kCursorVersion ||
      (*octets)[1] > 1)
    return fail_field(Errc::invalid, "cursor", "This is not a cursor that a list returned.");
  Cursor cursor{0, (*octets)[1] == 1};
  for (unsigned i = 0; i < 8; ++i) cursor.after = cursor.after << 8 | (*octets)[2 + i];
  if (cursor.after == 0 || cursor.after >> 63 != 0)
    return fail_field(Errc::invalid, "cursor", "This is not a cursor that a list returned.");
  return cursor;
}

Result<store::StoredCertificate> Inventory::find(const x509::SerialNumber& serial,
                                                 const access::Scope& scope) const {
  CERTWRIGHT_TRY(auto found, store_.find_certificate(serial));
  if (!found) return nothing();
  const store::CertificateRecord& certificate = found->certificate;
  access::Object object{certificate.tenant, certificate.ca, certificate.principal};
  if (certificate.lineage != certificate.id) {
    // A lineage belongs to whoever has its first certificate, whoever renewed it.
    CERTWRIGHT_TRY(const auto first, store_.find_certificate(certificate.lineage));
    if (!first) return nothing();
    object.tenant = first->certificate.tenant;
    object.owner = first->certificate.principal;
  }
  if (!scope.permits(object)) return nothing();
  return *std::move(found);
}

Result<Lineage> Inventory::lineage(const x509::SerialNumber& serial,
                                   const access::Scope& scope) const {
  CERTWRIGHT_TRY(const auto certificate, find(serial, scope));
  CERTWRIGHT_TRY(auto certificates, store_.find_lineage(certificate.certificate.lineage));
  if (certificates.empty()) return nothing();
  return Lineage{std::move(certificates)};
}

Result<Listing> Inventory::list(store::LineageFilter filter, const ListPage& page,
                                const access::Scope& scope) const {
  filter.now = clock_.now();
  CERTWRIGHT_TRY(const store::Page store_page, to_store_page(page));
  CERTWRIGHT_CHECK(store::check_filter(filter));
  Listing listing;
  const auto parts = parts_of(filter, scope);
  if (parts.empty()) return listing;
  CERTWRIGHT_TRY(listing.rows, page_of(store_, parts, store_page));
  // A full page of the largest size cannot tell whether it is the last: the next one may be empty.
  const bool more = listing.rows.size() > page.limit ||
                    (listing.rows.size() == page.limit && page.limit == store::Page::kMaxLimit);
  cut(listing.rows, page.limit);
  if (more) listing.next = encode_cursor({listing.rows.back().lineage, page.newest_first});
  if (page.count) {
    CERTWRIGHT_TRY(listing.count, count_of(store_, parts));
  }
  return listing;
}

}  // namespace certwright::inventory
