#pragma once
// Rows of a query as records, for the reads of the store.
#include <optional>
#include <utility>
#include <vector>

#include "store/sqlite/database.h"

namespace certwright::store::sqlite {

template <class T>
Result<T> as_result(Result<T> record) {
  return record;
}
template <class T>
Result<T> as_result(T record) {
  return Result<T>(std::move(record));
}

// The first row as a record, or nothing.
template <class Read>
auto first_row(Result<Query> query, Read read)
    -> Result<std::optional<typename decltype(as_result(read(*query)))::value_type>> {
  if (!query) return tl::unexpected<Error>(query.error());
  CERTWRIGHT_TRY(const bool found, query->next());
  if (!found) return std::nullopt;
  CERTWRIGHT_TRY(auto record, as_result(read(*query)));
  return record;
}

template <class Read>
auto all_rows(Result<Query> query, Read read)
    -> Result<std::vector<typename decltype(as_result(read(*query)))::value_type>> {
  std::vector<typename decltype(as_result(read(*query)))::value_type> records;
  if (!query) return tl::unexpected<Error>(query.error());
  while (true) {
    CERTWRIGHT_TRY(const bool more, query->next());
    if (!more) return records;
    CERTWRIGHT_TRY(auto record, as_result(read(*query)));
    records.push_back(std::move(record));
  }
}

}  // namespace certwright::store::sqlite
