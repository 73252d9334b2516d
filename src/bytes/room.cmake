certwright_room(bytes EXPOSES errors SOURCES hex.cc base64.cc secret_bytes.cc TESTS bytes_test.cc)
