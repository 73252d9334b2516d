#pragma once
#include <string>
#include <vector>

namespace certwright::crypto {

// Keeps keys out of core dumps and other processes' reach: RLIMIT_CORE 0 and PR_SET_DUMPABLE 0, so
// that no core is written and no process of the same user can attach or read /proc/self/mem; and
// raises the soft RLIMIT_MEMLOCK to the hard one, so that SecretBytes can be locked.
// Call first in main, before threads and keys. Returns one sentence for each step that the system
// refused; the caller logs them and goes on. Affects the whole process and its children.
std::vector<std::string> harden_process();

}  // namespace certwright::crypto
