certwright_room(metrics
  EXPOSES errors
  SYSTEM prometheus
  SOURCES registry.cc
  TESTS registry_test.cc)
