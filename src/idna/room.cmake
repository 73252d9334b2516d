certwright_room(idna EXPOSES bytes errors SYSTEM idn2 SOURCES idna.cc TESTS idna_test.cc)
