certwright_room(mail_address EXPOSES errors SOURCES mail_address.cc TESTS mail_address_test.cc)
