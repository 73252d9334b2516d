#pragma once
// The client half of the `certwright` command: everything that asks a running server over its API.
#include <functional>

#include "errors/result.h"

namespace CLI {
class App;
}

namespace certwright::cli {

struct Registry;

// The process's exit code after an error: 1 refused or failed, 3 not reachable, 4 not signed in or not
// permitted, 5 not found, 6 conflict, 7 taken, and waits for people (Errc::approval_required).
int exit_code(Errc code) noexcept;
// That of a request which was taken, and waits for people to approve it. Not a failure: asking again helps.
inline constexpr int kWaitsForPeople = 7;

// Adds the commands. The function runs the one that was parsed and gives the process's exit code: 0 if
// it is done.
std::function<int()> add_commands(CLI::App& app);

// The groups, one file each.
void add_ca_commands(CLI::App& app, Registry& registry);
void add_profile_commands(CLI::App& app, Registry& registry);
void add_cert_commands(CLI::App& app, Registry& registry);
void add_request_commands(CLI::App& app, Registry& registry);
void add_csr_commands(CLI::App& app, Registry& registry);  // after the request commands
void add_access_commands(CLI::App& app, Registry& registry);
void add_selection_commands(CLI::App& app, Registry& registry);
void add_account_commands(CLI::App& app, Registry& registry);  // after the access commands
void add_audit_commands(CLI::App& app, Registry& registry);
void add_certgen_commands(CLI::App& app, Registry& registry);
void add_certgen_ask(CLI::App& app, Registry& registry);  // offline: speaks the generator's protocol
void add_kek_commands(CLI::App& app, Registry& registry);
void add_notification_commands(CLI::App& app, Registry& registry);
void add_template_commands(CLI::App& app, Registry& registry);
void add_doctor(CLI::App& app, Registry& registry);

}  // namespace certwright::cli
