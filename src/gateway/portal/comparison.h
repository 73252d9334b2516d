#pragma once
#include <vector>

#include "gateway/pages/portal_port.h"
#include "registration/examination.h"
#include "store/records.h"

namespace certwright::gateway::portal {

// What the CSR, or the certificate that is renewed, and the requester ask for, what the profile says of it, and what the certificate would have.
// Errors: internal for a stored request that cannot be read.
Result<std::vector<pages::Comparison>> compare(const store::RequestRecord& request,
                                               const registration::Examination& seen, Time now);

// Whole days from `now` to the end of what would be issued; a minute less than a day counts as one.
std::uint32_t days_left(const registration::Examination& seen, Time now);

}  // namespace certwright::gateway::portal
