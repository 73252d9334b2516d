certwright_room(signer EXPOSES der bytes errors)
