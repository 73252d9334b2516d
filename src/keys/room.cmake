certwright_room(keys EXPOSES bytes errors crypto
  SOURCES key_encryption_key.cc secret_file.cc sealer.cc
  TESTS key_encryption_key_test.cc sealer_test.cc
  FUZZ envelope)
