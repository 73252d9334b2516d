certwright_room(store EXPOSES x509 clock bytes errors SOURCES limits.cc)
