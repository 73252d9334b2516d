certwright_room(signer/software EXPOSES signer crypto SOURCES software_signer.cc)
