certwright_room(crypto EXPOSES bytes errors SYSTEM openssl sodium)
