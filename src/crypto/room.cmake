certwright_room(crypto EXPOSES bytes errors SYSTEM openssl sodium
  SOURCES openssl_handle.cc digest.cc random.cc algorithm.cc ec_curve.cc spki.cc rsa_weakness.cc
          public_key.cc private_key.cc private_key_pem.cc sm2_key.cc signing.cc verifying.cc
          aead.cc password_hash.cc pkcs12.cc secure_memory.cc self_test.cc
  TESTS digest_test.cc random_test.cc algorithm_test.cc aead_test.cc public_key_test.cc
        password_hash_test.cc private_key_test.cc pkcs12_test.cc signing_test.cc self_test_test.cc secure_memory_test.cc
  FUZZ spki private_key ecdsa_signature pkcs12
  BENCH crypto_bench.cc)
