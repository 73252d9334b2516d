# The parts of tests/interop that need one CA only: reasons, CRL shards, wildcards, post-quantum keys, TLS.

# --- every reason, in OCSP and CRL
new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
leaf_of() {  # NAME CA: issued under $work/NAME, with a key of its own: a compromised one is never certified again
  new_key "$work/keys/$1" && make_leaf "$2" "$1" "$work/$1"
}
reason_text() {
  case $1 in
    keyCompromise) echo "Key Compromise" ;;
    cACompromise) echo "CA Compromise" ;;
    affiliationChanged) echo "Affiliation Changed" ;;
    superseded) echo "Superseded" ;;
    cessationOfOperation) echo "Cessation Of Operation" ;;
    certificateHold) echo "Certificate Hold" ;;
    privilegeWithdrawn) echo "Privilege Withdrawn" ;;
    aACompromise) echo "AA Compromise" ;;
  esac
}
entry() {  # DIRECTORY: the certificate's lines of the CRL
  local serial
  serial=$(openssl x509 -in "$1/leaf.pem" -noout -serial | cut -d= -f2)
  openssl crl -inform DER -in "$1/issuing.crl" -noout -text | awk -v s="Serial Number: $serial" '/Serial Number:|Signature Algorithm:/{on=index($0,s)} on'
}
# OpenSSL 3.0 has no name for the last two: their revocationReason [0] ENUMERATED is looked for.
ocsp_octets() {  # DIRECTORY REASON
  local octets="a0 03 0a 01 09"
  [ "$2" = privilegeWithdrawn ] || octets="a0 03 0a 01 0a"
  openssl_ocsp "$1" revoked "" sha1 -no_nonce -respout "$1/response" && says "$octets" od -An -v -tx1 -w100000 "$1/response"
}
check "reasons: a CA" make_ca reasons ecdsa-p256
all_reasons="keyCompromise cACompromise affiliationChanged superseded cessationOfOperation certificateHold privilegeWithdrawn aACompromise unspecified"
for reason in $all_reasons; do
  check "$reason: issued" leaf_of "reason-$reason" reasons
  check "$reason: revoked" "$bin" cert revoke "$(cat "$work/reason-$reason/serial")" --reason "$reason"
done
check "reasons: CRLs" fetch_crls reasons "$work/reasons"
for reason in $all_reasons; do
  d=$work/reason-$reason
  cp "$work/reasons"/*.crl "$work/reasons/crl.pem" "$d"
  check "$reason: openssl verify" openssl_verifies "$d" revoked
  check "$reason: certtool" gnutls_verifies "$d" revoked
  case $reason in
    unspecified)
      check "unspecified: openssl ocsp names none" refused says "Reason:" openssl ocsp -issuer "$d/issuing.pem" -cert "$d/leaf.pem" -url "$http/ocsp" -CAfile "$d/root.pem"
      check "unspecified: the entry is there" says "Serial Number" entry "$d"
      check "unspecified: and has no extension" refused says "extensions" entry "$d"
      continue ;;
    privilegeWithdrawn | aACompromise) check "$reason: OCSP" ocsp_octets "$d" "$reason" ;;
    *) check "$reason: openssl ocsp" openssl_ocsp "$d" revoked "$reason" sha1 ;;
  esac
  check "$reason: openssl crl" says "$(reason_text "$reason")" entry "$d"
done
check "keyCompromise: its key is never certified again" refused make_leaf reasons reason-keyCompromise "$work/again"
check "keyCompromise: and why is said" says blocked cat "$work/body"
check "removeFromCRL is nobody's to say" refused "$bin" cert revoke "$(cat "$d/serial")" --reason removeFromCRL

# --- several CRLs with a critical issuingDistributionPoint: the one that the certificate names, and no other
point_of() { openssl x509 -in "$1" -noout -ext crlDistributionPoints | sed -n 's/.*URI://p'; }
check "shards: a CA with four" make_ca shards ecdsa-p256 4
urls=()
for i in 1 2 3 4 5 6 7 8; do
  check "shards: certificate $i" leaf_of "shard-$i" shards
  urls+=("$(point_of "$work/shard-$i/leaf.pem")")
done
check "shards: certificates are spread" test "$(printf '%s\n' "${urls[@]}" | sort -u | wc -l)" -gt 1
"$bin" cert revoke "$(cat "$work/shard-1/serial")" --reason keyCompromise >/dev/null
"$bin" ca crl shards >/dev/null
curl -sS "$http/crl/shards-root.crl" | openssl crl -inform DER -out "$work/shards-root.pem"
of_shard() {  # LEAF CRL-URL: openssl verify with that CRL
  curl -sSf "$2" | openssl crl -inform DER -out "$work/shard.pem" && cat "$work/shards-root.pem" >>"$work/shard.pem" || return 1
  openssl verify -x509_strict -crl_check_all -CAfile "$work/shards/root.pem" -untrusted "$work/shards/issuing.pem" -CRLfile "$work/shard.pem" "$work/shard-$1/leaf.pem"
}
critical_idp() { says "X509v3 Issuing Distribution Point: critical" openssl crl -in "$work/shard.pem" -noout -text && says "URI:$1" openssl crl -in "$work/shard.pem" -noout -text; }
check "shards: its CRL says revoked" says "certificate revoked" of_shard 1 "${urls[0]}"
check "shards: which is marked as one of several" critical_idp "${urls[0]}"
for i in 2 3 4 5 6 7 8; do
  other=$(printf '%s\n' "${urls[@]}" | grep -vxF "${urls[i - 1]}" | head -1)
  check "shards: certificate $i is good by its CRL" of_shard "$i" "${urls[i - 1]}"
  check "shards: and has none but its own" says "CRL scope" of_shard "$i" "$other"
done
curl -sSf "$http/crl/shards.crl" | openssl crl -inform DER -out "$work/shard.pem"
check "shards: what goes by the CA's name is one of several too" critical_idp "$http/crl/shards/0.crl"

# Certificates from when there was one CRL are still served by the URL that they carry.
check "grown: a CA with one CRL" make_ca grown ecdsa-p256
check "grown: a leaf" leaf_of grown-leaf grown
check "grown: now it has four" "$bin" ca policy grown "$(policy tls-server-client 4)"
"$bin" ca crl grown >/dev/null
curl -sS "$http/crl/grown-root.crl" | openssl crl -inform DER -out "$work/grown-root.pem"
by_its_url() {
  curl -sSf "$(point_of "$work/grown-leaf/leaf.pem")" | openssl crl -inform DER -out "$work/grown.pem" && cat "$work/grown-root.pem" >>"$work/grown.pem" &&
    openssl verify -x509_strict -crl_check_all -CAfile "$work/grown/root.pem" -untrusted "$work/grown/issuing.pem" -CRLfile "$work/grown.pem" "$work/grown-leaf/leaf.pem"
}
check "grown: the old leaf is good" says ": OK" by_its_url
"$bin" cert revoke "$(cat "$work/grown-leaf/serial")" --reason superseded >/dev/null
"$bin" ca crl grown >/dev/null
check "grown: and revoked" says "certificate revoked" by_its_url

# --- the requests of the tls-certificates interface: wildcards in the common name only
"$bin" profile show tls-server --json | python3 -c '
import json, sys
p = json.load(sys.stdin); p = p.get("document", p)
p.pop("version", None); p["name"] = "wildcards"; p["names"]["dns"]["wildcards"] = True
json.dump(p, sys.stdout)' >"$work/wildcards.json"
check "wildcards: a profile" "$bin" profile publish "$work/wildcards.json"
check "wildcards: a CA" "$bin" ca create wild --parent ecdsa-p256-root --subject "CN=wild" --policy "$(policy wildcards 1)"
for csr in "$(dirname "$0")"/../src/profile/testdata/csr/wildcard_*.pem; do
  python3 -c 'import json,sys; t=open(sys.argv[1]).read(); print(json.dumps({"csr": t[t.index("-----BEGIN"):], "ca": sys.argv[2], "profile": sys.argv[3]}))' "$csr" wild wildcards >"$work/json"
  check "wildcards: ${csr##*/}" equals "$(status -X POST "$https/certs/csrs/w" -d @"$work/json")" 200
  member "$work/body" certificate >"$work/w.pem"
  name=$(openssl req -in "$csr" -noout -subject -nameopt multiline | sed -n 's/ *commonName *= //p')
  check "wildcards: $name is a SAN too" equals "$(openssl x509 -in "$work/w.pem" -noout -ext subjectAltName | sed -n '2s/ *//p')" "DNS:$name"
  check "wildcards: and is one to openssl" openssl verify -x509_strict -CAfile "$work/ecdsa-p256/root.pem" -untrusted <(curl -sS "$http/ca/wild.pem") -verify_hostname "www${name#\*}" "$work/w.pem"
  python3 -c 'import json,sys; b=json.load(open(sys.argv[1])); b.pop("ca"); b["profile"]="tls-server"; print(json.dumps(b))' "$work/json" >"$work/json2"
  check "wildcards: $name is refused by tls-server" equals "$(status -X POST "$https/certs/csrs/w" -d @"$work/json2")" 422
done

# --- a CA itself revoked
check "revoked CA: a CA" make_ca dead ecdsa-p256
check "revoked CA: a leaf" leaf_of dead-leaf dead
d=$work/dead-leaf
check "revoked CA: revoked" "$bin" cert revoke "0x$(openssl x509 -in "$d/issuing.pem" -noout -serial | cut -d= -f2)" --reason cACompromise
check "revoked CA: it issues no more" equals "$(status -X POST "$https/certs/issue/backend/x" -d '{"ca":"dead"}')" 503
check "revoked CA: and says why" says revoked cat "$work/body"
"$bin" ca crl dead-root >/dev/null
check "revoked CA: CRLs" fetch_crls dead "$d"
check "revoked CA: openssl verify" says "error 23 at 1 depth lookup: certificate revoked" \
  openssl verify -x509_strict -crl_check_all -CAfile "$d/root.pem" -untrusted "$d/issuing.pem" -CRLfile "$d/crl.pem" "$d/leaf.pem"
check "revoked CA: certtool" gnutls_verifies "$d" revoked
check "revoked CA: certutil -A" new_nss "$d"
check "revoked CA: crlutil" nss_takes_crls "$d"
check "revoked CA: certutil -V" says "revoked" certutil -V -d "sql:$d/nss.db" -n issuing -u L -e -l

# --- CAs that OpenSSL made: imported, they issue and revoke as before
d=$work/imported
mkdir "$d"
new_key "$d/root.key"; new_key "$d/issuing.key"
openssl req -x509 -key "$d/root.key" -subj "/O=Elsewhere/CN=Old root" -days 400 -out "$d/root.pem" -addext keyUsage=critical,keyCertSign,cRLSign
printf '%s\n' "basicConstraints=critical,CA:TRUE,pathlen:0" "keyUsage=critical,keyCertSign,cRLSign" "subjectKeyIdentifier=hash" "authorityKeyIdentifier=keyid" >"$d/cnf"
openssl req -new -key "$d/issuing.key" -subj "/O=Elsewhere/CN=Old issuing" | openssl x509 -req -CA "$d/root.pem" -CAkey "$d/root.key" -days 300 -set_serial 77 -extfile "$d/cnf" -out "$d/issuing.pem" 2>/dev/null
cat "$d/issuing.pem" "$d/root.pem" >"$d/chain.pem"
echo secret >"$d/passphrase"
openssl pkcs12 -export -inkey "$d/root.key" -in "$d/root.pem" -passout file:"$d/passphrase" -out "$d/root.p12"
check "import: a root, PKCS#12" "$bin" ca import imported-root "$d/root.p12" --passphrase-file "$d/passphrase" --policy "$(policy intermediate-ca 1)"
check "import: an issuing CA, PEM" "$bin" ca import imported "$d/chain.pem" --key "$d/issuing.key" --policy "$(policy tls-server-client 1)"
check "import: a leaf" make_leaf imported ecdsa-p256 "$d/ecdsa-p256"
judge imported ecdsa-p256 good
check "import: revoked" "$bin" cert revoke "$(cat "$d/ecdsa-p256/serial")" --reason keyCompromise
judge imported ecdsa-p256 revoked keyCompromise

# --- post-quantum, where this OpenSSL has it
if [[ $(openssl list -signature-algorithms) == *ML-DSA-65* ]]; then
  check "ML-DSA: a root and an issuing CA" make_ca ml-dsa ml-dsa-65
  check "ML-DSA: a leaf" leaf_of ml-dsa-leaf ml-dsa
  check "ML-DSA: CRLs" fetch_crls ml-dsa "$work/ml-dsa-leaf"
  check "ML-DSA: openssl verify" openssl_verifies "$work/ml-dsa-leaf" good
  check "ML-DSA: openssl crl" openssl_knows_crl "$work/ml-dsa-leaf"
  check "ML-DSA: openssl ocsp" openssl_ocsp "$work/ml-dsa-leaf" good "" sha256
  "$bin" cert revoke "$(cat "$work/ml-dsa-leaf/serial")" >/dev/null
  check "ML-DSA: CRLs" fetch_crls ml-dsa "$work/ml-dsa-leaf"
  check "ML-DSA: revoked, openssl verify" openssl_verifies "$work/ml-dsa-leaf" revoked
  check "ML-DSA: revoked, openssl ocsp" openssl_ocsp "$work/ml-dsa-leaf" revoked "" sha256
else
  check "ML-DSA: the server refuses by name" says "ML-DSA" bash -c "'$bin' ca create pq --kind root --subject CN=pq --algorithm ml-dsa-65 2>&1 | tr a-z A-Z"
  skip "ML-DSA" "$(openssl version | cut -d' ' -f1-2) lists no ML-DSA-65"
fi

. "$(dirname "$0")/interop_tls.sh"
