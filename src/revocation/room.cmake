certwright_room(revocation EXPOSES store audit ca signer x509 clock bytes errors)
