#!/bin/bash
# Makes the golden certificates, CRLs and requests again with OpenSSL and GnuTLS, each file with the
# command that made it. Keys are made on the fly, so every run gives other octets: run it to add a
# case, keep the files of the cases that are there.
# Usage: src/x509/testdata/regenerate.sh [case ...]   from the top of the project
set -euo pipefail
top=$PWD
out=$top/src/x509/testdata
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > ca.cnf <<'CNF'
[ca]
default_ca = d
[d]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
crl_extensions = crl_ext
[crl_ext]
authorityKeyIdentifier = keyid
[idp_ext]
authorityKeyIdentifier = keyid
issuingDistributionPoint = critical,@idp
[idp]
fullname = URI:http://crl.example/1.crl
onlyuser = TRUE
[req]
distinguished_name = dn
string_mask = utf8only
[dn]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[intermediate]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer
nameConstraints = critical,permitted;DNS:example.com,permitted;IP:10.0.0.0/255.0.0.0,permitted;email:.example.com,excluded;dirName:dn_excluded,excluded;IP:2001:db8:0:0:0:0:0:0/ffff:ffff:0:0:0:0:0:0
certificatePolicies = 2.5.29.32.0,1.3.6.1.4.1.99999.1,@policy
[policy]
policyIdentifier = 2.99999.1.0
CPS.1 = http://policy.example/cps
userNotice.1 = @notice
[notice]
explicitText = UTF8:Only for tests
[dn_excluded]
C = XX
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth,clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:a.example.com,DNS:*.b.example.com,IP:10.1.2.3,IP:2001:db8::1,email:someone@example.com,URI:spiffe://example.com/ns/x,RID:1.2.3.4,dirName:dn_san,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:someone@example.com
crlDistributionPoints = URI:http://crl.example/1.crl,URI:http://crl.example/2.crl
authorityInfoAccess = OCSP;URI:http://ocsp.example/,caIssuers;URI:http://ca.example/ca.cer
[dn_san]
C = SE
O = Example
[ocsp]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,OCSPSigning
noCheck = ignored
[large_oid]
2.99999.1.0 = ASN1:UTF8String:attestation
2.25.329800735698586629295641978511506172918 = DER:0500
[key_usage_nine]
keyUsage = keyAgreement,decipherOnly
[crldp_reasons]
crlDistributionPoints = one
[one]
fullname = URI:http://crl.example/1.crl
reasons = keyCompromise,CACompromise
CRLissuer = dirName:dn_san
[request]
subjectAltName = DNS:r.example.com
keyUsage = digitalSignature
extendedKeyUsage = serverAuth
CNF

# case NAME FILE PROSE COMMAND... : runs COMMAND, whose standard output is PEM.
wanted=("$@")
case_() {
  local name=$1 file=$2 prose=$3; shift 3
  if ((${#wanted[@]})) && [[ " ${wanted[*]} " != *" $name "* ]]; then return; fi
  { echo "$prose"; echo "Made by (see regenerate.sh for ca.cnf and the keys):"
    printf '  %s\n\n' "$*"
    bash -ec "$*"; } > "$file"
}
cert() { case_ "$1" "$out/certificate/$1.pem" "${@:2}"; }
crl() { case_ "$1" "$out/crl/$1.pem" "${@:2}"; }
request() { case_ "$1" "$top/src/pkcs10/testdata/request/$1.pem" "${@:2}"; }

for curve in P-256 P-384; do openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$curve -out "${curve/-/}.key"; done
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key
openssl genpkey -algorithm ED25519 -out ed25519.key
openssl req -x509 -new -key P256.key -subj '/C=SE/O=Example/CN=Example Root' -days 3650 -config ca.cnf -extensions root -out root.pem
sign='-CA root.pem -CAkey P256.key -days 90'
issue() { echo "openssl req -new -key $1 -subj '$2' -config ca.cnf | openssl x509 -req $sign -extfile ca.cnf -extensions $3 ${4:-}"; }

cert root_p256 'A self-signed root.' cat root.pem
cert intermediate 'A CA with name constraints, policies with qualifiers, and an authorityKeyIdentifier of all three fields.' "$(issue P384.key '/C=SE/O=Example/CN=Example Issuing CA' intermediate)"
cert leaf_all_names 'Every kind of subjectAltName that OpenSSL writes.' "$(issue P256.key '/CN=a.example.com' leaf)"
cert leaf_rsa 'An RSA key and signature.' "openssl req -x509 -new -key rsa.key -subj '/CN=rsa.example.com' -days 90 -config ca.cnf -extensions leaf"
cert leaf_rsa_pss 'RSASSA-PSS: parameters in the AlgorithmIdentifier.' "openssl req -x509 -new -key rsa.key -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -subj '/CN=pss.example.com' -days 90 -config ca.cnf -extensions leaf"
cert leaf_ed25519 'Ed25519: no parameters.' "openssl req -x509 -new -key ed25519.key -subj '/CN=ed.example.com' -days 90 -config ca.cnf -extensions leaf"
cert version_1 'No extensions: version v1, which is left out.' "openssl req -new -key P256.key -subj '/CN=v1.example.com' -config ca.cnf | openssl x509 -req $sign"
cert ocsp_responder 'id-pkix-ocsp-nocheck.' "$(issue P256.key '/CN=Responder' ocsp)"
cert large_oid 'Extensions with arcs above 2^16 and of 128 bits.' "$(issue P256.key '/CN=oid' large_oid)"
cert key_usage_nine 'decipherOnly, the ninth bit: two octets of keyUsage.' "$(issue P256.key '/CN=nine' key_usage_nine)"
cert crldp_reasons 'A distribution point with reasons and cRLIssuer.' "$(issue P256.key '/CN=dp' crldp_reasons)"
cert serial_negative 'A serial that nobody may issue: negative.' "$(issue P256.key '/CN=negative' leaf '-set_serial -129')"
cert serial_zero 'A serial that nobody may issue: zero.' "$(issue P256.key '/CN=zero' leaf '-set_serial 0')"
cert serial_twenty_octets 'The largest serial of 20 octets.' "$(issue P256.key '/CN=large' leaf '-set_serial 0x7fffffffffffffffffffffffffffffffffffffff')"
cert not_after_2050 'notAfter is a GeneralizedTime.' "openssl req -x509 -new -key P256.key -subj '/CN=late' -days 12000 -config ca.cnf -extensions leaf"
cert empty_subject 'An empty subject.' "openssl req -x509 -new -key P256.key -subj / -config ca.cnf -extensions leaf"
cert multi_valued_rdn 'Two attributes in one RDN.' "openssl req -x509 -new -key P256.key -subj '/C=SE/O=Example+OU=Unit/CN=multi+serialNumber=17+UID=m' -config ca.cnf -extensions leaf"
cert utf8_subject 'UTF8String beyond ASCII.' "openssl req -x509 -new -utf8 -key P256.key -subj '/C=SE/L=Malmö/O=Företaget 東京 😀/CN=utf8' -config ca.cnf -extensions leaf"
sed 's/utf8only/MASK:0x800/; ' ca.cnf > bmp.cnf
cert bmp_subject 'BMPString.' "sed s/utf8only/MASK:0x800/ ca.cnf > bmp.cnf; openssl req -x509 -new -utf8 -key P256.key -subj '/O=Företaget 東京/CN=bmp' -config bmp.cnf -extensions leaf"
cert teletex_subject 'TeletexString.' "sed s/utf8only/MASK:0x4/ ca.cnf > t61.cnf; openssl req -x509 -new -utf8 -key P256.key -subj '/O=Malmö/CN=teletex' -config t61.cnf -extensions leaf"
cert universal_subject 'UniversalString.' "sed s/utf8only/MASK:0x100/ ca.cnf > u.cnf; openssl req -x509 -new -utf8 -key P256.key -subj '/O=東京/CN=universal' -config u.cnf -extensions leaf"
cat > gnutls.tmpl <<'T'
cn = "gnutls.example.com"
organization = "Example"
dc = "com"
dc = "example"
uid = "u1"
serial = 77
expiration_days = 100
dns_name = "gnutls.example.com"
ip_address = "192.0.2.1"
email = "a@example.com"
tls_www_server
signing_key
ca
path_len = 3
nc_permit_dns = "example.com"
crl_dist_points = "http://crl.example/g.crl"
ocsp_uri = "http://ocsp.example/g"
T
certtool --generate-privkey --key-type=ecdsa --curve secp256r1 --no-text --outfile g.key 2> /dev/null
cert gnutls_ca 'GnuTLS.' "certtool --generate-self-signed --load-privkey g.key --template gnutls.tmpl --no-text 2> /dev/null"

printf 'R\t300101000000Z\t240101000000Z\t01\tunknown\t/CN=a\nR\t300101000000Z\t240202000000Z,keyCompromise\t7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\tunknown\t/CN=b\nR\t300101000000Z\t240303000000Z,certificateHold\t80\tunknown\t/CN=c\nR\t300101000000Z\t240303000000Z,CACompromise\t81\tunknown\t/CN=d\nR\t300101000000Z\t240303000000Z,keyTime,20230101000000Z\t82\tunknown\t/CN=e\nV\t300101000000Z\t\t90\tunknown\t/CN=f\n' > some.txt
: > none.txt
echo 1F > crlnumber
gencrl() { echo "cp $1 index.txt; openssl ca -gencrl -config ca.cnf -cert root.pem -keyfile P256.key ${2:-} 2> /dev/null"; }
crl five_entries 'Reasons, a hold, an invalidityDate.' "$(gencrl some.txt)"
crl no_entries 'revokedCertificates absent.' "$(gencrl none.txt)"
crl issuing_distribution_point 'A critical issuingDistributionPoint.' "$(gencrl some.txt '-crlexts idp_ext')"
crl version_1 'No extensions: v1.' "printf 'R\\t300101000000Z\\t240101000000Z\\t01\\tunknown\\t/CN=a\\n' > index.txt; grep -v 'crl_extensions\\|crlnumber' ca.cnf > v1.cnf; openssl ca -gencrl -config v1.cnf -cert root.pem -keyfile P256.key 2> /dev/null"
certtool --generate-self-signed --load-privkey g.key --template gnutls.tmpl --no-text --outfile g.pem 2> /dev/null
printf 'crl_next_update = 43\ncrl_number = 5\nrevocation_date = 2024-05-05\n' > crl.tmpl
crl gnutls 'GnuTLS.' "certtool --generate-crl --load-ca-privkey g.key --load-ca-certificate g.pem --load-certificate root.pem --template crl.tmpl --no-text 2> /dev/null"

request extensions 'An extensionRequest.' "openssl req -new -key P256.key -subj '/C=SE/CN=r.example.com' -config ca.cnf -reqexts request"
request bare 'No attributes at all.' "openssl req -new -key P256.key -subj '/CN=bare.example.com' -config ca.cnf"
request wildcard_rsa 'A wildcard in the CN, and RSA.' "openssl req -new -key rsa.key -subj '/CN=*.example.com' -config ca.cnf"
request empty_subject 'An empty subject.' "openssl req -new -key ed25519.key -subj / -config ca.cnf -reqexts request"
request new_header 'The BEGIN line of old software.' "openssl req -new -newhdr -key P256.key -subj /CN=old -config ca.cnf"
printf '[req]\nprompt = no\ndistinguished_name = dn\nattributes = at\n[dn]\nCN = c\n[at]\nchallengePassword = secret word\nunstructuredName = something\n' > challenge.cnf
request challenge_password 'challengePassword and an attribute that we do not know.' "cat > challenge.cnf <<< \$'[req]\nprompt = no\ndistinguished_name = dn\nattributes = at\nreq_extensions = e\n[dn]\nCN = c\n[at]\nchallengePassword = secret word\nunstructuredName = something\n[e]\nbasicConstraints = CA:TRUE\n'; openssl req -new -key P256.key -config challenge.cnf"
request gnutls 'GnuTLS: keyUsage, extKeyUsage, subjectAltName and a challengePassword.' "printf 'cn = g.example.com\ndns_name = g.example.com\nchallenge_password = 123456\ntls_www_server\nsigning_key\n' > r.tmpl; certtool --generate-request --load-privkey g.key --template r.tmpl --no-text 2> /dev/null"
