certwright_room(session
  EXPOSES access audit crypto store clock bytes errors
  SOURCES unicode.cc password_rules.cc csrf.cc sign_in_limit.cc sessions.cc one_time_password.cc accounts.cc
  TESTS password_rules_test.cc hash_slots_test.cc sign_in_limit_test.cc sessions_test.cc accounts_test.cc
    accounts_meanwhile_test.cc accounts_makers_test.cc
  FUZZ typed_name)
