# The verifiers of tests/interop, each with its own way of saying yes. All work in a leaf's directory:
# root.pem, issuing.pem, leaf.pem, cert.pem (leaf and issuing CA), crl.pem, serial.

# None of them may wait for ever, or ask a person.
for tool in certtool ocsptool certutil crlutil vfychain openssl curl; do
  eval "$tool() { command timeout 60 $tool \"\$@\"; }"
done

signature_is() {  # CA-KIND CERTIFICATE
  local wanted
  case $1 in
    ecdsa-p256) wanted=ecdsa-with-SHA256 ;;
    ecdsa-p384) wanted=ecdsa-with-SHA384 ;;
    ecdsa-p521) wanted=ecdsa-with-SHA512 ;;
    rsa-pss) wanted=rsassaPss ;;
    rsa-*) wanted=sha256WithRSAEncryption ;;
    ed25519) wanted=ED25519 ;;
  esac
  says "Signature Algorithm: $wanted" openssl x509 -in "$2" -noout -text
}

# CA: its CRL anew, in another second than the last one: NSS takes none of the same second.
last_crls=0
new_crl() {
  while [ "$(date +%s)" = "$last_crls" ]; do sleep 0.05; done
  "$bin" ca crl "$1" >/dev/null && last_crls=$(date +%s)
}
fetch_crls() {  # CA DIRECTORY
  new_crl "$1" && curl -sS "$http/crl/$1.crl" -o "$2/issuing.crl" &&
    curl -sS "$http/crl/$1-root.crl" -o "$2/root.crl" &&
    { openssl crl -inform DER -in "$2/issuing.crl"; openssl crl -inform DER -in "$2/root.crl"; } >"$2/crl.pem"
}
openssl_verifies() {  # DIRECTORY STATE
  local out
  out=$(openssl verify -x509_strict -crl_check_all -purpose sslserver -verify_hostname leaf.example -CAfile "$1/root.pem" \
    -untrusted "$1/issuing.pem" -CRLfile "$1/crl.pem" "$1/leaf.pem" 2>&1)
  case $2 in
    good) matches "$out" "$1/leaf.pem: OK" ;;
    *) says "error 23 at 0 depth lookup: certificate revoked" echo "$out" ;;
  esac
}
openssl_knows_crl() {  # DIRECTORY
  says "verify OK" openssl crl -inform DER -in "$1/issuing.crl" -noout -verify -CAfile "$1/issuing.pem" &&
    says "verify OK" openssl crl -inform DER -in "$1/root.crl" -noout -verify -CAfile "$1/root.pem"
}
ocsp_answer() {  # OUTPUT STATE REASON
  [[ $1 == *"Response verify OK"* && $1 == *"leaf.pem: $2"* && $1 != *WARNING* ]] || { echo "$1"; return 1; }
  [ -z "$3" ] || says "Reason: $3" echo "$1"
}
openssl_ocsp() {  # DIRECTORY STATE REASON HASH NONCE-OPTION...
  local d=$1 state=$2 reason=$3 hash=$4; shift 4
  ocsp_answer "$(openssl ocsp -issuer "$d/issuing.pem" "-$hash" -cert "$d/leaf.pem" "$@" -url "$http/ocsp" -CAfile "$d/root.pem" 2>&1)" \
    "$state" "$reason"
}
openssl_ocsp_get() {  # DIRECTORY STATE REASON HASH
  openssl ocsp -issuer "$1/issuing.pem" "-$4" -cert "$1/leaf.pem" -no_nonce -reqout "$1/request" >/dev/null 2>&1
  local path
  path=$(base64 -w0 "$1/request" | sed 's/+/%2B/g; s/=/%3D/g')
  curl -sSf "$http/ocsp/$path" -o "$1/response" &&
    ocsp_answer "$(openssl ocsp -issuer "$1/issuing.pem" "-$4" -cert "$1/leaf.pem" -no_nonce -respin "$1/response" -CAfile "$1/root.pem" 2>&1)" "$2" "$3"
}

gnutls_verifies() {  # DIRECTORY STATE
  local out
  out=$(certtool --verify --load-ca-certificate "$1/root.pem" --load-crl "$1/crl.pem" --infile "$1/cert.pem" 2>&1)
  case $2 in
    good) says "Chain verification output: Verified. The certificate is trusted." echo "$out" &&
      says "Checked against CRL" echo "$out" ;;
    *) says "The certificate chain is revoked." echo "$out" ;;
  esac
}
gnutls_knows_crl() {  # DIRECTORY
  local out
  out=$(openssl crl -inform DER -in "$1/issuing.crl" | certtool --verify-crl --load-ca-certificate "$1/issuing.pem" 2>&1) || { echo "$out"; return 1; }
  says "Verification output: Verified." echo "$out"
}
gnutls_ocsp() {  # DIRECTORY STATE: asks, then verifies what came once more
  rm -f "$1/gnutls.der"
  says "Verifying OCSP Response: Success." ocsptool --ask="$http/ocsp" --nonce --load-issuer "$1/issuing.pem" \
    --load-cert "$1/leaf.pem" --load-trust "$1/issuing.pem" --outder --outfile "$1/gnutls.der" || return 1
  local out
  out=$(ocsptool --verify-response --load-response "$1/gnutls.der" --load-issuer "$1/issuing.pem" --load-trust "$1/issuing.pem" 2>&1)
  says "Certificate Status: $2" echo "$out" && says "Verifying OCSP Response: Success." echo "$out"
}

new_nss() {  # DIRECTORY: its data base is in DIRECTORY/nss.db
  mkdir "$1/nss.db" && certutil -N -d "sql:$1/nss.db" --empty-password &&
    certutil -A -d "sql:$1/nss.db" -n root -t CT,C,C -a -i "$1/root.pem" &&
    certutil -A -d "sql:$1/nss.db" -n issuing -t ,, -a -i "$1/issuing.pem" &&
    certutil -A -d "sql:$1/nss.db" -n leaf -t ,, -a -i "$1/leaf.pem" || return 1
  local name
  for name in leaf issuing; do openssl x509 -in "$1/$name.pem" -outform DER -out "$1/$name.der"; done
}
nss_takes_crls() {  # DIRECTORY: crlutil says what it refuses, but exits with 0
  equals "$(crlutil -I -d "sql:$1/nss.db" -i "$1/root.crl" 2>&1; crlutil -I -d "sql:$1/nss.db" -i "$1/issuing.crl" 2>&1)" "" &&
    says "issuing " crlutil -L -d "sql:$1/nss.db"
}
nss_verifies() {  # DIRECTORY STATE: for servers and for clients
  local usage wanted="certificate is valid"
  [ "$2" = good ] || wanted="Peer's Certificate has been revoked."
  for usage in V C; do says "$wanted" certutil -V -d "sql:$1/nss.db" -n leaf -u $usage -e -l || return 1; done
}
nss_chain() {  # DIRECTORY STATE METHOD: crl, or ocsp fetched from where the certificate says
  local out wanted="Chain is good!"
  [ "$2" = good ] || wanted="ERROR -8180: Peer's Certificate has been revoked."
  out=$(NSS_DEFAULT_DB_TYPE=sql vfychain -d "sql:$1/nss.db" -pp -u 1 -g leaf -h requireFreshInfo -m "$3" -s requireInfo "$1/leaf.der" "$1/issuing.der" 2>&1)
  says "$wanted" echo "$out"
}

# DIRECTORY: where the certificate says that its issuer, its CRL and OCSP are, they are.
urls_lead_there() {
  local text url
  text=$(openssl x509 -in "$1/leaf.pem" -noout -text)
  url=$(sed -n 's/^ *CA Issuers - URI://p' <<<"$text")
  equals "$(curl -sSf "$url" | openssl x509 -inform DER)" "$(openssl x509 -in "$1/issuing.pem")" || return 1
  url=$(sed -n '/CRL Distribution Points/,/URI:/s/^ *URI://p' <<<"$text")
  says "verify OK" openssl crl -inform DER -noout -CAfile "$1/issuing.pem" -in <(curl -sSf "$url") || return 1
  url=$(sed -n 's/^ *OCSP - URI://p' <<<"$text")
  says "leaf.pem: good" openssl ocsp -issuer "$1/issuing.pem" -cert "$1/leaf.pem" -url "$url" -CAfile "$1/root.pem"
}

# CA LEAF-KIND STATE [REASON]: all of them. A CA goes by its algorithm; others have keys of P-256.
judge() {
  local ca=$1 kind=$1 leaf=$2 state=$3 reason=${4:-} d=$work/$1/$2 why
  local name="$ca, $leaf, $state"
  [ "$ca" != imported ] || kind=ecdsa-p256
  check "$name: CRLs" fetch_crls "$ca" "$d"
  check "$name: openssl verify" openssl_verifies "$d" "$state"
  check "$name: openssl crl" openssl_knows_crl "$d"
  check "$name: openssl ocsp, SHA-1, nonce" openssl_ocsp "$d" "$state" "$reason" sha1
  check "$name: openssl ocsp, SHA-256, nonce" openssl_ocsp "$d" "$state" "$reason" sha256
  check "$name: openssl ocsp, SHA-1, no nonce" openssl_ocsp "$d" "$state" "$reason" sha1 -no_nonce
  check "$name: openssl ocsp by GET, SHA-1" openssl_ocsp_get "$d" "$state" "$reason" sha1
  check "$name: openssl ocsp by GET, SHA-256" openssl_ocsp_get "$d" "$state" "$reason" sha256
  why=$(obstacle gnutls "$kind" "$leaf")
  if [ -n "$why" ]; then skip "$name: GnuTLS" "$why"; else
    check "$name: certtool" gnutls_verifies "$d" "$state"
    check "$name: certtool, CRL" gnutls_knows_crl "$d"
    check "$name: ocsptool" gnutls_ocsp "$d" "$state"
  fi
  why=$(obstacle nss "$kind" "$leaf")
  if [ -n "$why" ]; then skip "$name: NSS" "$why"; return; fi
  [ -e "$d/nss.db" ] || check "$name: certutil -A" new_nss "$d"
  # Before any CRL is in the data base, so that OCSP alone can know.
  check "$name: vfychain by OCSP" nss_chain "$d" "$state" ocsp
  check "$name: crlutil" nss_takes_crls "$d"
  check "$name: certutil -V" nss_verifies "$d" "$state"
  check "$name: vfychain by CRL" nss_chain "$d" "$state" crl
}
