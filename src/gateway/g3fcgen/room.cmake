certwright_room(gateway/g3fcgen
  EXPOSES gateway/certgen bytes errors
  SYSTEM yaml
  SOURCES configuration.cc yaml_reader.cc quantity.cc listen_address.cc duration_window.cc statsd.cc
  TESTS configuration_test.cc quantity_test.cc listen_address_test.cc statsd_test.cc)
