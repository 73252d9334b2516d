certwright_room(unicode SOURCES hidden.cc TESTS hidden_test.cc)
