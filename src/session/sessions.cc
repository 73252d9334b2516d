#include "session/sessions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "access/token.h"

namespace certwright::session {
namespace {

constexpr std::size_t kIdOctets = 32;

SecretBytes make_session_id(crypto::Random& random) {
  SecretBytes octets(kIdOctets);
  random.fill(octets.writable());
  std::string text = to_base64url(octets.reveal());
  auto id = SecretBytes::copy_of(as_bytes(text));
  wipe(text);
  return id;
}

bool is_over(const store::SessionRecord& session, Time now) { return now >= session.idle_ends_at; }

void append(store::Transaction& transaction, store::Transaction more) {
  std::ranges::move(more, std::back_inserter(transaction));
}

audit::Event ended(const store::SessionRecord& session, std::string_view cause, const audit::Actor& actor) {
  return {audit::EventType::session_ended,
          actor,
          {{"session", Sessions::handle_of(session)},
           {"principal", session.principal},
           {"cause", std::string(cause)}}};
}

}  // namespace

std::string Sessions::handle_of(const store::SessionRecord& session) {
  return to_hex(ByteView(session.id_sha256).first(12));
}

// Ends the session that the new one replaces, and the oldest if there are too many.
Result<store::Transaction> Sessions::places_for_one_more(const Beginning& b, const audit::Actor& actor) const {
  store::Transaction transaction;
  if (b.replaced) {
    CERTWRIGHT_TRY(const auto old, store_.find_session(*b.replaced));
    if (old) {
      transaction.push_back(store::EndSession{*b.replaced});
      transaction.push_back(journal_.leaf(ended(*old, "replaced", actor)));
    } else if (b.must_replace) {
      return fail(Errc::unauthenticated, "Your session has ended; sign in again.");
    }
  }
  CERTWRIGHT_TRY(auto others, store_.list_sessions(b.principal));
  if (b.replaced) std::erase_if(others, [&](const auto& s) { return s.id_sha256 == *b.replaced; });
  for (std::size_t i = 0; i + options_.per_principal <= others.size(); ++i) {
    transaction.push_back(store::EndSession{others[i].id_sha256});
    transaction.push_back(journal_.leaf(ended(others[i], "too_many", actor)));
  }
  return transaction;
}

Result<NewSession> Sessions::begin(Beginning b, const audit::Actor& actor) {
  const Time now = clock_.now();
  NewSession made{make_session_id(random_), {}};
  const Time end = now + (b.restricted ? options_.restricted : options_.absolute);
  made.record = {access::session_hash(as_text(made.id.reveal())),
                 b.principal,
                 b.tenant,
                 actor.remote,
                 now,
                 now,
                 std::min(now + options_.idle, end),
                 end,
                 b.restricted,
                 b.credential};
  // One that ends while we look is no reason to refuse: then without it.
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    // Places first: `with` may end all sessions, and then there is none of them to end.
    CERTWRIGHT_TRY(store::Transaction transaction, places_for_one_more(b, actor));
    append(transaction, b.with);
    transaction.push_back(store::RequireCredential{b.credential, b.principal});
    transaction.push_back(store::PutSession{made.record});
    transaction.push_back(journal_.leaf({audit::EventType::signed_in,
                                         actor,
                                         {{"session", handle_of(made.record)}, {"method", std::string(b.method)}}}));
    const auto applied = store_.apply(transaction);
    if (applied) return made;
    const bool meanwhile = applied.error().code == Errc::not_found && applied.error().field == "session";
    if (!meanwhile || attempt == kAttempts) return tl::unexpected<Error>(applied.error());
  }
}

void Sessions::seen(const store::SessionRecord& session) {
  const Time now = clock_.now();
  if (now - session.last_seen_at < options_.noted_every) return;
  (void)store_.apply({store::TouchSession{session.id_sha256, now, std::min(now + options_.idle, session.ends_at)}});
}

Result<void> Sessions::end(const store::SessionRecord& session, std::string_view cause, const audit::Actor& actor) {
  auto applied =
      store_.apply({store::EndSession{session.id_sha256}, journal_.leaf(ended(session, cause, actor))});
  if (!applied && applied.error().code == Errc::not_found) return {};
  return applied;
}

Result<void> Sessions::end_all(std::string_view principal, const std::optional<store::Sha256>& spared,
                               std::string_view cause, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto sessions, store_.list_sessions(principal));
  const auto count = std::ranges::count_if(sessions, [&](const auto& s) { return s.id_sha256 != spared; });
  if (count == 0) return {};
  return store_.apply({store::EndSessions{std::string(principal), spared},
                       journal_.leaf({audit::EventType::sessions_ended,
                                      actor,
                                      {{"principal", std::string(principal)},
                                       {"count", std::to_string(count)},
                                       {"cause", std::string(cause)}}})});
}

Result<std::vector<store::SessionRecord>> Sessions::list(std::string_view principal) const {
  CERTWRIGHT_TRY(auto sessions, store_.list_sessions(principal));
  const Time now = clock_.now();
  std::erase_if(sessions, [now](const auto& session) { return is_over(session, now); });
  return sessions;
}

Result<store::SessionRecord> Sessions::find(std::string_view principal, std::string_view handle) const {
  CERTWRIGHT_TRY(auto sessions, list(principal));
  const auto found = std::ranges::find(sessions, handle, handle_of);
  if (found == sessions.end()) return fail_field(Errc::not_found, "session", "There is no such session.");
  return std::move(*found);
}

Result<void> Sessions::forget_ended() { return store_.apply({store::ForgetSessions{clock_.now()}}); }

}  // namespace certwright::session
